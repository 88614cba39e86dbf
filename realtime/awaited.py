"""Transitions whose maker waits in an event loop, where no thread may be held up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

from realtime.publish import Change
from realtime.store import Remembered
from realtime.transition import Transition
from realtime.watched import Watched


class Awaited(Transition):
    """A transition that is put from an event loop."""

    def __init__(self, make: Callable[[], Change | None], ends: Watched | None = None) -> None:
        """Prepare a change, in the loop."""
        super().__init__(make, ends)
        self._loop = asyncio.get_running_loop()
        self._arrived = asyncio.Event()

    def recorded(self) -> None:
        """Tell the maker, in its loop, that nothing can be lost any more."""
        super().recorded()
        with suppress(RuntimeError):  # The loop is closed: nobody waits.
            self._loop.call_soon_threadsafe(self._arrived.set)

    async def arrives(self, timeout: float) -> bool:  # noqa: ASYNC109  as `wait` for threads
        """Wait until the change is recorded; False when that takes longer than `timeout` s."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._arrived.wait()
        return self._arrived.is_set()


class Opening(Awaited):
    """The first state of a job that is at work without ever having waited in a queue."""

    def __init__(self, watched: Watched) -> None:
        """Prepare to take it."""
        super().__init__(self._take)
        self._watched = watched
        self._taken: Change | None = None

    def hear(self, answer: Remembered | None) -> None:
        """Take in what the store has answered, as with every later report."""
        if self._taken is not None:
            self._watched.learn(self._taken, answer, time.monotonic())

    def _take(self) -> Change:
        self._taken = self._watched.take(time.monotonic())
        return self._taken
