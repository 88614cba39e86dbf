"""A raw socket with just enough WebSocket that thousands of them are not the bottleneck."""

from __future__ import annotations

import asyncio
import base64
import os
import struct
from collections.abc import Sequence
from typing import Any

TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A


class LeanSocket(asyncio.Protocol):
    """One connection: asks for a WebSocket, and cuts what comes into frames."""

    transport: Any

    def __init__(self, port: int, path: str, headers: Sequence[str]) -> None:
        """Prepare the handshake, with further header lines."""
        self._asks = _handshake(port, path, headers)
        self._buffer = b""
        self._opened = False

    def opened(self) -> None:
        """Go on after the handshake."""

    def refused(self, head: bytes) -> None:
        """Go on after a handshake that was answered with something else."""
        raise AssertionError(head)

    def take(self, kind: int, payload: bytes) -> None:
        """Take a frame in that is no ping."""

    def connection_made(self, transport: Any) -> None:
        """Ask for a WebSocket."""
        self.transport = transport
        transport.write(self._asks)

    def data_received(self, chunk: bytes) -> None:
        """Take in frames."""
        self._buffer = self._buffer + chunk if self._buffer else chunk
        if not self._opened and not self._is_open():
            return
        while (frame := self._frame()) is not None:
            kind, payload = frame
            if kind == PING:
                self.send(PONG, payload)
            else:
                self.take(kind, payload)

    def send(self, kind: int, payload: bytes) -> None:
        """Send a short frame, masked with zeros as the standard allows."""
        assert len(payload) < 126 * 2**9
        long = len(payload) > 125
        head = (
            struct.pack(">BBH", kind, 0xFE, len(payload))
            if long
            else bytes((kind, 0x80 | len(payload)))
        )
        self.transport.write(head + bytes(4) + payload)

    def _is_open(self) -> bool:
        head, separator, rest = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return False
        self._buffer = rest
        if b" 101 " not in head[:20]:
            self.refused(head)
            return False
        self._opened = True
        self.opened()
        return True

    def _frame(self) -> tuple[int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        length, begin = buffer[1], 2
        if length >= 126:
            size, form = (2, ">H") if length == 126 else (8, ">Q")
            begin += size
            if len(buffer) < begin:
                return None
            (length,) = struct.unpack_from(form, buffer, 2)
        end = begin + length
        if len(buffer) < end:
            return None
        self._buffer = buffer[end:]
        return buffer[0], buffer[begin:end]


def _handshake(port: int, path: str, lines: Sequence[str]) -> bytes:
    head = [
        f"GET {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        "Sec-WebSocket-Version: 13",
        *lines,
    ]
    return "\r\n".join([*head, "", ""]).encode()
