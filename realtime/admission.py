"""What a task that is about to run must know: what people want of its job, whoever ran it before.

A job that was cancelled while it waited never starts: its revocation may have been lost, and a
message may be delivered again.
"""

from __future__ import annotations

import logging
import math
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from celery.app.task import Task
from django.db import Error

from realtime.asking import ask
from realtime.events import Status, Wish
from realtime.models import Job
from realtime.runs import run_of
from realtime.store import Standing, Store, get_store

logger = logging.getLogger("realtime")

YOUNG = timedelta(seconds=5)
"""A job that was queued just now may be one of which the store has not been told yet."""
NOTHING = Standing(seq=0, wants="")
SKEW = 5.0
"""Seconds that the clocks of the store and of who queues may differ."""
FRESH = 0.1
"""Seconds for which a process believes that nothing new is wanted of jobs that wait; a job that
starts just then hears of it with its first report."""


class Wished:
    """When people last wanted anything of any job: most jobs are queued later than that."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self._known: tuple[Store | None, float, float] = (None, 0.0, 0.0)

    def since(self, moment: float) -> bool:
        """Tell whether anything may have been wanted of a job since this moment, in epoch s."""
        store, until, at = self._known
        now = time.monotonic()
        if now >= until or store is not get_store():
            at = ask(lambda store: store.wished(), math.inf)
            self._known = (get_store(), now + FRESH, at)
        return at + SKEW > moment


wished = Wished()


def standing_of(
    job: str, queued_at: str, *, fresh: bool = False, retried: bool = False
) -> Standing:
    """Return how a job stands: as the store says, as SQL says where the store has lost it.

    A `fresh` one has never run, so nothing was wanted of it before it was queued. An attempt that
    is `retried` reports above the seq: a run of the attempt before may have been redelivered, and
    got further than the run that has called for this one.
    """
    if fresh and not wished.since(datetime.fromisoformat(queued_at).timestamp()):
        return NOTHING
    said = ask(lambda store: store.standing(job), NOTHING)
    if said.wants or said.seq or (_is_young(queued_at) and not retried):
        return said
    return _recorded(job)


def connect() -> None:
    """Let each task be stopped before its code runs; signals cannot do that.

    Celery looks for a `before_start` that somebody has put into its class of tasks, and calls it.
    A task that has one of its own, and does not call this, is told by its first progress call.
    """
    Task.before_start = _before_start  # type: ignore[method-assign]


def _before_start(self: Any, task_id: str, args: Any, kwargs: Any) -> None:
    """Raise `Cancelled` when the job was cancelled before, wait while it is paused."""
    del self, args, kwargs
    run = run_of(task_id)
    if run is not None and run.job.wants in {Wish.CANCEL, Wish.PAUSE}:
        run.job.checkpoint()


def _is_young(queued_at: str) -> bool:
    return datetime.now(UTC) - datetime.fromisoformat(queued_at) < YOUNG


def _recorded(job: str) -> Standing:
    try:
        row = Job.objects.filter(pk=job).first()
    except Error as error:
        logger.warning("The database is away, job %s starts without it: %s", job, error)
        return NOTHING
    if row is None:
        return NOTHING
    cancelled = row.status == Status.CANCELLED
    return Standing(seq=row.seq, wants=Wish.CANCEL if cancelled else row.last.get("wants") or "")
