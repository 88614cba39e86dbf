"""A report that comes after its job's end: the network has held it back, or a run is behind."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from realtime import publish
from realtime.events import JobState, Status, timestamp
from realtime.models import Job
from realtime.states import read_one
from tests.services import RedisServer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.promise("G3", "G4")
@pytest.mark.parametrize("kind", ["memory", "redis"])
def test_a_late_report_undoes_no_end(
    redis: RedisServer, transactional_db: None, settings: Any, kind: str
) -> None:
    """Neither in the store nor in SQL, whatever its number; nor does it put another there."""
    settings.HEADWAY = {**settings.HEADWAY, "STORE": kind}
    at, job = timestamp(), str(uuid.uuid4())
    begun = JobState(
        id=job, root=job, name="t", title="T", status="running", queued_at=at, started_at=at
    )
    ended = begun.changed(status="succeeded", current=9, finished_at=at)
    late = begun.changed(current=5)
    failed = begun.changed(status="failed", current=7, finished_at=timestamp())
    for order, state in enumerate((begun, ended, late, failed, late), 1):
        publish.publish([publish.Change(state=state, order=order, transition=True)])
    shown = read_one(job)
    assert shown
    assert (shown["status"], shown["current"]) == (Status.SUCCEEDED, 9)
    row = Job.objects.get(pk=job)
    assert (row.status, row.last["current"]) == (Status.SUCCEEDED, 9)
