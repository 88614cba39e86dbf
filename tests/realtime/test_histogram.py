"""Percentiles are as exact as is promised, and histograms add up."""

from __future__ import annotations

import math
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from realtime.histogram import ERROR, add_packed, bucket_of, packed, percentile, seconds_of

MILLISECONDS = st.integers(min_value=0, max_value=30 * 86_400_000)
DURATIONS = st.lists(MILLISECONDS.map(lambda number: number / 1000), min_size=1, max_size=200)
SHARES = st.sampled_from([0.5, 0.95, 0.99])


@given(DURATIONS, SHARES)
def test_a_percentile_is_no_further_off_than_is_promised(
    durations: list[float], share: float
) -> None:
    """From the duration that this share of all does not exceed, whatever they are."""
    found = percentile(Counter(map(bucket_of, durations)), share)
    right = sorted(durations)[math.ceil(share * len(durations)) - 1]
    assert ERROR < 0.1
    assert found is not None
    assert abs(found - right) <= right * ERROR * 1.000001


@given(st.lists(DURATIONS, max_size=5))
def test_what_is_kept_adds_up(parts: list[list[float]]) -> None:
    """As if all had been counted at once."""
    whole: Counter[int] = Counter()
    for part in parts:
        add_packed(whole, packed(Counter(map(bucket_of, part))))
    assert whole == Counter(bucket_of(one) for part in parts for one in part)


def test_what_is_kept_is_short() -> None:
    """A number for each fifth from the shortest to the longest."""
    assert packed({}) == ""
    assert packed(Counter({37: 4, 39: 22})) == "[37,4,0,22]"
    everything = packed(dict.fromkeys(range(151), 1_000))
    assert len(everything) < 800


def test_odd_durations_have_a_place() -> None:
    """What a clock has made negative, what is shorter than a clock tells, what never ends."""
    assert bucket_of(-5) == bucket_of(0.0009) == 0
    assert seconds_of(0) == 0
    assert bucket_of(0.001) == 1
    assert bucket_of(1e12) == 150
    assert percentile(Counter(), 0.5) is None
