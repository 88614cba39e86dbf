"""A layer whose messages hang in the air until somebody says what becomes of them."""

from __future__ import annotations

import asyncio
from typing import Any


class Air:
    """Takes announcements; delivers, doubles, reorders and loses them as told."""

    def __init__(self) -> None:
        """Begin with nothing said."""
        self.waiting: list[dict[str, Any]] = []
        self._heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def announce(self, shards: dict[str, list[str]]) -> None:
        """Take announcements in, in the announcer's place."""
        self.waiting += [{"type": "jobs", "states": states} for states in shards.values()]

    def deliver(self, place: int, *, again: bool = False) -> None:
        """Deliver one of the messages; with `again` it may come once more."""
        if self.waiting:
            place %= len(self.waiting)
            self._heard.put_nowait(self.waiting[place])
            if not again:
                del self.waiting[place]

    def lose(self, place: int) -> None:
        """Lose one."""
        if self.waiting:
            del self.waiting[place % len(self.waiting)]

    def lose_all(self) -> None:
        """Lose all."""
        self.waiting.clear()

    # The layer's own words

    async def new_channel(self) -> str:
        """Return a name."""
        return "here"

    async def group_add(self, group: str, channel: str) -> None:
        """Hear everything."""

    async def group_discard(self, group: str, channel: str) -> None:
        """Go on hearing everything."""

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        """Send an echo."""
        self._heard.put_nowait(message)

    async def receive(self, channel: str) -> dict[str, Any]:
        """Return the next message."""
        return await self._heard.get()

    async def flush(self) -> None:
        """Forget nothing."""
