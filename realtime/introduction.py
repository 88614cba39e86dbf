"""Who a worker is and what it does now, as it tells the store with its leases.

Made on the lease's thread, from what Celery has in memory: nothing is asked of anybody. However
much a worker runs, and whatever its queues are called, what it says has a bound.
"""

from __future__ import annotations

import json
import os
import platform
import socket
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from typing import Any

from realtime.events import timestamp
from realtime.intake import intake
from realtime.resizing import concurrency_of, pool_of, resizes

JOBS = 50
"""Running jobs that a worker names; it says how many there are."""
QUEUES = 100
"""Queues that it names."""
NAME = 255
"""Characters of a name; what is longer is not named."""
LONGEST = 16_000
"""Characters of all that it says, as JSON."""


class Introduction:
    """What one worker says of itself."""

    def __init__(self, consumer: Any) -> None:
        """Take the worker's consumer, which knows all the rest."""
        self._consumer = consumer
        self._since = timestamp()
        self._took: set[str] = set()
        self.name = str(consumer.hostname)[:NAME]
        """What the worker is called, and told over remote control."""

    def about(self, running: Iterable[str]) -> dict[str, Any]:
        """Return who this is, with the ids of what runs there."""
        jobs = [str(job) for job in running]
        said = {
            "state": _state(self._consumer),
            "since": self._since,
            "host": socket.gethostname()[:NAME],
            "pid": os.getpid(),
            "pool": pool_of(self._consumer.pool),
            "concurrency": concurrency_of(self._consumer.pool),
            "running": len(jobs),
            "jobs": jobs[:JOBS],
            "queues": queues_of(self._consumer)[:QUEUES],
            "takes": self._takes(),
            "resizes": resizes(self._consumer),
            "load": _load(),
            "processors": os.cpu_count() or 1,
            "versions": dict(_versions()),
        }
        few: dict[str, Any] = {"jobs": [], "queues": [], "takes": None}
        return said if len(json.dumps(said)) <= LONGEST else {**said, **few}

    def _takes(self) -> list[str] | None:
        """Return of which queues it may hold messages: also of those that it takes from no more.

        None where these are too many to say.
        """
        now = {*queues_of(self._consumer), *tuple(intake.withheld)}
        self._took = now or self._took  # While it stops it has none, and messages all the same.
        return sorted(self._took) if len(self._took) <= QUEUES else None


def queues_of(consumer: Any) -> list[str]:
    """Return the names of the queues that a worker takes from; none without a broker."""
    taking = consumer.task_consumer  # Which another thread may put away.
    return sorted(
        queue.name for queue in (taking.queues if taking else ()) if len(queue.name) <= NAME
    )


def _state(consumer: Any) -> str:
    from celery import bootsteps  # Only workers need to have read these.
    from celery.worker import state

    words: Any = bootsteps
    asked = getattr(state, "should_stop", None) not in {None, False}
    runs = consumer.controller.blueprint.state == words.RUN
    return "here" if runs and not asked else "stopping"


def _load() -> float | None:
    try:
        return round(os.getloadavg()[0], 2)
    except (AttributeError, OSError):  # Windows has none.
        return None


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    ours, celery = _version("django-headway"), _version("celery")
    return ("headway", ours), ("celery", celery), ("python", platform.python_version())


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:  # A checkout that is not installed.
        return "unknown"
