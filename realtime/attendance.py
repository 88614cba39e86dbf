"""Tells the store who is here: the people who have a socket, or a stream, in this web process.

A few times a minute, and when the first of a person's sockets comes or the last one goes; whoever
writes a notice asks the store. What is told expires by itself, so a process that dies is forgotten.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import Counter

from realtime.errors import StoreAway
from realtime.store import get_store
from realtime.threads import in_thread

logger = logging.getLogger("realtime")

KEEP = 30.0
"""Seconds that a person counts as here without being told of again."""
RENEW = 10.0
"""Seconds between two times that everybody is told of."""
GRACE = 3.0
"""Seconds that a person counts as here after the last socket has gone: who goes on to another page
is back by then."""
GATHER = 0.2
"""Seconds in which people who come and go are told of together."""


class Attendance:
    """The people of one web process."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._process = uuid.uuid4().hex
        self._sockets: Counter[str] = Counter()
        self._until: dict[str, float] = {}
        """Until when people count as here, by what was told and the loop's clock."""
        self._news: dict[str, float] = {}
        """Of whom something is to be told, and for how long they count as here."""
        self._come = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def enter(self, person: str) -> None:
        """Note a socket of a person's."""
        self._sockets[person] += 1
        if self._until.get(person, 0.0) < self._loop.time() + KEEP - RENEW:
            self._tell(person, KEEP)

    def leave(self, person: str, *, comes_back: bool) -> None:
        """Note that a socket has gone; who polls comes back, and counts as here meanwhile."""
        self._sockets[person] -= 1
        if self._sockets[person] > 0:
            return
        del self._sockets[person]
        if not comes_back:
            self._tell(person, GRACE)

    async def tell_always(self) -> None:
        """Tell what is new soon, and of everybody every few seconds."""
        told_at = self._loop.time()
        while True:
            try:
                async with asyncio.timeout(RENEW):
                    await self._come.wait()
            except TimeoutError:
                pass
            await asyncio.sleep(GATHER)
            if self._loop.time() >= told_at + RENEW:
                told_at = self._loop.time()
                self._renew()
            await self.settle()

    async def settle(self) -> None:
        """Tell what is new now."""
        news, self._news = self._news, {}
        self._come.clear()
        if not news:
            return
        try:
            await in_thread(get_store().attend, self._process, news)
        except StoreAway as error:
            # Who is here is told again with everybody; who is not expires.
            logger.debug("The store is away, nobody is told who is here: %s", error)

    def _renew(self) -> None:
        now = self._loop.time()
        self._until = {one: until for one, until in self._until.items() if until > now}
        for one in self._sockets:
            self._tell(one, KEEP)

    def _tell(self, person: str, seconds: float) -> None:
        self._news[person] = seconds
        self._until[person] = self._loop.time() + seconds
        self._come.set()
