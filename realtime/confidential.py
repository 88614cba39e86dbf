"""What operators alone are told of a job: where its error came from, its arguments, its queue."""

from __future__ import annotations

import inspect
import json
from typing import Any

from celery import current_app
from django.contrib.auth import get_user_model

from realtime.calls import read_call
from realtime.models import Job
from realtime.redaction import value_without_secrets
from realtime.states import State


def confidential(state: State) -> dict[str, Any]:
    """Return the traceback and the arguments without secrets, the queue, and the owner's name."""
    owner = f"owner__{get_user_model().USERNAME_FIELD}"
    found = Job.objects.filter(pk=state["id"]).values_list("call", owner).first()
    kept, name = found or (None, None)
    return {
        "traceback": (state["error"] or {}).get("traceback"),
        "arguments": _arguments(state["name"], kept) if kept else None,
        "queue": state.get("queue") or None,
        "owner_name": name,
    }


def _arguments(name: str, kept: str) -> dict[str, Any]:
    args, kwargs = read_call(kept)
    shown = value_without_secrets(_named(name, args, kwargs))
    # As JSON has it: moments and identifiers are texts for readers.
    found: dict[str, Any] = json.loads(json.dumps(shown, default=str))
    return found


def _named(name: str, args: list[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return arguments by their names where the task is known here, else by their places."""
    task = current_app.tasks.get(name)
    try:
        return dict(inspect.signature(task.run).bind(*args, **kwargs).arguments)  # type: ignore[union-attr]
    except (AttributeError, TypeError):
        return {**{str(place): one for place, one in enumerate(args)}, **kwargs}
