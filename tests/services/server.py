"""A program that a test starts in a folder of its own and stops by its process id."""

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

from core.embedded import free_port
from core.supervisor import KEEPER


def wait_until(condition: Callable[[], Any], what: str, seconds: float = 30) -> Any:
    """Return the first true answer of the condition, or fail with what was waited for."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > deadline:
            message = f"expected {what} within {seconds} s, got: {answer!r}"
            raise AssertionError(message)
        time.sleep(0.02)
    return answer


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
    #: What asks it to end in good order.
    ending: signal.Signals = signal.SIGINT

    def command(self) -> Sequence[str]:
        """Return the command line."""
        raise NotImplementedError

    def environment(self) -> dict[str, str] | None:
        """Return its environment; None means ours."""
        return None

    def answers(self) -> bool:
        """Say whether it serves."""
        raise NotImplementedError

    def start(self) -> Self:
        """Start it and wait until it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                cwd=self.folder,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self.as_user(),
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
        self._signal(self.ending)
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

    def as_user(self) -> dict[str, Any]:
        """Return as whom its programs are started."""
        if self.user is None:
            return {}
        entry = pwd.getpwnam(self.user)
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


@contextmanager
def short_folder() -> Iterator[Path]:
    """Make a folder for a while."""
    # A short path: a Unix socket's address has room for about 100 characters.
    folder = Path(tempfile.mkdtemp(prefix="hw-", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def unprivileged_user(name: str) -> str | None:
    """Return who runs a program that must not be root's: its own user where there is one."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return name if name in names else "nobody"
