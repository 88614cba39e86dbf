"""A browser's side of the protocol, for tests: real sockets, frames in a list, states by seq."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from websockets.asyncio.client import ClientConnection, connect

from tests.processes import Child


def sign_in(user: Any, backend: str = "django.contrib.auth.backends.ModelBackend") -> str:
    """Return the Cookie header of a session in which this user is signed in."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = backend
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return f"sessionid={session.session_key}"


class Viewer:
    """One socket with what came over it."""

    def __init__(self, socket: ClientConnection) -> None:
        """Begin with nothing received."""
        self.socket = socket
        self.frames: list[dict[str, Any]] = []
        self.states: dict[str, dict[str, Any]] = {}
        self.lines: list[dict[str, Any]] = []
        self.data_frames = 0
        self.acknowledges = True

    async def send(self, **frame: Any) -> None:
        """Send a frame."""
        await self.socket.send(json.dumps(frame))

    async def watch(self, *topics: str, **have: int) -> None:
        """Watch topics."""
        await self.send(type="watch", topics=dict.fromkeys(topics, have))

    async def until(self, condition: Callable[[], Any], seconds: float = 30) -> Any:
        """Read frames until the condition is true."""
        async with asyncio.timeout(seconds):
            while not (answer := condition()):
                await self.read()
        return answer

    async def read(self) -> dict[str, Any]:
        """Read one frame and take it in as the browser does."""
        frame: dict[str, Any] = json.loads(await self.socket.recv())
        self.frames.append(frame)
        if frame["type"] == "jobs":
            for state in frame["jobs"]:
                known = self.states.get(state["id"])
                if known is None or known["seq"] < state["seq"]:
                    self.states[state["id"]] = state
        if frame["type"] == "log":
            self.lines += frame["lines"]
        if frame["type"] in {"jobs", "log", "notices"}:
            self.data_frames += 1
            if self.acknowledges:
                await self.send(type="ack", frames=self.data_frames)
        return frame

    async def ended(self, job: str, seconds: float = 15) -> dict[str, Any]:
        """Return the job's last state once it is there."""
        await self.until(lambda: self.states.get(job, {}).get("finished_at"), seconds)
        return self.states[job]

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        """Return the frames of one type."""
        return [frame for frame in self.frames if frame["type"] == kind]


@asynccontextmanager
async def viewer(
    web: Child, cookie: str = "", query: str = "", **more: Any
) -> AsyncIterator[Viewer]:
    """Open a socket as a page of the service would."""
    options: dict[str, Any] = {"subprotocols": ["headway.v1"], "origin": web.url} | more
    headers = {"Cookie": cookie} if cookie else {}
    address = f"ws://127.0.0.1:{web.port}/headway/ws{query}"
    async with connect(address, additional_headers=headers, **options) as socket:
        yield Viewer(socket)


def unread(web: Child, cookie: str) -> socket.socket:
    """Open a socket of which nothing is read after its welcome, nor its close answered."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.connect(("127.0.0.1", web.port))
    raw.sendall(
        f"GET /headway/ws HTTP/1.1\r\nHost: 127.0.0.1:{web.port}\r\nOrigin: {web.url}\r\n"
        f"Cookie: {cookie}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Protocol: headway.v1\r\n\r\n".encode()
    )
    told = b""
    while b"welcome" not in told:
        told += raw.recv(4096)
    raw.setblocking(False)  # noqa: FBT003  the standard library's
    return raw
