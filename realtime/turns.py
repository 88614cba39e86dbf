"""How soon the reporter gets its turn, where other threads keep Python's lock (the GIL).

A thread that waits for the lock asks for it after the switch interval, 5 ms. Whoever has it gives
it up for each read of a file and takes it back before anybody has woken, which begins the interval
anew: a task that reads a file line by line lets nobody else run for seconds. With a shorter one
than such reads are apart the lock is asked for, and handed over.

So it is shorter while one job runs in a process, which costs that job nothing. Several that only
calculate would lose a fifth of their time to each other: for them it is shorter once the reporter
had to wait too long.
"""

from __future__ import annotations

import sys

from realtime.greenlets import threads_are_greenlets

QUICK = 0.0001
"""Seconds of the shorter interval."""
LATE = 0.1
"""Seconds that the reporter may wait for its turn before that counts as too long."""


class Turns:
    """Sets the switch interval of a process, and gives back what was there before."""

    def __init__(self) -> None:
        """Begin with the interval as it is."""
        self._usual = 0.0
        self._was_late = False

    def settle(self, jobs: int, late: float = 0.0) -> None:
        """Take in how many jobs run, and by how many seconds the reporter's turn came late."""
        self._was_late = jobs > 0 and (self._was_late or late > LATE)
        if jobs == 1 or self._was_late:
            self._quicken()
        elif self._usual:
            self.give_back()

    def give_back(self) -> None:
        """Set the interval as it was, unless somebody else has set it meanwhile."""
        usual, self._usual = self._usual, 0.0
        if usual and sys.getswitchinterval() <= QUICK:
            sys.setswitchinterval(usual)

    def _quicken(self) -> None:
        if self._usual or threads_are_greenlets():
            return
        usual = sys.getswitchinterval()
        if usual > QUICK:
            self._usual = usual
            sys.setswitchinterval(QUICK)
