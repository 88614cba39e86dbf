"""Finds jobs that were queued and that nobody will ever start: the broker has lost them."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from threading import Thread
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from realtime import broker
from realtime.conf import conf
from realtime.events import ELSEWHERE, Status
from realtime.forks import Unforked
from realtime.models import Job

logger = logging.getLogger("realtime")

WAITING = (Status.QUEUED, Status.RETRYING)
"""The statuses in SQL of jobs that no worker runs."""
SHARE = 50
"""A look that took a second and missed nothing is followed by so many without one: a broker with
long queues has other things to do."""
BATCH = 500
"""Jobs that are looked for at once."""


class Orphans:
    """Looks for waiting jobs in the broker, a batch at a time, the oldest first."""

    def __init__(self) -> None:
        """Begin with nothing looked for."""
        self._due = 0.0
        self._after: tuple[datetime, UUID] | None = None
        self._missing: dict[str, float] = {}
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
            jobs = self._waiting()
            lost = broker.lost(jobs) if jobs else set()
            self._found += self._missed_twice(lost, set(jobs))
            if not lost:
                self._rest(began)
        except broker.TooFull as error:
            logger.warning("The broker is too full, orphans are not looked for: %r", error)
            self._rest(began)
        except Exception as error:  # noqa: BLE001  each broker has errors of its own
            # No rest: it had nothing to do with us, and what it has lost is to be found soon.
            logger.warning("The broker is away, orphans are not looked for: %r", error)

    def _rest(self, began: float) -> None:
        self._due = max(self._due, began + SHARE * (time.monotonic() - began))

    def _waiting(self) -> dict[str, str]:
        with self._reading:
            try:
                return self._batch()
            finally:
                connection.close()

    def _batch(self) -> dict[str, str]:
        """Return the next waiting jobs that are old enough, then the oldest again; with queues.

        Those that wait elsewhere are nowhere in the broker, and not lost.
        """
        before = timezone.now() - timedelta(seconds=conf.ORPHAN)
        waiting = Job.objects.filter(status__in=WAITING, queued_at__lt=before)
        if self._after:
            waiting = waiting.filter(queued_at__gte=self._after[0]).exclude(
                queued_at=self._after[0], pk__lte=self._after[1]
            )
        rows = list(waiting.order_by("queued_at", "pk")[:BATCH])
        self._after = (rows[-1].queued_at, rows[-1].pk) if len(rows) == BATCH else None
        # No message is there for a job that others decide about.
        waiting_now = [row for row in rows if not (_is_to_come(row) or row.last.get("held"))]
        queues = {str(row.pk): row.last.get("queue") or "" for row in waiting_now}
        return {job: queue for job, queue in queues.items() if not queue.startswith(ELSEWHERE)}

    def _missed_twice(self, missing: set[str], jobs: set[str]) -> list[str]:
        """Return what was missing a lease ago too: a message that moves is nowhere for a moment."""
        now = time.monotonic()
        kept = {job: at for job, at in self._missing.items() if job not in jobs}
        again = {job: self._missing.get(job, now) for job in missing}
        self._missing = {**kept, **again}
        return [job for job, since in again.items() if now - since >= conf.LEASE]


def _is_to_come(row: Any) -> bool:
    """Tell whether the next attempt is due later."""
    retry_at = row.last.get("retry_at") if row.status == Status.RETRYING else None
    return bool(retry_at and datetime.fromisoformat(retry_at) > timezone.now())
