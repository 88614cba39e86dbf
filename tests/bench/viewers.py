"""Many viewers in one process: raw sockets with just enough WebSocket not to be the bottleneck.

`python -m tests.bench.viewers` reads a `Crowd` as one line of JSON, prints `ready` once all see
what they watch, and one line of JSON with a `Seen` once all have the last report, or are told to
stop by the end of their input.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import struct
import sys
import time
from array import array
from dataclasses import asdict, dataclass
from typing import Any

from tests.bench.timing import percentile

CONNECTING = 40
"""Handshakes at the same time."""
STAMP = b'"message":'
"""What stands before the time at which a report was made; `!` ends the last one."""
STAMP_DIGITS = 17
TEXT, PING, PONG = 0x81, 0x89, 0x8A


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """What viewers do."""

    port: int
    """Where the server is, on this machine."""
    path: str
    """The address of its socket."""
    viewers: int
    """How many there are."""
    headers: list[list[str]]
    """Header lines; the viewers share these sets out among them."""
    hello: list[str]
    """What each says first."""
    ready: str
    """What a frame begins with that tells that all is set up; "" for the handshake alone."""
    data: str
    """What a frame with a report begins with."""
    acks: int = 0
    """After how many such frames the viewer acknowledges them; 0 for never."""
    echoes: tuple[str, str] = ("", "")
    """A frame that must be answered, and its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What viewers saw."""

    deliveries: int
    """Reports that arrived, each viewer's counted."""
    p50: float
    """Seconds from report to arrival."""
    p99: float
    """The same, of the slow ones."""
    finished: int
    """Viewers that have the last report."""
    lost: int
    """Viewers whose socket was closed."""
    cpu: float
    """Seconds of CPU that the viewers took: they must not be the bottleneck."""


class Room:
    """What the viewers have in common."""

    def __init__(self, crowd: Crowd) -> None:
        """Begin with nobody there."""
        self.crowd = crowd
        self.latencies = array("d")
        self.waiting = crowd.viewers
        self.watching = 0
        self.lost = 0
        self.ready = asyncio.Event()
        self.done = asyncio.Event()
        self.data = crowd.data.encode()
        self.greeting = crowd.ready.encode()
        self.echo = crowd.echoes[0].encode()

    def is_watching(self) -> None:
        """Count a viewer that is set up."""
        self.watching += 1
        if self.watching == self.crowd.viewers:
            self.ready.set()

    def has_last(self) -> None:
        """Count a viewer that has all."""
        self.waiting -= 1
        if self.waiting <= 0:
            self.done.set()


class Viewer(asyncio.Protocol):
    """One socket."""

    def __init__(self, room: Room, number: int) -> None:
        """Prepare the handshake."""
        self.room = room
        self.number = number
        self.buffer = b""
        self.opened = False
        self.finished = False
        self.set_up = asyncio.Event()
        self.frames = 0
        self.stamp = 0.0

    def connection_made(self, transport: Any) -> None:
        """Ask for a WebSocket."""
        self.transport = transport
        crowd = self.room.crowd
        lines = [
            f"GET {crowd.path} HTTP/1.1",
            f"Host: 127.0.0.1:{crowd.port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            "Sec-WebSocket-Version: 13",
            *crowd.headers[self.number % len(crowd.headers)],
        ]
        transport.write("\r\n".join([*lines, "", ""]).encode())

    def connection_lost(self, _: Exception | None) -> None:
        """Count a viewer that sees no more."""
        self.room.lost += 1
        if not self.finished:
            self.room.has_last()

    def data_received(self, chunk: bytes) -> None:
        """Take in frames."""
        now = time.time()
        self.buffer = self.buffer + chunk if self.buffer else chunk
        if not self.opened and not self._is_open():
            return
        while (frame := self._frame()) is not None:
            self._take(*frame, now)

    def _is_open(self) -> bool:
        head, separator, rest = self.buffer.partition(b"\r\n\r\n")
        if not separator:
            return False
        assert b" 101 " in head[:20], head
        self.opened, self.buffer = True, rest
        for text in self.room.crowd.hello:
            self.send(TEXT, text.encode())
        if not self.room.greeting:
            self._is_set_up()
        return True

    def _is_set_up(self) -> None:
        if not self.set_up.is_set():
            self.set_up.set()
            self.room.is_watching()

    def _frame(self) -> tuple[int, bytes] | None:
        buffer = self.buffer
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
        self.buffer = buffer[end:]
        return buffer[0], buffer[begin:end]

    def _take(self, kind: int, payload: bytes, now: float) -> None:
        if kind == PING:
            self.send(PONG, payload)
        elif payload.startswith(self.room.data):
            self._take_report(payload, now)
        elif self.room.echo and payload == self.room.echo:
            self.send(TEXT, self.room.crowd.echoes[1].encode())
        elif self.room.greeting and payload.startswith(self.room.greeting):
            self._is_set_up()

    def _take_report(self, payload: bytes, now: float) -> None:
        self.frames += 1
        if (acks := self.room.crowd.acks) and (self.frames + self.number) % acks == 0:
            self.send(TEXT, b'{"type":"ack","frames":%d}' % self.frames)
        begin = payload.index(b'"', payload.index(STAMP) + len(STAMP)) + 1
        end = begin + STAMP_DIGITS
        text = payload[begin:end]
        if text[:1].isdigit() and (stamp := float(text)) > self.stamp:
            self.stamp = stamp
            self.room.latencies.append(now - stamp)
            if payload[end : end + 1] == b"!":
                self.finished = True
                self.room.has_last()

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


async def watch(crowd: Crowd) -> Seen:
    """Let viewers come, and go once they have seen the last report."""
    loop = asyncio.get_running_loop()
    room = Room(crowd)
    doors = asyncio.Semaphore(CONNECTING)

    async def come(number: int) -> None:
        async with doors:
            _, viewer = await loop.create_connection(
                lambda: Viewer(room, number), "127.0.0.1", crowd.port
            )
            await viewer.set_up.wait()

    async with asyncio.timeout(60):
        await asyncio.gather(*(come(number) for number in range(crowd.viewers)))
    _tell("ready")
    begun = time.process_time()
    loop.add_reader(sys.stdin, room.done.set)
    await room.done.wait()
    return _seen(room, time.process_time() - begun)


def _seen(room: Room, cpu: float) -> Seen:
    some = room.latencies or [float("inf")]
    return Seen(
        deliveries=len(room.latencies),
        p50=percentile(some, 0.5),
        p99=percentile(some, 0.99),
        finished=room.crowd.viewers - max(room.waiting, 0) - room.lost,
        lost=room.lost,
        cpu=cpu,
    )


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    given = Crowd(**json.loads(sys.stdin.readline()))
    _tell(json.dumps(asdict(asyncio.run(watch(given)))))
