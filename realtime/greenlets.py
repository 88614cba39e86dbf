"""Where threads are greenlets (gevent), a loop that never waits lets nobody else run.

Neither the reporter, nor the lease, nor the broker's heartbeat. So a thread of the system's own
raises the flag that loops look at, and the progress call that follows it lets the others run.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from typing import Protocol

INTERVAL = 0.01
"""Seconds between two times that a loop lets others run."""
PATIENCE = 0.05
"""Seconds that it waits for one report, at most."""
PAUSE = 0.0005


def threads_are_greenlets() -> bool:
    """Tell whether gevent has replaced the threads."""
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("threading"))


def breathing(reports: Callable[[], bool]) -> Callable[[], None] | None:
    """Return what a task calls to let others run, None where threads need no such thing.

    While it `reports`, the task waits with it for what store and database answer: else each answer
    would be heard an interval later.
    """
    if not threads_are_greenlets():
        return None
    from gevent import sleep

    def breathe() -> None:
        until = time.monotonic() + PATIENCE
        sleep(PAUSE)  # No less: without a wait the loop of events looks at no clock.
        while reports() and time.monotonic() < until:
            sleep(PAUSE)

    return breathe


class Busy(Protocol):
    """What runs, and can be asked to let others run."""

    def prompt(self) -> None:
        """Raise the flag that is looked at."""


class Prompter:
    """Asks running jobs to let others run; one for each process."""

    def __init__(self, jobs: Callable[[], Iterable[Busy]]) -> None:
        """Prepare; `jobs` returns those that run."""
        self._jobs = jobs
        self._runs = False

    def start(self) -> None:
        """Begin, until no job runs any more."""
        if self._runs:
            return
        self._runs = True
        from gevent.monkey import get_original

        get_original("_thread", "start_new_thread")(self._run, (get_original("time", "sleep"),))

    def _run(self, sleep: Callable[[float], None]) -> None:
        try:
            while self._runs:
                for job in (jobs := list(self._jobs())):
                    job.prompt()
                # Looked at again with the flag down: who came before has not begun another.
                self._runs = False
                self._runs = bool(jobs or list(self._jobs()))
                sleep(INTERVAL)
        finally:
            self._runs = False
