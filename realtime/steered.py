"""What people want of a running job: heard by the reporter, obeyed by the task's next call."""

from __future__ import annotations

import math
import time
from collections import Counter as Tally
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from realtime.conf import conf
from realtime.errors import Cancelled
from realtime.events import Wish
from realtime.latch import Bell
from realtime.question import Question

if TYPE_CHECKING:
    from realtime.stages import Counter

LOOK = 1.0
"""Seconds after which a task that waits looks by itself; the reporter wakes it sooner."""
NO_ONE = "There is nobody to answer: the job is being cancelled."


class Steered:
    """One half of a running job.

    The few values that both threads touch are single assignments.
    """

    def __init__(self) -> None:
        """Begin with nothing wanted."""
        self.dirty = True
        """Whether something has changed since the reporter looked."""
        self.asked = False
        """Whether there is something to obey at the next progress call."""
        self.wants = ""
        """What people want, a `Wish`, as far as it was heard."""
        self.fenced = ""
        """Why nothing that this run says counts any more."""
        self.cancelling = False
        """Whether the task was told to stop."""
        self.paused = False
        """Whether the task waits in a progress call until it may go on."""
        self.question: Question | None = None
        """What the task waits to be answered."""
        self.breathe: Callable[[], None] | None = None
        """Lets others run, where they cannot while the task works (`greenlets.py`)."""
        self._asked_before: Tally[Any] | None = None
        self._bell: Bell | None = None

    def counters(self) -> list[Counter]:
        """Return the counters of all loops that are open."""
        raise NotImplementedError

    def hear(self, wants: str) -> None:
        """Take in what people want, for the next progress call; called by the reporter.

        Told with every report, obeyed once; nothing takes a cancel back.
        """
        if wants and self.wants not in {wants, Wish.CANCEL}:
            self.wants = wants
            self._call()

    def hear_answer(self, question: str, answer: str, *, closed: bool) -> None:
        """Take in what the store knows of a question; called by the reporter."""
        asked = self.question
        if asked is not None and asked.id == question and (answer or closed):
            asked.hear(answer, closed=closed)
            self._wake()

    def fence(self, why: str) -> None:
        """Take in that nothing of this run counts any more; called by the reporter."""
        self.fenced = why
        self._call()

    def prompt(self) -> None:
        """Ask the task to let others run; called from a thread of the system's own."""
        self.asked = True
        for counter in self.counters():
            counter.wanted = True

    def checkpoint(self) -> None:
        """Do what people want, if they want something."""
        if self.asked:
            self.obey()

    def obey(self) -> None:
        """Wait while paused; raise `Cancelled`, once: cleaning up makes progress calls too."""
        self.asked = False
        if self.breathe is not None:
            self.breathe()
        if self.cancelling:
            return
        if self.wants == Wish.PAUSE and not self.fenced:
            self._pause()
        if self._must_stop():
            self.cancelling = True
            self.dirty = True
            raise Cancelled(self.fenced or "The job was cancelled.")

    def ask(self, question: Question) -> Any:
        """Wait for the answer and return it.

        Raises `TimeoutError` when nobody answers in time, `Cancelled` after a cancel.
        """
        self.checkpoint()
        if self.cancelling:
            raise TimeoutError(NO_ONE)
        question.nth = self._count(question)
        self.question = question
        self.dirty = True
        try:
            self._await(question)
        finally:
            self.question = None
            self.dirty = True
        self.checkpoint()
        if not question.answer:
            raise TimeoutError(f"Nobody has answered in time: {question.text}")
        return question.reply()

    def _await(self, question: Question) -> None:
        if self._wait(lambda: bool(question.answer), question.left):
            return
        # Closed in the store first: an answer that it has taken is not lost, later ones are refused
        question.closing = True
        self.dirty = True
        self._wait(lambda: bool(question.answer) or question.closed, conf.END_TIMEOUT)

    def _pause(self) -> None:
        self.paused = True
        self.dirty = True
        try:
            self._wait(lambda: self.wants != Wish.PAUSE, math.inf)
        finally:
            self.paused = False
            self.dirty = True

    def _wait(self, done: Callable[[], bool], seconds: float) -> bool:
        """Wait until it is done or the job must stop; False when that takes longer."""
        bell = self._bell = self._bell or Bell()
        until = time.monotonic() + seconds
        while not (done() or self._must_stop()):
            left = until - time.monotonic()
            if left <= 0:
                return False
            bell.wait(min(left, LOOK))
        return True

    def _must_stop(self) -> bool:
        return bool(self.fenced) or self.wants == Wish.CANCEL

    def _count(self, question: Question) -> int:
        self._asked_before = self._asked_before or Tally()
        self._asked_before[question.key] += 1
        return self._asked_before[question.key]

    def _call(self) -> None:
        self.dirty = True
        self.asked = True
        for counter in self.counters():
            counter.wanted = True
        self._wake()

    def _wake(self) -> None:
        if self._bell is not None:
            self._bell.ring()
