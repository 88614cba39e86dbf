"""How things stand now: from the rows of jobs that have not ended, and the last hour's minutes.

What has ended is never counted here: a million rows of it cost nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from realtime import figures
from realtime.counts import Count
from realtime.errors import StoreAway
from realtime.events import ENDS, Status
from realtime.models import Job
from realtime.store import get_store

MOST = 100_000
"""Jobs of one status that are counted; that many means as many or more."""
LOOKED_AT = 500
"""Running jobs of which the store is asked whether they have stalled, the oldest first."""
STALLED = '"stalled":true'
"""How a state says so; texts within it have their quotes escaped."""
RECENT = 5
"""Minutes of which the rate is told."""
MINUTES = 60


class Hour(NamedTuple):
    """How the last hour was."""

    covered: int
    """How many of its seconds were counted."""
    counts: Count
    """What happened in those."""
    rate: float | None
    """Jobs that ended in a second, of late; None where nobody counted."""


def open_jobs() -> dict[str, int | None]:
    """Return how many jobs have not ended, by status, and how many of those have stalled."""
    waiting = {str(status): _number(status) for status in Status if status not in ENDS}
    return {**waiting, "stalled": _stalled()}


def last_hour(now: datetime) -> Hour:
    """Return how the last sixty minutes were that are over."""
    span = figures.span(now - timedelta(minutes=MINUTES + 1), now, now, MINUTES + 2)
    points = [point for point in figures.series(span, "", "") if point.covered][-MINUTES:]
    count = Count()
    for point in points:
        count.add(point.counts)
    recent = points[-RECENT:]
    seconds = sum(point.covered for point in recent)
    rate = sum(point.counts.ended for point in recent) / seconds if seconds else None
    return Hour(sum(point.covered for point in points), count, rate)


def _number(status: Status) -> int:
    # By the index of statuses alone, no row is read.
    return Job.objects.filter(status=status).order_by().values("status")[:MOST].count()


def _stalled() -> int | None:
    """Return how many running jobs have stalled, None where nobody can tell."""
    running = Job.objects.filter(status=Status.RUNNING).order_by("queued_at")
    jobs = [str(job) for job in running.values_list("pk", flat=True)[:LOOKED_AT]]
    try:
        return sum(STALLED in state for state in get_store().states(jobs).values())
    except StoreAway:
        return None
