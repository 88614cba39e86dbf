"""When a report is due: times of the clock on the wall, in a zone, as moments that come once.

A time that a day does not have, because the clock is put forward over it, is the first moment after
the gap; one that a day has twice is its first. A day that a zone leaves out has none.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import dropwhile, islice
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
WEEKDAYS = frozenset(range(5))


class Every(StrEnum):
    """How often a report is made."""

    DAY = "day"
    WEEKDAY = "weekday"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True)
class Recurrence:
    """A rule that names moments without end."""

    every: Every
    """How often."""
    at: time
    """The time on the wall's clock."""
    zone: ZoneInfo
    """Where that clock hangs."""
    days: frozenset[int] = frozenset()
    """Which days of a week, Monday is 0; for `Every.WEEK` alone."""
    day: int = 1
    """Which day of a month, its last one where it is shorter; for `Every.MONTH` alone."""

    def __post_init__(self) -> None:
        """Refuse what would never be due."""
        if self.every == Every.WEEK and not self.days & frozenset(range(7)):
            raise ValueError(f"expected days to hold days of a week, got: {set(self.days)}")

    def after(self, moment: datetime, count: int) -> list[datetime]:
        """Return the next moments that are later than this one."""
        first = moment.astimezone(self.zone).date() - 2 * DAY
        return list(islice(dropwhile(lambda due: due <= moment, self._moments(first)), count))

    def last(self, moment: datetime) -> datetime:
        """Return the latest moment that is not later than this one."""
        day = moment.astimezone(self.zone).date() + DAY
        while not self._has(day) or (due := moment_of(day, self.at, self.zone)) > moment:
            day -= DAY
        return due

    def _moments(self, first: date) -> Iterator[datetime]:
        """Yield the moments from a day on; days that the calendar leaves out add none."""
        known = datetime.min.replace(tzinfo=UTC)
        day = first
        while True:
            if self._has(day) and (due := moment_of(day, self.at, self.zone)) > known:
                known = due
                yield due
            day += DAY

    def _has(self, day: date) -> bool:
        return self._names(day) and is_there(day, self.zone)

    def _names(self, day: date) -> bool:
        if self.every == Every.DAY:
            return True
        if self.every == Every.MONTH:
            return day.day == min(self.day, monthrange(day.year, day.month)[1])
        return day.weekday() in (self.days if self.every == Every.WEEK else WEEKDAYS)


def is_there(day: date, zone: ZoneInfo) -> bool:
    """Tell whether a zone has this day: Samoa had no 30 December 2011."""
    return moment_of(day, time(), zone).astimezone(zone).date() == day


def moment_of(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return when a clock shows this time, the first time it does, or would."""
    local = datetime.combine(day, at, zone)
    found = local.astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return found
    return _end_of_gap(local.replace(fold=1).astimezone(UTC), found, zone)


def _end_of_gap(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment, between these two, at which the clock is put forward."""
    forward = after.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == forward:
            after = middle
        else:
            before = middle
    return after
