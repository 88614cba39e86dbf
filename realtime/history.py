"""What earlier runs of each task tell, read from SQL now and then, for all viewers of a process.

On the reading side: a worker pays nothing for it, and what is told changes no state.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from threading import Lock
from typing import Any, NamedTuple

from django.db import Error
from django.db.models import QuerySet

from realtime import forecast
from realtime.events import CANVAS, ENDS, Status, timestamp
from realtime.forecast import Model, Run
from realtime.models import Job
from realtime.stage_times import Times, by_path
from realtime.states import State

logger = logging.getLogger("realtime")

RUNS = 50
"""Runs that are looked at, the latest: tasks change."""
SOON, LATER = 5.0, 60.0
"""Seconds after which a task is looked at again: with few runs, and with many."""
MANY = 20
MOST = 20
"""Tasks that are looked at together; the others' turn comes with the next look."""
NAMES = 1_000
"""Tasks that are kept in memory."""


class Learnt(NamedTuple):
    """What was found of one task."""

    model: Model | None
    """What its runs tell."""
    until: float
    """When it is looked at again."""


class History:
    """What this process knows of its tasks."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._learnt: OrderedDict[str, Learnt] = OrderedDict()
        self._lock = Lock()

    def told(self, state: State) -> dict[str, Any]:
        """Return what a viewer of a state is told of the time left; asks nobody."""
        known = self._learnt.get(state["name"])
        return forecast.told(state, known.model if known else None)

    def strange(self, states: Iterable[State]) -> list[str]:
        """Return the tasks of unfinished jobs that were never looked at."""
        return [name for name in _names(states) if name not in self._learnt]

    def stale(self, states: Iterable[State]) -> list[str]:
        """Return the tasks of unfinished jobs that it is time to look at."""
        now = time.monotonic()
        return [name for name in _names(states) if not self._is_fresh(name, now)]

    def learn(self, names: Iterable[str]) -> None:
        """Look at tasks again where it is time; this waits for the database."""
        for name in islice(names, MOST):
            with self._lock:
                if self._is_fresh(name, time.monotonic()):
                    continue
                known = self._learnt.get(name)
                # Before the question: nobody asks it a second time, and what is away may rest.
                self._keep(name, known.model if known else None, SOON)
            try:
                runs = runs_before(name)
            except Error as error:
                logger.warning("The database is away, nothing is learnt of %s: %s", name, error)
                return
            with self._lock:
                self._keep(name, forecast.learn(runs), LATER if len(runs) >= MANY else SOON)

    def forget(self) -> None:
        """Know nothing."""
        self._learnt.clear()

    def _is_fresh(self, name: str, now: float) -> bool:
        known = self._learnt.get(name)
        return known is not None and now < known.until

    def _keep(self, name: str, model: Model | None, seconds: float) -> None:
        self._learnt[name] = Learnt(model, time.monotonic() + seconds)
        self._learnt.move_to_end(name)
        if len(self._learnt) > NAMES:
            self._learnt.popitem(last=False)


def _names(states: Iterable[State]) -> list[str]:
    # All groups have one name, and nothing else in common.
    open_ones = (one for one in states if one["status"] not in ENDS)
    return list(dict.fromkeys(one["name"] for one in open_ones if one["name"] not in CANVAS))


def runs_before(name: str, moment: datetime | None = None) -> list[Run]:
    """Return the latest runs of a task that succeeded, before a moment or until now."""
    values = _latest(name, moment).values_list("started_at", "finished_at", "last__size")[:RUNS]
    return [Run(_seconds(began, ended), size) for began, ended, size in values if began and ended]


def staged_runs_before(name: str, moment: datetime | None = None) -> list[tuple[Run, Times]]:
    """Return the same with how long the stages of each took, for who looks at one job."""
    names = ("started_at", "finished_at", "last__size", "last__stages")
    return [
        (Run(_seconds(began, ended), size), by_path(stages or (), timestamp(ended)))
        for began, ended, size, stages in _latest(name, moment).values_list(*names)[:RUNS]
        if began and ended
    ]


def _latest(name: str, moment: datetime | None) -> QuerySet[Job]:
    rows = Job.objects.filter(name=name, status=Status.SUCCEEDED).order_by("-finished_at")
    return rows.filter(finished_at__lt=moment) if moment else rows


def _seconds(began: datetime, ended: datetime) -> float:
    return max((ended - began).total_seconds(), 0.0)


history = History()
"""This process's."""
