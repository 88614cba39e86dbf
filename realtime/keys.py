"""What somebody at a terminal wants: Ctrl-C, which is asked about once, and q."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

try:
    import termios
    import tty
except ImportError:  # Windows has no such terminals; there q does nothing.
    termios = tty = None  # type: ignore[assignment]

ARMED = 5.0
"""Seconds in which a second Ctrl-C counts as one."""
LEAVE = 3
"""Ctrl-Cs that leave, whatever the program does just then."""


class Keys:
    """Counts Ctrl-C and reads keys."""

    def __init__(self) -> None:
        """Begin with nothing pressed."""
        self.presses = 0
        self.leaves = False
        self.are_read = termios is not None and sys.stdin.isatty()
        """Whether there are keys besides Ctrl-C."""
        self._pressed_at = 0.0

    @contextmanager
    def listening(self) -> Iterator[Keys]:
        """Take Ctrl-C and the keys, and give back what was before."""
        before = {
            signal.SIGINT: signal.signal(signal.SIGINT, self._press),
            # Else the terminal would be left without its cursor.
            signal.SIGTERM: signal.signal(signal.SIGTERM, self._leave),
        }
        kept: Any = termios.tcgetattr(sys.stdin) if self.are_read else None
        try:
            if kept:
                tty.setcbreak(sys.stdin, termios.TCSADRAIN)  # What was pressed before counts.
            yield self
        finally:
            if kept:
                termios.tcsetattr(sys.stdin, termios.TCSADRAIN, kept)
            for number, handler in before.items():
                signal.signal(number, handler)

    def wait(self, seconds: float) -> None:
        """Wait for a key, or until the time is over."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self.leaves:
            if not self.are_read:
                time.sleep(left)
                continue
            with suppress(OSError, ValueError):
                ready, _, _ = select.select([sys.stdin], [], [], left)
                if ready:
                    self._take(os.read(sys.stdin.fileno(), 100))

    @property
    def asked(self) -> bool:
        """Whether Ctrl-C was pressed once, just now."""
        if self.presses == 1 and time.monotonic() - self._pressed_at > ARMED:
            self.presses = 0
        return self.presses == 1

    def _take(self, pressed: bytes) -> None:
        if not pressed:  # The terminal is gone.
            self.are_read = False
        self.leaves = self.leaves or b"q" in pressed.lower()

    def _leave(self, signum: int, frame: FrameType | None) -> None:
        del signum, frame
        self.leaves = True

    def _press(self, signum: int, frame: FrameType | None) -> None:
        del signum, frame
        self.presses += 1
        self._pressed_at = time.monotonic()
        if self.presses >= LEAVE:
            raise KeyboardInterrupt
