"""What a worker does when it is asked to over Celery's remote control."""

from __future__ import annotations

import logging
from typing import Any

from celery import signals
from django.utils.translation import gettext_noop

from realtime import intake, lease
from realtime.commands import LOOK, RESIZE, STOP
from realtime.resizing import resizes, size

logger = logging.getLogger("realtime")

FIXED = gettext_noop("Its pool has the size with which it was started.")


def connect() -> None:
    """Listen to Celery; called once, when the app is ready."""
    signals.worker_ready.connect(_on_ready, weak=False, dispatch_uid="headway-obeying")


def _on_ready(**_: Any) -> None:
    from celery.worker.control import control_command  # Only workers need to have read it.

    for name, command in {LOOK: _look, STOP: _stop, RESIZE: _resize}.items():
        control_command(name=name, visible=False)(command)


def _look(state: Any, **_: Any) -> None:
    del state
    intake.nudge()


def _stop(state: Any, **_: Any) -> dict[str, Any]:
    """End as at SIGTERM; Celery's own command does not say that it was heard."""
    from celery.worker import state as worker

    del state
    logger.warning("This worker is asked to stop: it finishes what runs")
    words: Any = worker
    words.should_stop = 0
    lease.nudge()
    return {"stopping": True}


def _resize(state: Any, processes: int = 0, **_: Any) -> dict[str, Any]:
    if not resizes(state.consumer):
        return {"refused": FIXED}
    done = size.ask(state.consumer, processes)
    lease.nudge()
    return done
