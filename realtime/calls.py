"""What a task was called with, kept so that its job can be run again."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, NamedTuple, TypeVar

from celery import current_app
from django.utils.translation import gettext_noop
from kombu.utils import json

from realtime.conf import conf
from realtime.errors import HeadwayError

logger = logging.getLogger("realtime")

Task = TypeVar("Task", bound=Callable[..., Any])

WHOLE, ITEMS = "whole", "items"
"""Jobs that can be run again, and those of whose items some can."""
BACKGROUND = "background"
"""Jobs that run in a web process."""
REASONS = {
    "not_kept": gettext_noop(
        "The arguments of this task are not kept: see KEEP_ARGUMENTS in HEADWAY."
    ),
    "not_json": gettext_noop("Its arguments are no JSON, so they could not be kept."),
    BACKGROUND: gettext_noop("It ran in a web process: what has begun it can begin it again."),
    "elsewhere": gettext_noop("It was not run by Celery."),
    "outside": gettext_noop("It runs outside Celery: start it again where it runs."),
    "too_large": gettext_noop(
        "Its arguments are too large to be kept: see ARGUMENTS_LENGTH in HEADWAY."
    ),
}
"""Why others cannot."""


class Call(NamedTuple):
    """The arguments of a job, where they are kept."""

    kept: str
    """Positional and named ones as the broker's JSON; empty where they are not kept."""
    repeats: str
    """What can be run again, or why nothing can."""


def items(argument: str = "", *, flag: str = "") -> Callable[[Task], Task]:
    """Say how a task is told to do its failed items alone, so that they can be run again.

    `argument` is its list of items: the task hands elements of it to `progress.failed`. `flag` is
    for a task that keeps by itself what became of each item: it is run again with this argument
    true. Raises `HeadwayError` when the task has no such argument.
    """

    def declare(task: Task) -> Task:
        known = list(inspect.signature(task).parameters)
        if (argument or flag) not in known:
            raise HeadwayError(
                f"expected items() to be given one of {', '.join(known) or 'no arguments'}, "
                f"got: {argument or flag!r}. Name the one of {task.__name__} that is its list of "
                "items, or the flag that tells it to do the failed ones alone."
            )
        task.headway_items = argument  # type: ignore[attr-defined]
        task.headway_flag = flag  # type: ignore[attr-defined]
        return task

    return declare


def items_argument(task: Any) -> str:
    """Return which argument of a task is its list of items, "" when it does not say."""
    return _declared(task, "headway_items")


def items_flag(task: Any) -> str:
    """Return which argument tells a task to do its failed items alone, "" when it does not say."""
    return _declared(task, "headway_flag")


def _declared(task: Any, name: str) -> str:
    for one in (task, getattr(task, "run", None)):
        if argument := getattr(one, name, ""):
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
    task = current_app.tasks.get(name)
    return Call(kept, ITEMS if items_argument(task) or items_flag(task) else WHOLE)


def read_call(kept: str) -> tuple[list[Any], dict[str, Any]]:
    """Return the positional and the named arguments that were kept."""
    args, kwargs = json.loads(kept)
    return list(args), dict(kwargs)
