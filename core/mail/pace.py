"""So many a second and no more."""

import time
from collections.abc import Callable

from realtime import progress

LOOK = 0.25
"""Seconds after which a task that waits its turn looks whether it is to stop."""


class Pace:
    """Lets a loop take its next step when it is time."""

    def __init__(
        self,
        rate: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take how many steps a second there may be; 0 is as many as there can be."""
        self._between = 1 / rate if rate else 0.0
        self._clock, self._sleep = clock, sleep
        self._due = clock()

    def wait(self) -> None:
        """Wait for the next turn; raises `Cancelled` after a cancel. No turn is saved up."""
        while (left := self._due - self._clock()) > 0:
            progress.checkpoint()
            self._sleep(min(left, LOOK))
        self._due = max(self._due, self._clock()) + self._between
