"""Since when jobs wait in each queue, as their rows tell: a worker may have taken some already."""

from __future__ import annotations

from datetime import datetime

from realtime.events import ELSEWHERE, Status
from realtime.models import Job

LONGEST = 2_000
"""Waiting jobs that are read to see in which queues they wait, and since when: the oldest."""


def since_when(before: datetime | None = None) -> dict[str, datetime]:
    """Return the queues in which jobs wait, of late or since `before`, with since when the first.

    Without a place are those with a countdown, and those whose queue nobody knows.
    """
    rows = Job.objects.filter(status=Status.QUEUED).order_by("queued_at", "pk")
    rows = rows.filter(queued_at__lt=before) if before else rows
    since: dict[str, datetime] = {}
    found = rows.values_list("last__queue", "last__position", "queued_at")
    for queue, position, at in found[:LONGEST]:
        if queue and position is not None and not queue.startswith(ELSEWHERE):
            since.setdefault(queue, at)
    return since
