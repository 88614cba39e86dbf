"""Keeps what was counted of minutes, and adds it up for the longer intervals that they are in.

Both in one transaction: an interval is always the sum of what was counted within it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise

from django.db import transaction

from realtime.counting import Sheet, bounded
from realtime.counts import COLUMNS, Count
from realtime.intervals import MINUTE, STEPS, floor, kept_since, moment, second
from realtime.metrics import counted
from realtime.models import Interval, Tally

SWEPT = 50
"""Intervals that are deleted together."""


def keep(sheets: Mapping[int, Sheet], now: datetime) -> None:
    """Keep what was counted of some minutes within ten, in the place of what was there."""
    with transaction.atomic():
        for start, sheet in sorted(sheets.items()):
            minute = _held(MINUTE, start, now)
            minute.times += 1
            _fill(minute, sheet, MINUTE)
        for shorter, step in pairwise(STEPS):
            for start in sorted({floor(start, step) for start in sheets}):
                # Held before its parts are read: of two who count at once the second one sees
                # what the first has kept.
                whole = _held(step, start, now)
                _fill(whole, *_added_up(shorter, start, start + step))


def forget_some(now: datetime) -> bool:
    """Delete some intervals that are kept no longer; return whether there may be more."""
    gone = 0
    for step in STEPS:
        before = moment(kept_since(step, second(now)) - step)
        old = Interval.objects.filter(step=step, start__lt=before).order_by("start")
        keys = list(old.values_list("pk", flat=True)[: SWEPT - gone])
        with transaction.atomic():
            Tally.objects.filter(interval__in=keys).delete()
            Interval.objects.filter(pk__in=keys).delete()
        gone += len(keys)
    counted.count("removed", gone, label="intervals")
    return gone >= SWEPT


def _held(step: int, start: int, now: datetime) -> Interval:
    """Return an interval that nobody else fills before this transaction is over."""
    held = Interval.objects.select_for_update()
    return held.get_or_create(step=step, start=moment(start), defaults={"counted_at": now})[0]


def _fill(interval: Interval, sheet: Sheet, covered: int) -> None:
    Tally.objects.filter(interval=interval).delete()
    Tally.objects.bulk_create(
        Tally(interval=interval, name=name, queue=queue, **count.columns())
        for (name, queue), count in sorted(sheet.items())
    )
    interval.covered = covered
    interval.save(update_fields=("covered", "times"))


def _added_up(step: int, start: int, end: int) -> tuple[Sheet, int]:
    """Return what was counted of intervals of one length, and how many seconds of them were."""
    within = {"start__gte": moment(start), "start__lt": moment(end)}
    parts = dict(Interval.objects.filter(step=step, **within).values_list("pk", "covered"))
    whole: Sheet = defaultdict(Count)
    rows = Tally.objects.filter(interval__in=parts)
    for name, queue, *columns in rows.values_list("name", "queue", *COLUMNS):
        whole[name, queue].add_row(columns)
    return bounded(whole), sum(parts.values())
