"""Reads the series: what happened from when to when, in as many points as a chart can show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from math import ceil
from typing import Any, NamedTuple

from django.db.models import Q

from realtime.conf import conf
from realtime.counts import ALL, COLUMNS, OTHERS, Count
from realtime.histogram import percentile
from realtime.intervals import STEPS, floor, kept_since, moment, second
from realtime.models import Interval, Tally

POINTS = 400
"""Points of a chart, at most."""
SPARKS = 60
"""Points of the small chart beside a task, at most."""
SHOWN = 100
"""Tasks or queues that are told apart, at most."""
SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}

Times = dict[str, float] | None
"""Percentiles in seconds, None where there are none."""


class Point(NamedTuple):
    """What happened in one interval of a chart."""

    covered: int
    """How many of its seconds were counted: 0 is a gap."""
    counts: Count
    """What happened in those."""


class Span(NamedTuple):
    """From when to when is told, in which steps."""

    start: int
    """The second in which the first point begins."""
    end: int
    """The second after the last one."""
    read: int
    """The length of the intervals that are read."""
    step: int
    """The length of a point: a multiple of it."""


def span(begin: datetime, end: datetime, now: datetime, points: int) -> Span:
    """Return how a time is told, as far as it is kept and not in the future."""
    last = second(now)
    first = max(second(begin), last - conf.KEEP_SERIES)
    until = max(min(second(end), last), first)
    read = next((step for step in STEPS if _is_told(step, first, until, last, points)), STEPS[-1])
    step = read * max(ceil((until - first) / (read * points)), 1)
    begun = floor(first, step)
    return Span(begun, begun + step * ceil((until - begun) / step), read, step)


def series(asked: Span, name: str, queue: str) -> list[Point]:
    """Return what happened to all jobs, or to those of a task, of a queue or of both."""
    whose = Q(name=name) if name else Q(name=ALL, queue=queue or ALL)
    if name and queue:
        whose = Q(name=name, queue=queue)
    places, seconds = _intervals(asked)
    counts = [Count() for _ in seconds]
    for place, *columns in _tallies(whose, places):
        counts[place].add_row(columns)
    return [Point(*both) for both in zip(seconds, counts, strict=True)]


class Line(NamedTuple):
    """What happened to the jobs of one task, or of one queue."""

    name: str | None
    """Whose; None for all that are not told apart."""
    counts: Count
    """What happened altogether."""
    ended: list[int | None]
    """How many ended in each point, None where nobody counted."""


def lines(asked: Span, by: str) -> list[Line]:
    """Return what happened by task or by queue: what breaks most, then what is busiest, first."""
    whose = Q(name=ALL) & ~Q(queue=ALL) if by == "queue" else ~Q(name=ALL)
    places, seconds = _intervals(asked)
    ended = [0 if covered else None for covered in seconds]
    found: dict[str, Line] = defaultdict(lambda: Line("", Count(), ended.copy()))
    for place, key, *columns in _tallies(whose, places, by):
        line = found[key]
        before = line.counts.ended
        line.counts.add_row(columns)
        line.ended[place] = (line.ended[place] or 0) + line.counts.ended - before
    told = [line._replace(name=key) for key, line in found.items() if key != OTHERS]
    told.sort(key=lambda one: (-one.counts.broken, -one.counts.busy, one.name))
    rest = [*told[SHOWN:], *(line for key, line in found.items() if key == OTHERS)]
    return [*told[:SHOWN], *_together(rest)]


def times(counts: Any) -> Times:
    """Return the percentiles of durations."""
    found = {name: percentile(counts, share) for name, share in SHARES.items()}
    return {name: round(said, 6) for name, said in found.items() if said is not None} or None


def _is_told(step: int, first: int, until: int, now: int, points: int) -> bool:
    """Tell whether intervals of a length are kept so long, and not too many."""
    return first >= kept_since(step, now) and until - first <= step * points


def _intervals(asked: Span) -> tuple[dict[int, int], list[int]]:
    """Return to which point each interval belongs, and how many seconds of each were counted."""
    places, seconds = {}, [0] * ((asked.end - asked.start) // asked.step)
    within = {"start__gte": moment(asked.start), "start__lt": moment(asked.end)}
    found = Interval.objects.filter(step=asked.read, **within).order_by()
    for key, start, covered in found.values_list("pk", "start", "covered"):
        places[key] = (second(start) - asked.start) // asked.step
        seconds[places[key]] += covered
    return places, seconds


def _tallies(whose: Q, places: Mapping[int, int], *more: str) -> Iterator[tuple[Any, ...]]:
    """Yield the tallies of some jobs: the point that each belongs to, and its columns."""
    # By number, not by a join: PostgreSQL, which cannot know how many there are, read the table.
    rows = Tally.objects.filter(whose, interval__in=list(places)).order_by()
    for interval, *columns in rows.values_list("interval", *more, *COLUMNS):
        yield places[interval], *columns


def _together(rest: list[Line]) -> list[Line]:
    """Return all others as one line, or as none."""
    if not rest:
        return []
    count = Count()
    for one in rest:
        count.add(one.counts)
    points = zip(*(one.ended for one in rest), strict=True)
    ended = [None if None in point else sum(filter(None, point)) for point in points]
    return [Line(None, count, ended)]
