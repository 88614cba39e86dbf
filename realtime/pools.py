"""Workers' pools: which of them can stop a task by force, and telling them to."""

from __future__ import annotations

import logging
from typing import Any

from celery import current_app

from realtime.calls import BACKGROUND
from realtime.errors import Refused
from realtime.family import is_idle
from realtime.states import State

logger = logging.getLogger("realtime")

TERMINATING = ("prefork", "gevent", "eventlet")
"""The pools that can stop a task by force."""
PATIENCE = 1.0
"""Seconds that workers have to say what pool they are."""


def check(asked: list[State]) -> None:
    """Raise `Refused` unless the workers of these jobs can stop a task by force."""
    if any(one.get("ttl") for one in asked):
        raise Refused(
            "It runs outside Celery, where nothing is stopped by force. Cancel it without "
            "terminate: its next report is told."
        )
    if any(one.get("repeats") == BACKGROUND for one in asked):
        raise Refused(
            "It runs in a web process, where nothing is stopped by force. Cancel it without "
            "terminate: what it waits for is interrupted."
        )
    workers = {str(one["worker"]) for one in asked if not is_idle(one)}
    if not workers:
        return
    told = _told_by(workers)
    for worker in workers:
        pool = told.get(worker, {}).get("pool", {}).get("implementation", "")
        kind = pool.partition(":")[0].rpartition(".")[2]
        if kind not in TERMINATING:
            said = f"got: {kind}" if kind else "got: no answer from the worker"
            raise Refused(
                f"expected the worker's pool to be {' or '.join(TERMINATING)}, {said}. "
                "Cancel it without terminate: it stops at its next progress call."
            )


def revoke(jobs: list[str], *, terminate: bool = False) -> None:
    """Tell all workers; who does not hear it reads the same in the store when the job is due."""
    if not jobs:
        return
    try:
        current_app.control.revoke(jobs, terminate=terminate)
    except Exception as error:  # noqa: BLE001  each broker has errors of its own
        logger.warning("The broker is away, nobody is told that jobs are revoked: %r", error)


def _told_by(workers: set[str]) -> dict[str, Any]:
    """Return what workers say of themselves, nothing while the broker is away."""
    try:
        # A connection of its own: one from the pool may have died since it was used.
        with current_app.connection_for_read() as connection:
            asking = current_app.control.inspect(
                sorted(workers), timeout=PATIENCE, connection=connection
            )
            return asking.stats() or {}
    except Exception as error:  # noqa: BLE001  each broker has errors of its own
        logger.warning("The broker is away, no worker can be asked for its pool: %r", error)
        return {}
