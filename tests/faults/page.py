"""A browser's page on a played socket: the hub's frames on one side, a screen on the other."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from typing import Any

from realtime import protocol
from realtime.conf import conf
from realtime.events import timestamp
from realtime.hub import get_hub
from realtime.mailbox import Mailbox
from realtime.sessions import Visitor
from tests.faults.logs import Shown
from tests.faults.screen import DATA, Screen


class Page:
    """One viewer, who may be slow, and come and go; notes all for another client to relive."""

    def __init__(self, user: str, topics: list[str]) -> None:
        """Prepare; `come` opens the socket."""
        self.user = user
        self.topics = topics
        self.screen = Screen()
        self.reads = True
        self.history: list[dict[str, Any]] = []
        self._wire: deque[dict[str, Any]] = deque()
        self._mailbox: Mailbox | None = None
        self._watching: asyncio.Task[None] | None = None

    async def come(self) -> None:
        """Open a socket and watch, from what the screen has."""
        if self._mailbox:
            return
        self._mailbox = Mailbox(Visitor(self.user, operator=False), self._send)
        get_hub().enter(self._mailbox)
        self.screen.welcome()
        positions = self.screen.positions(self.topics)
        welcome = {"user": self.user, "now": timestamp(), "heartbeat": 20, "window": conf.WINDOW}
        self.history.append({"welcome": json.loads(protocol.welcome(**welcome))})  # type: ignore[arg-type]
        self.history.append({"watch": positions})
        self._watching = asyncio.create_task(self._watch(self._mailbox, positions))

    async def leave(self) -> None:
        """Lose the socket, and what is on its way."""
        if self._mailbox is None:
            return
        if self._watching:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        mailbox, self._mailbox = self._mailbox, None
        self._wire.clear()
        self.history.append({"lost": 1006})
        await get_hub().leave(mailbox)

    async def go_on(self) -> None:
        """Come back if away, and read what is there."""
        await self.come()
        await self.read()

    async def read(self) -> None:
        """Take in what has come, and acknowledge as a browser does."""
        while self._wire and self._mailbox:
            frame = self._wire.popleft()
            self.screen.take(frame)
            self.history.append({"frame": frame})
            if frame["type"] in DATA and self.screen.frames % max(conf.WINDOW // 2, 1) == 0:
                self._mailbox.acknowledge(self.screen.frames)
        await asyncio.sleep(0)

    def shown(self, job: str) -> Shown:
        """Return what it shows of a job's log."""
        screen = self.screen
        lines = [(line["n"], line["text"]) for line in screen.lines[job]]
        return Shown(lines=lines, gone=screen.gone[job], after=screen.after[job])

    async def _watch(self, mailbox: Mailbox, positions: dict[str, dict[str, int]]) -> None:
        for topic, have in positions.items():
            await get_hub().watch(mailbox, topic, have.get("seq", have.get("after", 0)))

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.send":
            self._wire.append(json.loads(message["text"]))
