"""Sends what is to be told of alerts: at least once, a few at a time, tried again for two hours.

A message is claimed by putting off when it is tried next, then sent by a thread that touches no
database: a server that hangs holds up neither the rounds nor a fork, and what a process that dies
was sending is sent by the next, with the same key.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from threading import Thread

from django.db.models import F
from django.utils import timezone

from realtime.alert_telling import REASON, Parcel, Result, carry, parcel_of
from realtime.models import AlertDelivery

logger = logging.getLogger("realtime")

TOGETHER = 4
"""Messages that are being sent at once."""
TRIES = 8
"""How often a message is tried: for about two hours."""
SOONEST, LATEST = 30, 3_600
"""Seconds until it is tried again; doubled each time, up to the latter."""
Outcome = AlertDelivery.Outcome


class Couriers:
    """What this process is sending."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._done: SimpleQueue[tuple[Parcel, Result]] = SimpleQueue()
        self._busy = 0

    def look(self) -> None:
        """Note what has become of what was sent, and send what is due."""
        self._take_back()
        free = TOGETHER - self._busy
        if free <= 0:
            return
        now = timezone.now()
        due = AlertDelivery.objects.filter(outcome=Outcome.WAITING, due_at__lte=now)
        for one in due.order_by("due_at").select_related("alert__rule")[:free]:
            if claimed(one, now):
                self._send(parcel_of(one))

    @property
    def rests(self) -> bool:
        """Whether nothing is being sent, and all that was is noted."""
        return self._busy == 0

    def _take_back(self) -> None:
        while True:
            try:
                parcel, result = self._done.get_nowait()
            except Empty:
                return
            self._busy -= 1
            note(parcel.delivery, result, timezone.now())

    def _send(self, parcel: Parcel) -> None:
        self._busy += 1
        Thread(
            target=lambda: self._done.put((parcel, carry(parcel))),
            name="headway-courier",
            daemon=True,
        ).start()


def claimed(delivery: AlertDelivery, now: datetime) -> bool:
    """Let nobody else send a message for a while; False where somebody does already."""
    wait = timedelta(seconds=min(SOONEST * 2**delivery.tries, LATEST))
    ours = AlertDelivery.objects.filter(
        pk=delivery.pk, outcome=Outcome.WAITING, tries=delivery.tries
    )
    return bool(ours.update(tries=F("tries") + 1, due_at=now + wait))


def note(delivery: int, result: Result, now: datetime) -> None:
    """Keep what became of a message; one that was tried too often is given up."""
    ours = AlertDelivery.objects.filter(pk=delivery, outcome=Outcome.WAITING)
    reason = result.reason[:REASON]
    if result.outcome != Outcome.WAITING:
        ours.update(outcome=result.outcome, reason=reason, done_at=now)
        return
    ours.update(reason=reason)
    if ours.filter(tries__gte=TRIES).update(outcome=Outcome.FAILED, done_at=now):
        logger.error("A message of an alert was tried too often: %s", reason)
