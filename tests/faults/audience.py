"""Many viewers who come back whenever their socket breaks, as browsers do."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.faults.screen import DATA, Screen, State

BACK_AFTER = 0.2
"""Seconds until a viewer comes back; browsers begin with less than a second."""
SILENCE = 40.0
"""Seconds without a frame after which a viewer takes its socket for dead."""


class Spectator:
    """One viewer with a screen."""

    def __init__(self, port: int, cookie: str, topics: Sequence[str]) -> None:
        """Prepare; `run` opens the socket."""
        self.port = port
        self.topics = list(topics)
        self.screen = Screen()
        self.closes: Counter[int] = Counter()
        self.welcomes = 0
        self.live = False
        self.problem = ""
        """Why it came in vain the last time."""
        self.failures = 0
        """How often in a row it came in vain: it comes back later each time, as browsers do."""
        self.patience = SILENCE
        self.heard: Callable[[State], Any] = bool
        """Called with each state that was sent."""
        self._cookie = cookie
        self._task: asyncio.Task[None] | None = None
        self._socket: ClientConnection | None = None

    def start(self) -> None:
        """Come, and come back until `leave`."""
        self._task = asyncio.create_task(self._run())

    async def leave(self) -> None:
        """Go for good."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def cut(self) -> None:
        """Lose the socket without a close frame."""
        if self._socket:
            self._socket.transport.abort()

    async def watch(self, *topics: str) -> None:
        """Watch more."""
        self.topics += topics
        if self._socket and self.live:
            # One that is just closed asks for all topics when it is back.
            with suppress(ConnectionClosed):
                await self._ask(self._socket, list(topics))

    async def _run(self) -> None:
        while True:
            wait = BACK_AFTER * 2 ** min(self.failures, 5) * (0.5 + random.random())
            self.failures += 1
            try:
                wait = await self._visit()
            except (OSError, InvalidHandshake, TimeoutError, EOFError) as error:
                self.problem = repr(error)
            self.live = False
            await asyncio.sleep(wait)

    async def _visit(self) -> float:
        """Watch until the socket is gone; return how long to wait before coming back."""
        headers = {"Cookie": self._cookie} if self._cookie else {}
        address = f"ws://127.0.0.1:{self.port}/headway/ws"
        origin: Any = f"http://127.0.0.1:{self.port}"
        protocols: Any = ["headway.v1"]
        async with connect(
            address,
            additional_headers=headers,
            origin=origin,
            subprotocols=protocols,
            open_timeout=8,
            close_timeout=1,
            ping_interval=None,
            compression=None,
        ) as socket:
            self._socket = socket
            try:
                async with asyncio.timeout(None) as silence:
                    while True:
                        silence.reschedule(asyncio.get_running_loop().time() + self.patience)
                        await self._take(socket, json.loads(await socket.recv()))
            except ConnectionClosed as closed:
                code, reason = _code(closed)
                self.closes[code] += 1
                return _restart_delay(reason) if code == 4000 else BACK_AFTER

    async def _take(self, socket: ClientConnection, frame: dict[str, Any]) -> None:
        if frame["type"] == "welcome":
            self.welcomes += 1
            self.failures = 0
            self.screen.welcome()
            self.patience = frame["heartbeat"] * 1.6
            await self._ask(socket, self.topics)
            self.live = True
            return
        self.screen.take(frame)
        for state in frame.get("jobs", ()):
            self.heard(state)
        if frame["type"] in DATA and self.screen.frames % 32 == 0:
            await socket.send(json.dumps({"type": "ack", "frames": self.screen.frames}))

    async def _ask(self, socket: ClientConnection, topics: list[str]) -> None:
        for begin in range(0, len(topics), 50):
            part = self.screen.positions(topics[begin : begin + 50])
            await socket.send(json.dumps({"type": "watch", "topics": part}))


def _code(closed: ConnectionClosed) -> tuple[int, str]:
    return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")


def _restart_delay(reason: str) -> float:
    try:
        told = dict(part.split("=") for part in reason.split(";"))
        return float(told["after"]) + random.random() * float(told["spread"])
    except (ValueError, KeyError):
        return BACK_AFTER
