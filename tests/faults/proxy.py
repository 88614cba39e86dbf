"""A TCP proxy between any two parts, which is told by the test what goes wrong on the way."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Thread
from typing import Any

CHUNK = 65_536
HELD = 65_536
"""Bytes that the kernel may hold back for us: left to itself it takes megabytes, and whoever never
reads is no burden to a server for a minute."""
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER for a close that is a RST: neither side has said goodbye."""


@dataclass(slots=True)
class Weather:
    """What happens on the way; may be changed at any time, also for open connections."""

    delay: float = 0.0
    """Seconds that each piece takes, in each direction."""
    speed: float = 0.0
    """Bytes a second towards the client; 0 for as many as there are."""
    silent: bool = False
    """Half open: connections stand, nothing passes, no FIN is sent."""
    refuses: bool = False
    """New connections are reset."""


class Proxy:
    """Listens on a port of its own and passes on to targets, in turn; has its own thread."""

    def __init__(self, *targets: int) -> None:
        """Prepare; `targets` are ports on this machine, and may be changed while it runs."""
        self.targets = list(targets)
        self.weather = Weather()
        self.accepted = 0
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._calm = asyncio.Event()
        self._calm.set()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.port: int = self._socket.getsockname()[1]

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._pairs)

    def change(self, **weather: Any) -> None:
        """Change the weather."""
        for name, value in weather.items():
            setattr(self.weather, name, value)
        self._loop.call_soon_threadsafe(self._look)

    def cut(self) -> None:
        """Break all connections at once, without a goodbye."""
        self._call(self._cut)

    def run(self) -> None:
        """Serve until `close`."""
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, sock=self._socket))
        self._loop.run_forever()
        server.close()
        for task in self._tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
        self._loop.close()

    def close(self) -> None:
        """Break all connections and stop."""
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _look(self) -> None:
        (self._calm.clear if self.weather.silent else self._calm.set)()

    def _call(self, task: Callable[[], None]) -> None:
        async def run() -> None:
            task()

        asyncio.run_coroutine_threadsafe(run(), self._loop).result(5)

    def _cut(self) -> None:
        for pair in list(self._pairs):
            for writer in pair:
                _reset(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.accepted += 1
        other = None if self.weather.refuses else await self._connect()
        if other is None:
            _reset(writer)
            return
        pair = (writer, other[1])
        self._pairs.add(pair)
        try:
            await asyncio.gather(
                self._pass(reader, other[1], slow=False), self._pass(other[0], writer, slow=True)
            )
        except asyncio.CancelledError:
            pass  # The proxy closes; asyncio's streams would make an error of it.
        finally:
            self._pairs.discard(pair)
            for each in pair:
                each.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for _ in range(len(self.targets)):
            self.targets.append(self.targets.pop(0))
            with suppress(OSError):
                return await _open(self.targets[-1])
        return None

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, slow: bool
    ) -> None:
        with suppress(OSError):
            while piece := await reader.read(self._size(slow=slow)):
                if self.weather.delay:
                    await asyncio.sleep(self.weather.delay)
                if slow and self.weather.speed:
                    await asyncio.sleep(len(piece) / self.weather.speed)
                await self._calm.wait()
                writer.write(piece)
                await writer.drain()
        writer.close()

    def _size(self, *, slow: bool) -> int:
        if slow and self.weather.speed:
            return max(1, int(self.weather.speed / 10))
        return CHUNK


async def _open(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    way = socket.socket()
    try:
        way.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, HELD)
        way.settimeout(0)
        await asyncio.get_running_loop().sock_connect(way, ("127.0.0.1", port))
        return await asyncio.open_connection(sock=way)
    except BaseException:
        way.close()
        raise


def _reset(writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()


@contextmanager
def proxy(*targets: int) -> Iterator[Proxy]:
    """Run a proxy in front of these ports."""
    one = Proxy(*targets)
    thread = Thread(target=one.run, name=f"proxy-{one.port}", daemon=True)
    thread.start()
    try:
        yield one
    finally:
        one.close()
        thread.join(5)
