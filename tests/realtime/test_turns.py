"""The switch interval while jobs run: shorter where the reporter would not get its turn."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from realtime import turns
from realtime.reporter import Reporter
from realtime.running import RunningJob
from realtime.turns import LATE, QUICK, Turns

USUAL = 0.004


@pytest.fixture(autouse=True)
def _usual() -> Iterator[None]:
    """Begin with an interval that somebody has chosen."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(USUAL)
    yield
    sys.setswitchinterval(before)


def now() -> float:
    """Return the interval."""
    return round(sys.getswitchinterval(), 6)


def test_it_is_short_while_one_job_runs() -> None:
    """And as before when none does, or several that leave the reporter its turn."""
    one = Turns()
    for jobs, wanted in ((1, QUICK), (1, QUICK), (2, USUAL), (1, QUICK), (0, USUAL), (0, USUAL)):
        one.settle(jobs)
        assert now() == wanted


def test_it_is_short_for_several_that_keep_the_reporter_waiting() -> None:
    """From then on until none of them runs."""
    one = Turns()
    one.settle(4, LATE)
    assert now() == USUAL
    one.settle(4, LATE * 1.01)
    assert now() == QUICK
    one.settle(3)
    assert now() == QUICK
    one.settle(0)
    assert now() == USUAL
    one.settle(4)
    assert now() == USUAL


def test_what_others_have_set_stays() -> None:
    """One that is shorter still, and one that was set meanwhile."""
    one = Turns()
    sys.setswitchinterval(QUICK / 2)
    one.settle(1)
    one.settle(0)
    assert now() == QUICK / 2
    sys.setswitchinterval(USUAL)
    one.settle(1)
    sys.setswitchinterval(0.02)
    one.settle(0)
    assert now() == 0.02


def test_greenlets_have_no_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them are one thread."""
    monkeypatch.setattr(turns, "threads_are_greenlets", lambda: True)
    Turns().settle(1)
    assert now() == USUAL


def test_the_reporter_settles_it_before_a_job_begins(job: RunningJob) -> None:
    """It might not get its turn to do so afterwards; once it is closed all is as before."""
    reporter = Reporter(lambda changes, **_: None)  # type: ignore[arg-type]
    reporter.watch(job)
    assert now() == QUICK
    reporter.close(5)
    assert now() == USUAL
