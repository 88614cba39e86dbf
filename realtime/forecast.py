"""How long a task will take, from how long it took before: pure, so that it can be told anywhere.

Times are compared as logarithms: to take twice as long is as far off as to take half as long.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from statistics import NormalDist, median
from typing import Any, NamedTuple

from realtime import pace
from realtime.events import Status

LEAST = 2
"""Runs from which something is learnt."""
BETTER = 0.8
"""A rule that is not the first choice must be off by less than this part of what that is off."""
STEEPEST = 3.0
"""Times that grow faster than the cube of the total are chance."""
DOUBT = 0.5
"""How far a single run may be off, as a standard deviation: of n runs the root of n less."""
BRIEF = 0.001
"""Seconds; what is shorter cannot be told apart."""
SIZES = 100
"""Totals of which the times are kept."""
PARTS = 19
"""Times by which what is probable is told, from the twentieth part of all runs to all but it."""
OUTER = 0.05
"""The part of these times on either side of the range that is told."""


class Run(NamedTuple):
    """An earlier run."""

    seconds: float
    """How long it took."""
    size: float | None
    """Its total, None where it had none."""


class Left(NamedTuple):
    """What is left of a run, in seconds."""

    low: float
    """About one of ten runs takes less."""
    middle: float
    """Half of them take less."""
    high: float
    """About one of ten takes more."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Time as a power of the total; the power 0 is a time that does not depend on it."""

    power: float
    """How steeply the time grows."""
    level: float
    """The logarithm of the time for a total of 1."""
    off: tuple[float, ...]
    """How far runs are off, as logarithms, the shortest first."""

    def times(self, size: float) -> list[float]:
        """Return how long a run of this size, 0 for none, takes: equally probable, in order."""
        middle = self.level + (self.power * math.log(size) if size else 0.0)
        return [math.exp(min(middle + off, 500.0)) for off in self.off]


class Model:
    """What earlier runs of a task tell of the next one."""

    def __init__(self, rule: Rule, sized: Rule | None) -> None:
        """Hold a rule for runs of which no total is known, and one for those with a total."""
        self._any = rule
        self._sized = sized
        self._times: dict[float, list[float]] = {}

    def times(self, size: float | None) -> list[float]:
        """Return how long a run takes: equally probable times, in order."""
        key = size if self._sized and size and size > 0 else 0
        if key not in self._times:
            if len(self._times) >= SIZES:
                self._times.clear()
            rule = self._sized if self._sized and key else self._any
            self._times[key] = rule.times(key)
        return self._times[key]


def learn(runs: Sequence[Run]) -> Model | None:
    """Return what runs tell, None where they are too few."""
    if len(runs) < LEAST:
        return None
    points = [(math.log(run.size), _log(run.seconds)) for run in runs if run.size and run.size > 0]
    return Model(
        _rule(0.0, [(0.0, _log(run.seconds)) for run in runs]),
        _best(points) if len(points) >= LEAST else None,
    )


def told(state: dict[str, Any], model: Model | None) -> dict[str, Any]:
    """Return what a viewer is told of the time left: `eta`, and `eta_range` where runs tell it.

    Both count from `updated_at`. What was measured takes over as the run goes on, from nothing at
    its first moment, so that nothing jumps.
    """
    measured = state["eta"]
    told = {"eta": measured, "eta_range": None}
    if model is None or state["status"] != Status.RUNNING:
        return told
    passed = _passed(state)
    if passed is None:
        return told
    times = model.times(state.get("size"))
    left = _left(times, passed)
    if left is None:
        return told
    share = 0.0 if measured is None else _measured_share(state, passed, times[len(times) // 2])
    low, middle, high = ((1 - share) * part + share * (measured or 0.0) for part in left)
    return {"eta": round(middle, 2), "eta_range": [round(low, 2), round(high, 2)]}


def _best(points: list[tuple[float, float]]) -> Rule:
    """Return the rule that explains runs best: in proportion, unless another is clearly better."""
    best = _rule(1.0, points)
    for power in (0.0, _slope(points)):
        rule = _rule(power, points)
        if _error(rule) < BETTER * _error(best):
            best = rule
    return best


def _rule(power: float, points: list[tuple[float, float]]) -> Rule:
    rest = sorted(time - power * size for size, time in points)
    level = median(rest)
    return Rule(power, level, _widened([one - level for one in rest]))


def _slope(points: list[tuple[float, float]]) -> float:
    """Return how steeply times grow: the median of all pairs, so that a third may be odd."""
    slopes = [
        (later - earlier) / (larger - smaller)
        for (smaller, earlier), (larger, later) in combinations(points, 2)
        if abs(larger - smaller) > 1e-9  # noqa: PLR2004  equal, but for rounding
    ]
    return min(max(median(slopes), 0.0), STEEPEST) if slopes else 0.0


def _error(rule: Rule) -> float:
    return median(abs(off) for off in rule.off)


def _widened(off: list[float]) -> tuple[float, ...]:
    """Return how far runs are off in equal parts, further apart where they are few."""
    doubt = NormalDist(0.0, DOUBT / math.sqrt(len(off)))
    parts = [part / (PARTS + 1) for part in range(1, PARTS + 1)]
    return tuple(_at(off, part) + doubt.inv_cdf(part) for part in parts)


def _left(times: list[float], passed: float) -> Left | None:
    """Return what is left of a run that has taken so long; None when all took less.

    Only the runs that took longer tell something.
    """
    over = _rank(times, passed)
    if over >= 1:
        return None
    low, middle, high = (over + (1 - over) * part for part in (OUTER, 0.5, 1 - OUTER))
    return Left(*(max(_at(times, part) - passed, 0.0) for part in (low, middle, high)))


def _measured_share(state: dict[str, Any], passed: float, usual: float) -> float:
    """Return how much the measured time counts: as far as the run is, by whichever account.

    It begins at nothing, when it has just begun to mean something.
    """
    done = max(state["fraction"] or 0.0, min(passed / usual, 1.0))
    return float(done * (1 - math.exp2(-max(passed - pace.SECONDS, 0.0) / pace.HALF_LIFE)))


def _passed(state: dict[str, Any]) -> float | None:
    """Return for how many seconds a run had gone on when its state was told."""
    began, now = state["started_at"], state["updated_at"]
    if not began or not now:
        return None
    seconds = (datetime.fromisoformat(now) - datetime.fromisoformat(began)).total_seconds()
    return max(seconds, 0.0)


def _log(seconds: float) -> float:
    return math.log(max(seconds, BRIEF))


def _at(ordered: Sequence[float], part: float) -> float:
    """Return the value below which this part of ordered values lies."""
    place = part * (len(ordered) - 1)
    below = min(int(place), len(ordered) - 1)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def _rank(ordered: Sequence[float], value: float) -> float:
    """Return which part of ordered values lies below a value: the way back from `_at`."""
    above = bisect_right(ordered, value)
    if above in {0, len(ordered)}:
        return 1.0 if above else 0.0
    low, high = ordered[above - 1], ordered[above]
    return (above - 1 + (value - low) / (high - low)) / (len(ordered) - 1)
