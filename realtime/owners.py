"""Who a job that is queued now will belong to."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

requester: ContextVar[Callable[[], str | None] | None] = ContextVar(
    "headway_requester", default=None
)
"""Tells the primary key of the person whose request is being answered, as text."""


def current_owner() -> str | None:
    """Return the person signed in to the current request, None outside one or when nobody is."""
    ask = requester.get()
    return ask() if ask else None
