"""Drives a coroutine that is a job: a cancel reaches what it awaits as `Cancelled`."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from typing import Any

from realtime.errors import Cancelled, WouldBlock
from realtime.question import Question
from realtime.running import RunningJob

ASK = (
    "expected progress.ask to be called in a thread, got: an event loop, which must not wait. "
    "Write `await asyncio.to_thread(progress.ask, …)`."
)


class Interrupted(Cancelled, asyncio.CancelledError):
    """The job was cancelled while it waited: clean up and let the exception go.

    It is asyncio's own cancellation besides, so that task groups, time-outs and libraries that it
    passes on its way do what they do then.
    """


class DrivenJob(RunningJob):
    """A running job whose code is a coroutine in an event loop, which must never wait."""

    def __init__(self, interrupt: Callable[[], None], **given: Any) -> None:
        """Begin; `interrupt` is called, from any thread, when the coroutine is to stop."""
        super().__init__(**given)
        self.task: asyncio.Task[Any] | None = None
        """What drives it, while something does."""
        self._interrupt = interrupt
        self._told = False
        """Whether the coroutine itself was told to stop, by a progress call or where it waits."""
        self._on_its_way = False
        """Whether our own cancellation of the task has yet to reach the coroutine."""

    def obey(self) -> None:
        """Raise `Cancelled`, once, as in any job."""
        try:
            super().obey()
        except Cancelled:
            # What another task or thread of the job is told, the coroutine may never hear of.
            self._told = self._told or _task_here() is self.task
            raise

    def ask(self, question: Question) -> Any:
        """Ask, from a thread. Raises `WouldBlock` in the event loop."""
        if _task_here() is not None:
            raise WouldBlock(ASK)
        return super().ask(question)

    def interrupt(self) -> None:
        """Cancel what the coroutine waits for, unless a progress call has told it; in its loop."""
        if self.task is not None and self._must_stop() and not self._told:
            self._told = self._on_its_way = self.cancelling = self.dirty = True
            self.task.cancel()

    def cause(self, error: asyncio.CancelledError) -> asyncio.CancelledError:
        """Return what the coroutine is told of a cancellation; only ours is the job's."""
        if not self._on_its_way or self.task is None:
            return error
        self._on_its_way = False
        self.task.uncancel()  # It has arrived: who counts cancellations must not wait for it.
        return Interrupted(self.fenced or "The job was cancelled.")

    def _pause(self) -> None:
        """Go on: pauses are refused (`control`)."""

    def _call(self) -> None:
        super()._call()
        if self._must_stop():
            self._interrupt()


@types.coroutine
def driven(work: Coroutine[Any, Any, Any], job: DrivenJob) -> Generator[Any, Any, Any]:
    """Drive a coroutine by hand, to choose what it is told when its task is cancelled."""
    step: Callable[[], Any] = partial(work.send, None)
    while True:
        try:
            waits_for = step()
        except StopIteration as end:
            return end.value
        try:
            answer = yield waits_for
        except asyncio.CancelledError as error:
            step = partial(work.throw, job.cause(error))
        except BaseException as error:  # noqa: BLE001  handed on to where it belongs
            step = partial(work.throw, error)
        else:
            step = partial(work.send, answer)


def _task_here() -> asyncio.Task[Any] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None
