"""Keeps a process from forking while a thread of ours is in the middle of something.

A child has no thread but its own, so it would wait for ever for what the others hold. Of SQLite it
must not even inherit an idle connection: what the library remembers of its locks is untrue in the
child, which then reads and writes beside everybody else's.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from weakref import WeakSet

logger = logging.getLogger("realtime")

PATIENCE = 1.0
"""Seconds that a fork waits for what must not be cut in two."""


class Unforked:
    """A context in which this process does not fork, unless that lasts too long."""

    def __init__(self, before: Callable[[], None] | None = None) -> None:
        """Prepare; `before` is called by the thread that forks, while nobody is in the context."""
        self._before = before or _nothing
        self._lock = threading.Lock()
        self._held = False
        _all.add(self)

    def __enter__(self) -> None:
        """Wait for a fork that is being made."""
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        """Let forks go on."""
        self._lock.release()

    def hold(self) -> None:
        """Let nobody in any more, and call what must happen before the fork."""
        self._held = self._lock.acquire(timeout=PATIENCE)
        if not self._held:
            logger.warning("A process is forked in the middle of something that takes long")
            return
        with suppress(Exception):
            self._before()

    def let_go(self) -> None:
        """Let others in again, after the fork."""
        if self._held:
            self._held = False
            self._lock.release()

    def begin_anew(self) -> None:
        """Forget, in the child, who was in the context: a thread that does not exist there."""
        self._lock = threading.Lock()
        self._held = False
        # What could not be closed in time is the parent's, and not the child's to close.
        self._before = _nothing


def _nothing() -> None:
    """Do nothing before a fork."""


def disconnect(connection: Any) -> None:
    """Close what a thread, which is not using it now, has connected to a database."""
    # Not with Django's close(): that is for the thread which has opened it, and for no event loop.
    in_memory = connection.vendor == "sqlite" and connection.is_in_memory_db()
    raw = connection.connection
    if raw is not None and not in_memory:
        connection.connection = None
        raw.close()


_all: WeakSet[Unforked] = WeakSet()
_forking = threading.Lock()


def _before_fork() -> None:
    _forking.acquire()
    for one in list(_all):
        one.hold()


def _after_in_parent() -> None:
    for one in list(_all):
        one.let_go()
    _forking.release()


def _after_in_child() -> None:
    for one in list(_all):
        one.begin_anew()
    _forking.release()


os.register_at_fork(
    before=_before_fork, after_in_parent=_after_in_parent, after_in_child=_after_in_child
)
