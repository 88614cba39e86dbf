"""When a job that lives counts as stalled."""

from __future__ import annotations

import uuid

import pytest

from realtime.running import RunningJob
from realtime.snapshot import Snapshots


class Reported:
    """A job that changes now and then, and is looked at every second."""

    def __init__(self) -> None:
        self.job = RunningJob(id=str(uuid.uuid4()), name="tests.work", title="Work")
        self.snapshots = Snapshots(self.job)
        self.now = 1_000.0
        self.change()

    def change(self, after: float = 0.0) -> None:
        """Let the task say something."""
        self.now += after
        self.job.dirty = True
        self.snapshots.take(self.now, 0)

    def stalls_within(self, seconds: int) -> int | None:
        """Return after how many silent seconds it counts as stalled, None when not so soon."""
        for second in range(1, seconds + 1):
            change = self.snapshots.take(self.now + second, 0)
            if change.state.stalled:
                assert not change.silent
                return second
        return None


def test_half_a_minute_without_a_change_is_a_stall() -> None:
    """Also of a job that has said nothing yet; the next change ends it."""
    reported = Reported()
    assert reported.stalls_within(60) == 31
    reported.change(after=60)
    assert not reported.snapshots.state(reported.now).stalled


def test_who_is_slow_by_habit_stalls_later() -> None:
    """Five times its usual interval: one long pause does not make it unusual."""
    reported = Reported()
    for seconds in (20, 20, 2, 20, 300, 20):
        reported.change(after=seconds)
    assert reported.stalls_within(200) == 101


@pytest.mark.parametrize("state", ["paused", "cancelling"])
def test_only_a_running_job_stalls(state: str) -> None:
    """Who waits for people, or cleans up, is not expected to go on."""
    reported = Reported()
    setattr(reported.job, state, True)
    assert reported.stalls_within(100) is None
