"""A coroutine that goes on in its web process, as a job, after its request was answered."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
import traceback
from asyncio import CancelledError
from collections.abc import Callable, Coroutine, Generator
from contextlib import suppress
from contextvars import Context
from types import SimpleNamespace
from typing import Any, Self, TypeVar

from asgiref.sync import sync_to_async
from django.utils.translation import gettext_noop

from realtime import progress
from realtime.afresh import own_thread
from realtime.awaited import Awaited, Opening
from realtime.calls import BACKGROUND
from realtime.conf import conf
from realtime.driven import DrivenJob, driven
from realtime.errors import Cancelled, JobError
from realtime.events import JobState, Status
from realtime.failure import error_of
from realtime.publish import QUEUED_SEQ, Change
from realtime.reporter import get_reporter
from realtime.running import HELD
from realtime.transition import Transition
from realtime.watched import Watched

logger = logging.getLogger("realtime")

STOPPED = {
    "kind": "WorkerLost",
    "text": gettext_noop("Its web process was stopped."),
    "public": True,
}

Work = Coroutine[Any, Any, Any]
Owner = Callable[[], str | None] | str | None
"""Whose a job is, or what tells that in a thread."""
Made = TypeVar("Made", bound=Transition)


class Errand:
    """A coroutine at work as a job; await it to know that the job can be seen."""

    def __init__(self, state: JobState, owner: Owner) -> None:
        """Prepare; the owner may have to be asked for, in a thread."""
        self.id = state.id
        """The job's id."""
        self._task: asyncio.Task[None] | None = None
        loop = asyncio.get_running_loop()
        self._owner = owner
        self._job = _job(state, lambda: _call(loop, self._job.interrupt))
        self._watched = Watched(self._job, known=QUEUED_SEQ)
        self._seen: asyncio.Future[None] = loop.create_future()
        self._told = False
        self._over = False
        """Whether its first and its last state have been put."""

    def __await__(self) -> Generator[Any, None, Self]:
        """Wait until the job can be seen; should the request end meanwhile, the job goes on."""
        yield from asyncio.shield(self._seen).__await__()
        return self

    def start(self, work: Work, context: Context) -> asyncio.Task[None]:
        """Begin, in a context of its own; who starts it keeps the task, of which loops do not."""
        loop, name = asyncio.get_running_loop(), f"headway-{self.id}"
        self._task = loop.create_task(self._live(work), name=name, context=context)
        return self._task

    def lose(self) -> None:
        """Tell that it ends with its process."""
        if self._told and not self._over:
            get_reporter().put(self._end(Transition, Status.LOST, error=STOPPED))

    async def _live(self, work: Work) -> None:
        """Let it be seen, do the work, tell how that has ended."""
        try:
            async with own_thread():
                if not await self._opens():
                    return
                status, more = await self._outcome(work)
            await self._close(status, more)
        finally:
            work.close()
            self._seen.cancel()

    async def _opens(self) -> bool:
        """Record the job as running; False where nobody can say whose it is."""
        try:
            owner = await sync_to_async(self._owner)() if callable(self._owner) else self._owner
        except Exception as error:  # noqa: BLE001  for who awaits it
            self._seen.set_exception(error)
            return False
        self._job.owner = owner
        opening = Opening(self._watched)
        self._told = True
        get_reporter().put(opening)
        if not await opening.arrives(conf.END_TIMEOUT):
            logger.error("The start of job %s is not recorded yet; it goes on", self.id)
        get_reporter().follow(self._watched)
        self._seen.set_result(None)
        return True

    async def _outcome(self, work: Work) -> tuple[Status, dict[str, Any]]:
        """Do the work, and return how the job has ended."""
        job = self._job
        progress.bound.set(job)
        job.task = asyncio.current_task()
        try:
            await driven(work, job)
        except BaseException as error:  # noqa: BLE001  nothing of a job may end its web process
            return self._failure(error)
        finally:
            job.task = None
        return (Status.RUNNING, HELD) if job.is_crowned else (Status.SUCCEEDED, {})

    def _failure(self, error: BaseException) -> tuple[Status, dict[str, Any]]:
        if isinstance(error, Cancelled) or (self._job.cancelling and _is_cancellation(error)):
            return Status.CANCELLED, {}
        if isinstance(error, CancelledError) and self._task and self._task.cancelling():
            return Status.LOST, {"error": STOPPED}
        if not isinstance(error, JobError):
            logger.error("Job %s has failed", self.id, exc_info=error)
        trace = SimpleNamespace(traceback="".join(traceback.format_exception(error)))
        return Status.FAILED, {"error": error_of(error, trace)}

    async def _close(self, status: Status, more: dict[str, Any]) -> None:
        if self._over:
            return
        last = self._end(Awaited, status, **more)
        get_reporter().put(last)
        if not await last.arrives(conf.END_TIMEOUT):
            logger.error("The end of job %s is not recorded yet", self.id)

    def _end(self, kind: type[Made], status: Status, **more: Any) -> Made:
        self._over, watched = True, self._watched

        def make() -> Change | None:
            if watched.job.fenced:
                return None
            return watched.snapshots.last(time.monotonic(), watched.known, status, **more)

        return kind(make, ends=watched)


def _job(state: JobState, interrupt: Callable[[], None]) -> DrivenJob:
    job = DrivenJob(
        interrupt,
        id=state.id,
        name=state.name,
        title=state.title,
        root=state.root,
        parent=state.parent,
        tags=tuple(state.tags),
        queued_at=state.queued_at,
        worker=f"web-{os.getpid()}@{socket.gethostname()}",
    )
    job.repeats, job.weight, job.language = BACKGROUND, state.weight, state.language
    return job


def _is_cancellation(error: BaseException) -> bool:
    """Tell whether an error says nothing but that the coroutine, or its tasks, were cancelled."""
    kinds = (Cancelled, CancelledError)
    if isinstance(error, BaseExceptionGroup):
        return error.split(kinds)[1] is None
    return isinstance(error, kinds)


def _call(loop: asyncio.AbstractEventLoop, interrupt: Callable[[], None]) -> None:
    with suppress(RuntimeError):  # The loop is closed.
        loop.call_soon_threadsafe(interrupt)
