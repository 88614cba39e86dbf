"""What one socket has, what it still must get, and how much more it can take.

A mailbox holds which jobs have changed, never their events: a slow reader is given the newest
state of each when it can take it, and its memory stays bounded by what it watches.
"""

from __future__ import annotations

import asyncio
import types
from collections import deque
from collections.abc import Awaitable, Callable, Generator
from functools import partial
from typing import Any

from realtime.conf import conf
from realtime.permissions import Role, role_of
from realtime.protocol import Close
from realtime.states import State

Send = Callable[[dict[str, Any]], Awaitable[None]]

BACKLOG = 2_000
"""Answers that wait behind one frame which the network does not take."""


class Mailbox:
    """One viewer's side of the hub."""

    def __init__(self, *, user: str, operator: bool, send: Send) -> None:
        """Begin with nothing watched and nothing sent."""
        self.user = user
        self.operator = operator
        self.topics: set[str] = set()
        self.changed: dict[str, None] = {}
        """Jobs whose newest state must be sent, in the order in which they changed."""
        self.promised: list[str] = []
        """Topics to confirm once everything that has changed is sent."""
        self.seen: dict[str, int] = {}
        """The seq that was sent of each job."""
        self.logs: dict[str, int] = {}
        """The line up to which each watched log was sent."""
        self.free_at = 0.0
        """When the next batch may go."""
        self.spoke_at = 0.0
        """When the last frame went."""
        self.closed = False
        self._send = send
        self._sent = 0
        self._acknowledged = 0
        self._backlog: deque[dict[str, Any]] = deque()
        self._sending: asyncio.Task[None] | None = None
        self.on_room: Callable[[Mailbox], None] | None = None
        """Called when the socket can take more again."""

    @property
    def full(self) -> bool:
        """Whether data must wait: for acknowledgements, or for the network."""
        waiting = self._sent - self._acknowledged >= conf.WINDOW
        return waiting or self._sending is not None or self.closed

    def role(self, state: State) -> Role | None:
        """Return as what this viewer sees a job."""
        return role_of(self.user, state, operator=self.operator)

    def acknowledge(self, frames: int) -> None:
        """Take in how many data frames the browser has taken in."""
        self._acknowledged = max(self._acknowledged, min(frames, self._sent))
        self._room()

    def data(self, text: str) -> None:
        """Send a frame that counts against the window."""
        self._sent += 1
        self.say(text)

    def say(self, text: str) -> None:
        """Send a frame that does not count."""
        self._push({"type": "websocket.send", "text": text})

    def close(self, code: Close, reason: str = "") -> None:
        """Close the socket, after what is already on its way."""
        if not self.closed:
            self._push({"type": "websocket.close", "code": int(code), "reason": reason})
            self.closed = True

    def stop(self) -> None:
        """Send nothing more: the socket is gone."""
        self.closed = True
        self._backlog.clear()
        if self._sending is not None:
            self._sending.cancel()

    def _push(self, message: dict[str, Any]) -> None:
        if self.closed:
            return
        if self._sending is not None:
            self._wait(message)
            return
        self.spoke_at = asyncio.get_running_loop().time()
        self._begin(message)

    def _begin(self, message: dict[str, Any]) -> None:
        """Send at once where the server takes the frame at once, else go on in a task.

        Servers take almost every frame without waiting; a task for each would cost more than
        the frame.
        """
        sending = self._send(message).__await__()
        try:
            waits_for = next(sending)
        except StopIteration:
            return
        except Exception:  # noqa: BLE001  whatever a server raises: the socket is gone
            self.stop()
            return
        rest: Awaitable[None] = _go_on(sending, waits_for)
        self._sending = asyncio.ensure_future(self._finish(rest))

    async def _finish(self, rest: Awaitable[None]) -> None:
        try:
            await rest
        except Exception:  # noqa: BLE001
            self.stop()
            return
        self._sending = None
        while self._backlog and self._sending is None and not self.closed:
            self._begin(self._backlog.popleft())
        self._room()

    def _wait(self, message: dict[str, Any]) -> None:
        self._backlog.append(message)
        if len(self._backlog) > BACKLOG:
            self._backlog.clear()
            self.close(Close.TOO_SLOW)

    def _room(self) -> None:
        if not self.full and self.on_room:
            self.on_room(self)


@types.coroutine
def _go_on(sending: Generator[Any, Any, None], waits_for: Any) -> Generator[Any, Any, None]:
    """Go on with an awaitable that has already been taken to its first wait."""
    while True:
        try:
            answer = yield waits_for
        except BaseException as error:  # noqa: BLE001  handed on to where it belongs
            step = partial(sending.throw, error)
        else:
            step = partial(sending.send, answer)
        try:
            waits_for = step()
        except StopIteration:
            return
