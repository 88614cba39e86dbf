"""What runs in this thread or greenlet: one execution of a task."""

from __future__ import annotations

import logging
import uuid
from contextvars import ContextVar, Token
from dataclasses import dataclass

from django.db import Error

from realtime.events import ENDS
from realtime.publish import FORGOTTEN_STEP, take_over
from realtime.running import RunningJob
from realtime.states import State, read_one
from realtime.watched import LOST, Watched

logger = logging.getLogger("realtime")

WORKER = uuid.uuid4().hex
"""Begins the name of each run in this process, and in the children that it forks."""


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


def resumed(job: RunningJob, seq: int) -> int:
    """Let a run of a redelivered message go on where the last one was; returns a seq above it.

    First it takes the attempt over: the last run may go on, and get further than what is read.
    Viewers may have seen states of it that SQL never knew and that the store has lost.
    """
    take_over(job.id, job.attempt, job.run)
    known = begun_before(job)
    if known and known["attempt"] == job.attempt:
        job.reached = known["fraction"]
        job.children = (known.get("children") or {}).get("total", 0)
    if known:
        job.hear(known.get("wants") or "")
    return max(known["seq"] if known else 0, seq) + FORGOTTEN_STEP


def begun_before(job: RunningJob) -> State | None:
    """Return what is known of a job that has run before; this run is stopped when it is over.

    A store that has lost the end would take the job for one that runs. An attempt more may come
    from a worker that was taken for dead, and did not know.
    """
    try:
        known = read_one(job.id)
    except Error as error:
        logger.warning("The database is away, job %s goes on without it: %s", job.id, error)
        return None
    if known and known["status"] in ENDS:
        job.fence(LOST)
    return known


here: ContextVar[Run | None] = ContextVar("headway_run", default=None)
"""What runs in this thread, or greenlet; by id alone a retry could take its own first try over."""


def run_of(task_id: str) -> Run | None:
    """Return the run of this task, None when another one runs here or none."""
    run = here.get()
    return run if run is not None and run.job.id == task_id else None
