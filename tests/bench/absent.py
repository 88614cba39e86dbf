"""Headway's models without its ears: what a worker costs that knows nothing of progress."""

from __future__ import annotations

from realtime.apps import RealtimeConfig


class Absent(RealtimeConfig):
    """The app as the others see it, which does not listen to Celery."""

    default = False

    def ready(self) -> None:
        """Connect nothing."""
