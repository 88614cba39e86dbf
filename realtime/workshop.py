"""The workers and the queues, as operators see them: looked at once for all who watch.

Workers say of themselves what they are, over the store; the broker is asked how long queues are,
in a thread of its own that nobody waits long for; since when messages wait is in the jobs' rows.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event, Lock, Thread
from typing import Any

from celery import current_app

from realtime.conf import conf
from realtime.depths import Depth, depths
from realtime.errors import StoreAway
from realtime.events import Status, timestamp
from realtime.models import Job, PausedQueue
from realtime.store import Told, get_store
from realtime.waits import since_when

logger = logging.getLogger("realtime")

INTERVAL = 1.0
"""Seconds between two looks, however many ask."""
SHARE = 5
"""A look that took long is followed by so many times as long without one."""
PATIENCE = 1.5
"""Seconds that the broker has to answer; who asks meanwhile is told that it is away."""
NAME = 255
"""Characters of a queue's name; one that is longer is not shown."""
QUEUES = 500
"""Queues that are shown; how many there are besides is said."""

Row = dict[str, Any]
"""A worker, or a queue, as it is shown."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at all of it has shown."""

    workers: list[Row] = field(default_factory=list)
    """The workers by name, those too that are gone since a while."""
    queues: list[Row] = field(default_factory=list)
    """The queues by name."""
    more: int = 0
    """Queues that are not shown, because there are too many."""
    broker: str = "ok"
    """Whether the broker has answered: ok or away."""
    store: str = "ok"
    """Whether the store has."""
    at: str = ""
    """When this was."""
    names: frozenset[str] = frozenset()
    """The names of all queues, those too that are not shown."""

    def queue(self, name: str) -> Row:
        """Return a queue's row; of one that is not shown nothing is known but its name."""
        unknown = dict.fromkeys(("depth", "oldest_at", "consumers"))
        found = (row for row in self.queues if row["name"] == name)
        return next(found, {"name": name, **unknown, **_pause(None)})


class Asker:
    """Asks the broker in a thread of its own: one that hangs holds nobody up for long."""

    def __init__(self) -> None:
        """Begin with nothing asked."""
        self._thread: Thread | None = None
        self._until = 0.0
        self._done = Event()
        self._told: dict[str, Depth] | None = None

    def ask(self, queues: list[str]) -> dict[str, Depth] | None:
        """Return how long the queues are, None while the broker is away."""
        if not (self._thread and self._thread.is_alive()):
            self._done, self._told = Event(), None
            self._until = time.monotonic() + PATIENCE
            self._thread = Thread(
                target=self._ask, args=(queues,), name="headway-depths", daemon=True
            )
            self._thread.start()
        answered = self._done.wait(max(self._until - time.monotonic(), 0))
        return self._told if answered else None

    def _ask(self, queues: list[str]) -> None:
        try:
            self._told = depths(queues, PATIENCE / 2)
        except Exception as error:  # noqa: BLE001  each broker has errors of its own
            logger.warning("The broker is away, nobody knows how long queues are: %r", error)
        finally:
            self._done.set()


class Workshop:
    """What this process has seen when it last looked."""

    def __init__(self) -> None:
        """Begin without a look."""
        self._lock = Lock()
        self._asker = Asker()
        self._seen = Look()
        self._due = 0.0

    def forget(self) -> None:
        """Look again when asked."""
        self._due = 0.0

    def look(self) -> Look:
        """Return how it is; this waits for the store, the database and, not long, the broker."""
        with self._lock:
            began = time.monotonic()
            if began >= self._due:
                self._seen = self._look()
                now = time.monotonic()
                self._due = now + max(INTERVAL, SHARE * (now - began))
            return self._seen

    def _look(self) -> Look:
        at = datetime.now(UTC)
        told, store = _introduced()
        workers = [_worker(name, one, at) for name, one in sorted(told.items())]
        taking = Counter(queue for one in workers for queue in one["queues"])
        since, paused = since_when(), {one.name: one for one in PausedQueue.objects.all()}
        names = {*current_app.amqp.queues, *taking, *since, *paused}
        names = {name for name in names if len(name) <= NAME}
        # Those that somebody must not forget come first.
        shown = sorted(sorted(names, key=lambda name: (name not in paused, name))[:QUEUES])
        # Some brokers are asked for one after the other, and not for all in time.
        busy = {*taking, *since}
        known = self._asker.ask(sorted(shown, key=lambda name: name not in busy))
        oldest = _oldest(shown, known or {}, since)
        queues = [
            {
                "name": name,
                "depth": known[name].messages if known and name in known else None,
                "oldest_at": oldest.get(name),
                "consumers": taking[name] if store == "ok" else None,
                **_pause(paused.get(name)),
            }
            for name in shown
        ]
        broker, more = "away" if known is None else "ok", len(names) - len(shown)
        return Look(workers, queues, more, broker, store, timestamp(at), frozenset(names))


def _introduced() -> tuple[dict[str, Told], str]:
    try:
        return get_store().introduced(), "ok"
    except StoreAway as error:
        logger.warning("The store is away, nobody knows which workers there are: %s", error)
        return {}, "away"


def _worker(name: str, told: Told, at: datetime) -> Row:
    """Return a worker as it is shown; one that has not been heard for a lease is gone."""
    about = told.about
    silent = about["state"] != "stopped" and told.age > conf.LEASE
    state = "gone" if silent else about["state"]
    queues = about["queues"] if state == "here" else []
    heard_at = timestamp(at - timedelta(seconds=told.age))
    return {"name": name, **about, "state": state, "queues": queues, "heard_at": heard_at}


def _pause(paused: PausedQueue | None) -> Row:
    """Return whether a queue is paused, by whom and since when."""
    if paused is None:
        return {"paused": False, "paused_by": None, "paused_at": None}
    return {"paused": True, "paused_by": paused.by, "paused_at": timestamp(paused.paused_at)}


def _oldest(
    queues: Iterable[str], known: dict[str, Depth], since: dict[str, datetime]
) -> dict[str, str]:
    """Return since when the oldest message of each queue waits, where that can be told.

    Redis says which messages are next, whose jobs' rows say the time; of other brokers' queues
    the rows tell alone, some of whose jobs a worker may have taken already.
    """
    looked_into = {queue: one.first for queue, one in known.items() if one.first is not None}
    ids = [job for first in looked_into.values() for job in first]
    rows = Job.objects.filter(pk__in=ids, status=Status.QUEUED)
    at = {str(pk): moment for pk, moment in rows.values_list("pk", "queued_at")}
    oldest = {}
    for queue in queues:
        if queue in looked_into:
            moments = [at[job] for job in looked_into[queue] if job in at]
        else:
            empty = queue in known and not known[queue].messages
            moments = [since[queue]] if queue in since and not empty else []
        if moments:
            oldest[queue] = timestamp(min(moments))
    return oldest


workshop = Workshop()
"""This process's."""
