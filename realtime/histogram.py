"""How often durations came about, in steps of a fifth, and which of them so many do not exceed.

Each bucket reaches a fifth further than the one before, and is told by the value from which both
of its ends are equally far: no percentile is off by more than 9.1 % of the duration that it stands
for. The formula is that of DDSketch (Masson and others, VLDB 2019), for a growth of 1.2. Histograms
are added bucket by bucket, which loses nothing.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from typing import Final

GROWTH: Final = 1.2
ERROR: Final = (GROWTH - 1) / (GROWTH + 1)
"""The part of a duration by which a percentile may be off."""
LEAST: Final = 0.001
"""Seconds; what is shorter counts as nothing at all: no clock of ours tells it apart."""
LAST: Final = 150
"""The last bucket: years."""

# Thousands are read for one answer: `json.loads` takes twice as long.
_read = json.JSONDecoder().raw_decode

Histogram = Counter[int]
"""How many durations each bucket has."""


def bucket_of(seconds: float) -> int:
    """Return the bucket of a duration; one that a clock has made negative counts as nothing."""
    if seconds < LEAST:
        return 0
    return min(math.ceil(math.log(seconds / LEAST, GROWTH)) + 1, LAST)


def seconds_of(bucket: int) -> float:
    """Return the duration as which a bucket is told."""
    return LEAST * 2 * GROWTH**bucket / (GROWTH + 1) / GROWTH if bucket else 0.0


def percentile(counts: Mapping[int, int], share: float) -> float | None:
    """Return the duration that this share of all does not exceed; None where there are none."""
    rank = math.ceil(share * sum(counts.values()))
    for bucket in sorted(counts):
        rank -= counts[bucket]
        if rank <= 0 and counts[bucket]:
            return seconds_of(bucket)
    return None


def packed(counts: Mapping[int, int]) -> str:
    """Return a histogram as it is kept: its first bucket, then how many are in each from there."""
    if not counts:
        return ""
    first, last = min(counts), max(counts)
    numbers = [first, *(counts.get(bucket, 0) for bucket in range(first, last + 1))]
    return json.dumps(numbers, separators=(",", ":"))


def add_packed(counts: Histogram, kept: str) -> None:
    """Add what is kept to a histogram."""
    if kept:
        first, *numbers = _read(kept)[0]
        for bucket, number in enumerate(numbers, first):
            if number:
                counts[bucket] += number
