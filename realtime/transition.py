"""A change that must not be lost, between who makes it and the reporter's thread."""

from __future__ import annotations

import time
from collections.abc import Callable

from realtime.latch import Latch
from realtime.metrics import counted
from realtime.publish import Change
from realtime.store import Remembered
from realtime.watched import Watched

TRIES = 30
"""How often a transition is tried that cannot be made."""


class Transition:
    """A change that must not be lost, on its way; its maker may wait until it is recorded."""

    def __init__(self, make: Callable[[], Change | None], ends: Watched | None = None) -> None:
        """Prepare a change, made when its turn comes; `ends` is watched no longer."""
        self.make = make
        self.ends = ends
        self.job = ""
        """Whose change it was, once it is made."""
        self._recorded = Latch()
        self._put_at = time.monotonic()
        self._tries = 0

    def try_again(self) -> bool:
        """Count a try that failed; False after the last one."""
        self._tries += 1
        return self._tries < TRIES

    def recorded(self) -> None:
        """Tell the maker that nothing can be lost any more."""
        self._recorded.open()
        counted.observe("reporter_lag", time.monotonic() - self._put_at)

    def hear(self, answer: Remembered | None) -> None:
        """Take in what the store has answered, None where it is away."""

    def wait(self, timeout: float) -> bool:
        """Wait until the change is recorded; False when that takes longer than `timeout` s."""
        return self._recorded.wait(timeout)


class Inquiry(Transition):
    """A transition whose maker wants to know what the store has answered."""

    def __init__(self, change: Change) -> None:
        """Prepare a change that is made already."""
        super().__init__(lambda: change)
        self.answer: Remembered | None = None
        self._heard = Latch()

    def hear(self, answer: Remembered | None) -> None:
        """Keep the answer."""
        self.answer = answer
        self._heard.open()

    def wait(self, timeout: float) -> bool:
        """Wait until the change is recorded and answered."""
        until = time.monotonic() + timeout
        return super().wait(timeout) and self._heard.wait(max(until - time.monotonic(), 0))
