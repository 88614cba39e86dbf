"""The failed and skipped items of a running job on their way to SQL: bounded, each kept once."""

from __future__ import annotations

from collections import deque

from realtime.cleaning import text
from realtime.conf import conf
from realtime.records import Items, Outcome
from realtime.running import RunningJob

BATCH = 500
"""Items that are written together while the job runs."""
PATIENCE = 2.0
"""Seconds that items wait for others before they are written."""


class WaitingItems:
    """Items that the task has told of and SQL does not have yet."""

    def __init__(self, job: RunningJob) -> None:
        """Begin with none."""
        self._job = job
        self._waiting: deque[Outcome] = deque()
        """The oldest first."""
        self._since = 0.0
        self._told = 0
        """How many were taken and not given back."""

    def take(self, now: float) -> Items | None:
        """Return a batch once it is full or old enough, else None."""
        self._fetch(now)
        if not self._waiting:
            return None
        if len(self._waiting) < BATCH and now - self._since < PATIENCE:
            return None
        self._since = now
        return self._taken(BATCH)

    def rest(self) -> Items:
        """Return all that are left; perhaps none."""
        self._fetch(0)
        return self._taken(len(self._waiting))

    def give_back(self, items: Items) -> None:
        """Take back what SQL could not be told."""
        self._waiting.extendleft(reversed(items.kept))
        self._told = items.told

    def _fetch(self, now: float) -> None:
        if not self._waiting:
            self._since = now
        items = self._job.items
        for _ in range(len(items)):
            outcome, at, item, reason = items.popleft()
            self._waiting.append(Outcome(outcome, at, item, text(reason, conf.TEXT_LENGTH)))

    def _taken(self, most: int) -> Items:
        count = min(most, len(self._waiting))
        kept = tuple(self._waiting.popleft() for _ in range(count))
        told, self._told = self._told, self._told + count
        return Items(self._job.run, kept, told)
