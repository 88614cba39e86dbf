"""The jobs that wait for a worker, and the place of each in its queue.

Places change without anybody saying so: they are counted where somebody watches, from SQL, for all
viewers of a process at once, and no state is published for them.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from threading import Lock

from django.db import Error

from realtime.events import Status
from realtime.models import Job
from realtime.publish import QUEUED_SEQ
from realtime.states import State

logger = logging.getLogger("realtime")

LONGEST = 5_000
"""Waiting jobs that are counted, the oldest first; who waits behind them has no place yet."""
INTERVAL = 1.0
"""Seconds between two counts."""
SHARE = 20
"""A count that took long is followed by so many times as long without one."""
LONGEST_REST = 30.0
"""Seconds after which it is counted again, however long that took: one slow answer is no rule."""
STEPS = 2
"""How often in a second a job in line may be given a higher seq."""


class Line:
    """Who waits, as it was when this process last counted."""

    def __init__(self) -> None:
        """Begin without a count."""
        self._places: dict[str, int] = {}
        self._due = 0.0
        self._lock = Lock()

    def forget(self) -> None:
        """Know nobody's place, and count again when asked."""
        self._places, self._due = {}, 0.0

    def look(self, states: Iterable[State]) -> None:
        """Count again if one of these jobs waits and it is time; this waits for the database."""
        if any(waits(state) for state in states) and time.monotonic() >= self._due:
            with self._lock:
                if time.monotonic() >= self._due:
                    self._count()

    def placed(self, state: State, *, ahead: int = 0) -> State:
        """Return the state of a job with its place, and a seq that rises with time.

        `ahead` is 1 for who hears more of it: a page was made just before, with the same seq, and
        perhaps before the place was counted.
        """
        if not waits(state):
            return state
        seq = _seq_now(state, ahead)
        return {**state, "position": self._places.get(state["id"], 0), "seq": seq}

    def has_moved(self, state: State) -> bool:
        """Tell whether a job has another place than its state says."""
        return waits(state) and self._places.get(state["id"], 0) != state["position"]

    def _count(self) -> None:
        began = time.monotonic()
        try:
            self._places = _places()
        except Error as error:
            logger.warning("The database is away, nobody's place is counted: %s", error)
        now = time.monotonic()
        self._due = now + min(max(INTERVAL, SHARE * (now - began)), LONGEST_REST)


def waits(state: State) -> bool:
    """Tell whether a job waits in a line: without a countdown, in a known queue."""
    return state["position"] is not None and state["status"] == Status.QUEUED


def _places() -> dict[str, int]:
    """Return the place of each waiting job in its queue: what is more urgent is served first."""
    rows = Job.objects.filter(status=Status.QUEUED).order_by("queued_at", "pk")
    waiting = rows.values_list("pk", "last__queue", "last__position", "last__urgency")[:LONGEST]
    lengths: Counter[str] = Counter()
    places = {}
    # Of those that are as urgent the first that came stays the first.
    for job, queue, position, _ in sorted(waiting, key=lambda row: -(row[3] or 0)):
        if position is not None:
            lengths[queue] += 1
            places[str(job)] = lengths[queue]
    return places


def _seq_now(state: State, ahead: int) -> int:
    """Return a seq that rises with time in every web process alike, below that of any worker."""
    waited = time.time() - datetime.fromisoformat(state["queued_at"]).timestamp()
    steps = 1 + max(int(waited * STEPS), 0)
    return int(max(state["seq"], min(steps, QUEUED_SEQ - 2) + ahead))


line = Line()
"""This process's."""
