"""What SQL is told, while the transaction that queued the job is still open."""

from __future__ import annotations

import threading
import time
import uuid
from typing import Any

import pytest
from django.db import connection, transaction

from realtime import records
from realtime.events import JobState, Status, timestamp
from realtime.models import Job

pytestmark = pytest.mark.django_db(transaction=True)


def in_another_connection(rows: list[records.Row]) -> list[records.Row]:
    """Return what a worker must try again."""
    left: list[records.Row] = []

    def run() -> None:
        left.extend(records.try_record(rows))
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(10)
    assert not thread.is_alive(), "expected the worker not to wait for the request"
    return left


def state(**more: Any) -> JobState:
    """Return a state of a new job."""
    job = str(uuid.uuid4())
    return JobState(id=job, root=job, name="t", queued_at=timestamp(), **more)


@pytest.mark.skipif("connection.vendor != 'postgresql'")
def test_a_job_that_ends_before_its_request_is_committed() -> None:
    """Other jobs are recorded meanwhile, and the end is not taken back by the older row."""
    queued, other = state(), state(status=Status.RUNNING)
    ended = queued.changed(status=Status.SUCCEEDED, finished_at=timestamp())
    rows: list[records.Row] = [(ended, 5, 0), (other, 1, 0)]
    with transaction.atomic():
        records.create(queued)
        before = time.monotonic()
        assert in_another_connection(rows) == rows[:1]
        assert time.monotonic() - before < 2
    assert in_another_connection(rows[:1]) == []
    row = Job.objects.get(pk=queued.id)
    assert (row.status, row.seq) == ("succeeded", 5)
    assert Job.objects.get(pk=other.id).status == "running"


def test_a_job_whose_request_was_rolled_back_is_recorded_all_the_same() -> None:
    """It runs, so it has a row."""
    ended = state(status=Status.SUCCEEDED, finished_at=timestamp())
    assert records.try_record([(ended, 5, 0)]) == []
    assert Job.objects.get(pk=ended.id).status == "succeeded"


def test_a_state_that_no_row_can_hold_takes_no_other_with_it() -> None:
    """An owner that is no key, or a value that is no JSON, is told in the log."""
    good = state(status=Status.RUNNING)
    odd = state(status=Status.RUNNING, owner="nobody's key")
    odder = state(status=Status.RUNNING, tags=[{1, 2}])
    assert records.try_record([(odd, 1, 0), (good, 1, 0), (odder, 1, 0)]) == []
    assert [str(row.pk) for row in Job.objects.all()] == [good.id]


def test_what_an_older_run_says_late_changes_no_row() -> None:
    """A redelivered run has written a far higher seq; the store could not refuse the old one."""
    running = state(status=Status.RUNNING)
    ended = running.changed(status=Status.SUCCEEDED, finished_at=timestamp())
    assert records.try_record([(running, 2**32, 0)]) == []
    assert records.try_record([(ended, 1_041, 0)]) == []
    assert Job.objects.get(pk=running.id).status == "running"
    assert records.try_record([(ended, 2**32 + 1, 0)]) == []
    assert Job.objects.get(pk=running.id).status == "succeeded"
