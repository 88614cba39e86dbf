"""A thread that does the same thing again and again, until its process ends."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from realtime.forks import Unforked

logger = logging.getLogger("realtime")


class Rounds:
    """Calls something every so often; an error in one round does not end the next.

    A process is not forked in the middle of a round: its child would inherit the locks of SQLite
    and other libraries as they are then, and wait for a thread that it does not have.
    """

    def __init__(
        self,
        name: str,
        call: Callable[[], None],
        interval: Callable[[], float],
        before_fork: Callable[[], None] | None = None,
    ) -> None:
        """Prepare; nothing runs before the start."""
        self._name = name
        self._call = call
        self._interval = interval
        self._stop = threading.Event()
        self._nudge = threading.Event()
        self._thread: threading.Thread | None = None
        self._round = Unforked(before_fork)

    def start(self) -> None:
        """Begin, unless it has begun."""
        if not self.alive:
            self._stop.clear()
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()

    def stop(self, timeout: float) -> None:
        """End after the round that is being made; waits at most `timeout` seconds."""
        self._stop.set()
        self._nudge.set()
        if self._thread is not None:
            self._thread.join(timeout)

    def nudge(self) -> None:
        """Let the next round begin now."""
        self._nudge.set()

    @property
    def alive(self) -> bool:
        """Whether it runs in this process; a fork's child has no threads but its own."""
        return self._thread is not None and self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.is_set():
            with self._round:
                self._make()
            self._nudge.wait(self._interval())
            self._nudge.clear()

    def _make(self) -> None:
        try:
            self._call()
        except Exception:
            logger.exception("%s met an error and goes on", self._name)
