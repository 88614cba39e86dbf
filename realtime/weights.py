"""How much of its tree's bar a job is: known when it is queued, so that nothing moves later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from celery import current_app

from realtime.cleaning import number
from realtime.errors import HeadwayError

Task = TypeVar("Task", bound=Callable[..., Any])

LIGHTEST, HEAVIEST = 0.01, 10_000
"""What a job may weigh; one of which nothing is said weighs 1."""


def weight(given: float) -> Callable[[Task], Task]:
    """Say how much of its tree's bar each job of a task is, beside others that weigh 1.

    Raises `HeadwayError` when that is no number from 0.01 to 10,000.
    """
    if number(given) is None or not LIGHTEST <= given <= HEAVIEST:
        raise HeadwayError(
            f"expected weight() to be given a number from {LIGHTEST} to {HEAVIEST}, got: {given!r}."
        )

    def declare(task: Task) -> Task:
        task.headway_weight = given  # type: ignore[attr-defined]
        return task

    return declare


def weight_of(name: str, header: object) -> float:
    """Return what a job weighs: as its message says, else as its task does, else 1."""
    said = header.get("weight") if isinstance(header, dict) else None
    if said is None:
        task: Any = current_app.tasks.get(name)
        said = _declared(task)
    counted = number(said)
    return 1.0 if counted is None or counted <= 0 else min(max(counted, LIGHTEST), HEAVIEST)


def _declared(task: Any) -> Any:
    """Return what a task says; the decorator may stand above or below the task's own."""
    own = getattr(task, "headway_weight", None)
    return getattr(getattr(task, "run", None), "headway_weight", None) if own is None else own
