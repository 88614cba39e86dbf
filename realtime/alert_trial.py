"""Tries a rule: a marked test goes every way now, and what became of each is told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from django.db import transaction
from django.utils import timezone

from realtime.alert_telling import Outcome, Result, carry, parcel_of, tell
from realtime.models import Alert, AlertDelivery, AlertRule

TOGETHER = 8
"""Messages that are sent at once: a server that hangs costs its own time alone."""


def try_out(rule: AlertRule) -> list[AlertDelivery]:
    """Send a test once by each way, and return what became of it; nothing is tried again."""
    now = timezone.now()
    said = {"name": rule.name, "kind": rule.kind, "since": now, "over_at": now, "told_at": now}
    with transaction.atomic():
        alert = Alert.objects.create(rule=rule, test=True, **said)
        rows = tell(rule, alert, AlertDelivery.Event.TEST, now)
        # Not waiting: whoever sends what is due must not send it, too.
        AlertDelivery.objects.filter(alert=alert, outcome=Outcome.WAITING).update(
            outcome=Outcome.FAILED, tries=1
        )
    waiting = [row for row in rows if row.outcome == Outcome.WAITING]
    with ThreadPoolExecutor(TOGETHER) as pool:
        results = pool.map(carry, map(parcel_of, waiting))
        for row, result in zip(waiting, results, strict=True):
            _note(row, result)
    return rows


def _note(row: AlertDelivery, result: Result) -> None:
    sent = result.outcome == Outcome.SENT
    row.outcome, row.reason = Outcome.SENT if sent else Outcome.FAILED, result.reason
    row.tries, row.done_at = 1, timezone.now()
    row.save(update_fields=("outcome", "reason", "tries", "done_at"))
