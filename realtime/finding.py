"""Finds the jobs that a search means, a page at a time, in a table of any size.

An index leads: that of the task, status, owner, tree or time that leaves the fewest jobs. What no
index knows (a text, a tag, how long a job took) is looked for in as many of those as `WINDOW` says,
the newest ones; a page may then be short, or empty, and tell from where to go on.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial, reduce
from operator import or_
from uuid import UUID

from django.db.models import Q, QuerySet

from realtime.models import Job
from realtime.problems import bad_request
from realtime.queries import in_utc

WINDOW = 2_500
"""Jobs that one page looks at, at most, for what no index knows."""
READ = ("title", "queued_at")
"""What is read of each job: the states are read afterwards, of one page."""
COUNTED = 10_000
"""Jobs that are counted, at most, where an index knows all."""
BRANCHES = 16
"""Values of one word that an index is asked for one by one; more are looked for in the window."""

Rest = Callable[["QuerySet[Job]"], "QuerySet[Job]"]
"""What narrows a few jobs further, without an index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which jobs."""

    any_of: tuple[tuple[Q, ...], ...] = ()
    """Of each of these one must hold; an index knows each."""
    between: Q = field(default_factory=Q)
    """Between which moments they were queued."""
    rest: tuple[Rest, ...] = ()
    """What else must hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some of the jobs, newest first."""

    jobs: list[Job]
    """These."""
    next: str | None
    """What asks for those that follow; None after the last."""
    searched_to: datetime | None
    """Until when jobs were looked at, where that is why the page is short."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many jobs there are, as far as they are counted."""

    count: int
    """So many, at least."""
    more: bool
    """Whether there may be more."""


def find(wanted: Wanted, cursor: str, most: int) -> Page:
    """Return at most so many of the jobs, those that follow `cursor`."""
    branches, rest = _led(wanted)
    found: list[Job] = []
    edges: list[Job] = []
    for branch in (_after(one, cursor) for one in branches):
        jobs, edge = _some(branch, rest, WINDOW // len(branches), most + 1)
        found += jobs
        edges += [edge] if edge else []
    floor = max(edges, key=_place, default=None)
    if floor:  # What is older another branch may have, too.
        found = [job for job in found if _place(job) >= _place(floor)]
    found = sorted(found, key=_place, reverse=True)
    if len(found) > most:
        return Page(jobs=found[:most], next=cursor_after(found[most - 1]), searched_to=None)
    if floor:
        return Page(jobs=found, next=cursor_after(floor), searched_to=floor.queued_at)
    return Page(jobs=found, next=None, searched_to=None)


def count(wanted: Wanted) -> Count:
    """Return how many jobs there are, of those in the window."""
    branches, rest = _led(wanted)
    window = (WINDOW if rest else COUNTED) // max(len(branches), 1)
    counts = [_narrowed(branch, rest, window).count() for branch in branches]
    if rest:
        full = any(branch[window - 1 : window].exists() for branch in branches)
    else:
        full = any(one >= window for one in counts)
    return Count(count=sum(counts), more=full)


def cursor_after(last: Job) -> str:
    """Return what asks for the jobs that follow one."""
    return base64.urlsafe_b64encode(f"{last.queued_at.isoformat()} {last.pk}".encode()).decode()


def either(values: Sequence[Q]) -> Q:
    """Return what holds where one of these does."""
    return reduce(or_, values)


def _filtered(one: Q, found: QuerySet[Job]) -> QuerySet[Job]:
    return found.filter(one)


def _led(wanted: Wanted) -> tuple[list[QuerySet[Job]], list[Rest]]:
    """Return the jobs of the word that leaves the fewest, by its values; and what narrows them."""
    every = Job.objects.filter(wanted.between).only(*READ).order_by("-queued_at", "-pk")
    asked = [list(dict.fromkeys(values)) for values in wanted.any_of]
    if any(not values for values in asked):
        return [], []
    few = [values for values in asked if len(values) <= BRANCHES]
    if few[1:]:
        few.sort(key=lambda values: _size(every, values))
    leader = few[0] if few else [Q()]
    others = [either(values) for values in asked if values is not leader]
    rest: list[Rest] = [partial(_filtered, one) for one in others]
    branches = [every.filter(value) for value in leader]
    return branches, [*rest, *wanted.rest]


def _size(every: QuerySet[Job], values: Sequence[Q]) -> int:
    """Return how many jobs these leave, as far as that matters."""
    return sum(every.filter(value).order_by()[:COUNTED].count() for value in values)


def _some(
    branch: QuerySet[Job], rest: Sequence[Rest], window: int, most: int
) -> tuple[list[Job], Job | None]:
    """Return some of the jobs, and the last one that was looked at where there may be more."""
    if not rest:
        return list(branch[:most]), None
    edge = branch[window - 1 : window].first()
    return list(_narrowed(branch, rest, window)[:most]), edge


def _narrowed(branch: QuerySet[Job], rest: Sequence[Rest], window: int) -> QuerySet[Job]:
    if not rest:
        return branch[:window]
    found = Job.objects.filter(pk__in=branch.values("pk")[:window]).only(*READ)
    for one in rest:
        found = one(found)
    return found.order_by("-queued_at", "-pk")


def _place(job: Job) -> tuple[datetime, UUID]:
    return job.queued_at, job.pk


def _after(found: QuerySet[Job], cursor: str) -> QuerySet[Job]:
    if not cursor:
        return found
    try:
        at, _, pk = base64.urlsafe_b64decode(cursor.encode()).decode().partition(" ")
        moment, last = in_utc(datetime.fromisoformat(at)), UUID(pk)
    except (ValueError, OverflowError, binascii.Error) as error:
        raise bad_request("cursor", "a page's `next`", cursor) from error
    # The first says nothing new: an index begins there.
    reached = Q(queued_at__lte=moment)
    return found.filter(reached, Q(queued_at__lt=moment) | Q(queued_at=moment, pk__lt=last))
