"""Celery's signals turned into states: queued, started, retried, ended, died."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from contextvars import ContextVar, Token, copy_context
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from functools import lru_cache
from threading import Thread
from typing import Any

from billiard.exceptions import WorkerLostError
from celery import signals
from django.db import connection, transaction

from realtime import progress, records
from realtime.cleaning import text
from realtime.conf import conf
from realtime.errors import Cancelled, JobError
from realtime.events import JobState, Status, timestamp
from realtime.owners import current_owner
from realtime.publish import BLIND_STEP, Change, end_elsewhere
from realtime.reporter import Transition, Watched, get_reporter
from realtime.running import RunningJob
from realtime.states import read_one

logger = logging.getLogger("realtime")

HEADER = "headway"
"""The message header that carries what a job inherits: owner, title, root, parent, tags."""

REPLACED = "Replaced by new task"
"""What Celery says when a task is replaced; a chain or chord takes the id over at its end."""


@dataclass(slots=True)
class Run:
    """One execution of a task in this process."""

    job: RunningJob
    """What the task writes to."""
    watched: Watched
    """What the reporter reads from."""
    token: Token[RunningJob | None]
    """Gives the context back what it had before."""
    ended: bool = False
    """Whether the end of the attempt has been put."""
    replaced: bool = False
    """Whether another task goes on under the same id."""
    before: int = 0
    """How many attempts other tasks have made under this id, which this one has replaced."""


_here: ContextVar[Run | None] = ContextVar("headway_run", default=None)
"""What runs in this thread, or greenlet; by id alone a retry could take its own first try over."""


def _run_of(task_id: str) -> Run | None:
    run = _here.get()
    return run if run is not None and run.job.id == task_id else None


def connect() -> None:
    """Listen to Celery; called once, when the app is ready."""
    for signal, receiver in (
        (signals.before_task_publish, _on_publish),
        (signals.task_prerun, _on_start),
        (signals.task_retry, _on_retry),
        (signals.task_success, _on_success),
        (signals.task_failure, _on_failure),
        (signals.task_revoked, _on_revoked),
        (signals.task_unknown, _on_unknown),
        (signals.task_postrun, _on_leave),
        (signals.worker_process_shutdown, _on_shutdown),
        (signals.worker_shutdown, _on_shutdown),
    ):
        signal.connect(receiver, weak=False, dispatch_uid=f"headway-{receiver.__name__}")


def tracked(name: str) -> bool:
    """Tell whether tasks of this name are tracked."""
    return _matches(name, tuple(conf.TRACK)) and not _matches(name, tuple(conf.IGNORE))


def default_title(name: str) -> str:
    """Return what a job is called when nobody has given it a title."""
    return name.rsplit(".", 1)[-1].replace("_", " ").strip().capitalize() or name


@lru_cache(maxsize=4096)
def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


# In the process that queues


def _on_publish(sender: str, headers: dict[str, Any] | None = None, **_: Any) -> None:
    if headers is None or "id" not in headers or not tracked(sender):
        return
    if headers.get("replaced_task_nesting"):
        _tell_attempt()
    run = _run_of(headers["id"])
    if run is not None:
        run.replaced = (headers.get("retries") or 0) + run.before < run.job.attempt
        before = run.job.attempt - 1 if run.replaced else run.before
        # Above whatever SQL was told of this attempt while the store was away.
        seq = run.watched.known + 2 * BLIND_STEP
        headers[HEADER] = _handed_on(run.job, before=before, seq=seq)
        return
    if headers.get("retries") or not _is_uuid(headers["id"]):
        return
    if headers.get("replaced_task_nesting") and (state := _replaced(headers["id"])):
        headers[HEADER] = _handed_on(state, before=state.attempt - 1, seq=0)
        return
    state = _queued_state(sender, headers)
    headers[HEADER] = {
        "title": state.title,
        "owner": state.owner,
        "root": state.root,
        "parent": state.parent,
        "tags": state.tags,
        "queued_at": state.queued_at,
    }
    _outside_loop(lambda: _record_queued(state))
    change = Change(state=state, order=0)
    # Not at once: many jobs that are queued together are then announced together.
    get_reporter().put(Transition(lambda: change), soon=True)


def _tell_attempt() -> None:
    """Let the store know the attempt that replaces itself, before its replacement asks for it."""
    run = _here.get()
    if run is not None:
        watched = run.watched
        told = Transition(lambda: watched.take(time.monotonic()))
        get_reporter().put(told).wait(conf.END_TIMEOUT)


def _handed_on(job: RunningJob | JobState, *, before: int, seq: int) -> dict[str, Any]:
    """Return what the next execution under the same id inherits: it is the same job."""
    return {
        "title": job.title,
        "owner": job.owner,
        "root": job.root,
        "parent": job.parent,
        "tags": list(job.tags),
        "queued_at": job.queued_at,
        "before": before,
        "seq": seq,
    }


def _replaced(job: str) -> JobState | None:
    """Return the job as which the last task of a chain or chord goes on, None for a new one."""
    known = _outside_loop(lambda: read_one(job))
    return JobState.from_dict(known) if known else None


def _queued_state(name: str, headers: dict[str, Any]) -> JobState:
    given = headers.get(HEADER) or {}
    parent = progress.current()
    owner = given.get("owner") or (parent.owner if parent else _outside_loop(current_owner))
    at = timestamp()
    return JobState(
        id=headers["id"],
        name=text(name, 255),
        title=text(given.get("title") or default_title(name), conf.TEXT_LENGTH),
        owner=owner,
        root=parent.root if parent else headers["id"],
        parent=parent.id if parent else None,
        tags=[text(tag, 50) for tag in given.get("tags", ())],
        queued_at=at,
        updated_at=at,
    )


def _record_queued(state: JobState) -> None:
    try:
        if connection.in_atomic_block:
            with transaction.atomic():
                records.create(state)
        else:
            records.create(state)
    except Exception:
        # The task must be queued all the same; its worker writes the row when it starts.
        logger.exception("Job %s could not be recorded when it was queued", state.id)


def _outside_loop(call: Any) -> Any:
    """Call what uses the database; from asynchronous code in a thread, as Django demands."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return call()
    answer: list[Any] = []
    context = copy_context()

    def run() -> None:
        try:
            answer.append(context.run(call))
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    thread.join()
    return answer[0] if answer else None


