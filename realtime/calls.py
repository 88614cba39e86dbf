"""What a task was called with, kept so that its job can be run again."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, NamedTuple, TypeVar

from celery import current_app
from kombu.utils import json

from realtime.conf import conf
from realtime.errors import HeadwayError

logger = logging.getLogger("realtime")

Task = TypeVar("Task", bound=Callable[..., Any])

WHOLE, ITEMS = "whole", "items"
"""Jobs that can be run again, and those of whose items some can."""
REASONS = {
    "not_kept": "The arguments of this task are not kept: see KEEP_ARGUMENTS in HEADWAY.",
    "not_json": "Its arguments are no JSON, so they could not be kept.",
    "elsewhere": "It was not run by Celery.",
    "outside": "It runs outside Celery: start it again where it runs.",
    "too_large": "Its arguments are too large to be kept: see ARGUMENTS_LENGTH in HEADWAY.",
}
"""Why others cannot."""


class Call(NamedTuple):
    """The arguments of a job, where they are kept."""

    kept: str
    """Positional and named ones as the broker's JSON; empty where they are not kept."""
    repeats: str
    """What can be run again, or why nothing can."""


def items(argument: str) -> Callable[[Task], Task]:
    """Say which argument of a task is its list of items, so that failed ones can be run again.

    The task hands elements of that list to `progress.failed`. Raises `HeadwayError` when the task
    has no such argument.
    """

    def declare(task: Task) -> Task:
        known = list(inspect.signature(task).parameters)
        if argument not in known:
            raise HeadwayError(
                f"expected items() to be given one of {', '.join(known) or 'no arguments'}, "
                f"got: {argument!r}. Name the one of {task.__name__} that is its list of items."
            )
        task.headway_items = argument  # type: ignore[attr-defined]
        return task

    return declare


def items_argument(task: Any) -> str:
    """Return which argument of a task is its list of items, "" when it does not say."""
    for one in (task, getattr(task, "run", None)):
        if argument := getattr(one, "headway_items", ""):
            return str(argument)
    return ""


def call_of(name: str, body: Any) -> Call:
    """Return the arguments in a message, if they can be kept."""
    if not any(fnmatchcase(name, pattern) for pattern in conf.KEEP_ARGUMENTS):
        return Call("", "not_kept")
    try:
        kept = json.dumps([body["args"], body["kwargs"]] if isinstance(body, dict) else body[:2])
    except Exception:  # noqa: BLE001  what an object raises while it is encoded is its own affair
        return Call("", "not_json")
    if len(kept) > conf.ARGUMENTS_LENGTH:
        return Call("", "too_large")
    return Call(kept, ITEMS if items_argument(current_app.tasks.get(name)) else WHOLE)


def read_call(kept: str) -> tuple[list[Any], dict[str, Any]]:
    """Return the positional and the named arguments that were kept."""
    args, kwargs = json.loads(kept)
    return list(args), dict(kwargs)
