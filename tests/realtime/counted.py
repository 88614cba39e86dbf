"""Jobs of a known minute, and what the series should say of them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from realtime.counts import ALL, COLUMNS, Count
from realtime.intervals import second
from realtime.models import Job, Tally
from realtime.series import count_due

NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)
"""Of a day on which clocks were put forward in much of the world."""


def at(minutes: float, seconds: float = 0.0) -> datetime:
    """Return a moment so long after noon."""
    return NOON + timedelta(minutes=minutes, seconds=seconds)


def job(  # noqa: PLR0913  a row has so many
    name: str = "shop.pack",
    *,
    queued: datetime,
    began: datetime | None = None,
    ended: datetime | None = None,
    status: str = "succeeded",
    queue: str = "celery",
    attempt: int = 1,
) -> Job:
    """Return a job's row, as the service would have written it."""
    key = uuid.uuid4()
    open_status = "running" if began else "queued"
    return Job(
        pk=key,
        root=key,
        name=name,
        title=name,
        queue=queue,
        queued_at=queued,
        began_at=began,
        started_at=began,
        finished_at=ended,
        attempt=attempt,
        status=status if ended else open_status,
    )


def keep(*jobs: Job) -> None:
    """Write rows."""
    Job.objects.bulk_create(jobs)


def count(now: datetime) -> None:
    """Count all that is due, in as many rounds as that takes."""
    while not count_due(now):
        pass


def tally(step: int, start: datetime, name: str = ALL, queue: str = ALL) -> Count:
    """Return what was counted of an interval."""
    found = Count()
    whose = {"interval__step": step, "interval__start": start, "name": name, "queue": queue}
    for columns in Tally.objects.filter(**whose).values_list(*COLUMNS):
        found.add_row(columns)
    return found


def right(jobs: Iterable[Job], start: datetime, step: int) -> dict[str, int]:
    """Return the numbers that an interval should have, told from the jobs one by one."""

    def within(moment: datetime | None) -> bool:
        return moment is not None and 0 <= second(moment) - second(start) < step

    jobs = list(jobs)
    ended = [one for one in jobs if within(one.finished_at)]
    return {
        "queued": sum(within(one.queued_at) for one in jobs),
        "started": sum(within(one.began_at) for one in jobs),
        **{
            status: sum(one.status == status for one in ended)
            for status in ("succeeded", "failed", "cancelled", "lost")
        },
        "retried": sum(one.attempt - 1 for one in ended),
    }


def numbers(count: Count) -> dict[str, Any]:
    """Return the numbers of a count."""
    return {name: said for name, said in count.columns().items() if name not in {"wait", "run"}}
