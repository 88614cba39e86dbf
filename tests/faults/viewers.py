"""A crowd of viewers in a process of its own, each of whom comes back as a browser does.

`python -m tests.faults.viewers CROWD` takes a `Crowd` as JSON. Each line of its input is a
question, which it answers with one line of JSON, a `Sight`; the end of its input ends it.
"""

from __future__ import annotations

import asyncio
import json
import random
import struct
import sys
import time
from collections import Counter
from dataclasses import asdict
from typing import Any

import django

from tests.faults.crowds import Crowd, Sight
from tests.faults.pictures import Picture
from tests.lean import CLOSE, TEXT, LeanSocket

django.setup()

from tests.faults.screen import DATA, Screen  # noqa: E402  It knows the package's own words.

FLOOR, CEILING = 0.5, 20.0
"""Between which seconds browsers wait, as `frontend/src/backoff.ts` says."""
CONNECT = 8.0
"""Seconds until a socket that brings no welcome is given up."""
PROVEN = 5.0
"""Seconds after its welcome from which a socket that breaks is no failure."""
DEAD = 1.6
"""Heartbeats without a frame after which a socket is taken for dead."""
ACKS = 48
"""Frames that are acknowledged at once: three quarters of a window."""
LOST, RESTART = 1006, 4000


class Socket(LeanSocket):
    """One socket of one viewer."""

    def __init__(self, viewer: Viewer) -> None:
        """Prepare."""
        self.viewer = viewer
        self.code, self.reason = LOST, ""
        crowd = viewer.crowd
        headers = [
            f"Origin: http://127.0.0.1:{crowd.port}",
            f"Cookie: {crowd.cookie}",
            "Sec-WebSocket-Protocol: headway.v1",
        ]
        super().__init__(crowd.port, "/headway/ws", headers)

    def refused(self, head: bytes) -> None:
        """Come back."""
        del head
        self.transport.abort()

    def take(self, kind: int, payload: bytes) -> None:
        """Take a frame in, or the last words of the server."""
        if kind == TEXT:
            self.viewer.take(json.loads(payload))
            return
        if kind == CLOSE and len(payload) >= 2:
            (self.code,) = struct.unpack_from(">H", payload)
            self.reason = payload[2:].decode()
        self.send(CLOSE, payload[:2])
        self.transport.close()

    def connection_lost(self, _: Exception | None) -> None:
        """Let the viewer come back."""
        self.viewer.lost(self)


class Viewer:
    """The Python twin of `frontend/src/connection.ts`, with a screen."""

    def __init__(self, crowd: Crowd) -> None:
        """Prepare; `connect` opens the socket."""
        self.crowd = crowd
        self.screen = Screen()
        self.closes: Counter[int] = Counter()
        self.welcomes = 0
        self.watching: set[str] = set()
        self._loop = asyncio.get_running_loop()
        self._attempt = 0
        self._patience = CONNECT
        self._welcomed_at = 0.0
        self._socket: Socket | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._opening: asyncio.Task[None] | None = None

    def connect(self) -> None:
        """Open a socket."""
        self._patience, self._welcomed_at = CONNECT, 0.0
        self._socket = Socket(self)
        self._opening = self._loop.create_task(self._open(self._socket))
        self._expect()

    def leave(self) -> None:
        """Go for good."""
        socket, self._socket = self._socket, None
        self._abort(socket)

    @property
    def is_live(self) -> bool:
        """Whether all that is watched has come."""
        return len(self.watching) == len(self.crowd.topics)

    def take(self, frame: dict[str, Any]) -> None:
        """Take a frame in as the browser does."""
        self._expect()
        if frame["type"] == "welcome":
            self._welcome(frame)
        elif frame["type"] == "watching":
            self.watching.add(frame["topic"])
        self.screen.take(frame)
        if frame["type"] in DATA and self.screen.frames % ACKS == 0:
            self._say(type="ack", frames=self.screen.frames)

    def lost(self, socket: Socket) -> None:
        """Come back, unless this socket was given up before."""
        if socket is self._socket:
            self.closes[socket.code] += 1
            self._come_back(socket.code, socket.reason)

    async def _open(self, socket: Socket) -> None:
        try:
            await self._loop.create_connection(lambda: socket, "127.0.0.1", self.crowd.port)
        except OSError:
            self.lost(socket)

    def _welcome(self, frame: dict[str, Any]) -> None:
        self.welcomes += 1
        self._patience = frame["heartbeat"] * DEAD
        self._welcomed_at = self._loop.time()
        self._expect()
        self.screen.welcome()
        self._say(type="watch", topics=self.screen.positions(self.crowd.topics))

    def _say(self, **frame: Any) -> None:
        if self._socket:
            self._socket.send(TEXT, json.dumps(frame).encode())

    def _expect(self) -> None:
        if self._deadline:
            self._deadline.cancel()
        self._deadline = self._loop.call_later(self._patience, self._give_up)

    def _give_up(self) -> None:
        socket = self._socket
        self._come_back(LOST, "")
        self._abort(socket)

    def _abort(self, socket: Socket | None) -> None:
        if socket and hasattr(socket, "transport"):
            socket.transport.abort()
        elif socket and self._opening:
            self._opening.cancel()

    def _come_back(self, code: int, reason: str) -> None:
        if self._deadline:
            self._deadline.cancel()
        self._socket = None
        self.watching.clear()
        if self._welcomed_at and self._loop.time() - self._welcomed_at >= PROVEN:
            self._attempt = 0
        self._loop.call_later(self._wait(code, reason), self.connect)

    def _wait(self, code: int, reason: str) -> float:
        if code == RESTART:
            told = dict(part.split("=") for part in reason.split(";"))
            return float(told["after"]) + random.random() * float(told["spread"])
        most = min(CEILING, FLOOR * 2.0**self._attempt)
        self._attempt += 1
        return min(CEILING, FLOOR + random.random() * most)


def sight(viewers: list[Viewer]) -> Sight:
    """Return what all of them show."""
    closes: Counter[int] = Counter()
    shown: Counter[str] = Counter()
    for one in viewers:
        closes += one.closes
        shown[_picture(one.screen)] += 1
    topics = viewers[0].crowd.topics
    pictures = [
        Picture(topics=topics, **json.loads(text), viewers=count) for text, count in shown.items()
    ]
    return Sight(
        live=sum(one.is_live for one in viewers),
        welcomes=min(one.welcomes for one in viewers),
        closes={str(code): count for code, count in closes.items()},
        pictures=pictures,
        broken=[text for one in viewers for text in one.screen.broken][:10],
        applied=sum(one.screen.applied for one in viewers),
        cpu=time.process_time(),
    )


def _picture(screen: Screen) -> str:
    # When it was last heard is a sign of life: it differs, and is told to nobody.
    states = {job: {**state, "heard_at": None} for job, state in screen.states.items()}
    return json.dumps({"states": states, "after": screen.after}, sort_keys=True)


async def watch(crowd: Crowd) -> None:
    """Let viewers come, and tell what they show as often as somebody asks."""
    viewers = [Viewer(crowd) for _ in range(crowd.viewers)]
    for one in viewers:
        one.connect()
    asked = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(asked), sys.stdin
    )
    while await asked.readline():
        sys.stdout.write(json.dumps(asdict(sight(viewers))) + "\n")
        sys.stdout.flush()
    for one in viewers:
        one.leave()
    await asyncio.sleep(0)  # Until the sockets are closed.


if __name__ == "__main__":
    asyncio.run(watch(Crowd(**json.loads(sys.argv[1]))))
