"""How long a task will take, from how long it took before."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from realtime.events import JobState, timestamp
from realtime.forecast import Model, Run, learn, told

BEGAN = datetime(2026, 11, 22, 10, tzinfo=UTC)


def running(passed: float = 0.0, **values: Any) -> dict[str, Any]:
    """Return a state of a job that has run for so many seconds."""
    at = timestamp(BEGAN + timedelta(seconds=passed))
    given = {"status": "running", "started_at": timestamp(BEGAN), "updated_at": at, **values}
    return JobState(id="x").changed(**given).values()


def runs_of(time: Any, sizes: list[int], spread: float = 0.05, seed: int = 1) -> Model | None:
    """Return what runs of these sizes tell that took a time which varies by chance."""
    chance = random.Random(seed)
    return learn([Run(time(size) * chance.lognormvariate(0, spread), size) for size in sizes])


TEN = [3, 400, 25, 90, 1_000, 12, 250, 60, 700, 33]


@pytest.mark.parametrize(
    ("time", "name"),
    [
        (lambda n: 0.02 * n, "in proportion"),
        (lambda n: 0.1 * n**1.5, "faster than the total"),
        (lambda n: 3.0 * n**0.5, "slower than the total"),
    ],
)
@pytest.mark.parametrize("seed", range(5))
def test_ten_runs_foretell_the_next_one(time: Any, name: str, seed: int) -> None:
    """Within 20 % at second 0, for a task whose time follows its total."""
    del name
    model = runs_of(time, TEN, seed=seed)
    for size in (5, 150, 800):
        found = told(running(size=size), model)
        assert found["eta"] == pytest.approx(time(size), rel=0.2)
        low, high = found["eta_range"]
        assert low < found["eta"] < high
        assert time(size) * 0.5 < low < time(size) < high < time(size) * 2


def test_a_total_that_explains_nothing_is_left_out() -> None:
    """The task takes its minute whatever is in the list."""
    model = runs_of(lambda _: 60.0, TEN)
    assert told(running(size=1_000_000), model)["eta"] == pytest.approx(60, rel=0.1)


def test_one_in_three_runs_may_be_odd() -> None:
    """Some were paused for an hour, or had nothing to do."""
    odd = [Run(3_600, 20), Run(0.0, 500), Run(7_200, 90)]
    model = learn([Run(0.1 * size, size) for size in TEN] + odd)
    assert told(running(size=200), model)["eta"] == pytest.approx(20, rel=0.2)


def test_without_a_total_the_usual_time_is_told() -> None:
    """A run that has none yet, and a task that never has one."""
    model = learn([Run(10 + n / 10, 5 if n % 2 else None) for n in range(10)])
    assert told(running(), model)["eta"] == pytest.approx(10.5, rel=0.1)


def test_few_runs_are_told_with_a_wide_range() -> None:
    """One run tells nothing; two tell something that may be far off."""
    assert learn([Run(10, None)]) is None
    low, high = told(running(), learn([Run(10, None)] * 2))["eta_range"]
    assert (low, high) == (pytest.approx(6.3, rel=0.1), pytest.approx(15.9, rel=0.1))
    low, high = told(running(), learn([Run(10, None)] * 50))["eta_range"]
    assert (low, high) == (pytest.approx(9.1, rel=0.1), pytest.approx(11, rel=0.1))


def test_who_takes_longer_than_all_others_is_foretold_no_more() -> None:
    """What is left is told by the runs that took longer; when none did, nobody knows."""
    model = learn([Run(seconds, None) for seconds in range(8, 18)])
    left = [told(running(passed), model)["eta"] for passed in range(30)]
    assert left[0] == pytest.approx(12.5, rel=0.1)
    assert left[10] == pytest.approx(4, rel=0.3)
    assert left[-1] is None
    known = [one for one in left if one is not None]
    assert all(later < earlier for earlier, later in pairwise(known))


def test_what_is_measured_takes_over_without_a_jump() -> None:
    """Earlier runs said 100 s, this one will take 200: it is never off at once."""
    model = learn([Run(98 + n % 5, None) for n in range(20)])
    etas = []
    for passed in range(200):
        measured = None if passed < 5 else 200.0 - passed
        state = running(passed, eta=measured, fraction=passed / 200)
        etas.append(told(state, model)["eta"])
    assert etas[0] == pytest.approx(100, abs=3)
    assert max(abs(later - earlier) for earlier, later in pairwise(etas)) < 3
    assert etas[100] == pytest.approx(100, rel=0.05)
    assert etas[150] == pytest.approx(50)


@pytest.mark.parametrize("status", ["queued", "paused", "waiting", "succeeded", "cancelling"])
def test_only_a_running_job_has_time_left(status: str) -> None:
    """Nobody knows how long people take, or cleaning up."""
    found = told(running(status=status), learn([Run(10, None)] * 5))
    assert found == {"eta": None, "eta_range": None}


times = st.floats(0, 1e7)
totals = st.none() | st.integers(0, 2**53)


@limits(deadline=None)
@given(
    runs=st.lists(st.builds(Run, times, totals), max_size=12),
    size=totals,
    passed=times,
    measured=st.none() | times,
    fraction=st.none() | st.floats(0, 1),
)
def test_whatever_was_before_what_is_told_can_be_told(
    runs: list[Run], size: Any, passed: float, measured: Any, fraction: Any
) -> None:
    """Finite, not below nothing, and within its range."""
    state = running(passed, size=size, eta=measured, fraction=fraction)
    found = told(state, learn(runs))
    if found["eta_range"]:
        low, high = found["eta_range"]
        assert 0 <= low <= found["eta"] <= high
        assert math.isfinite(high)
    else:
        assert found["eta"] == measured
