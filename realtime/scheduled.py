"""What Celery's beat starts by itself and when: from the settings, and from django-celery-beat.

The scheduler tells nobody of itself: when an entry is due next is counted as the scheduler counts
it, from when it ran last. Of an entry in the settings that is known by its newest job, where no
other entry starts the same task.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from celery import current_app
from celery.beat import ScheduleEntry
from celery.schedules import BaseSchedule, crontab, schedule, solar
from django.apps import apps

from realtime.events import timestamp
from realtime.models import Job

logger = logging.getLogger("realtime")

MOST = 500
"""Entries that are shown; how many there are besides is said."""
BEAT = "django_celery_beat"
KINDS = ("interval", "crontab", "solar", "clocked")
"""What of a row says when."""
HALF = timedelta(seconds=0.5)
FIELDS = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")

Row = dict[str, Any]


class Entry(NamedTuple):
    """One thing that is started again and again."""

    name: str
    """What the project calls it."""
    task: str
    """The name of its task."""
    schedule: Any
    """Celery's schedule of it; None where its row has none."""
    enabled: bool = True
    """Whether the scheduler looks at it."""
    last_at: datetime | None = None
    """When it was started last, where that is known."""
    begins_at: datetime | None = None
    """Before that it is not started."""


def entries(now: datetime) -> tuple[list[Row], int]:
    """Return what is scheduled, what is due next first, and how many there are besides."""
    found = {entry.name: entry for entry in (*_settings(), *_rows())}
    shown = [_told(entry, now) for entry in _dated(list(found.values())[:MOST])]
    # Of times in one format the texts are in their order.
    shown.sort(key=lambda row: (row["next_at"] is None, row["next_at"] or "", row["name"]))
    return shown, max(len(found) - MOST, 0)


def _settings() -> Iterator[Entry]:
    """Read `beat_schedule`; an entry that Celery itself cannot read is left out."""
    for name, said in (current_app.conf.beat_schedule or {}).items():
        try:
            entry = ScheduleEntry(name=name, app=current_app, **said)
        except (TypeError, ValueError) as error:
            logger.warning("The schedule's entry %r cannot be read: %s", name, error)
            continue
        yield Entry(str(name), str(entry.task), entry.schedule)


def _rows() -> Iterator[Entry]:
    """Read the rows of django-celery-beat, where a project has it; they hold over the settings."""
    if not apps.is_installed(BEAT):
        return
    rows = apps.get_model(BEAT, "PeriodicTask").objects.order_by("name")
    for row in rows.select_related(*KINDS):
        when = row.schedule if any(getattr(row, kind) for kind in KINDS) else None
        yield Entry(row.name, row.task, when, row.enabled, row.last_run_at, row.start_time)


def _dated(found: list[Entry]) -> list[Entry]:
    tasks = Counter(entry.task for entry in found)
    return [
        entry
        if entry.last_at or tasks[entry.task] > 1
        else entry._replace(last_at=_newest(entry.task))
        for entry in found
    ]


def _newest(task: str) -> datetime | None:
    queued = Job.objects.filter(name=task).order_by("-queued_at", "-id")
    return queued.values_list("queued_at", flat=True).first()


def _told(entry: Entry, now: datetime) -> Row:
    due = _next(entry, now)
    return {
        "name": entry.name,
        "task": entry.task,
        "enabled": entry.enabled,
        "when": _when(entry.schedule),
        "last_at": timestamp(entry.last_at) if entry.last_at else None,
        "next_at": timestamp(due) if due else None,
    }


def _next(entry: Entry, now: datetime) -> datetime | None:
    """Return when it is due; in the past where it is overdue, None where nobody can tell."""
    if not entry.enabled or entry.schedule is None:
        return None
    if entry.begins_at and entry.begins_at > now:
        return entry.begins_at
    last = entry.last_at
    if last is None and type(entry.schedule) is schedule:
        return None  # It depends on when the scheduler was started.
    try:
        left = entry.schedule.remaining_estimate(last or entry.schedule.now())
    except Exception as error:  # noqa: BLE001  a project's schedule may raise whatever it likes
        logger.warning("It cannot be told when %r is due: %r", entry.name, error)
        return None
    if not isinstance(left, timedelta):
        return None
    # It was counted from a moment that has passed meanwhile.
    return (now + left + HALF).replace(microsecond=0)


def _when(said: Any) -> Row:
    """Return a schedule in parts that a browser says in its language."""
    told: Row = {"kind": "other", "text": str(said or ""), "seconds": None, "zone": None}
    if isinstance(said, crontab):
        text = " ".join(str(getattr(said, f"_orig_{field}")) for field in FIELDS)
        return {**told, "kind": "crontab", "text": text, "zone": str(said.tz)}
    if isinstance(said, solar):
        return {**told, "kind": "sun", "text": said.event}
    if isinstance(said, schedule):
        every: timedelta = getattr(said, "run_every")  # noqa: B009  its stubs know it not
        return {**told, "kind": "every", "text": "", "seconds": every.total_seconds()}
    at = getattr(said, "clocked_time", None)
    if isinstance(said, BaseSchedule) and isinstance(at, datetime):
        return {**told, "kind": "once", "text": timestamp(at.astimezone(UTC))}
    return told
