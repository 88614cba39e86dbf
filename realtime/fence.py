"""Asks the store whether a run may still change its job, before a task leaves what stays."""

from __future__ import annotations

from realtime.errors import Cancelled, StoreAway
from realtime.running import RunningJob
from realtime.store import get_store

NOT_OURS = "It was taken for lost, or another worker runs it now."


def check(job: RunningJob) -> None:
    """Raise `Cancelled` when nothing that this run says counts any more.

    The reporter notices it too, but only with its next report: a worker that was frozen is faster.
    """
    if not job.fenced and job.claimed and not _owns(job):
        job.fenced = NOT_OURS
    if job.fenced:
        raise Cancelled(job.fenced)


def _owns(job: RunningJob) -> bool:
    try:
        return get_store().owns(job.id, job.attempt, job.run)
    except StoreAway:
        return True  # Nobody can take the job over meanwhile.
