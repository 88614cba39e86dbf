"""The end of a thread's last task, recorded while Celery fetches the next one.

A worker's process waits for its next task anyway. So an end is waited for when the next task would
begin: no task runs before the end of the one before it is safe, whatever it may do to the process.
"""

from __future__ import annotations

import logging
import threading

from realtime.conf import conf
from realtime.greenlets import threads_are_greenlets
from realtime.transition import Transition

logger = logging.getLogger("realtime")

_all: dict[int, tuple[str, Transition]] = {}
"""What each thread owes, by its number, for who ends the process."""


def owe(job: str, end: Transition) -> None:
    """Let the thread go on; it waits before its next task, or at once where it is a greenlet."""
    if threads_are_greenlets():
        wait(job, end)
        return
    _all[threading.get_ident()] = (job, end)


def settle() -> None:
    """Wait until the end of this thread's last task is recorded or its deadline has passed."""
    if owed := _all.pop(threading.get_ident(), None):
        wait(*owed)


def settle_all() -> None:
    """Wait for the ends that any thread of this process owes."""
    for thread in list(_all):
        if owed := _all.pop(thread, None):
            wait(*owed)


def wait(job: str, end: Transition) -> None:
    """Wait until an end is recorded, or its deadline has passed."""
    if not end.wait(conf.END_TIMEOUT):
        logger.error("The end of job %s is not recorded yet; its task goes on", job)
