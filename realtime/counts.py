"""What happened to some jobs in some interval, as numbers that can be added."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from realtime.histogram import Histogram, add_packed, packed

KINDS: Final = ("queued", "started", "succeeded", "failed", "cancelled", "lost", "retried")
COLUMNS: Final = (*KINDS, "wait", "run")
"""The columns of a tally that hold a count."""
ALL: Final = "*"
"""In the place of a task: of all tasks; of a queue: of all queues."""
OTHERS: Final = "(others)"
"""In both places: of those that are not told apart."""


@dataclass(slots=True)
class Count:
    """What happened to some jobs."""

    queued: int = 0
    """How many were queued."""
    started: int = 0
    """How many started for the first time."""
    succeeded: int = 0
    """How many ended well."""
    failed: int = 0
    """How many failed."""
    cancelled: int = 0
    """How many were cancelled."""
    lost: int = 0
    """How many were lost."""
    retried: int = 0
    """How many further attempts those needed that have ended."""
    wait: Histogram = field(default_factory=Counter)
    """How long those that started had waited since they were queued."""
    run: Histogram = field(default_factory=Counter)
    """How long the last attempts of those took that have ended."""

    @property
    def ended(self) -> int:
        """How many have ended."""
        return self.succeeded + self.failed + self.cancelled + self.lost

    @property
    def broken(self) -> int:
        """How many have ended as nobody wanted it."""
        return self.failed + self.lost

    @property
    def busy(self) -> int:
        """How much has happened."""
        return self.queued + self.started + self.ended

    def add(self, other: Count) -> None:
        """Add what happened to others."""
        for kind in KINDS:
            setattr(self, kind, getattr(self, kind) + getattr(other, kind))
        self.wait.update(other.wait)
        self.run.update(other.run)

    def add_row(self, columns: Sequence[Any]) -> None:
        """Add what a tally's `COLUMNS` hold."""
        queued, started, succeeded, failed, cancelled, lost, retried, wait, run = columns
        self.queued += queued
        self.started += started
        self.succeeded += succeeded
        self.failed += failed
        self.cancelled += cancelled
        self.lost += lost
        self.retried += retried
        add_packed(self.wait, wait)
        add_packed(self.run, run)

    def columns(self) -> Mapping[str, Any]:
        """Return the columns of a tally."""
        numbers = {kind: getattr(self, kind) for kind in KINDS}
        return {**numbers, "wait": packed(self.wait), "run": packed(self.run)}
