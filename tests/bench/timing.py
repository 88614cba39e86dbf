"""Fair timing on a machine that others use: ways take turns, and medians are compared."""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence


def in_turns(ways: Mapping[str, Callable[[], object]], times: int) -> dict[str, list[float]]:
    """Call every way in turn, over and over; return the seconds of each call.

    Whatever disturbs the machine meets all ways alike, so differences within a turn are fair.
    """
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way()
    gc.collect()
    for _ in range(times):
        for name, way in ways.items():
            begun = time.perf_counter()
            way()
            taken[name].append(time.perf_counter() - begun)
    return taken


def over(taken: Sequence[float], bare: Sequence[float]) -> float:
    """Return the median of what each turn took longer than the bare one of the same turn."""
    return statistics.median(one - other for one, other in zip(taken, bare, strict=True))


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of all values does not exceed."""
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]
