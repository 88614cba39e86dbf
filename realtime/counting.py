"""Counts what happened to jobs within a minute, from their rows: each time anew, and all of it.

So what is counted twice is not counted double, and whoever counts may die in the middle.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from realtime.conf import conf
from realtime.counts import ALL, OTHERS, Count
from realtime.events import ENDS
from realtime.histogram import Histogram, bucket_of
from realtime.intervals import MINUTE
from realtime.intervals import moment as moment_of
from realtime.models import Job

READ = 2_000
"""Rows that are held at once."""
QUEUES = 20
"""Queues that an interval tells apart."""

Sheet = dict[tuple[str, str], Count]
"""What happened, by task and queue."""


def sheet_of(start: int) -> Sheet:
    """Return what happened in the minute that begins at this second."""
    sheet: Sheet = defaultdict(Count)
    _count_queued(sheet, start)
    _count_started(sheet, start)
    _count_ended(sheet, start)
    return bounded(_with_sums(sheet))


def bounded(sheet: Sheet) -> Sheet:
    """Return a sheet that tells only the busiest tasks and queues apart."""
    queues = {key for key in sheet if key[0] == ALL}
    kept = _busiest(sheet, sheet.keys() - queues, conf.SERIES_TASKS)
    kept |= _busiest(sheet, queues - {(ALL, ALL)}, QUEUES) | {(ALL, ALL)}
    smaller = {key: sheet[key] for key in kept & sheet.keys()}
    for key in sheet.keys() - kept:
        others = (ALL if key[0] == ALL else OTHERS, OTHERS)
        smaller.setdefault(others, Count()).add(sheet[key])
    return smaller


def _busiest(sheet: Sheet, keys: set[tuple[str, str]], most: int) -> set[tuple[str, str]]:
    named = sorted(key for key in keys if key[1] != OTHERS)
    return set(sorted(named, key=lambda key: -sheet[key].busy)[:most])


def _with_sums(sheet: Sheet) -> Sheet:
    """Add a line for each queue, and one for all."""
    for (_, queue), count in list(sheet.items()):
        sheet[ALL, queue].add(count)
        sheet[ALL, ALL].add(count)
    return sheet


def _key(name: str, queue: str) -> tuple[str, str]:
    """Return whose line it is; who calls a task as we call several at once is among the others."""
    odd = name in {ALL, OTHERS} or queue in {ALL, OTHERS}
    return (OTHERS, OTHERS) if odd else (name, queue)


def _count_queued(sheet: Sheet, start: int) -> None:
    # Not grouped by the database: SQLite then goes through all names there are.
    rows = _within("queued_at", start).values_list("name", "queue")
    for name, queue in rows.iterator(READ):
        sheet[_key(name, queue)].queued += 1


def _count_started(sheet: Sheet, start: int) -> None:
    rows = _within("began_at", start).values_list("name", "queue", "queued_at", "began_at")
    for name, queue, *times in rows.iterator(READ):
        count = sheet[_key(name, queue)]
        count.started += 1
        _note(count.wait, *times)


def _count_ended(sheet: Sheet, start: int) -> None:
    columns = ("name", "queue", "status", "attempt", "started_at", "finished_at")
    rows = _within("finished_at", start).values_list(*columns)
    for name, queue, status, attempt, *times in rows.iterator(READ):
        if status in ENDS:
            count = sheet[_key(name, queue)]
            setattr(count, status, getattr(count, status) + 1)
            count.retried += max(attempt - 1, 0)
            _note(count.run, *times)


def _within(column: str, start: int) -> QuerySet[Job, Any]:
    """Return the jobs of a minute by the index of a column, in no order."""
    within = {f"{column}__gte": moment_of(start), f"{column}__lt": moment_of(start + MINUTE)}
    return Job.objects.filter(**within).order_by()


def _note(histogram: Histogram, begun: datetime | None, over: datetime | None) -> None:
    if begun and over:
        histogram[bucket_of((over - begun).total_seconds())] += 1
