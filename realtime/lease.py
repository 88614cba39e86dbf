"""The leases of what a worker runs, renewed by its main process.

A task that holds the GIL of its prefork child, or a reporter that waits for the database, says
nothing. Their worker lives all the same, and says so for them. It also sees which of its children
have died, some ten seconds before Celery gives up waiting for what they might have said.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

from celery import signals

from realtime import reaper
from realtime.conf import conf
from realtime.errors import StoreAway
from realtime.events import Status
from realtime.presence import Presence
from realtime.publish import end_elsewhere, worker_lost
from realtime.reporter import get_reporter
from realtime.resizing import size
from realtime.rounds import Rounds
from realtime.runs import WORKER
from realtime.store import get_store
from realtime.tracking import tracked
from realtime.transition import Transition

TRIES = 10
"""How often the set of active tasks is read while it changes."""


class Lease:
    """Looks at the active tasks of this worker, in rounds."""

    def __init__(self) -> None:
        """Begin with everybody alive."""
        self._dead: set[str] = set()
        self.presence: Presence | None = None
        self.consumer: Any = None

    def renew(self) -> None:
        """Renew the leases of what runs, and tell of what runs no longer."""
        if self.consumer:
            size.go_on(self.consumer)
        active = [request for request in _active() if tracked(request.name)]
        dead = {request.id: request.task for request in active if _has_died(request)}
        # In two rounds: what is being revoked or has run out of time has an end of its own.
        for job in dead.keys() & self._dead:
            if not _comes_back(dead[job]):
                _tell_of(job)
        self._dead = set(dead)
        try:
            get_store().renew([request.id for request in active if request.id not in dead])
            if self.presence:
                self.presence.tell(request.id for request in active)
        except StoreAway:
            return  # The reporters tell of it, and nobody is judged while the store is away.

    def end(self) -> None:
        """Say that this worker has stopped."""
        with suppress(StoreAway):
            if self.presence:
                self.presence.take_leave()


def connect() -> None:
    """Listen to Celery; called once, when the app is ready."""
    signals.worker_ready.connect(_on_ready, weak=False, dispatch_uid="headway-lease")
    signals.worker_shutdown.connect(_on_shutdown, weak=False, dispatch_uid="headway-lease")


def _active() -> list[Any]:
    from celery.worker import state  # Only workers need to have read it.

    for _ in range(TRIES):
        try:
            return list(state.active_requests)
        except RuntimeError:  # It has changed meanwhile.
            continue
    return []


def _has_died(request: Any) -> bool:
    """Tell whether the child that runs this is gone."""
    if getattr(request.task, "retry_on_worker_lost", False):
        return False  # Celery itself starts the next attempt, when it has seen the death.
    pid = request.worker_pid or os.getpid()
    if pid == os.getpid() or not hasattr(os, "waitid"):  # macOS has it since Python 3.13.
        return False
    try:
        # Without waiting for it, and without taking its exit from those who do.
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def _comes_back(task: Any) -> bool:
    """Tell whether Celery gives the message of a dead child back to the broker."""
    return bool(task.acks_late and task.reject_on_worker_lost)


def _tell_of(job: str) -> None:
    end: dict[str, Any] = {"run": WORKER, "error": worker_lost()}
    get_reporter().put(Transition(lambda: end_elsewhere(job, Status.LOST, **end)))


_lease = Lease()
_rounds = Rounds("headway-lease", _lease.renew, lambda: conf.LEASE / 5)


def nudge() -> None:
    """Let the next round begin now."""
    _rounds.nudge()


def _on_ready(sender: Any = None, **_: Any) -> None:
    _lease.presence = Presence(sender) if sender else None
    _lease.consumer = sender
    _rounds.start()
    reaper.start()


def _on_shutdown(**_: Any) -> None:
    _rounds.stop(timeout=1)
    _lease.end()
    reaper.stop()
