"""celery-progress's recorders, which report to Headway: change the import, and nothing else.

`from realtime.contrib.celery_progress import ProgressRecorder`. A call touches no network: neither
the result backend nor a channel layer is told, so celery-progress's own bar shows nothing of it.
"""

from __future__ import annotations

import sys
from typing import Any

from realtime import progress

__all__ = [
    "PROGRESS_STATE",
    "AbstractProgressRecorder",
    "BaseProgressRecorder",
    "ConsoleProgressRecorder",
    "ProgressRecorder",
    "WebSocketProgressRecorder",
]

PROGRESS_STATE = "PROGRESS"


class AbstractProgressRecorder:
    """What all recorders can do."""

    def set_progress(self, current: float, total: float, description: str = "") -> Any:
        """Tell how many of how many are done."""

    def increment_progress(self, by: float = 1, description: str = "") -> None:
        """Tell that more are done."""


class BaseProgressRecorder(AbstractProgressRecorder):
    """Remembers what was told last."""

    current: float = 0
    total: float = 0
    description = ""

    def set_progress(self, current: float, total: float, description: str = "") -> Any:
        """Remember it; an empty description leaves the last one."""
        self.current = current
        self.total = total
        if description:
            self.description = description

    def increment_progress(self, by: float = 1, description: str = "") -> None:
        """Count further, also where the total is not known."""
        self.set_progress(self.current + by, self.total, description)


class ConsoleProgressRecorder(BaseProgressRecorder):
    """Prints, for tasks that are called by hand."""

    def set_progress(self, current: float, total: float, description: str = "") -> None:
        """Print it."""
        super().set_progress(current, total, description)
        sys.stdout.write(f"processed {current} items of {total}. {description}\n")


class ProgressRecorder(BaseProgressRecorder):
    """Reports to the job of its task."""

    def __init__(self, task: Any) -> None:
        """Take the task, `self` in one that is bound."""
        self.task = task
        # Once: to ask a task of Celery for its request takes longer than all else here.
        self._job = getattr(getattr(task, "request", None), "id", None)

    def set_progress(
        self, current: float, total: float, description: str = ""
    ) -> tuple[str, dict[str, Any]]:
        """Report; waits while the job is paused, raises `Cancelled` after a cancel.

        A total of 0 is one that is not known. Returns what celery-progress returns.
        """
        super().set_progress(current, total, description)
        if self._is_of_the_job():
            progress.update(current, total=total or None, message=description or None)
        return PROGRESS_STATE, {
            "pending": False,
            "current": current,
            "total": total,
            "percent": _percent(current, total),
            "description": description,
        }

    def _is_of_the_job(self) -> bool:
        """Tell whether the running job is the task's, and not one that runs it eagerly."""
        job = progress.current()
        return job is not None and self._job in {None, job.id}


class WebSocketProgressRecorder(ProgressRecorder):
    """The same: Headway's bars are live with either."""

    @staticmethod
    def push_update(task_id: str, data: Any, final: bool = False) -> None:  # noqa: FBT001, FBT002  celery-progress's own
        """Do nothing: what is told is carried to the viewers."""


def _percent(current: float, total: float) -> float:
    return round(float(current) / float(total) * 100, 2) if total > 0 else 0
