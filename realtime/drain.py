"""How a web process ends: its sockets are told to come back, what runs is finished.

Neither server does so: at SIGTERM Daphne drops its connections and cancels what runs, uvicorn
closes with a code that says nothing of when to come back. So the signal is ours first; whoever had
it before gets it once all is done, at once when it comes a second time.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from types import FrameType
from typing import Any

from realtime import leaving
from realtime.conf import conf
from realtime.daphne import mend_daphne
from realtime.delivery import TURN
from realtime.hub import open_sockets
from realtime.protocol import Close
from realtime.uvicorn import mend_uvicorn

logger = logging.getLogger("realtime")

SAME_WISH = 0.5
"""Seconds in which a second signal is the first one, passed on by somebody else too."""
PAUSE = 0.02
"""Seconds between two looks at whether all is done."""


class Drain:
    """Stands before the server's own handling of SIGTERM."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take the signal over; only a main thread can."""
        self.begun_at: float | None = None
        self.reason = ""
        self._loop = loop
        self._task: asyncio.Task[None] | None = None
        self._before: Any = signal.signal(signal.SIGTERM, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        now = time.monotonic()
        if self.begun_at is None and not self._loop.is_closed():
            self.begun_at = now
            self._loop.call_soon_threadsafe(self._begin)
        elif self.begun_at is None or now - self.begun_at > SAME_WISH:
            self._pass_on()

    def _begin(self) -> None:
        self._task = self._loop.create_task(self._finish())

    async def _finish(self) -> None:
        try:
            sockets = open_sockets()
            self.reason = _reason(len(sockets))
            logger.info("Stopping: %d sockets are told to come back", len(sockets))
            for number, mailbox in enumerate(sockets, 1):
                mailbox.close(Close.RESTART, self.reason)
                if number % TURN == 0:
                    await asyncio.sleep(0)
            deadline = self._loop.time() + conf.DRAIN
            # An event would have to be touched at the end of every request.
            while _running and self._loop.time() < deadline:  # noqa: ASYNC110
                await asyncio.sleep(PAUSE)
            await leaving.finish(deadline)
        finally:
            self._pass_on()

    def _pass_on(self) -> None:
        """Give the signal to whoever had it before us, once."""
        before, self._before = self._before, signal.SIG_IGN
        if callable(before):
            before(signal.SIGTERM, None)
        elif before == signal.SIG_DFL:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTERM)


def attend() -> None:
    """Take SIGTERM over from the server, once, from its main thread; it serves by now."""
    global _drain  # noqa: PLW0603  a process has one
    if _drain is None and threading.current_thread() is threading.main_thread():
        mend_daphne()
        mend_uvicorn()
        _drain = Drain(asyncio.get_running_loop())


@contextmanager
def attended() -> Iterator[None]:
    """Count a request or a socket among those that are finished before the process stops."""
    attend()
    running = object()
    _running.add(running)
    try:
        yield
    finally:
        _running.discard(running)


def has_begun() -> bool:
    """Tell whether this process is stopping: nothing new should be sent to it."""
    return _drain is not None and _drain.begun_at is not None


def farewell() -> str:
    """Return with which reason sockets are closed, "" while they are not."""
    return _drain.reason if _drain else ""


def _reason(sockets: int) -> str:
    """Return when browsers come back: not all of them in one second."""
    return f"after={conf.RESTART_AFTER:g};spread={ceil(sockets / conf.RESTART_RATE)}"


_drain: Drain | None = None
_running: set[object] = set()
