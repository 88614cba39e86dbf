"""How fast a job goes, and when it will be done."""

from __future__ import annotations

import pytest

from realtime.pace import Pace


def test_a_quick_first_part_does_not_stand_for_the_rest() -> None:
    """A tenth of a job in a tenth of a second; then two items a second, of a hundred."""
    pace = Pace()
    pace.observe(0.0, 0, 0.0)
    pace.observe(0.1, 0, 0.1)
    for step in range(1, 13):
        pace.observe(0.1 + step / 2, step, 0.1 + 0.9 * step / 100)
    left = pace.eta(6.1)
    assert pace.rate == pytest.approx(2, rel=0.1)
    assert left == pytest.approx(88 / 2, rel=0.35)


def test_a_steady_job_is_foretold() -> None:
    """Once it has run for some seconds; between two observations the time runs down."""
    pace = Pace()
    for second in range(21):
        pace.observe(second, second, second / 100)
        assert (pace.eta(second) is None) == (second < 5)
    assert pace.rate == pytest.approx(1)
    assert pace.eta(20) == pytest.approx(80, abs=1)
    assert pace.eta(25) == pytest.approx(75, abs=1)


def test_a_change_of_pace_is_seen_within_seconds() -> None:
    """What was slow before weighs half after two seconds."""
    pace = Pace()
    for second in range(60):
        pace.observe(second, second / 10, second / 10_000)
    for second in range(10):
        pace.observe(60 + second, 6 + second * 5, 0.006 + second * 0.05)
    assert pace.rate == pytest.approx(5, rel=0.1)


def test_the_next_stage_leaves_the_forecast_as_it_is() -> None:
    """It counts its own items from nothing; how far the whole job is goes on."""
    pace = Pace()
    for second in range(40):
        pace.observe(second, second % 4, second / 100)
    assert pace.rate == pytest.approx(1)
    assert pace.eta(39) == pytest.approx(61, abs=1)


def test_steps_within_an_item_do_not_slow_the_items_down() -> None:
    """The bar moves ten times while one item is done: the rate is of items."""
    pace = Pace()
    for tenth in range(300):
        pace.observe(tenth / 10, tenth // 10, tenth / 1_000)
    assert pace.rate == pytest.approx(1, rel=0.01)


def test_the_first_moments_have_no_rate() -> None:
    """What two observations within a second say means nothing."""
    pace = Pace()
    pace.observe(0.0, 0, None)
    pace.observe(0.1, 50, None)
    assert pace.rate is None
    pace.observe(1.1, 60, None)
    assert pace.rate is not None


def test_a_rest_counts_for_nothing() -> None:
    """A job that was paused for an hour is as fast as before."""
    pace = Pace()
    for second in range(10):
        pace.observe(second, second, second / 100)
    pace.rest(3_600)
    pace.observe(3_601, 10, 0.1)
    assert pace.rate == pytest.approx(1)
    assert pace.eta(3_601) == pytest.approx(90, abs=1)
