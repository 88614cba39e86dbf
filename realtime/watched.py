"""A running job as the reporter sees it: when it speaks next, and what is known of it."""

from __future__ import annotations

import math

from realtime.conf import conf
from realtime.publish import BLIND_STEP, Change
from realtime.running import RunningJob
from realtime.snapshot import Snapshots
from realtime.store import Remembered

LOST = "It was taken for lost, or has ended elsewhere."
TAKEN_OVER = "Another worker runs this job now."


class Watched:
    """What the reporter keeps of a running job."""

    __slots__ = ("job", "known", "next", "snapshots", "spoken")

    def __init__(self, job: RunningJob, known: int = 0) -> None:
        """Begin to watch."""
        self.job = job
        self.snapshots = Snapshots(job)
        self.known = known
        """The highest seq that is known."""
        self.next = math.inf if job.fenced else 0.0
        """When its next report is due; one may come early by half an interval, not two."""
        self.spoken = self.next
        """When it last reported."""

    def take(self, now: float) -> Change:
        """Return the newest state."""
        return self.snapshots.take(now, self.known)

    def is_due(self, now: float, tick: float) -> bool:
        """Tell whether it is time to report; the reporter looks every `tick` seconds."""
        for counter in self.job.counters():
            if counter.look():
                self.job.dirty = True  # Only ever raised here: the task may raise it meanwhile.
        # Early by half an interval: else changes in its rhythm would all wait for its end.
        changed = self.job.dirty and now >= self.next - (conf.REPORT_INTERVAL + tick) / 2
        return changed or now - self.spoken >= conf.BEAT_INTERVAL

    def rest(self, now: float) -> None:
        """Let an interval pass until the next report."""
        self.spoken, self.next = now, max(self.next, now) + conf.REPORT_INTERVAL

    def learn(
        self, change: Change, answer: Remembered | None, now: float, *, recorded: bool = True
    ) -> None:
        """Take in what the store said of a state, and whether SQL knows its items."""
        self.rest(now)
        if answer is None:
            self._go_unheard(change)
            return
        if not recorded:
            self.snapshots.give_back_items(change)
        if answer.seq < self.known:
            # The store has lost the job: it gets the whole state again, not signs of life.
            self.job.dirty = True
        self.known = max(self.known, answer.seq)
        self.job.hear(answer.wants)
        if answer.accepted:
            self.snapshots.accepted(change, answer)
            if change.question:
                self.job.hear_answer(change.question, answer.answer, closed=change.asks_no_more)
        else:
            self.job.fence(LOST if answer.ended else TAKEN_OVER)
            self.spoken = self.next = math.inf

    def _go_unheard(self, change: Change) -> None:
        self.snapshots.give_back(change)
        if change.transition:
            self.known = max(self.known, change.floor + BLIND_STEP)
