"""A frame as a server takes it, and as it goes over the wire: made once for all its sockets."""

from __future__ import annotations

from struct import pack
from typing import Any

Message = dict[str, Any]

FINAL_TEXT = 0x81
"""The first byte of a text frame that is whole (RFC 6455, 5.2)."""
SHORT, MEDIUM = 126, 2**16
"""From these lengths on a payload's length takes two bytes more, and eight."""


class Shared(Message):
    """A message to many sockets, for servers as any other; ours know that it has a `wire`."""

    __slots__ = ("_wire",)
    _wire: bytes | None

    def __init__(self, text: str) -> None:
        """Hold a text frame."""
        super().__init__(type="websocket.send", text=text)
        self._wire = None

    @property
    def wire(self) -> bytes:
        """The bytes of the frame, for sockets without compression; a server masks nothing."""
        if self._wire is None:
            self._wire = _frame(self["text"].encode())
        return self._wire


def message(text: str) -> Shared:
    """Return a frame as a server takes it."""
    return Shared(text)


def _frame(payload: bytes) -> bytes:
    length = len(payload)
    if length < SHORT:
        return pack("!BB", FINAL_TEXT, length) + payload
    if length < MEDIUM:
        return pack("!BBH", FINAL_TEXT, 126, length) + payload
    return pack("!BBQ", FINAL_TEXT, 127, length) + payload
