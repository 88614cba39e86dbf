"""What uvicorn leaves out: that a frame for some hundred viewers need be made but once."""

from __future__ import annotations

import sys
from typing import Any

from realtime.wire import Shared

KNOWN = {"close_sent", "conn", "handshake_complete", "initial_response", "transport", "writable"}
"""What a connection must have for us to write to it."""


def mend_uvicorn() -> None:
    """Let uvicorn write frames that many sockets share as they are, if this process is one.

    A version that keeps its connections in another way is left alone, and so is each connection
    that is being opened or closed, or compresses.
    """
    sansio = sys.modules.get("uvicorn.protocols.websockets.websockets_sansio_impl")
    websockets = sys.modules.get("websockets.protocol")
    if sansio is None or websockets is None:
        return
    protocol: Any = sansio.WebSocketsSansIOProtocol
    send, is_open = protocol.send, websockets.OPEN
    if not set(protocol.__init__.__code__.co_names) >= KNOWN:
        return

    async def send_shared(self: Any, message: Any) -> None:
        if type(message) is Shared:
            if not self.writable.is_set():
                await self.writable.wait()
            if (
                self.handshake_complete
                and not self.close_sent
                and self.initial_response is None
                and self.conn.state is is_open
                and not self.conn.extensions
            ):
                self.transport.write(message.wire)
                return
        await send(self, message)

    protocol.send = send_shared
