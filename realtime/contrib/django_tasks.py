"""Jobs of Django's own tasks (`django.tasks`, and its backport `django-tasks`), by their signals.

What a backend runs is tracked with the same calls, in functions and in coroutines: queued when it
is enqueued, running, and its end. No backend is known by name; those that are tried are the
immediate one and the database's worker.
"""

from __future__ import annotations

import logging
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import django
from django.apps import apps
from django.db import Error, connection

from realtime import admission, progress
from realtime.canvas import HEADER
from realtime.cleaning import text
from realtime.conf import conf
from realtime.errors import Cancelled
from realtime.events import ELSEWHERE, ENDS, JobState, Status, timestamp
from realtime.failure import error_of
from realtime.owners import key_of
from realtime.publish import QUEUED_SEQ
from realtime.queueing import put_queued, queued_state
from realtime.reporter import get_reporter
from realtime.running import HELD, RunningJob
from realtime.states import read_one
from realtime.tracking import UUID, tracked
from realtime.transition import Transition
from realtime.watched import Watched

logger = logging.getLogger("realtime")

JUST_NOW = timedelta(seconds=5)
"""A task that was enqueued since may run before the one who enqueues it has told its job."""
LOOKS, PAUSE = 20, 0.05
"""How often its job is looked for, and the seconds between."""

Given = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Execution:
    """A task that runs here."""

    job: RunningJob
    """What the task writes to."""
    watched: Watched
    """What the reporter reads from."""
    outer: Execution | None
    """The one that has enqueued it, where the backend runs it at once."""
    outer_job: RunningJob | None
    """The job, of Celery perhaps, that has done so."""


_running: ContextVar[Execution | None] = ContextVar("headway_django_task", default=None)
_queued: ContextVar[JobState | None] = ContextVar("headway_django_task_queued", default=None)
"""What was enqueued here last: a backend that runs it at once need not read it."""
_given: ContextVar[Given | None] = ContextVar("headway_django_task_given", default=None)


def connect() -> None:
    """Listen to the tasks that are there; called once, when the app is ready."""
    for signals in _signals():
        for name, receiver in (
            ("task_enqueued", _on_enqueued),
            ("task_started", _on_started),
            ("task_finished", _on_finished),
        ):
            getattr(signals, name).connect(receiver, dispatch_uid=f"headway-{name}")


def job_id(result: Any) -> str:
    """Return the id of a task's job: its result's own where that is a UUID, else one made of it."""
    own = str(result.id)
    return own if UUID.fullmatch(own) else str(uuid.uuid5(uuid.NAMESPACE_OID, own))


def start(
    task: Any,
    *args: Any,
    title: str | None = None,
    owner: Any = None,
    tags: tuple[str, ...] = (),
    **kwargs: Any,
) -> Any:
    """Enqueue a task with a title and an owner, as `realtime.start` does; returns its result."""
    given = {"title": title, "owner": key_of(owner), "tags": tags}
    token = _given.set(given)
    try:
        return task.enqueue(*args, **kwargs)
    finally:
        _given.reset(token)


def _signals() -> Iterator[Any]:
    if django.VERSION >= (6, 0):
        yield import_module("django.tasks.signals")
    if apps.is_installed("django_tasks"):
        yield import_module("django_tasks.signals")


def _harmless(receive: Callable[[Any], None]) -> Callable[..., None]:
    """Let nothing of ours be a reason for a task to fail; a cancel is one."""

    @wraps(receive)
    def received(task_result: Any, **_: Any) -> None:
        try:
            if tracked(task_result.task.module_path):
                receive(task_result)
        except Cancelled:
            raise
        except Exception:
            logger.exception("A task of Django is not tracked")

    return received


@_harmless
def _on_enqueued(result: Any) -> None:
    # What a task enqueues that `start` runs at once has a title and an owner of its own.
    given = _given.get()
    _given.set(None)
    headers = {"id": job_id(result), HEADER: given}
    queue = f"{ELSEWHERE}{result.backend}/{result.task.queue_name}"
    state = queued_state(result.task.module_path, headers)
    state = state.changed(queue=text(queue, 255), repeats="elsewhere")
    put_queued(state)
    _queued.set(state)


