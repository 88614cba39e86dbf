"""What a job's run is compared with: for whom it is told, and from which runs it is made."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

import realtime
from realtime.events import Status, timestamp
from realtime.models import Job
from realtime.usual import compared, usual
from tests import tasks
from tests.processes import Child
from tests.realtime.test_filters import client_of, job_of
from tests.realtime.test_history import ran, running
from tests.services import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def move_back(by: timedelta) -> None:
    """Let all runs have been earlier."""
    Job.objects.update(started_at=F("started_at") - by, finished_at=F("finished_at") - by)


def test_the_usual_time_is_that_of_the_runs_before() -> None:
    """The middle of them, and what hardly any exceeds; what failed does not count."""
    ran("t", *[8.0, 9.0, 10.0, 11.0, 12.0] * 6)
    ran("t", *[1.0] * 30, status="failed")
    ran("another", *[1.0] * 30)
    found = usual(running())
    assert found is not None
    assert found["p50"] == pytest.approx(10, rel=0.05)
    assert 12 < found["p95"] < 16
    assert found["runs"] == 30


def test_of_two_runs_nothing_is_usual() -> None:
    """Nor of a task that never ran, nor of groups, which have one name in common."""
    ran("t", 10, 10)
    ran("celery.group", *[10.0] * 20)
    assert usual(running()) is None
    assert usual(running("never")) is None
    assert usual(running("celery.group")) is None


def test_what_came_later_does_not_count() -> None:
    """A job that was slow is told as slow, though it was usual afterwards."""
    ran("t", *[10.0] * 10)
    move_back(timedelta(hours=2))
    ran("t", *[60.0] * 10)
    began = timestamp(timezone.now() - timedelta(hours=1))
    found = usual(running(started_at=began))
    assert found is not None
    assert (found["p50"], found["runs"]) == (pytest.approx(10), 10)


def test_it_is_told_for_as_many_items() -> None:
    """Where the time grows with them: a tenth of the items is no run that was ten times faster."""
    for size in (100, 200, 400, 800):
        ran("t", *[size / 10] * 5, size=size)
    few, many = usual(running(size=50)), usual(running(size=1600))
    assert few is not None
    assert many is not None
    assert (few["p50"], many["p50"]) == (pytest.approx(5), pytest.approx(160))


def test_the_runs_before_take_an_index() -> None:
    """However many there are, of one task or of others."""
    ran("t", *[10.0] * 60)
    with CaptureQueriesContext(connection) as asked:
        found = usual(running())
    assert found is not None
    assert found["runs"] == 50
    assert len(asked) == 1
    if connection.vendor == "sqlite":  # PostgreSQL reads a small table whole.
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {asked.captured_queries[0]['sql']}")
            assert "realtime_job_runs" in str(cursor.fetchall())


def test_the_first_attempt_is_remembered(redis: Any, ana: Any) -> None:
    """The state has the start of the last one alone."""
    first = timezone.now() - timedelta(hours=1)
    at = timestamp(first)
    job = job_of(ana, status=Status.RUNNING, attempt=3, started_at=at)
    Job.objects.filter(pk=job).update(began_at=first)
    assert compared({**running(), "id": job})["began_at"] == at
    assert compared({**running(), "id": str(uuid.uuid4())})["began_at"] is None


@pytest.mark.slow
def test_who_is_told_of_it(threads_worker: Child, ana: Any, django_user_model: Any) -> None:
    """Its owner and operators, of a job that a real worker has run; guests and lists are not."""
    ran("tests.tasks.leave_file", *[4.0] * 10)
    move_back(timedelta(seconds=5))
    job = realtime.start(tasks.leave_file, "Text", owner=ana, share=True)
    wait_until(lambda: Job.objects.get(pk=job.pk).ended, "the job to end", 30)
    chief = django_user_model.objects.create_user("chief")
    chief.user_permissions.add(Permission.objects.get(codename="view_all_jobs"))
    address = f"/headway/api/jobs/{job.pk}"
    for person in (ana, chief):
        told = client_of(person).get(address).json()
        assert told["usual"]["p50"] == pytest.approx(4)
        assert told["began_at"] == told["started_at"]
    guest = Client().get(address, {"token": job.share_token}).json()
    assert guest["id"] == str(job.pk)
    assert not {"usual", "began_at"} & guest.keys()
    [listed] = client_of(ana).get("/headway/api/jobs", {"q": f"id:{job.pk}"}).json()["jobs"]
    assert not {"usual", "began_at"} & listed.keys()
