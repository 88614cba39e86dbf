"""One job, or a list of them, as somebody sees it who looks again and again.

Each look reads what is true: the store's state, else SQL's, and never an older one than before. So
nothing needs to be healed when Redis, the database or everything was away.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from django.db import Error, connection

from realtime import reading
from realtime.asking import ask
from realtime.events import ENDS, Status, newest
from realtime.models import Job
from realtime.permissions import Role, view
from realtime.publish import FORGOTTEN_STEP
from realtime.states import State
from realtime.store import Sign

WAITING = {*ENDS, Status.QUEUED, Status.RETRYING}
"""The statuses in which nobody gives a sign of life."""
TAIL = 10
"""Log lines from before the first look."""
SILENT = 5.0
"""Seconds without a sign of life, of which a running job gives one each second."""
LISTED = 200
"""Unfinished jobs of a list."""
FRESH = 2.0
"""Seconds between two looks for jobs that are new in a list."""


class Lookout:
    """Looks at one job, as an operator does."""

    def __init__(self, job: str) -> None:
        """Begin with nothing seen."""
        self.job = job
        self.state: State | None = None
        self._line = 0
        self._heard_at = self._listened_at = time.monotonic()

    def look(self) -> State | None:
        """Return the newest state, the last one while nobody can tell; None of an unknown job."""
        found = self._read()
        if self.state is None and found:
            self._line = max(found["log"] - TAIL, 0)
        self.state = newest(self.state, found)
        self._listen()
        return view(self.state, Role.OPERATOR) if self.state else None

    def lines(self) -> Iterator[dict[str, Any]]:
        """Yield the log lines that are new, and how many of them are no longer kept."""
        while self.state and self._line < self.state["log"]:
            try:
                part = reading.log(self.job, self._line, newest=self.state["log"])
            except Error:
                return
            if not (part.lines or part.lost):
                return
            if part.lost:
                yield {"level": "debug", "text": f"{_counted(part.lost)} lines are no longer kept"}
            yield from part.lines
            self._line = part.lines[-1]["n"] if part.lines else self._line + part.lost

    @property
    def silence(self) -> float:
        """Seconds that nothing was heard of a running job, 0 while that is nothing to speak of."""
        if self.state is None or self.state["status"] in WAITING:
            return 0.0
        passed = time.monotonic() - self._heard_at
        return passed if passed > SILENT else 0.0

    def _read(self) -> State | None:
        """Return what is known now; of a job that is not known yet, that must be certain."""
        known = reading.states([self.job]) if self.state is None else _read([self.job])
        return known.get(self.job)

    def _listen(self) -> None:
        """Note when the job was last heard, which its state does not tell while nothing changes."""
        now = time.monotonic()
        if now - self._listened_at >= 1:
            self._listened_at = now
            age = _age(self.job)
            self._heard_at = self._heard_at if age is None else now - age


class List:
    """Looks at all unfinished jobs, or at one person's."""

    def __init__(self, owner: Any = None) -> None:
        """Take the primary key of a person, as text."""
        self._owner = owner
        self._jobs: list[str] = []
        self._states: dict[str, State] = {}
        self._due = 0.0

    def look(self) -> list[State]:
        """Return the newest states of those that have not ended, the newest jobs first."""
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + FRESH
            self._jobs = self._unfinished()
        found = _read(self._jobs)
        seen = {job: newest(self._states.get(job), found.get(job)) for job in self._jobs}
        self._states = {job: state for job, state in seen.items() if state}
        return [state for state in self._states.values() if state["status"] not in ENDS]

    def _unfinished(self) -> list[str]:
        rows = Job.objects.exclude(status__in=ENDS)
        rows = rows if self._owner is None else rows.filter(owner_id=self._owner)
        try:
            return [str(job) for job in rows.values_list("pk", flat=True)[:LISTED]]
        except Error:
            connection.close()
            return self._jobs


def matching(beginning: str) -> list[str]:
    """Return the ids of jobs, two at most, that begin so."""
    rows = Job.objects.filter(pk__startswith=beginning.lower())
    return [str(job) for job in rows.values_list("pk", flat=True)[:2]]


def _counted(lost: int) -> str:
    """Return how many lines are lost, where anybody knows."""
    return f"{lost:,}" if lost < FORGOTTEN_STEP // 2 else "Some"


def _read(jobs: list[str]) -> dict[str, State]:
    try:
        return reading.states(jobs)
    except Error:
        connection.close()  # The next look opens another one.
        return {}


def _age(job: str) -> float | None:
    """Return how long ago a job was heard, None while the store cannot tell."""
    none: dict[str, Sign] = {}
    sign = ask(lambda store: store.signs([job]), none).get(job)
    return sign.age if sign else None
