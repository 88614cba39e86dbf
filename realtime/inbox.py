"""What a browser says: read at once, obeyed one after the other, never too much of it.

Servers differ: Daphne keeps every frame that nobody reads, uvicorn stops reading. So frames are
read as they come, and how many may wait is our own limit.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from realtime import protocol
from realtime.conf import conf
from realtime.mailbox import Mailbox
from realtime.protocol import Ack, BadFrame, Close

logger = logging.getLogger("realtime")

SECONDS = 10.0
"""Over which the rate of frames is taken."""
COST = 100
"""Characters as which the smallest frame counts."""


class Inbox:
    """The frames of one socket."""

    def __init__(
        self, mailbox: Mailbox, obey: Callable[[Mailbox, protocol.Frame], Awaitable[None]]
    ) -> None:
        """Begin empty; `obey` does what a frame asks for."""
        self._mailbox = mailbox
        self._obey = obey
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[protocol.Frame, int]] = deque()
        self._size = 0
        self._work: asyncio.Task[None] | None = None
        self._counted_from = 0.0
        self._count = 0

    async def listen(self, receive: Any) -> None:
        """Take frames in until the socket is gone, or closed by us."""
        try:
            while (event := await receive())["type"] == "websocket.receive":
                self._take(event.get("text"))
                if self._mailbox.closed:
                    return
        finally:
            if self._work:
                self._work.cancel()
                await asyncio.gather(self._work, return_exceptions=True)

    def _take(self, text: str | None) -> None:
        try:
            frame = protocol.decode(text)
        except BadFrame as error:
            self._mailbox.close(Close.MALFORMED, str(error)[:120])
            return
        if isinstance(frame, Ack) and self._mailbox.acknowledge(frame.frames):
            return  # Paid for by the frames that it acknowledges.
        self._keep(frame, len(text or ""))

    def _keep(self, frame: protocol.Frame, size: int) -> None:
        if self._is_too_fast():
            reason = f"expected at most {conf.FRAME_RATE} frames a second"
            self._mailbox.close(Close.MALFORMED, reason)
        elif self._size + size > conf.UNREAD:
            self._mailbox.close(Close.TOO_SLOW, "expected to wait for answers before asking more")
        elif not isinstance(frame, Ack):
            self._size += size + COST
            self._waiting.append((frame, size + COST))
            self._work = self._work or self._loop.create_task(self._work_off())

    def _is_too_fast(self) -> bool:
        now = self._loop.time()
        if now - self._counted_from > SECONDS:
            self._counted_from, self._count = now, 0
        self._count += 1
        return self._count > conf.FRAME_RATE * SECONDS

    async def _work_off(self) -> None:
        while self._waiting and not self._mailbox.closed:
            frame, size = self._waiting.popleft()
            try:
                await self._obey(self._mailbox, frame)
            except Exception:
                logger.exception("A socket met an error")
                self._mailbox.close(Close.INTERNAL)
            self._size -= size
        self._work = None
