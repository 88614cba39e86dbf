"""Many viewers in one process, on lean sockets, so as not to be the bottleneck.

`python -m tests.bench.viewers` reads a `Crowd` as one line of JSON, prints `ready` once all see
what they watch, and one line of JSON with a `Seen` once all have the last report, or are told to
stop by the end of their input.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from array import array
from dataclasses import asdict, dataclass

from tests.bench.timing import percentile
from tests.lean import TEXT, LeanSocket

CONNECTING = 40
"""Handshakes at the same time."""
STAMP = b'"message":'
"""What stands before the time at which a report was made; `!` ends the last one."""
STAMP_DIGITS = 17


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


class Viewer(LeanSocket):
    """One socket."""

    def __init__(self, room: Room, number: int) -> None:
        """Prepare the handshake."""
        crowd = room.crowd
        super().__init__(crowd.port, crowd.path, crowd.headers[number % len(crowd.headers)])
        self.room = room
        self.number = number
        self.finished = False
        self.set_up = asyncio.Event()
        self.frames = 0
        self.stamp = 0.0
        self.now = 0.0

    def connection_lost(self, _: Exception | None) -> None:
        """Count a viewer that sees no more."""
        self.room.lost += 1
        if not self.finished:
            self.room.has_last()

    def data_received(self, chunk: bytes) -> None:
        """Take in frames, and note when they came."""
        self.now = time.time()
        super().data_received(chunk)

    def opened(self) -> None:
        """Say what is said first."""
        for text in self.room.crowd.hello:
            self.send(TEXT, text.encode())
        if not self.room.greeting:
            self._is_set_up()

    def take(self, kind: int, payload: bytes) -> None:
        """Take a frame in."""
        del kind
        if payload.startswith(self.room.data):
            self._take_report(payload)
        elif self.room.echo and payload == self.room.echo:
            self.send(TEXT, self.room.crowd.echoes[1].encode())
        elif self.room.greeting and payload.startswith(self.room.greeting):
            self._is_set_up()

    def _is_set_up(self) -> None:
        if not self.set_up.is_set():
            self.set_up.set()
            self.room.is_watching()

    def _take_report(self, payload: bytes) -> None:
        self.frames += 1
        if (acks := self.room.crowd.acks) and (self.frames + self.number) % acks == 0:
            self.send(TEXT, b'{"type":"ack","frames":%d}' % self.frames)
        begin = payload.index(b'"', payload.index(STAMP) + len(STAMP)) + 1
        end = begin + STAMP_DIGITS
        text = payload[begin:end]
        if text[:1].isdigit() and (stamp := float(text)) > self.stamp:
            self.stamp = stamp
            self.room.latencies.append(self.now - stamp)
            if payload[end : end + 1] == b"!":
                self.finished = True
                self.room.has_last()


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
