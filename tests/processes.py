"""Web servers and workers as real processes, on free ports, stopped by their process ids."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from django.db import connection

from tests.services import free_port, keep, wait_until

ROOT = Path(__file__).resolve().parent.parent
SERVICE = "core.asgi:application"


def environment(**more: str) -> dict[str, str]:
    """Return the environment of child processes: the tests' settings and the test's database."""
    found = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONWARNINGS": "default"}
    return {**found, "DATABASE_URL": _database_url(), **more}


def _database_url() -> str:
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{settings['NAME']}"
    host, port = settings["HOST"], settings["PORT"]
    return f"postgres://{settings['USER']}@{host}:{port}/{settings['NAME']}"


@dataclass
class Child:
    """A process of ours and what it prints."""

    process: subprocess.Popen[bytes]
    """The process, leader of its own group."""
    log: Path
    """Its output."""
    port: int = 0
    """Where it listens, if it does."""
    url: str = field(init=False)

    def __post_init__(self) -> None:
        """Tell where it listens."""
        self.url = f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def printed(self) -> str:
        """Return what it has printed."""
        return self.log.read_text(errors="replace")

    def signal(self, number: signal.Signals, *, group: bool = False) -> None:
        """Send a signal to it, or to all of its group."""
        with suppress(ProcessLookupError):
            (os.killpg if group else os.kill)(self.process.pid, number)

    def end(self) -> None:
        """End it in good order, and kill its group when it does not follow."""
        self.signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        self.signal(signal.SIGKILL, group=True)
        self.process.wait()


@contextmanager
def child(
    *command: str, port: int = 0, files: tuple[int, ...] = (), **more: str
) -> Iterator[Child]:
    """Run a program, which may inherit open files."""
    with tempfile.NamedTemporaryFile(prefix="hw-", suffix=".log", delete=False) as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(**more),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=files,
            start_new_session=True,
        )
    one = Child(process, Path(log.name), port)
    keep("+", one.pid)
    try:
        yield one
    finally:
        one.end()
        keep("-", one.pid)
        # Shown by pytest beside a test that failed.
        print(f"--- {' '.join(command[1:4])}\n{one.printed()[-4000:]}")  # noqa: T201
        one.log.unlink()


@contextmanager
def web_server(
    server: str = "daphne", application: str = SERVICE, port: int = 0, /, **more: str
) -> Iterator[Child]:
    """Run the service's web side, on a free port unless told."""
    port = port or free_port()
    commands = {
        "daphne": ("daphne", "-b", "127.0.0.1", "-p", str(port), application),
        "uvicorn": (
            *("uvicorn", "--host", "127.0.0.1", "--port", str(port), "--lifespan", "off"),
            *("--timeout-graceful-shutdown", "2"),
            application,
        ),
    }
    more = {"UVICORN_WS_PER_MESSAGE_DEFLATE": "false", **more}
    with child(sys.executable, "-m", *commands[server], port=port, files=(), **more) as web:
        wait_until(lambda: _answers(web), f"{server} to answer", seconds=30)
        yield web


def _answers(web: Child) -> bool:
    assert web.process.poll() is None, web.printed()
    asked = http.client.HTTPConnection("127.0.0.1", web.port, timeout=5)
    with suppress(OSError, http.client.HTTPException), closing(asked):
        asked.request("GET", "/headway/healthz")
        with asked.getresponse() as answer:
            return answer.status == http.HTTPStatus.OK
    return False


@contextmanager
def worker(
    pool: str = "prefork",
    *,
    concurrency: int = 2,
    name: str = "",
    queues: str = "",
    **more: str,
) -> Iterator[Child]:
    """Run a Celery worker; several at once need names of their own."""
    command = ("celery", "-A", "tests.worker", "worker", "--loglevel", "INFO")
    options = ("-P", pool, "-c", str(concurrency), "-n", f"{name or pool}-{os.getpid()}@tests")
    lean = ("--without-gossip", "--without-mingle", *(("-Q", queues) if queues else ()))
    with child(sys.executable, "-m", *command, *options, *lean, port=0, files=(), **more) as one:
        wait_until(lambda: is_ready(one), "the worker to be ready", seconds=60)
        yield one


def is_ready(one: Child) -> bool:
    """Tell whether a worker takes messages."""
    assert one.process.poll() is None, one.printed()
    return " ready." in one.printed()
