"""Celery's own `self.update_state(state="PROGRESS", meta={...})`, seen on the bar.

The result backend is told as ever; a task that never calls it does nothing more than before.
"""

from __future__ import annotations

from typing import Any

from celery.app.task import Task

from realtime import progress
from realtime.cleaning import number
from realtime.running import RunningJob
from realtime.tracking import UUID

MESSAGES = ("message", "description", "status")
"""What people call the words beside the numbers."""

_store = Task.update_state


def connect() -> None:
    """Let each task's `update_state` tell its job first; called once, when the app is ready.

    No signal tells of it, its result backend may be none, and tasks have bases of their own.
    """
    Task.update_state = _update_state  # type: ignore[method-assign]


def _update_state(
    self: Any, task_id: str | None = None, state: Any = None, meta: Any = None, **kwargs: Any
) -> None:
    """Tell the job first: waits while it is paused, raises `Cancelled` after a cancel."""
    job = progress.current()
    if job is not None and _is_of(job, self, task_id):
        # Given as ("PROGRESS", {...}) the state takes the id's place, as Celery does not mind.
        _tell(meta if isinstance(meta, dict) else state)
    _store(self, task_id, state, meta, **kwargs)


def _is_of(job: RunningJob, task: Any, task_id: object) -> bool:
    """Tell whether the running job is meant, not another one or an eager task inside it."""
    named = isinstance(task_id, str) and UUID.fullmatch(task_id)
    return bool((task_id if named else task.request.id) == job.id)


def _tell(meta: object) -> None:
    if not isinstance(meta, dict):
        progress.checkpoint()
        return
    current, total = meta.get("current"), meta.get("total")
    if current is None and total is None and "percent" in meta:
        current, total = meta["percent"], 100
    said = (meta.get(key) for key in MESSAGES)
    message = next((one for one in said if isinstance(one, str) and one), None)
    # celery-progress says 0 of a total that is not known, and "" where it has nothing new to say.
    progress.update(current, total=number(total) or None, message=message, unit=meta.get("unit"))
