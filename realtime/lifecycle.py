"""Celery's signals in the worker turned into states: started, retried, ended, died."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from billiard.exceptions import WorkerLostError
from celery import signals
from django.utils.translation import gettext_noop

from realtime import admission, canvas, owed, progress, queueing, results
from realtime.canvas import HEADER
from realtime.cleaning import text
from realtime.errors import Cancelled
from realtime.events import ENDS, Status, timestamp
from realtime.failure import error_of
from realtime.publish import QUEUED_SEQ, end_elsewhere, worker_lost
from realtime.reporter import get_reporter
from realtime.running import HELD, RunningJob
from realtime.runs import WORKER, Run, begun_before, here, resumed, run_of
from realtime.states import read
from realtime.tracking import default_title, is_uuid, tracked
from realtime.transition import Transition

logger = logging.getLogger("realtime")

REPLACED = "Replaced by new task"
"""What Celery says when a task is replaced; a chain or chord takes the id over at its end."""
FOLLOWED = gettext_noop("A job failed that had to be done before.")
EXPIRED = gettext_noop("It waited longer than it may.")
ANYBODY = ""
"""Whose a job may be that nobody should run."""


def connect() -> None:
    """Listen to Celery; called once, when the app is ready."""
    queueing.connect()
    admission.connect()
    for signal, receiver in (
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


def _on_start(task_id: str, task: Any, **_: Any) -> None:
    owed.settle()
    request = task.request
    given = (request.headers or {}).get(HEADER) or {}
    if request.is_eager or not (tracked(task.name) or "before" in given) or not is_uuid(task_id):
        return
    before = given.get("before") or 0
    job = RunningJob(
        id=task_id,
        name=given.get("name") or task.name,
        title=given.get("title") or default_title(task.name),
        attempt=before + request.retries + 1,
        owner=given.get("owner"),
        root=given.get("root"),
        parent=given.get("parent"),
        tags=tuple(given.get("tags", ())),
        queued_at=given.get("queued_at") or timestamp(),
        worker=request.hostname,
    )
    job.again_of, job.repeats = given.get("again_of"), given.get("repeats", "")
    job.children = given.get("children") or 0
    job.weight, job.language = given.get("weight") or 1.0, given.get("language") or ""
    job.started_at = given.get("started_at") or job.started_at
    job.run = WORKER + job.run
    job.redelivers = bool(getattr(task, "acks_late", False))
    seq = given.get("seq") or QUEUED_SEQ
    redelivered = bool((request.delivery_info or {}).get("redelivered"))
    job.first = job.attempt == 1 and "before" not in given and not redelivered
    queued_at, retried = given.get("queued_at") or job.started_at, job.attempt > 1
    if redelivered:
        seq = resumed(job, seq)
    elif retried:
        begun_before(job)
    fresh = job.first and "queued_at" in given and "steered" not in given
    standing = admission.standing_of(task_id, queued_at, fresh=fresh, retried=retried)
    job.hear(standing.wants)
    watched = get_reporter().watch(job, known=max(seq, standing.seq))
    here.set(Run(job, watched, progress.bound.set(job), before=before))


def _on_success(sender: Any, **_: Any) -> None:
    if sender.request.is_eager:
        return
    run = run_of(sender.request.id)
    if run is not None and run.job.is_crowned:
        _end(run.job.id, Status.RUNNING, **HELD)
    elif run is not None and not run.job.redelivers:
        _succeed(run, kept=results.are_kept(sender))
    elif run is not None or tracked(sender.name):
        _end(sender.request.id, Status.SUCCEEDED)


def _on_retry(
    request: Any, reason: Any = None, sender: Any = None, einfo: Any = None, **_: Any
) -> None:
    here_or_tracked = run_of(request.id) is not None or tracked(request.task or "")
    if not here_or_tracked or getattr(request, "is_eager", False):
        return
    if reason is None:
        _on_dropped(request.id, comes_back=bool(getattr(sender, "acks_late", False)))
        return
    _end(
        request.id,
        Status.RETRYING,
        error=error_of(getattr(reason, "exc", None), einfo),
        retry_at=_retry_at(getattr(reason, "when", None)),
    )


def _on_dropped(job: str, *, comes_back: bool) -> None:
    """Tell what becomes of a job that Celery has stopped: its worker ends, or lost the broker."""
    status = Status.RETRYING if comes_back else Status.LOST
    error = worker_lost(comes_back=comes_back)
    _end(job, status, error=error)


def _on_failure(
    task_id: str, exception: BaseException, sender: Any = None, einfo: Any = None, **_: Any
) -> None:
    if getattr(getattr(sender, "request", None), "is_eager", False):
        return
    if sender is not None and not tracked(sender.name) and run_of(task_id) is None:
        return
    _end_replaced(getattr(sender, "request", None))
    if isinstance(exception, WorkerLostError):
        # Celery's own text, with signal and number, is for its log.
        _end(task_id, Status.LOST, error=worker_lost())
    else:
        _end(task_id, Status.FAILED, error=error_of(exception, einfo))


def _end_replaced(request: Any) -> None:
    """End the job as which the last task would have gone on: Celery never runs that now."""
    chain, chord = getattr(request, "chain", None), getattr(request, "chord", None)
    if not (chain or chord):
        return
    for job, known in read(canvas.called_off(chain, chord)).items():
        if known["status"] not in ENDS:
            error = {"kind": "JobsFailed", "text": FOLLOWED, "public": True}
            change = Transition(partial(end_elsewhere, job, Status.FAILED, error=error))
            get_reporter().put(change)


def _on_revoked(request: Any, *, expired: bool = False, terminated: bool = False, **_: Any) -> None:
    error = {"kind": "Expired", "text": EXPIRED, "public": True}
    whose = WORKER if terminated else ANYBODY
    _end(request.id, Status.CANCELLED, whose, error=error if expired else None)


def _on_unknown(name: str, id: str, **_: Any) -> None:  # noqa: A002  Celery's name
    told = f"No worker knows a task named {text(name, 200)}."
    error = {"kind": "NotRegistered", "text": told, "public": True}
    _end(id, Status.FAILED, ANYBODY, error=error)


def _on_leave(
    task_id: str, task: Any, retval: Any = None, state: str | None = None, **_: Any
) -> None:
    run = run_of(task_id)
    if run is None:
        return
    if state == "IGNORED" and not run.replaced and str(retval) == REPLACED:
        run.job.held, run.job.dirty = True, True
    elif state == "IGNORED" and not run.replaced:
        _end(task_id, Status.CANCELLED)
        if isinstance(retval, Cancelled) and not run.job.fenced:
            task.backend.mark_as_revoked(task_id, "cancelled", request=task.request)
    elif state == "REJECTED" and not getattr(retval, "requeue", False):
        _end(task_id, Status.FAILED, error=error_of(retval))
    _leave(run)


def _leave(run: Run) -> None:
    here.set(None)
    progress.bound.reset(run.token)
    if not run.ended:
        watched, fenced = run.watched, run.job.fenced
        get_reporter().put(
            Transition(lambda: None if fenced else watched.take(time.monotonic()), ends=watched)
        )


def _on_shutdown(**_: Any) -> None:
    owed.settle_all()
    get_reporter().close(timeout=2)


def _end(task_id: str, status: Status, whose: str = WORKER, **more: Any) -> None:
    """Put the end of an attempt, to be recorded before its message is acknowledged.

    Of an attempt that does not run in this process only if the run's name begins with `whose`.
    """
    run = run_of(task_id)
    if run is None and not is_uuid(task_id):
        return
    if run is None:
        transition = Transition(lambda: end_elsewhere(task_id, status, run=whose, **more))
    elif run.ended or run.job.fenced:
        return
    else:
        transition = _last(run, status, **more)
    owed.wait(task_id, get_reporter().put(transition))


def _succeed(run: Run, *, kept: bool) -> None:
    """Put the end of a task that was acknowledged before it ran; only later tasks wait for it."""
    if run.ended or run.job.fenced:
        return
    end, reporter = _last(run, Status.SUCCEEDED), get_reporter()
    owed.owe(run.job.id, reporter.gather(end) if kept else reporter.put(end), kept=kept)


def _last(run: Run, status: Status, **more: Any) -> Transition:
    run.ended = True
    watched = run.watched
    return Transition(
        lambda: watched.snapshots.last(time.monotonic(), watched.known, status, **more),
        ends=watched,
    )


def _retry_at(when: Any) -> str:
    now = datetime.now(UTC)
    if isinstance(when, datetime):
        return timestamp(when if when.tzinfo else when.replace(tzinfo=UTC))
    return timestamp(now + timedelta(seconds=float(when or 0)))
