"""The root of a group, chord or chain: a job of its own that is no task, made with its first part.

Whoever starts fifty pictures as a chord gets one job, with one bar and one end.
Celery tells of each message, but not when a group's last one is sent; until then the first ones
may all have ended. So its `apply_async` is wrapped.
"""

from __future__ import annotations

import functools
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from celery import canvas as celerys

from realtime.canvas import Canvas
from realtime.events import JobState

REMEMBERED = 1_000
"""Roots that a process knows to have made; a group is queued by one process, in one go."""


@dataclass(slots=True)
class Given:
    """What `start` says of the group, chord or chain that it queues."""

    title: str | None
    owner: str | None
    tags: list[str]
    root: str | None = None
    """The root, once it is there."""

    def header(self) -> dict[str, Any]:
        """Return it as a message carries it."""
        return {"title": self.title, "owner": self.owner, "tags": self.tags}


given: ContextVar[Given | None] = ContextVar("headway_given", default=None)
"""What is being started in this thread."""

_planted: OrderedDict[str, JobState] = OrderedDict()
_lock = threading.Lock()


def watch_queueing(sealed: Callable[[JobState], None]) -> None:
    """From now on call `sealed` with the root when all that is queued together is queued."""
    for kind in (celerys.group, celerys._chord, celerys._chain):  # type: ignore[attr-defined]  # noqa: SLF001
        queue = kind.apply_async
        if not hasattr(queue, "__wrapped__"):
            kind.apply_async = _wrapped(queue, sealed)  # type: ignore[method-assign]


def _wrapped(queue: Any, sealed: Callable[[JobState], None]) -> Any:
    @functools.wraps(queue)
    def apply_async(*args: Any, **kwargs: Any) -> Any:
        if _queued.get() is not None:
            return queue(*args, **kwargs)
        roots: list[JobState] = []
        token = _queued.set(roots)
        try:
            return queue(*args, **kwargs)
        finally:
            _queued.reset(token)
            for root in roots:
                sealed(root)

    return apply_async


_queued: ContextVar[list[JobState] | None] = ContextVar("headway_queued", default=None)
"""The roots of what is being queued in this thread."""


def plant(canvas: Canvas, make: Callable[[Given | None], JobState]) -> tuple[JobState, bool]:
    """Return the root that a message belongs to, and whether it is new: then it must be told."""
    start = given.get()
    with _lock:
        known = _planted.get(_name(canvas, start))
    if known is not None:
        return known, False
    state = make(start)
    if start:
        start.root = state.id
    queued = _queued.get()
    if queued is not None:
        queued.append(state)
    with _lock:
        _planted[_name(canvas, start)] = state
        if len(_planted) > REMEMBERED:
            _planted.popitem(last=False)
    return state, True


def _name(canvas: Canvas, start: Any) -> str:
    """Return what is one: all that one `start` queues, however its parts are named."""
    return (start.root if start else None) or canvas.root
