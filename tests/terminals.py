"""Programs in a real pseudo-terminal, with what somebody in front of it would see."""

from __future__ import annotations

import os
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pyte

from tests.processes import ROOT, environment
from tests.services import keep, wait_until

ATTACH = "import os, sys; os.login_tty(0); os.execv(sys.argv[1], sys.argv[1:])"
"""Makes the terminal the one that Ctrl-C is heard from, then becomes the program."""
CTRL_C = b"\x03"


class Terminal:
    """A program and its screen."""

    def __init__(self, *command: str, columns: int = 80, rows: int = 24) -> None:
        """Start it."""
        self._master, slave = os.openpty()
        termios.tcsetwinsize(slave, (rows, columns))
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._lock = threading.Lock()
        self.raw = b""
        self.process = subprocess.Popen(
            [sys.executable, "-c", ATTACH, sys.executable, *command],
            cwd=ROOT,
            # Warnings of other packages would stand on the screen.
            env=environment(TERM="xterm-256color", PYTHONWARNINGS="ignore"),
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)
        keep("+", self.process.pid)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def lines(self) -> list[str]:
        """Return what stands on the screen, without empty lines."""
        with self._lock:
            return [line.rstrip() for line in self._screen.display if line.strip()]

    def text(self) -> str:
        """Return the same as one text."""
        return "\n".join(self.lines())

    def wait_for(self, *texts: str) -> str:
        """Wait until all of them stand on the screen; returns it."""

        def seen() -> str:
            shown = self.text()
            return shown if all(text in shown for text in texts) else ""

        try:
            return str(wait_until(seen, f"{texts} on the screen", seconds=60))
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.text()}") from None

    def press(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._master, keys)

    def code(self) -> int:
        """Wait for the end, and for all that is written; returns the exit code."""
        found = self.process.wait(60)
        self._reader.join(5)
        return found

    def echoes(self) -> bool:
        """Tell whether what is typed is shown, as it is wherever nobody changed it."""
        return bool(termios.tcgetattr(self._master)[3] & termios.ECHO)

    def end(self) -> None:
        """Kill it if it goes on."""
        with suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()
        self._reader.join(5)
        os.close(self._master)
        keep("-", self.process.pid)

    def _read(self) -> None:
        with suppress(OSError):  # Raised when nobody has the other end any more.
            while said := os.read(self._master, 65_536):
                with self._lock:
                    self.raw += said
                    self._stream.feed(said)


@contextmanager
def terminal(*command: str, columns: int = 80) -> Iterator[Terminal]:
    """Run a program in a terminal."""
    one = Terminal(*command, columns=columns)
    try:
        yield one
    finally:
        one.end()
        print(f"--- {' '.join(command[:3])}\n{one.text()}")  # noqa: T201  shown beside a failure
