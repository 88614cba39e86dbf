"""The ends of a thread's last tasks, recorded while it goes on.

A worker's process waits for its next task anyway, so an end is waited for when that would begin.
Where Celery keeps a task's result, which tells of its success whatever becomes of this process,
some more tasks may begin: the ends of short ones, many in a second, are recorded together.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from typing import NamedTuple

from realtime.conf import conf
from realtime.greenlets import threads_are_greenlets
from realtime.transition import Transition

logger = logging.getLogger("realtime")

TOGETHER = 0.05
"""Seconds for which tasks may begin before the end of an earlier one, whose result is kept, is
recorded: the reporter looks twice in that time."""


class Owed(NamedTuple):
    """An end that is not known to be recorded."""

    job: str
    """Whose it is."""
    end: Transition
    """The end."""
    at: float
    """When it was put, in seconds of the monotonic clock."""
    due: float
    """From when on no task may begin before it is recorded."""


_all: dict[int, deque[Owed]] = {}
"""What each thread owes, by its number, the oldest first; for who ends the process, too."""


def owe(job: str, end: Transition, *, kept: bool = False) -> None:
    """Let the thread go on; it waits before a later task, or at once where it is a greenlet.

    `kept` says that the task's result tells of its success whatever becomes of this process.
    """
    if threads_are_greenlets():
        wait(job, end)
        return
    now = time.monotonic()
    ends = _all.setdefault(threading.get_ident(), deque())
    ends.append(Owed(job, end, now, now + TOGETHER if kept else now))


def settle() -> None:
    """Wait until what this thread owes, and what is due of it, is recorded or out of time."""
    ends = _all.get(threading.get_ident())
    now = time.monotonic()
    while ends and (ends[0].due <= now or ends[-1].due <= now):
        _settle(ends.popleft())


def settle_all() -> None:
    """Wait for the ends that any thread of this process owes."""
    for thread in list(_all):
        for owed in _all.pop(thread, ()):
            _settle(owed)


def wait(job: str, end: Transition) -> None:
    """Wait until an end is recorded, or its deadline has passed."""
    _settle(Owed(job, end, time.monotonic(), 0.0))


def _settle(owed: Owed) -> None:
    if not owed.end.wait(max(owed.at + conf.END_TIMEOUT - time.monotonic(), 0.0)):
        logger.error("The end of job %s is not recorded yet; its task goes on", owed.job)
