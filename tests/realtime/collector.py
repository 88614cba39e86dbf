"""A viewer without a server, for what the hub does with sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from realtime.hub import Hub
from realtime.mailbox import Mailbox
from realtime.sessions import Visitor


class Collector:
    """A socket that only collects, and acknowledges everything."""

    def __init__(self, hub: Hub, user: str, session: str = "") -> None:
        self.sent: list[dict[str, Any]] = []
        self.hub = hub
        self.mailbox = Mailbox(Visitor(user, operator=False, session=session), self._send)
        hub.enter(self.mailbox)

    async def _send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)
        self.mailbox._acknowledged += 1

    @property
    def frames(self) -> list[dict[str, Any]]:
        """The frames that came."""
        return [json.loads(message["text"]) for message in self.sent if "text" in message]

    @property
    def states(self) -> dict[str, dict[str, Any]]:
        """The newest state of each job that came."""
        jobs = [state for frame in self.frames for state in frame.get("jobs", ())]
        return {state["id"]: state for state in jobs}

    @property
    def lines(self) -> list[int]:
        """The numbers of the log lines that came."""
        return [line["n"] for frame in self.frames for line in frame.get("lines", ())]

    async def until(self, condition: Callable[[], Any], seconds: float = 20) -> None:
        """Wait until a condition holds."""
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.01)

    async def until_closed(self) -> int:
        """Return the close code once there is one."""
        await self.until(lambda: self.mailbox.closed)
        return int(self.sent[-1]["code"])
