"""What the series counts of jobs that real workers run, and who counts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError
from django.utils import timezone

import realtime
from realtime import reaper, records, series
from realtime.events import JobState, Status, timestamp
from realtime.models import Interval, Job
from realtime.records import Row
from realtime.series import Series
from tests import tasks
from tests.processes import Child
from tests.realtime.counted import at, count, job, keep, numbers, right, tally
from tests.services import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def keeps(settings: Any) -> None:
    """Let the series be kept."""
    more = {"KEEP_SERIES": 90 * 86_400, "CATCH_UP": 12 * 60}
    settings.HEADWAY = {**settings.HEADWAY, **more}


def test_the_first_start_and_the_queue_stay_as_they_were() -> None:
    """Through further attempts, whose states tell neither."""
    one = job(queued=at(0))
    first = JobState(
        id=str(one.pk), root=str(one.pk), name="t", queued_at=timestamp(at(0)), queue="bulk"
    )
    records.create(first)
    told = first.changed(queue="")
    changes: tuple[dict[str, Any], ...] = (
        {"status": Status.RUNNING, "started_at": timestamp(at(1))},
        {"status": Status.RETRYING, "started_at": timestamp(at(1))},
        {"status": Status.RUNNING, "started_at": timestamp(at(2)), "attempt": 2},
        {"status": Status.FAILED, "finished_at": timestamp(at(3)), "attempt": 2},
    )
    for seq, change in enumerate(changes, 1):
        told = told.changed(**change)
        assert not records.record([Row(told, seq, 0)])
    row = Job.objects.get(pk=one.pk)
    assert (row.began_at, row.started_at, row.queue) == (at(1), at(2), "bulk")
    count(at(4, 3))
    assert numbers(tally(600, at(0), "t", "bulk")) == {
        **dict.fromkeys(("queued", "started", "failed", "retried"), 1),
        **dict.fromkeys(("succeeded", "cancelled", "lost"), 0),
    }


@pytest.mark.usefixtures("redis")
def test_jobs_of_a_real_worker_are_counted(threads_worker: Child) -> None:
    """In their queue, with the time that they have waited and run."""
    jobs = [realtime.start(tasks.nothing) for _ in range(3)]
    ended = Job.objects.filter(pk__in=[one.pk for one in jobs], finished_at__isnull=False)
    wait_until(lambda: ended.count() == 3, "the jobs to end", seconds=60)
    count(timezone.now() + timedelta(minutes=1, seconds=3))
    day = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    counted = tally(86_400, day, tasks.nothing.name, "celery")
    assert numbers(counted) == right(Job.objects.all(), day, 86_400)
    assert sum(counted.wait.values()) == sum(counted.run.values()) == 3


def test_the_process_that_judges_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """And no other one."""
    monkeypatch.setattr(reaper, "_series", Series())
    monkeypatch.setattr(reaper._reaper, "leads", False)
    reaper._tidy()
    assert not Interval.objects.exists()
    monkeypatch.setattr(reaper._reaper, "leads", True)
    reaper._tidy()
    assert Interval.objects.exists()


def test_what_cannot_be_counted_now_is_counted_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that is away is no end of the thread."""
    keep(job(queued=timezone.now() - timedelta(minutes=3)))
    one = Series()
    with monkeypatch.context() as outage:

        def away(*_: object) -> None:
            raise DatabaseError("it does not answer")

        outage.setattr("realtime.series.sheet_of", away)
        one.look()
    assert not Interval.objects.exists()
    while not one._look_at:
        one.look()
    assert Interval.objects.filter(step=60).count() >= 12


def test_a_round_looks_once_a_minute(
    settings: Any, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    """And never where nothing is to be counted."""
    monkeypatch.setattr(series, "_seconds_to_next", lambda _: 60.0)
    one = Series()
    one.look()
    assert Interval.objects.filter(step=60).count() == 12
    with django_assert_num_queries(0):
        one.look()
        settings.HEADWAY = {**settings.HEADWAY, "KEEP_SERIES": 0}
        Series().look()
