"""Judges the rules of alerts, in the one process that judges, and sends what is to be told.

A rule fires once, and its alert stays open until what it looks for is over. It is told when the
rule's quiet period has passed since it was last told, again after each further one, and when it is
over, if it was told at all. Each step is one statement that says under which condition it holds,
so two processes that judge at once tell nothing twice.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta

from django.db import Error, IntegrityError, connection, transaction
from django.utils import timezone

from realtime.alert_couriers import Couriers
from realtime.alert_signs import Finding, find
from realtime.alert_telling import tell
from realtime.errors import StoreAway
from realtime.models import Alert, AlertDelivery, AlertRule

logger = logging.getLogger("realtime")

EVERY = 10.0
"""Seconds between two looks at the rules."""
Event = AlertDelivery.Event


class Alerting:
    """What this process does for alerts while it judges."""

    def __init__(self) -> None:
        """Begin with a look."""
        self.couriers = Couriers()
        self._look_at = 0.0

    def look(self, *, judges: bool = True) -> None:
        """Make one round; what cannot be done now is done in a later one.

        Nothing is judged while silence means nothing; what was to be told before is told.
        """
        try:
            if judges and time.monotonic() >= self._look_at:
                self._look_at = time.monotonic() + EVERY
                judge_all(timezone.now())
            self.couriers.look()
        except Error as error:
            logger.warning("The database is away, alerts are looked for later: %s", error)
        finally:
            connection.close()


def judge_all(now: datetime) -> None:
    """Judge every rule that is enabled; what others have fired is over, and nobody is told."""
    rules = list(AlertRule.objects.filter(enabled=True))
    opened = Alert.objects.filter(over_at=None, test=False)
    known = {alert.rule_id: alert for alert in opened}
    stale = [alert.pk for key, alert in known.items() if key not in {rule.pk for rule in rules}]
    if stale:
        opened.filter(pk__in=stale).update(over_at=now)
    for rule in rules:
        try:
            _judge(rule, known.get(rule.pk), now)
        except StoreAway:
            continue  # Nobody can tell: what has fired stays, what has not does not.
        except Error:
            raise
        except Exception:
            logger.exception("The alert rule %d could not be judged", rule.pk)


def _judge(rule: AlertRule, alert: Alert | None, now: datetime) -> None:
    found = find(rule, now, alert.subjects if alert else [])
    if found.subjects:
        _fire(rule, alert, found, now)
    elif alert:
        _end(rule, alert, now)


def _fire(rule: AlertRule, alert: Alert | None, found: Finding, now: datetime) -> None:
    if alert is None:
        alert = _opened(rule, found, now)
    elif (alert.count, alert.subjects) != found:
        alert.count, alert.subjects = found
        alert.save(update_fields=("count", "subjects"))
    if alert and _is_due(rule, now):
        event = Event.STILL if alert.told_at else Event.FIRING
        with transaction.atomic():
            ours = AlertRule.objects.filter(pk=rule.pk, told_at=rule.told_at)
            if ours.update(told_at=now):
                Alert.objects.filter(pk=alert.pk).update(told_at=now)
                tell(rule, alert, event, now)


def _opened(rule: AlertRule, found: Finding, now: datetime) -> Alert | None:
    count, subjects = found
    said = {"name": rule.name, "kind": rule.kind, "since": now}
    try:
        with transaction.atomic():
            return Alert.objects.create(rule=rule, count=count, subjects=subjects, **said)
    except IntegrityError:
        return None  # Another process that judges was faster, or the rule is gone.


def _end(rule: AlertRule, alert: Alert, now: datetime) -> None:
    with transaction.atomic():
        if Alert.objects.filter(pk=alert.pk, over_at=None).update(over_at=now) and alert.told_at:
            alert.over_at = now
            tell(rule, alert, Event.OVER, now)


def _is_due(rule: AlertRule, now: datetime) -> bool:
    return rule.told_at is None or now - rule.told_at >= timedelta(minutes=rule.quiet)
