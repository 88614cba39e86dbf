"""What SQL is told, while the transaction that queued the job is still open."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction

from realtime import records
from realtime.events import JobState, Status, timestamp
from realtime.models import Job
from realtime.records import Row
from realtime.reporter import get_reporter
from realtime.running import RunningJob
from realtime.store import get_store
from realtime.transition import Transition
from tests.services import RedisServer, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def in_another_connection(rows: list[Row]) -> list[Row]:
    """Return what a worker must try again."""
    left: list[Row] = []

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
    rows: list[Row] = [Row(ended, 5, 0), Row(other, 1, 0)]
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
    assert records.try_record([Row(ended, 5, 0)]) == []
    assert Job.objects.get(pk=ended.id).status == "succeeded"


def test_many_rows_are_written_with_one_statement(
    django_assert_max_num_queries: Callable[[int], AbstractContextManager[None]],
) -> None:
    """Of one job the later one counts, whatever else is written."""
    queued = [state() for _ in range(50)]
    for one in queued:
        records.create(one)
    runs = [one.changed(status=Status.RUNNING, started_at=timestamp()) for one in queued]
    ends = [one.changed(status=Status.SUCCEEDED, finished_at=timestamp()) for one in runs]
    rows = [Row(one, 1, 0) for one in runs] + [Row(one, 2, 3) for one in ends]
    with django_assert_max_num_queries(4):  # The others begin and end the transaction.
        assert records.try_record(rows) == []
    kept = Job.objects.in_bulk([one.id for one in queued])
    assert {(row.status, row.seq, row.last["log"]) for row in kept.values()} == {
        ("succeeded", 2, 3)
    }


def test_a_row_that_is_missing_or_over_holds_none_of_the_others_up() -> None:
    """What was to be written with one statement is told one by one."""
    there, over, missing = state(), state(), state(status=Status.SUCCEEDED)
    for one in (there, over):
        records.create(one)
    assert records.try_record([Row(over.changed(status=Status.LOST), 9, 0)]) == []
    rows = [
        Row(over.changed(status=Status.SUCCEEDED), 10, 0),
        Row(missing, 5, 0),
        Row(there.changed(status=Status.SUCCEEDED), 5, 0),
    ]
    assert records.try_record(rows) == []
    kept = [Job.objects.get(pk=one.id) for one in (over, missing, there)]
    assert [(row.status, row.seq) for row in kept] == [
        ("lost", 9),
        ("succeeded", 5),
        ("succeeded", 5),
    ]


def test_a_state_that_no_row_can_hold_takes_no_other_with_it() -> None:
    """An owner that is no key, or a value that is no JSON, is told in the log."""
    good = state(status=Status.RUNNING)
    odd = state(status=Status.RUNNING, owner="nobody's key")
    odder = state(status=Status.RUNNING, tags=[{1, 2}])
    assert records.try_record([Row(odd, 1, 0), Row(good, 1, 0), Row(odder, 1, 0)]) == []
    assert [str(row.pk) for row in Job.objects.all()] == [good.id]


def test_what_an_older_run_says_late_changes_no_row() -> None:
    """A redelivered run has written a far higher seq; the store could not refuse the old one."""
    running = state(status=Status.RUNNING)
    ended = running.changed(status=Status.SUCCEEDED, finished_at=timestamp())
    assert records.try_record([Row(running, 2**32, 0)]) == []
    assert records.try_record([Row(ended, 1_041, 0)]) == []
    assert Job.objects.get(pk=running.id).status == "running"
    assert records.try_record([Row(ended, 2**32 + 1, 0)]) == []
    assert Job.objects.get(pk=running.id).status == "succeeded"


@pytest.mark.skipif(connection.vendor != "sqlite", reason="its lock is one for all")
def test_who_holds_the_database_s_lock_holds_no_report_up(redis: RedisServer) -> None:
    """One job's end waits for SQL, the others are seen to go on, and nothing is lost."""
    ids = [str(uuid.uuid4()) for _ in range(2)]
    ending, going = (RunningJob(id=job, name="t", title="T") for job in ids)
    ends, goes = (get_reporter().watch(job) for job in (ending, going))
    wait_until(lambda: Job.objects.filter(pk__in=ids).count() == 2, "the rows")
    locked, free = threading.Event(), threading.Event()

    def hold() -> None:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            locked.set()
            free.wait(30)
            cursor.execute("ROLLBACK")
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert locked.wait(5)
        end = Transition(
            lambda: ends.snapshots.last(time.monotonic(), ends.known, Status.SUCCEEDED), ends=ends
        )
        get_reporter().put(end)
        for step in range(1, 4):
            going.counter.n, going.dirty = step, True
            wait_until(partial(_is_at, ids[1], step), "the report", seconds=3)
        assert not end.wait(0)
    finally:
        free.set()
        holder.join()
    assert end.wait(5)
    assert Job.objects.get(pk=ids[0]).status == "succeeded"
    last = Transition(
        lambda: goes.snapshots.last(time.monotonic(), goes.known, Status.SUCCEEDED), ends=goes
    )
    assert get_reporter().put(last).wait(5)


def _is_at(job: str, current: int) -> bool:
    return bool(json.loads(get_store().states([job])[job])["current"] == current)
