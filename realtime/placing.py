"""Tells those who watch waiting jobs how the line moves."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from realtime.line import INTERVAL, line, waits
from realtime.states import State
from realtime.threads import in_thread

if TYPE_CHECKING:
    from realtime.hub import Hub

logger = logging.getLogger("realtime")

MOST = 200
"""Jobs whose place is told at once, the foremost: who is far behind learns it a little later."""


class Placing:
    """Looks after one hub."""

    def __init__(self, hub: Hub) -> None:
        """Take the hub whose viewers are told."""
        self._hub = hub

    async def place_always(self) -> None:
        """Tell again and again."""
        while True:
            await asyncio.sleep(INTERVAL)
            try:
                await self.place()
            except Exception:
                logger.exception("Places could not be told and are tried again")

    async def place(self) -> None:
        """Count if somebody watches who waits, and tell what has changed."""
        waiting = self._waiting()
        if not waiting:
            return
        await in_thread(line.look, waiting)
        moved = [line.placed(state, ahead=1) for state in waiting if line.has_moved(state)]
        self._hub.take_in(sorted(moved, key=lambda state: int(state["position"]))[:MOST])

    def _waiting(self) -> list[State]:
        """Return the waiting jobs that are watched by themselves, in their tree or as one's own.

        Who watches the jobs of everybody is not told each time that all move up.
        """
        known = (one.state for one in self._hub.known)
        return [one for one in known if waits(one) and self._hub.watchers.follow_closely(one)]
