"""HTTP and WebSockets byte by byte: what no proper client would send."""

from __future__ import annotations

import base64
import http.client
import os
import socket
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
ABNORMAL = 1006
"""What browsers call a socket that was cut without a close frame."""


@dataclass(frozen=True)
class Answer:
    """What came back to a request."""

    status: int
    """The status; 0 when the server closed without one."""
    headers: Mapping[str, str]
    """By their names in small letters; of several the last."""
    body: bytes
    """All of it."""


def masked(payload: bytes) -> bytes:
    """Return a payload under the mask that browsers must use."""
    mask = os.urandom(4)
    wide = int.from_bytes(payload, "big") ^ int.from_bytes(
        (mask * (len(payload) // 4 + 1))[: len(payload)], "big"
    )
    return mask + wide.to_bytes(len(payload), "big")


def frame(opcode: int, payload: bytes, *, first: int = 0x80, mask: bool = True) -> bytes:
    """Return one frame; `first` are the bits beside the opcode: 0x80 ends a message."""
    bit, size = 0x80 if mask else 0, len(payload)
    if size < 126:
        head = struct.pack("!BB", first | opcode, bit | size)
    elif size < 65536:
        head = struct.pack("!BBH", first | opcode, bit | 126, size)
    else:
        head = struct.pack("!BBQ", first | opcode, bit | 127, size)
    return head + (masked(payload) if mask else payload)


class Wire:
    """One connection."""

    def __init__(self, connected: socket.socket) -> None:
        """Take the connection."""
        self.socket = connected
        self.file = connected.makefile("rb")

    def ask(self, head: Sequence[bytes], body: bytes = b"") -> Answer:
        """Send a request, line by line, and return the answer."""
        with suppress(ConnectionError):  # A refusal may come before all is sent.
            self.socket.sendall(b"\r\n".join([*head, b"", b""]) + body)
        try:
            status = self.file.readline().split()
            given = http.client.parse_headers(self.file)
            headers = {name.lower(): value for name, value in given.items()}
            code = int(status[1])
            found = b"" if code == http.HTTPStatus.SWITCHING_PROTOCOLS else self._body(headers)
        except (ConnectionError, IndexError, http.client.HTTPException):
            return Answer(0, {}, b"")
        return Answer(code, headers, found)

    def _body(self, headers: Mapping[str, str]) -> bytes:
        if headers.get("connection", "").lower() == "close" or "content-length" not in headers:
            return self.file.read()
        return self.file.read(int(headers["content-length"]))

    def send(self, data: bytes) -> None:
        """Send frames; a server may have closed already."""
        with suppress(ConnectionError):
            self.socket.sendall(data)

    def messages(self) -> Iterator[str | int]:
        """Yield the texts that come, and last the code with which the socket was closed."""
        try:
            while head := self.file.read(2):
                opcode, payload = head[0] & 0x0F, self._payload(head[1] & 0x7F)
                if opcode == CLOSE:
                    yield struct.unpack("!H", payload[:2])[0] if payload else 1005
                    return
                if opcode == TEXT:
                    yield payload.decode()
        except ConnectionError:
            pass
        yield ABNORMAL

    def _payload(self, size: int) -> bytes:
        if size == 126:
            (size,) = struct.unpack("!H", self.file.read(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self.file.read(8))
        return self.file.read(size)


@contextmanager
def wire(port: int, seconds: float = 10) -> Iterator[Wire]:
    """Connect to a server of this machine; what takes longer than `seconds` raises."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connected:
        one = Wire(connected)
        try:
            yield one
        finally:
            one.file.close()


def head(
    method: str, path: str | bytes, usual: Mapping[str, str], given: Mapping[str, object]
) -> list[bytes]:
    """Return a request's lines: `given` headers replace usual ones, None leaves one out."""
    target = path if isinstance(path, bytes) else path.encode("latin-1")
    lines = [method.encode() + b" " + target + b" HTTP/1.1"]
    for name, value in {**usual, **given}.items():
        values = value if isinstance(value, list) else [value]
        lines += [f"{name}: {one}".encode("latin-1") for one in values if one is not None]
    return lines


def handshake(port: int) -> dict[str, str]:
    """Return the headers with which a page of ours opens a socket."""
    return {
        "Host": f"127.0.0.1:{port}",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Protocol": "headway.v1",
        "Origin": f"http://127.0.0.1:{port}",
    }
