"""What this process counts of its own work, and what all processes together have counted.

Each process adds what it has counted to the store's totals every few seconds, so one scrape of any
web process shows the whole installation, its workers too. Totals begin anew when the store has
lost everything, which Prometheus takes for a restart.
"""

from __future__ import annotations

import os
import uuid
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable
from threading import Lock
from typing import Final

from realtime.errors import StoreAway
from realtime.store import Totals, get_store

INTERVAL: Final = 5.0
"""Seconds between two times that a process adds to the totals."""
BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper bounds in seconds of what a histogram tells apart."""

COUNTERS: Final = {
    "reports": "States of jobs that were made by workers and web processes.",
    "jobs_ended": "Jobs that ended, by status.",
    "store_errors": "Calls of the store that got no answer in time.",
    "database_errors": "Times that the database could not take what happened to jobs.",
    "announcements_sent": "Messages sent to the layer.",
    "announcements_failed": "Messages that the layer did not take.",
    "states_heard": "States that web processes heard from the layer.",
    "states_healed": "States that were not heard and were found by comparing with the store.",
    "frames": "Frames with states sent to browsers.",
    "removed": "Rows and files that were kept long enough, by what they are.",
    "states_coalesced": "States that were not sent because a newer one took their place.",
}
LABELS: Final = {"jobs_ended": "status", "removed": "what"}
HISTOGRAMS: Final = {
    "reporter_lag": "Seconds from a transition in a task to its being kept by store and database.",
}
GAUGES: Final = {
    "running_jobs": "Jobs that run now.",
    "sockets": "Sockets that are open now.",
    "watches": "Topics that are watched now.",
    "slow_readers": "Sockets that have not acknowledged what they were sent.",
}


class Counted:
    """What one process has counted and not yet added to the totals."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._lock = Lock()
        self._counts: dict[str, float] = defaultdict(float)
        self._gauges: dict[str, Callable[[], float]] = {}
        self._process = uuid.uuid4().hex

    def count(self, name: str, by: float = 1, *, label: str = "") -> None:
        """Add to a counter."""
        with self._lock:
            self._counts[f"{name}:{label}" if label else name] += by

    def observe(self, name: str, seconds: float) -> None:
        """Add a duration to a histogram."""
        place = bisect_left(BUCKETS, seconds)
        bound = BUCKETS[place] if place < len(BUCKETS) else "+Inf"
        with self._lock:
            self._counts[f"{name}_bucket:{bound}"] += 1
            self._counts[f"{name}_sum"] += seconds

    def show(self, name: str, read: Callable[[], float]) -> None:
        """Show a gauge of this process from now on."""
        self._gauges[name] = read

    def hide(self, *names: str) -> None:
        """Show gauges no longer."""
        for name in names:
            self._gauges.pop(name, None)

    def settle(self) -> None:
        """Add to the totals; what a store that is away cannot take is added the next time."""
        gauges = {name: read() for name, read in list(self._gauges.items())}
        with self._lock:
            counts, self._counts = self._counts, defaultdict(float)
        try:
            get_store().total(self._process, dict(counts), gauges, keep=3 * INTERVAL)
        except StoreAway:
            with self._lock:
                for name, number in counts.items():
                    self._counts[name] += number


def totals() -> Totals:
    """Return what all processes have counted; raises `StoreAway`."""
    return get_store().totals()


def _renew() -> None:
    # What the parent has counted it tells itself.
    counted.__init__()  # type: ignore[misc]  # the one object that everybody has imported


counted = Counted()
os.register_at_fork(after_in_child=_renew)
