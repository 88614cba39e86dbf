"""Finds jobs that were queued and whose messages have gone astray.

Either the broker has lost them, so that nobody will ever start them, or a worker that has died
held them: those are given back.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection
from datetime import datetime, timedelta
from threading import Thread
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from realtime import broker
from realtime.conf import conf
from realtime.errors import StoreAway
from realtime.events import ELSEWHERE, Status
from realtime.forks import Unforked
from realtime.models import Job
from realtime.store import get_store

logger = logging.getLogger("realtime")

WAITING = (Status.QUEUED, Status.RETRYING)
"""The statuses in SQL of jobs that no worker runs."""
SHARE = 50
"""A look that took a second and missed nothing is followed by so many without one: a broker with
long queues has other things to do."""
BATCH = 500
"""Jobs that are looked for at once."""


class Twice:
    """Remembers what was missing: a message that moves is nowhere for a moment."""

    def __init__(self) -> None:
        """Begin with nothing missing."""
        self._missing: dict[str, float] = {}
        self._unseen: set[str] = set()

    def again(self, missing: Collection[str], jobs: Collection[str]) -> list[str]:
        """Return which of the jobs that were looked for were missing a lease ago too."""
        now = time.monotonic()
        kept = {job: at for job, at in self._missing.items() if job not in jobs}
        again = {job: self._missing.get(job, now) for job in missing}
        self._missing = {**kept, **again}
        self._unseen.difference_update(jobs)
        return [job for job, since in again.items() if now - since >= conf.LEASE]

    def forget_unseen(self) -> None:
        """Forget those who wait no more: all that wait were looked for, and they were not."""
        for job in self._unseen:
            del self._missing[job]
        self._unseen = set(self._missing)


class Orphans:
    """Looks for waiting jobs in the broker, a batch at a time, the oldest first."""

    def __init__(self) -> None:
        """Begin with nothing looked for."""
        self._due = 0.0
        self._after: tuple[datetime, UUID] | None = None
        self._lost, self._abandoned = Twice(), Twice()
        self._thread: Thread | None = None
        self._found: list[str] = []
        self._reading = Unforked()

    def found(self) -> list[str]:
        """Return jobs that are lost, and look for more when it is time.

        In a thread of its own: a broker may let wait, and silent jobs do not.
        """
        now = time.monotonic()
        if now >= self._due and not (self._thread and self._thread.is_alive()):
            self._due = now + max(conf.LEASE, conf.ORPHAN / 6)
            self._thread = Thread(target=self._look, name="headway-orphans", daemon=True)
            self._thread.start()
        found, self._found = self._found, []
        return found

    def _look(self) -> None:
        began = time.monotonic()
        try:
            self._find(self._waiting())
        except StoreAway:
            return  # The reporters tell of it.
        except broker.TooFull as error:
            logger.warning("The broker is too full, orphans are not looked for: %r", error)
            self._rest(time.monotonic() - began)
        except Exception as error:  # noqa: BLE001  each broker has errors of its own
            # No rest: it had nothing to do with us, and what it has lost is to be found soon.
            logger.warning("The broker is away, orphans are not looked for: %r", error)

    def _find(self, rows: list[Any]) -> None:
        """Look for these jobs' messages, and do what is to be done about those gone astray."""
        jobs = {str(row.pk): row.last.get("queue") or "" for row in rows}
        astray = broker.astray(jobs, claimed(), living()) if jobs else broker.Astray(set(), {})
        abandoned = astray.abandoned if conf.GIVE_BACK else {}
        for job in self._abandoned.again(abandoned, jobs):
            logger.warning("The worker that held job %s is gone; another one gets it", job)
            broker.give_back(abandoned[job])
        old = {str(row.pk) for row in rows if row.queued_at < _ago(conf.ORPHAN)}
        self._found += self._lost.again(astray.lost & old, jobs)
        if self._after is None:
            self._abandoned.forget_unseen()
            self._lost.forget_unseen()
        if not (astray.lost or abandoned):
            self._rest(astray.seconds)

    def _rest(self, seconds: float) -> None:
        self._due = max(self._due, time.monotonic() + SHARE * seconds)

    def _waiting(self) -> list[Any]:
        with self._reading:
            try:
                return self._batch()
            finally:
                connection.close()

    def _batch(self) -> list[Any]:
        """Return the next waiting jobs that are old enough, then the oldest again.

        Those that wait elsewhere are nowhere in the broker, and not lost.
        """
        before = _ago(min(conf.ORPHAN, 2 * conf.LEASE))
        waiting = Job.objects.filter(status__in=WAITING, queued_at__lt=before)
        if self._after:
            waiting = waiting.filter(queued_at__gte=self._after[0]).exclude(
                queued_at=self._after[0], pk__lte=self._after[1]
            )
        rows = list(waiting.order_by("queued_at", "pk")[:BATCH])
        self._after = (rows[-1].queued_at, rows[-1].pk) if len(rows) == BATCH else None
        return [row for row in rows if _has_message(row)]


def claimed() -> set[str] | None:
    """Return the messages that workers who live say they hold; None when one has too many."""
    holdings = get_store().holdings()
    if None in holdings:
        return None
    return {message for held in holdings for message in held or ()}


def living() -> dict[str, list[str] | None]:
    """Return the workers that live, with the queues of which they may hold messages."""
    told = get_store().introduced().items()
    return {
        name: one.about["takes"]
        for name, one in told
        if one.age <= conf.LEASE and one.about["state"] != "stopped"
    }


def _ago(seconds: float) -> datetime:
    return timezone.now() - timedelta(seconds=seconds)


def _has_message(row: Any) -> bool:
    """Tell whether the broker must have a job's message: no others decide about it."""
    elsewhere = (row.last.get("queue") or "").startswith(ELSEWHERE)
    return not (_is_to_come(row) or row.last.get("held") or elsewhere)


def _is_to_come(row: Any) -> bool:
    """Tell whether the next attempt is due later."""
    retry_at = row.last.get("retry_at") if row.status == Status.RETRYING else None
    return bool(retry_at and datetime.fromisoformat(retry_at) > timezone.now())
