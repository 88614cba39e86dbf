"""Keeps the dashboard's series, in the one process that judges: what happened in each minute.

Each minute is counted from the rows of jobs when it is over, once more a minute later, and for the
last time when it was first counted ten minutes ago: ends may come late. What was missed in a pause
is counted afterwards, the newest first, as far back as CATCH_UP says; what lies before that stays
a gap.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import Error, connection
from django.utils import timezone

from realtime import tallying
from realtime.conf import conf
from realtime.counting import Sheet, sheet_of
from realtime.counts import ALL, Count
from realtime.intervals import MINUTE, SHORT, floor, moment, second
from realtime.models import Interval

logger = logging.getLogger("realtime")

LATE = 3
"""Seconds after which a minute is counted: what happened at its end is on its way until then."""
AGAIN = (0, 55, 600)
"""Seconds, from when a minute was first counted, after which it is counted each time."""
JOBS = 20_000
"""Jobs after which a round is over."""
SECONDS = 1.0
"""Seconds after which a round is over: others have work in this thread."""
TOGETHER = SHORT[1]
"""Seconds of which minutes are kept together: one sum for all of them."""
MARGIN = 7_200
"""Seconds for which minutes are kept at least once nobody counts them any more."""


class Counted(NamedTuple):
    """That a minute was counted."""

    at: datetime
    """When that was first done."""
    times: int
    """How often it was done."""


class Effort:
    """What one round has done, so that it ends."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._until = time.monotonic() + SECONDS
        self._jobs = 0

    def add(self, sheet: Sheet) -> None:
        """Take in that a minute was counted."""
        self._jobs += sheet.get((ALL, ALL), Count()).busy

    @property
    def is_over(self) -> bool:
        """Whether the rest is left to the next round."""
        return self._jobs >= JOBS or time.monotonic() >= self._until


class Series:
    """Counts what is due, and lets old intervals go."""

    def __init__(self) -> None:
        """Begin with a look."""
        self._look_at = 0.0

    def look(self) -> None:
        """Make one round; what cannot be done now is done in a later one."""
        if not conf.KEEP_SERIES or time.monotonic() < self._look_at:
            return
        try:
            now = timezone.now()
            if count_due(now) and not tallying.forget_some(now):
                self._look_at = time.monotonic() + _seconds_to_next(now)
        except Error as error:
            logger.warning("The database is away, the series is counted later: %s", error)
        finally:
            connection.close()


def count_due(now: datetime) -> bool:
    """Count the minutes that are due, or a part of them; return whether that was all."""
    effort = Effort()
    for minutes in _due(now):
        sheets: dict[int, Sheet] = {}
        while minutes and not (sheets and effort.is_over):
            start = minutes.pop()
            sheets[start] = sheet_of(start)
            effort.add(sheets[start])
        tallying.keep(sheets, now)
        if effort.is_over:
            return False
    return True


def _due(now: datetime) -> list[list[int]]:
    """Return the minutes to count, those of ten together, the newest ten first."""
    end = floor(second(now) - LATE, MINUTE)
    first = end - _patience()
    counted = _counted(first)
    together = defaultdict(list)
    for start in range(first, end, MINUTE):
        if _is_due(counted.get(start), now):
            together[floor(start, TOGETHER)].append(start)
    return [together[start] for start in sorted(together, reverse=True)]


def _is_due(counted: Counted | None, now: datetime) -> bool:
    if counted is None:
        return True
    passed = (now - counted.at).total_seconds()
    return counted.times < len(AGAIN) and passed >= AGAIN[counted.times]


def _counted(first: int) -> dict[int, Counted]:
    rows = Interval.objects.filter(step=MINUTE, start__gte=moment(first))
    columns = rows.values_list("start", "counted_at", "times")
    return {second(start): Counted(at, times) for start, at, times in columns}


def _patience() -> int:
    """Return how far back minutes are counted: not those that are gone when they are added up."""
    longest = min(conf.CATCH_UP, conf.KEEP_MINUTES - MARGIN)
    return max(floor(longest, MINUTE), AGAIN[-1] + 2 * MINUTE)


def _seconds_to_next(now: datetime) -> float:
    """Return the seconds until the next minute is to be counted."""
    end = moment(floor(second(now) - LATE, MINUTE) + MINUTE) + timedelta(seconds=LATE)
    return (end - now).total_seconds()
