"""An event loop whose clock is moved by waiting alone: an hour passes in a millisecond."""

from __future__ import annotations

import asyncio
import selectors
from typing import Any


class TimelessLoop(asyncio.SelectorEventLoop):
    """Never waits: the time of the next timer comes at once when nothing else is to be done."""

    def __init__(self) -> None:
        """Begin at an hour."""
        self.clock = 3600.0
        super().__init__(_Impatient(self))

    def time(self) -> float:
        """Return the time as it was moved."""
        return self.clock


class _Impatient(selectors.DefaultSelector):
    def __init__(self, loop: TimelessLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        """Move the clock instead of waiting."""
        found = super().select(0)
        if not found and timeout:
            self._loop.clock += timeout
        return found
