"""Finds the jobs that a search means, a page at a time, in a table of any size.

An index leads: that of the task, status, owner, tree or time that leaves the fewest jobs. What no
index knows (a text, a tag, how long a job took) is looked for in as many of those as `WINDOW` says,
the newest ones; a page may then be short, or empty, and tell from where to go on.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial, reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from realtime.models import Job, Tag
from realtime.problems import bad_request
from realtime.queries import in_utc
from realtime.reach import Reach

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


@dataclass(frozen=True, slots=True)
class Tagged:
    """That a job has a tag, which the index of tags knows."""

    tag: str


Value = Q | Tagged
"""What may hold of a job, and what an index knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which jobs."""

    any_of: tuple[tuple[Q, ...], ...] = ()
    """Of each of these one must hold; an index knows each."""
    led_by: tuple[Value, ...] = ()
    """Of these one must hold, too, and no other word leads: a page that ends at a job tells which,
    and who sees one tenant's jobs is not told of another's."""
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


def visible(person: Any, reach: Reach) -> Wanted:
    """Return the jobs that somebody of this key sees: all, or their own and those of some tags."""
    if reach is None:
        return Wanted()
    if not reach:
        return Wanted(any_of=((Q(("owner_id", person)),),))
    return Wanted(led_by=theirs(person, reach))


def theirs(person: Any, tags: frozenset[str]) -> tuple[Value, ...]:
    """Return what holds of the jobs that somebody of this key sees: one of these."""
    return Q(("owner_id", person)), *map(Tagged, sorted(tags))


def find(wanted: Wanted, cursor: str, most: int) -> Page:
    """Return at most so many of the jobs, those that follow `cursor`."""
    branches, rest = _led(wanted)
    # By their keys: what is one's own may have a tag besides.
    known: dict[UUID, Job] = {}
    edges: list[Job] = []
    for branch in (one.after(cursor) for one in branches):
        jobs, edge = branch.some(rest, max(WINDOW // len(branches), 1), most + 1)
        known |= {job.pk: job for job in jobs}
        edges += [edge] if edge else []
    found = list(known.values())
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
    window = max((WINDOW if rest else COUNTED) // max(len(branches), 1), 1)
    keys = [branch.keys(rest, window) for branch in branches]
    if branches[1:] and any(branch.of_tags for branch in branches):
        # A job may be in several of them.
        counts = [len(found) for found in keys]
        count = len(set[UUID]().union(*keys))
    else:
        counts = [found.count() for found in keys]
        count = sum(counts)
    if rest:
        full = any(branch.rows[window - 1 : window].exists() for branch in branches)
    else:
        full = any(one >= window for one in counts)
    return Count(count=count, more=full)


def cursor_after(last: Job) -> str:
    """Return what asks for the jobs that follow one."""
    return base64.urlsafe_b64encode(f"{last.queued_at.isoformat()} {last.pk}".encode()).decode()


def either(values: Sequence[Value]) -> Q:
    """Return what holds where one of these does."""
    tags = [value.tag for value in values if isinstance(value, Tagged)]
    has = [Q(Exists(Tag.objects.filter(job=OuterRef("pk"), tag__in=tags)))] if tags else []
    return reduce(or_, [*(value for value in values if isinstance(value, Q)), *has])


def _filtered(one: Q, found: QuerySet[Job]) -> QuerySet[Job]:
    return found.filter(one)


@dataclass(frozen=True, slots=True)
class _Branch:
    """Jobs that an index gives in their order, newest first."""

    rows: QuerySet[Any]
    """Of jobs, or of tags, which know their job's place."""
    of_tags: bool = False

    def after(self, cursor: str) -> _Branch:
        return replace(self, rows=_after(self.rows, cursor, self._key))

    def some(self, rest: Sequence[Rest], window: int, most: int) -> tuple[list[Job], Job | None]:
        """Return some of the jobs, and the last one looked at where there may be more."""
        if not rest:
            return self._jobs(self.rows[:most]), None
        edge = self.rows.values_list(self._key, "queued_at")[window - 1 : window].first()
        last = Job(pk=edge[0], queued_at=edge[1]) if edge else None
        return list(self._narrowed(rest, window)[:most]), last

    def keys(self, rest: Sequence[Rest], window: int) -> QuerySet[Any, UUID]:
        """Return the keys of the jobs, of as many as the window has."""
        if rest:
            return self._narrowed(rest, window).values_list("pk", flat=True)
        return self.rows[:window].values_list(self._key, flat=True)

    @property
    def _key(self) -> str:
        return "job_id" if self.of_tags else "pk"

    def _jobs(self, rows: QuerySet[Any]) -> list[Job]:
        if not self.of_tags:
            return list(rows)
        return list(Job.objects.filter(pk__in=rows.values("job_id")).only(*READ).order_by())

    def _narrowed(self, rest: Sequence[Rest], window: int) -> QuerySet[Job]:
        rows = self.rows.values(self._key)[:window]
        found = Job.objects.filter(pk__in=rows).only(*READ)
        for one in rest:
            found = one(found)
        return found.order_by("-queued_at", "-pk")


def _branch(value: Value, between: Q) -> _Branch:
    if isinstance(value, Tagged):
        tags = Tag.objects.filter(between, tag=value.tag)
        return _Branch(tags.order_by("-queued_at", "-job_id"), of_tags=True)
    jobs = Job.objects.filter(between).filter(value)
    return _Branch(jobs.only(*READ).order_by("-queued_at", "-pk"))


def _led(wanted: Wanted) -> tuple[list[_Branch], list[Rest]]:
    """Return the jobs of the word that leaves the fewest, by its values; and what narrows them."""
    asked = [list(dict.fromkeys(values)) for values in wanted.any_of]
    if any(not values for values in asked):
        return [], []
    leader = list(wanted.led_by) or _fewest(asked, wanted.between)
    others = [either(values) for values in asked if values is not leader]
    rest: list[Rest] = [partial(_filtered, one) for one in others]
    branches = [_branch(value, wanted.between) for value in leader]
    return branches, [*rest, *wanted.rest]


def _fewest(asked: list[list[Q]], between: Q) -> Sequence[Value]:
    few = [values for values in asked if len(values) <= BRANCHES]
    if few[1:]:
        few.sort(key=lambda values: (_size(values, between), len(values)))
    return few[0] if few else [Q()]


def _size(values: Sequence[Q], between: Q) -> int:
    """Return how many jobs these leave, as far as that matters."""
    size = 0
    for value in values:
        rows = _branch(value, between).rows.order_by()
        size += rows[: COUNTED - size].count()
        if size >= COUNTED:
            break
    return size


def _place(job: Job) -> tuple[datetime, UUID]:
    return job.queued_at, job.pk


def _after(found: QuerySet[Any], cursor: str, key: str) -> QuerySet[Any]:
    if not cursor:
        return found
    try:
        at, _, pk = base64.urlsafe_b64decode(cursor.encode()).decode().partition(" ")
        moment, last = in_utc(datetime.fromisoformat(at)), UUID(pk)
    except (ValueError, OverflowError, binascii.Error) as error:
        raise bad_request("cursor", "a page's `next`", cursor) from error
    # The first says nothing new: an index begins there.
    reached = Q(queued_at__lte=moment)
    return found.filter(
        reached, Q(queued_at__lt=moment) | Q(("queued_at", moment), (f"{key}__lt", last))
    )