def _is_uuid(job: str) -> bool:
    try:
        return str(uuid.UUID(job)) == job
    except ValueError:
        logger.warning("expected the task id to be a UUID, got: %.80s. It is not tracked.", job)
        return False


# In the worker


def _on_start(task_id: str, task: Any, **_: Any) -> None:
    request = task.request
    if request.is_eager or not tracked(task.name) or not _is_uuid(task_id):
        return
    given = (request.headers or {}).get(HEADER) or {}
    before = given.get("before") or 0
    job = RunningJob(
        id=task_id,
        name=task.name,
        title=given.get("title") or default_title(task.name),
        attempt=before + request.retries + 1,
        owner=given.get("owner"),
        root=given.get("root"),
        parent=given.get("parent"),
        tags=tuple(given.get("tags", ())),
        queued_at=given.get("queued_at") or timestamp(),
        worker=request.hostname,
    )
    watched = get_reporter().watch(job, known=given.get("seq") or 0)
    _here.set(Run(job, watched, progress.bound.set(job), before=before))


def _on_success(sender: Any, **_: Any) -> None:
    if not sender.request.is_eager and tracked(sender.name):
        _end(sender.request.id, Status.SUCCEEDED)


def _on_retry(request: Any, reason: Any, **_: Any) -> None:
    if _run_of(request.id) is None:
        return
    _end(
        request.id,
        Status.RETRYING,
        error=_error(getattr(reason, "exc", None)),
        retry_at=_retry_at(getattr(reason, "when", None)),
    )


def _on_failure(task_id: str, exception: BaseException, sender: Any = None, **_: Any) -> None:
    if getattr(getattr(sender, "request", None), "is_eager", False):
        return
    if sender is not None and not tracked(sender.name):
        return
    status = Status.LOST if isinstance(exception, WorkerLostError) else Status.FAILED
    _end(task_id, status, error=_error(exception))


def _on_revoked(request: Any, *, expired: bool = False, **_: Any) -> None:
    error = {"kind": "Expired", "text": "It waited longer than it may.", "public": True}
    _end(request.id, Status.CANCELLED, error=error if expired else None)


def _on_unknown(name: str, id: str, **_: Any) -> None:  # noqa: A002  Celery's name
    told = f"No worker knows a task named {text(name, 200)}."
    _end(id, Status.FAILED, error={"kind": "NotRegistered", "text": told, "public": True})


def _on_leave(
    task_id: str, task: Any, retval: Any = None, state: str | None = None, **_: Any
) -> None:
    run = _run_of(task_id)
    if run is None:
        return
    if state == "IGNORED" and not run.replaced and str(retval) != REPLACED:
        _end(task_id, Status.CANCELLED)
        if isinstance(retval, Cancelled):
            task.backend.mark_as_revoked(task_id, "cancelled", request=task.request)
    elif state == "REJECTED" and not getattr(retval, "requeue", False):
        _end(task_id, Status.FAILED, error=_error(retval))
    _leave(run)


def _leave(run: Run) -> None:
    _here.set(None)
    progress.bound.reset(run.token)
    if not run.ended:
        watched = run.watched
        get_reporter().put(Transition(lambda: watched.take(time.monotonic()), ends=watched))


def _on_shutdown(**_: Any) -> None:
    get_reporter().close(timeout=2)


def _end(task_id: str, status: Status, **more: Any) -> None:
    """Put the end of an attempt, and wait until it is recorded or the deadline has passed."""
    run = _run_of(task_id)
    if run is None and not _is_uuid(task_id):
        return
    if run is None:
        transition = Transition(lambda: end_elsewhere(task_id, status, **more))
    elif run.ended:
        return
    else:
        run.ended = True
        watched = run.watched
        transition = Transition(
            lambda: watched.snapshots.last(time.monotonic(), watched.known, status, **more),
            ends=watched,
        )
    if not get_reporter().put(transition).wait(conf.END_TIMEOUT):
        logger.error("The end of job %s is not recorded yet; its task goes on", task_id)


def _error(exception: BaseException | None) -> dict[str, Any] | None:
    if exception is None:
        return None
    return {
        "kind": text(type(exception).__name__, 100),
        "text": text(exception, conf.TEXT_LENGTH),
        "public": isinstance(exception, JobError | Cancelled),
    }


def _retry_at(when: Any) -> str:
    now = datetime.now(UTC)
    if isinstance(when, datetime):
        return timestamp(when if when.tzinfo else when.replace(tzinfo=UTC))
    return timestamp(now + timedelta(seconds=float(when or 0)))
