"""The language in which the service's jobs speak: the one in which they were started.

What a task says is kept as it was said, and a worker serves no request: it speaks as the page did
on which somebody has started the job.
"""

from typing import Any

from celery import signals
from django.utils import translation

from realtime import progress


def connect() -> None:
    """Listen to Celery, behind `realtime`, which knows what runs."""
    signals.task_prerun.connect(_speak, weak=False, dispatch_uid="core-speak")
    signals.task_postrun.connect(_fall_silent, weak=False, dispatch_uid="core-fall-silent")


def _speak(task: Any, **_: Any) -> None:
    job = progress.current()
    if not task.request.is_eager and job is not None and job.language:
        translation.activate(job.language)


def _fall_silent(task: Any, **_: Any) -> None:
    if not task.request.is_eager:
        translation.deactivate()
