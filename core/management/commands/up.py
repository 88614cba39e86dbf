"""`manage.py up`: the whole service in one command."""

import asyncio
import fcntl
import ipaddress
import os
import resource
import socket
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from signal import SIGTERM
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core.console import Console
from core.demo_accounts import sign_ins
from core.embedded import EmbeddedRedis, EmbeddedSink, RedisMissing, answering, private_file
from core.rabbit import rabbit_answers
from core.supervisor import GaveUp, Program, Supervisor
from core.workers import scheduler, workers

PYTHON = sys.executable
MANAGE = (PYTHON, str(settings.BASE_DIR / "manage.py"))
#: Files and sockets that a process may have open: a browser each, where the system allows so many.
OPEN_FILES = 65_536
#: How long a Redis or RabbitMQ of somebody else is waited for, in seconds.
PATIENCE = 10.0


class Command(BaseCommand):
    """Starts and supervises Redis, a mail server, migrations, web, workers and scheduler."""

    help = __doc__
    # The children check for themselves; twice would only be slower.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--host", default="127.0.0.1", help="where to listen (%(default)s)")
        parser.add_argument("--port", type=int, default=8000, help="(%(default)s; 0: a free one)")
        parser.add_argument("--workers", type=positive, default=2, help="task processes")
        parser.add_argument("--web", type=positive, default=1, help="web processes on the port")

    def handle(self, *, host: str, port: int, workers: int, web: int, **_: Any) -> None:
        """Start everything and stay until a signal comes or something cannot start."""
        settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
        open_more_files()
        with only_one(settings.DATA_DIR) as lock, listen(host, port) as listener:
            lock.write_text(f"process {os.getpid()} at {address_of(listener)}")
            console = Console(as_json=settings.LOG_FORMAT == "json")
            try:
                asyncio.run(serve(console, listener, processes=workers, web=web))
            except (GaveUp, RedisMissing) as reason:
                raise CommandError(str(reason)) from None


