"""What is asked of workers over Celery's remote control: to look, to stop, to change their size.

Celery's own commands for it do not say whether they were heard, or by how much a pool must grow.
"""

from __future__ import annotations

import logging
from threading import Thread
from typing import Any

from celery import current_app
from kombu.exceptions import OperationalError

logger = logging.getLogger("realtime")

LOOK = "headway_look"
"""Look which queues are paused; nobody answers."""
STOP = "headway_stop"
"""Finish what runs, then end."""
RESIZE = "headway_resize"
"""Run so many tasks at once."""
ANSWER = 1.0
"""Seconds that a worker has to answer."""
PATIENCE = 2.5
"""Seconds that all of it may take: the broker may let wait for ever."""


def look() -> None:
    """Let all workers look at once; who does not hear it looks with its lease."""
    try:
        _broadcast(LOOK, {})
    except OperationalError as error:
        logger.warning("The broker is away, workers look for themselves: %s", error)


def ask(worker: str, command: str, **arguments: Any) -> dict[str, Any] | None:
    """Return what a worker answers, None when it does not in time.

    Raises kombu's `OperationalError` when the broker is away.
    """
    asked = {"destination": [worker], "reply": True, "timeout": ANSWER, "limit": 1}
    replies = _broadcast(command, arguments, **asked) or []
    said: list[dict[str, Any]] = [one[worker] for one in replies if worker in one]
    return said[0] if said else None


def _broadcast(command: str, arguments: dict[str, Any], **asked: Any) -> Any:
    """Send it in a thread of its own, for which nobody waits long."""
    said: list[Any] = []
    thread = Thread(
        target=_send, args=(command, arguments, asked, said), name="headway-command", daemon=True
    )
    thread.start()
    thread.join(PATIENCE)
    if not said:
        raise OperationalError("the broker does not answer")
    return said[0]


def _send(command: str, arguments: dict[str, Any], asked: dict[str, Any], said: list[Any]) -> None:
    try:
        # A connection of its own: one from the pool may have died since it was used.
        with current_app.connection_for_write() as connection:
            replies = current_app.control.broadcast(
                command, arguments, connection=connection, **asked
            )
            said.append(replies)
    except Exception as error:  # noqa: BLE001  each broker has errors of its own
        logger.warning("The broker is away, no worker can be told anything: %r", error)
