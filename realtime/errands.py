"""The jobs of a web process that are coroutines: how many may run, and how they end with it."""

from __future__ import annotations

import asyncio
import atexit
import uuid
from collections.abc import Coroutine, Iterable
from functools import partial
from itertools import islice
from typing import Any

from django.utils.functional import LazyObject

from realtime.afresh import own_context, staying_loop
from realtime.canvas import HEADER
from realtime.cleaning import text
from realtime.conf import conf
from realtime.errand import Errand, Owner, Work
from realtime.errors import HeadwayError, TooBusy
from realtime.events import JobState
from realtime.leaving import before_leaving
from realtime.models.tags import TAG, TAGS
from realtime.owners import key_of, requester
from realtime.queueing import queued_state
from realtime.reporter import get_reporter

CLEANING = 2.0
"""Seconds that coroutines have to clean up when their process goes away."""
LEAVES = "expected the web process to go on, got: it is stopping. Try again in a moment."


def background(
    coroutine: Work, *, title: str | None = None, owner: Any = None, tags: Iterable[str] = ()
) -> Errand:
    """Let a coroutine go on in this process as a job, and return at once.

    Await what is returned before the request is answered: from then on the job, whose `id` it
    has, can be seen. `owner` is a user; without one it is whoever is signed in to the request.
    Raises `NoEventLoop` where no event loop runs that stays, `TooBusy` when too many run here.
    """
    if not isinstance(coroutine, Coroutine):
        raise TypeError(
            f"expected a coroutine, which calling an `async def` returns, got: {coroutine!r:.100}"
        )
    try:
        staying_loop()
        _check_room()
    except HeadwayError:
        coroutine.close()
        raise
    context = own_context()
    state = context.run(_first_state, coroutine, title, tags)
    errand = Errand(state, _owner_of(owner, state))
    # Kept here: the loop itself has only a weak reference to its tasks.
    _errands[errand] = errand.start(coroutine, context)
    _errands[errand].add_done_callback(partial(_leave, errand))
    before_leaving(_finish)
    _attend_exit()
    return errand


def _check_room() -> None:
    if _leaving:
        raise TooBusy(LEAVES)
    if len(_errands) >= conf.BACKGROUND_JOBS:
        raise TooBusy(
            f"expected fewer than {conf.BACKGROUND_JOBS} background jobs to run in this process, "
            f"got: {len(_errands)}. Try again in a moment, or queue a Celery task."
        )


def _first_state(work: Work, title: str | None, tags: Iterable[str]) -> JobState:
    """Return what the job inherits here; it may be below another one."""
    listed = islice([tags] if type(tags) is str else tags, TAGS)
    given = {"title": title, "tags": [text(tag, TAG) for tag in listed]}
    return queued_state(_name_of(work), {"id": str(uuid.uuid4()), HEADER: given})


def _name_of(work: Work) -> str:
    """Return the dotted name of the function that made a coroutine."""
    frame = getattr(work, "cr_frame", None)
    module = frame.f_globals.get("__name__", "") if frame else type(work).__module__
    name: str = getattr(work, "__qualname__", type(work).__name__)
    return f"{module}.{name.rpartition('<locals>.')[2]}"


def _owner_of(owner: Any, state: JobState) -> Owner:
    """Return whose job it is, or how that is found out in a thread: it may ask the database."""
    if isinstance(owner, LazyObject):
        return lambda: key_of(owner)
    if owner is not None:
        return key_of(owner)
    return state.owner or (None if state.parent else requester.get())


def _leave(errand: Errand, _: asyncio.Task[None]) -> None:
    del _errands[errand]
    errand.lose()  # Unless it has ended: its loop was closed.


async def _finish(deadline: float) -> None:
    """Let what runs here end until then, and stop what has not: nobody else goes on with it."""
    global _leaving  # noqa: PLW0603  one process leaves once
    loop = asyncio.get_running_loop()
    await _none_runs(deadline)
    _leaving = True
    for task in _tasks():
        task.cancel()
    await _none_runs(loop.time() + CLEANING)
    _lose_all()


async def _none_runs(deadline: float) -> None:
    loop = asyncio.get_running_loop()
    while (tasks := _tasks()) and (left := deadline - loop.time()) > 0:
        await asyncio.wait(tasks, timeout=left)


def _tasks() -> set[asyncio.Task[None]]:
    loop = asyncio.get_running_loop()
    return {task for task in _errands.values() if task.get_loop() is loop}


def _attend_exit() -> None:
    global _attends  # noqa: PLW0603  one process exits once
    if not _attends:
        _attends = True
        get_reporter()  # It speaks for the last time after what is registered later.
        atexit.register(_lose_all)


def _lose_all() -> None:
    for errand in list(_errands):
        errand.lose()


_errands: dict[Errand, asyncio.Task[None]] = {}
_leaving = False
_attends = False