@_harmless
def _on_started(result: Any) -> None:
    known, wants = _known(result)
    if known is not None and known.status in ENDS:
        if known.status == Status.CANCELLED:
            raise Cancelled("The job was cancelled before it started.")
        return
    job = _job(result, known)
    job.hear(wants)
    watched = get_reporter().watch(job, known=QUEUED_SEQ)
    _running.set(Execution(job, watched, _running.get(), progress.bound.get()))
    progress.bound.set(job)
    job.checkpoint()


@_harmless
def _on_finished(result: Any) -> None:
    one = _running.get()
    if one is None or one.job.id != job_id(result):
        return
    _running.set(one.outer)
    progress.bound.set(one.outer_job)
    end = get_reporter().put(_end(one, result))
    # Inside a transaction that holds the job's row it would be waited for in vain.
    if not connection.in_atomic_block and not end.wait(conf.END_TIMEOUT):
        logger.error("The end of job %s is not recorded yet; its worker goes on", one.job.id)


def _known(result: Any) -> tuple[JobState | None, str]:
    """Return what is known of a job that is about to run, and what people want of it."""
    job, here = job_id(result), _queued.get()
    if here is not None and here.id == job:
        return here, ""
    try:
        known = _read(job, result.enqueued_at)
    except Error as error:
        logger.warning("The database is away, job %s starts without it: %s", job, error)
        known = None
    at = (known and known.queued_at) or timestamp()
    return known, admission.standing_of(job, at).wants


def _read(job: str, enqueued_at: datetime | None) -> JobState | None:
    """Return a job's state; who enqueues it tells of it after its backend has it."""
    just_now = enqueued_at is not None and datetime.now(UTC) - enqueued_at < JUST_NOW
    for _ in range(LOOKS if just_now else 1):
        if state := read_one(job):
            return JobState.from_dict(state)
        time.sleep(PAUSE if just_now else 0)
    return None


def _job(result: Any, known: JobState | None) -> RunningJob:
    name = result.task.module_path
    state = known or queued_state(name, {"id": job_id(result)})
    job = RunningJob(
        id=state.id,
        name=state.name,
        title=state.title,
        attempt=max(result.attempts, 1),
        owner=state.owner,
        root=state.root,
        parent=state.parent,
        tags=tuple(state.tags),
        queued_at=state.queued_at,
        worker=text(result.worker_ids[-1], 100) if result.worker_ids else None,
    )
    job.repeats, job.weight, job.language = "elsewhere", state.weight, state.language
    job.first = job.attempt == 1
    return job


def _end(one: Execution, result: Any) -> Transition:
    watched = one.watched
    if one.job.fenced:
        return Transition(lambda: None, ends=watched)
    status, more = _outcome(result)
    if status is Status.SUCCEEDED and one.job.is_crowned:
        status, more = Status.RUNNING, HELD
    return Transition(
        lambda: watched.snapshots.last(time.monotonic(), watched.known, status, **more),
        ends=watched,
    )


def _outcome(result: Any) -> tuple[Status, dict[str, Any]]:
    """Return how an attempt has ended, and why it failed: backends tell while they handle it."""
    if result.status != "FAILED":
        return Status.SUCCEEDED, {}
    error = sys.exc_info()[1]
    last = result.errors[-1] if result.errors else None
    if isinstance(error, Cancelled):
        return Status.CANCELLED, {}
    if error is not None:
        trace = SimpleNamespace(traceback=last.traceback if last else None)
        return Status.FAILED, {"error": error_of(error, trace)}
    kind = last.exception_class_path.rpartition(".")[2] if last else "Error"
    return Status.FAILED, {"error": {"kind": text(kind, 100), "text": "", "public": False}}
