"""Rules of alerts, what has happened that they look for, and rounds that judge it."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from realtime.alert_couriers import Couriers
from realtime.alerting import judge_all
from realtime.events import JobState, Status, timestamp
from realtime.models import Alert, AlertDelivery, AlertRule, Job
from realtime.publish import Change, publish
from tests.realtime.counted import job
from tests.realtime.hooks import SECRET
from tests.services import wait_until

MINUTE = timedelta(minutes=1)
OPS, BOSS = "ops@example.org", "boss@example.org"


def rule(kind: str = "task_failed", **more: Any) -> AlertRule:
    """Make a rule."""
    said = {"name": f"R {uuid.uuid4().hex[:8]}", "pattern": "shop.*", "count": 3, "minutes": 10}
    return AlertRule.objects.create(kind=kind, **{**said, "inbox": "operators", **more})


def hooked(url: str, **more: Any) -> AlertRule:
    """Make a rule that tells a webhook alone."""
    return rule(**{"url": url, "secret": SECRET, "inbox": "nobody", **more})


def fails(
    n: int = 1, name: str = "shop.pack", *, ago: timedelta = MINUTE, **more: Any
) -> list[Job]:
    """Let jobs have failed so long ago."""
    ended = timezone.now() - ago
    said: dict[str, Any] = {"queued": ended - MINUTE, "began": ended - MINUTE, "ended": ended}
    rows = [job(name, **said, **{"status": "failed", **more}) for _ in range(n)]
    for row in rows:
        row.last = _last(row)
    return Job.objects.bulk_create(rows)


def _last(row: Job) -> dict[str, Any]:
    """Return the state that a row remembers, as whoever looks at it is shown."""
    pk, at = str(row.pk), timestamp(row.queued_at)
    error = {"kind": "ValueError", "text": "It is full.", "public": True}
    state = JobState(id=pk, root=pk, name=row.name, title=row.title, queued_at=at)
    moments = {"started_at": at, "finished_at": timestamp(row.finished_at)}
    state = state.changed(status=Status(row.status), error=error, **moments)
    return dict(state.values())


def waits(queue: str = "slow", *, ago: timedelta, position: int | None = 1) -> Job:
    """Let a job have waited so long in a queue."""
    row = job("shop.wait", queued=timezone.now() - ago)
    row.last = {"queue": queue, "position": position}
    row.save(force_insert=True)
    return row


def stalls(name: str = "shop.pack", *, ago: timedelta, stalled: bool = True) -> str:
    """Let a job run which has not changed for so long, and return its id."""
    pk, at = str(uuid.uuid4()), timestamp(timezone.now() - ago)
    state = JobState(id=pk, root=pk, name=name, title="Pack it", queued_at=at)
    state = state.changed(status=Status.RUNNING, started_at=at, updated_at=at, stalled=stalled)
    publish([Change(state=state, order=1, transition=True)])
    return pk


def judge(at: datetime | None = None) -> None:
    """Let the rules be judged, as if it were then."""
    judge_all(at or timezone.now())


def passes(minutes: float) -> None:
    """Let so much time have passed since everything that was told, and is due."""
    gone = timedelta(minutes=minutes)
    for one in AlertRule.objects.exclude(told_at=None):
        AlertRule.objects.filter(pk=one.pk).update(told_at=(one.told_at or timezone.now()) - gone)
    for delivery in AlertDelivery.objects.filter(outcome="waiting"):
        AlertDelivery.objects.filter(pk=delivery.pk).update(due_at=delivery.due_at - gone)


def deliver(couriers: Couriers | None = None) -> None:
    """Let everything be sent that is due, and be noted what became of it."""
    couriers = couriers or Couriers()
    couriers.look()

    def rests() -> bool:
        couriers.look()
        return couriers.rests

    wait_until(rests, "what is due to be sent", seconds=60)


def events() -> list[tuple[str, str]]:
    """Return what was told, and what became of it, the oldest first."""
    rows = AlertDelivery.objects.order_by("pk").values_list("event", "outcome")
    return [(str(event), str(outcome)) for event, outcome in rows]


def opened() -> list[Alert]:
    """Return what fires."""
    return list(Alert.objects.filter(over_at=None))