def open_more_files() -> None:
    """Let the children have more than the usual 1,024 sockets, as far as the system lets us."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if most == resource.RLIM_INFINITY else min(OPEN_FILES, most)
    if now != resource.RLIM_INFINITY and now < wanted:
        # Some systems allow fewer than they say.
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


async def serve(console: Console, listener: socket.socket, *, processes: int, web: int) -> None:
    """Bring everything up in order, tell where it is, and stay."""
    async with Supervisor(console, {"PYTHONUNBUFFERED": "1"}) as house:
        with redis_for(house) as url, mail_for(house, address_of(listener)):
            await house.until(redis_answers(url))
            await house.until(rabbit_answers(os.environ.get("CELERY_BROKER_URL", ""), PATIENCE))
            for program in preparations():
                await house.run(program)
            house.start(*web_processes(listener, web), *workers(processes), scheduler())
            for line in await house.until(greeting(listener)):
                console.write("headway", line)
            await house.until(asyncio.Event().wait())


def preparations() -> list[Program]:
    """Return what has to be done before anything serves."""
    migrate = Program("migrate", (*MANAGE, "migrate", "--no-input"))
    static = Program("static", (*MANAGE, "collectstatic", "--no-input"))
    return [migrate] if settings.DEBUG else [migrate, static]


def web_processes(listener: socket.socket, count: int) -> list[Program]:
    """Return the web processes, which share one listening socket.

    The supervisor holds the socket: while a process starts again, connections wait or go to the
    others, and none is refused.
    """
    commands = {
        "daphne": ("-m", "daphne", "--verbosity", "0", "--fd"),
        "uvicorn": (
            *("-m", "uvicorn", "--no-access-log", "--lifespan", "off"),
            *("--log-config", str(settings.BASE_DIR / "core" / "uvicorn-logs.json")),
            *("--ws-per-message-deflate", "false", "--ws-max-size", "65536"),
            # After the package's own drain, within the supervisor's 12 s.
            *("--timeout-graceful-shutdown", "5", "--fd"),
        ),
    }
    command = (PYTHON, *commands[settings.SERVER], str(listener.fileno()), "core.asgi:application")
    names = ["web"] if count == 1 else [f"web-{number}" for number in range(1, count + 1)]
    stops = ((SIGTERM, 12.0),)
    return [
        Program(name, command, files=(listener.fileno(),), rank=2, stops=stops) for name in names
    ]


@contextmanager
def redis_for(house: Supervisor) -> Iterator[str]:
    """Return the address of Redis; start one of our own where none is given."""
    if given := os.environ.get("REDIS_URL"):
        yield given
        return
    redis = EmbeddedRedis(settings.DATA_DIR / "redis")
    redis.folder.mkdir(exist_ok=True)
    house.environment["REDIS_URL"] = redis.url
    # Other commands, such as `manage.py demo` in a second terminal, find it here.
    with private_file(settings.EMBEDDED_REDIS, redis.url):
        house.start(Program("redis", redis.command, stdin=redis.configuration, quiet=True))
        yield redis.url


@contextmanager
def mail_for(house: Supervisor, here: str) -> Iterator[None]:
    """Keep all mail on this machine unless EMAIL_URL says where it goes; its links lead `here`."""
    if os.environ.get("EMAIL_URL"):
        yield
        return
    with listen("127.0.0.1", 0) as listener:
        house.environment["SITE_URL"] = os.environ.get("SITE_URL") or here
        sink = EmbeddedSink(listener.getsockname()[1], listener.fileno(), settings.MAIL_FOLDER)
        with private_file(settings.EMBEDDED_SINK, sink.url):
            house.start(Program("mail", sink.command, files=(sink.descriptor,)))
            yield


async def redis_answers(url: str) -> None:
    """Return once Redis answers; an own one that cannot start is noticed by the supervisor."""
    try:
        await asyncio.wait_for(answering(url), PATIENCE if os.environ.get("REDIS_URL") else None)
    except TimeoutError:
        place = url.rpartition("@")[2]
        raise GaveUp(
            f"expected a Redis at REDIS_URL ({place}) to answer within {PATIENCE:g} s, got: "
            "nothing. Start it, correct REDIS_URL, or unset it to use the embedded one."
        ) from None


async def web_answers(listener: socket.socket) -> None:
    """Return once a web process has answered a request."""
    host = settings.ALLOWED_HOSTS[0].lstrip(".").replace("*", "localhost")
    request = f"GET /headway/healthz HTTP/1.0\r\nHost: {host}\r\n\r\n".encode()
    while True:
        with suppress(OSError, IndexError):
            reader, writer = await asyncio.open_connection(*nearest(listener))
            writer.write(request)
            status = int((await reader.readline()).split()[1])
            writer.close()
            if status < 500:  # noqa: PLR2004  Server errors begin here.
                return
        await asyncio.sleep(0.2)


async def greeting(listener: socket.socket) -> list[str]:
    """Return the address once it answers, and how to sign in while developing."""
    _, welcomes = await asyncio.gather(web_answers(listener), asyncio.to_thread(welcome, listener))
    return [f"ready at {address_of(listener)}", *welcomes, "Ctrl-C stops everything"]


def welcome(listener: socket.socket) -> list[str]:
    """Return how to sign in; in production nobody is let in by name."""
    if not settings.DEBUG:
        return []
    private = ipaddress.ip_address(listener.getsockname()[0]).is_loopback
    warning = [] if private else ["other machines can reach this address"]
    return [*warning, sign_ins(private=private)]


@contextmanager
def only_one(data_dir: Path) -> Iterator[Path]:
    """Hold the data folder; the kernel lets go of it however this process ends."""
    path = data_dir / "up.lock"
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(
                f"expected no other service to use {data_dir}, got: {path.read_text()}. "
                "Stop that one, or set DATA_DIR to another folder."
            ) from None
        yield path


@contextmanager
def listen(host: str, port: int) -> Iterator[socket.socket]:
    """Take the port before anything is started."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(address[:2], family=family, backlog=2048)
    except OSError as error:
        raise CommandError(
            f"expected {host}:{port} to be free to listen on, got: {error.strerror}. "
            "Choose another with --host and --port."
        ) from None
    with listener:
        # Inherited by each connection; uvicorn does not set it on a socket that it is given.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield listener


def nearest(listener: socket.socket) -> tuple[str, int]:
    """Return an address at which this machine reaches the listener."""
    host, port = listener.getsockname()[:2]
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port  # noqa: S104


def address_of(listener: socket.socket) -> str:
    """Return the address for a browser on this machine."""
    host, port = nearest(listener)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def positive(text: str) -> int:
    """Read a number of processes."""
    if (number := int(text)) < 1:
        raise ValueError
    return number
