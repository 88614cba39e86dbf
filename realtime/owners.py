"""Who a job that is queued now will belong to."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

requester: ContextVar[Callable[[], str | None] | None] = ContextVar(
    "headway_requester", default=None
)
"""Tells the primary key of the person whose request is being answered, as text."""


def current_owner() -> str | None:
    """Return the person signed in to the current request, None outside one or when nobody is."""
    ask = requester.get()
    return ask() if ask else None


def key_of(user: Any) -> str | None:
    """Return a user's primary key as text, None of who is not signed in and of nobody."""
    return None if user is None or user.pk is None else str(user.pk)
