"""What Daphne leaves out: reasons of closes, an end to what it keeps, frames made once."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from realtime.wire import Shared

UNSENT = 8_000_000
"""Bytes that may wait for a reader; a window of frames is less."""
CLOSING = 3.0
"""Seconds until a socket is dropped that does not answer its close, up to one less: the timer
counts in whole seconds of the clock. Its usual one is often over before the frame is sent."""
AHEAD = 1_000_000
"""Bytes of a download that are read before its reader can take them."""
WAIT = 0.01
"""Seconds between two looks at whether it can."""


def mend_daphne() -> None:
    """Let Daphne send reasons of closes and cut off who does not read, if this process is one.

    It passes on a close's code alone, and browsers would not learn when to come back. It drops
    who does not answer a close, often before the close is sent. It takes every frame, and who
    acknowledges what they never read would fill the memory; it takes a download as fast as the
    disk gives it, though its reader has stopped. And it makes a frame for some hundred viewers
    once for each.
    """
    module = sys.modules.get("daphne.ws_protocol")
    if module is None:
        return
    protocol: Any = module.WebSocketProtocol
    reply = protocol.handle_reply

    def handle_reply(self: Any, message: dict[str, Any]) -> None:
        is_open = self.state == self.STATE_OPEN
        closes = message["type"] == "websocket.close"
        if closes:
            self.closeHandshakeTimeout = CLOSING
        if is_open and closes and message.get("reason"):
            self.sendClose(code=message.get("code", 1000), reason=message["reason"])
            return
        if is_open and type(message) is Shared and is_plain(self):
            # Not by its `sendData`, which words a line for a log that nobody reads.
            self.transport.write(message.wire)
        else:
            reply(self, message)
        if _unsent(self.transport) > UNSENT:
            self.dropConnection(abort=True)

    def is_plain(self: Any) -> bool:
        return self._perMessageCompress is None and not self.send_queue

    protocol.handle_reply = handle_reply
    _mend_downloads(sys.modules["daphne.server"])


def _mend_downloads(module: Any) -> None:
    reply = module.Server.handle_reply

    async def handle_reply(self: Any, protocol: Any, message: dict[str, Any]) -> None:
        await reply(self, protocol, message)
        if message["type"] == "http.response.body" and message.get("more_body"):
            # Twisted tells only a producer of its own that there is room again.
            while _unsent(_transport_of(self, protocol)) > AHEAD:  # noqa: ASYNC110
                await asyncio.sleep(WAIT)

    module.Server.handle_reply = handle_reply


def _transport_of(server: Any, protocol: Any) -> Any:
    """Return where a request is answered, None when its reader is gone."""
    details = server.connections.get(protocol) or {"disconnected": True}
    return None if details.get("disconnected") else getattr(protocol.channel, "transport", None)


def _unsent(transport: Any) -> int:
    """Return how many bytes wait in a transport of Twisted, 0 for other kinds."""
    waiting: int = getattr(transport, "_tempDataLen", 0)
    return waiting + len(getattr(transport, "dataBuffer", b""))
