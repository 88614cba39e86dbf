"""Which reports are claimed: each once, none lost, whatever scheduler and clock do."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connections

from core.jobs.reports import make
from core.reports import due
from core.reports.models import ReportPlan, ReportRun
from core.reports.taking import Taken, take
from realtime import JobError, records
from realtime.events import ENDS, JobState, Status, timestamp
from realtime.models import Job
from realtime.records import Row
from tests.core.reporting import november, plan_of, runs
from tests.services import RedisServer

Look = Callable[[datetime], None]


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> Look:
    """Return what a scheduler asks for, without what it queues."""
    monkeypatch.setattr(due, "queue", lambda run, make: None)
    return lambda now: due.look(now, make)


def job(status: Status = Status.RUNNING) -> UUID:
    """Return a job that stands somewhere."""
    key, now = str(uuid4()), timestamp()
    ended = now if status in ENDS else None
    state = JobState(
        id=key, root=key, name="core.jobs.reports.make", title="x", status=status,
        queued_at=now, finished_at=ended,
    )  # fmt: skip
    records.record([Row(state, 1, 0)])
    return UUID(key)


def test_a_report_is_claimed_when_it_is_due_and_once(ada: User, look: Look) -> None:
    """However often somebody looks; not before, and the next day again."""
    plan = plan_of(ada, since=november(2, 12))
    for moment in (november(3, 6, 59), november(3, 7), november(3, 7), november(3, 7, 1)):
        look(moment)
    assert runs(plan) == [("03 07:00", "due")]
    look(november(4, 7, 3))
    assert runs(plan) == [("03 07:00", "due"), ("04 07:00", "due")]


def test_what_was_due_before_it_was_set_up_counts_for_nothing(ada: User, look: Look) -> None:
    """Nor what is switched off."""
    plan = plan_of(ada, since=november(3, 7, 1))
    plan_of(ada, enabled=False)
    look(november(3, 7, 2))
    assert not ReportRun.objects.exists()
    look(november(4, 7))
    assert runs(plan) == [("04 07:00", "due")]


def test_a_scheduler_that_was_down_catches_up_once(ada: User, look: Look) -> None:
    """Of four missed days the last one; then all goes on as it was."""
    plan = plan_of(ada, missed="catch up")
    look(november(3, 7))
    for minute in range(3):
        look(november(7, 9, minute))
    look(november(8, 7))
    assert runs(plan) == [("03 07:00", "due"), ("07 07:00", "caught up"), ("08 07:00", "due")]


def test_a_scheduler_that_was_down_leaves_out_what_it_shall(ada: User, look: Look) -> None:
    """It is kept that it was missed, and nothing is made."""
    plan = plan_of(ada, missed="skip")
    look(november(3, 7))
    look(november(7, 9))
    assert runs(plan)[1:] == [("07 07:00", "skipped")]
    assert due.left_alone(november(7, 9)) == [ReportRun.objects.get(why="due").pk]
    look(november(8, 7))
    assert runs(plan)[2:] == [("08 07:00", "due")]


def test_a_look_that_is_late_is_no_miss(ada: User, look: Look) -> None:
    """A busy worker may take a quarter of an hour to look."""
    plan = plan_of(ada, missed="skip")
    look(november(3, 7, 15))
    assert runs(plan) == [("03 07:00", "due")]


@pytest.mark.parametrize("missed", ["catch up", "skip"])
def test_a_clock_that_jumps_ahead_and_back_loses_none_and_repeats_none(
    ada: User, look: Look, missed: str
) -> None:
    """Ten days ahead for an hour, then right again: each true day has its report."""
    plan = plan_of(ada, missed=missed, since=november(2, 8))
    look(november(3, 7))
    look(november(13, 12))
    look(november(13, 13))
    for day in range(3, 16):
        for hour, minute in ((0, 0), (6, 59), (7, 0), (7, 1), (7, 16), (12, 0), (23, 59)):
            look(november(day, hour, minute))
    made = [when for when, why in runs(plan) if why != "skipped"]
    assert made == [f"{day:02} 07:00" for day in range(3, 16)]


def test_a_clock_that_is_put_back_repeats_none(ada: User, look: Look) -> None:
    """Three days back: what was made stays, what was missed then is made now."""
    plan = plan_of(ada, since=november(2, 8))
    look(november(3, 7))
    look(november(6, 8))
    assert runs(plan) == [("03 07:00", "due"), ("06 07:00", "caught up")]
    for hour in range(1, 72):
        look(november(3 + hour // 24, hour % 24, 30))
    assert [when for when, _why in runs(plan)] == [f"{day:02} 07:00" for day in (3, 4, 5, 6)]


def test_a_plan_that_was_set_up_while_the_clock_was_ahead_is_not_waited_for(
    ada: User, look: Look
) -> None:
    """It counts from when the clock is right again."""
    plan = plan_of(ada, since=november(20, 12))
    look(november(3, 6))
    look(november(3, 7))
    assert runs(plan) == [("03 07:00", "due")]


def test_a_plan_that_cannot_be_read_stops_no_other(
    ada: User, look: Look, caplog: pytest.LogCaptureFixture
) -> None:
    """As when a zone is gone from the machine's tables; it is told in the log."""
    plan_of(ada, zone="Mars/Olympus")
    plan = plan_of(ada)
    look(november(3, 7))
    assert runs(plan) == [("03 07:00", "due")]
    assert "could not be looked at" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_two_schedulers_at_once_claim_each_report_once(look: Look) -> None:
    """Eight threads, each with a connection of its own, look at the same moment, day after day."""
    ada = User.objects.create_user("ada")
    plans = [plan_of(ada, missed=missed) for missed in ("catch up", "skip") * 3]
    start = threading.Barrier(8)

    def scheduler(_number: int) -> None:
        try:
            for day in (3, 4, 9, 10):
                start.wait(30)
                look(november(day, 7 if day != 9 else 11))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(scheduler, range(8)))
    for plan in plans:
        missed = "caught up" if plan.missed == "catch up" else "skipped"
        assert runs(plan) == [
            ("03 07:00", "due"),
            ("04 07:00", "due"),
            ("09 07:00", missed),
            ("10 07:00", "due"),
        ]


@pytest.mark.django_db(transaction=True)
def test_two_schedulers_of_which_one_is_ten_days_ahead(look: Look) -> None:
    """For a while; then, at the time of one report, nothing runs at all. None twice, none lost."""
    ada = User.objects.create_user("ada")
    since = november(2, 8)
    plans = {missed: plan_of(ada, missed=missed, since=since) for missed in ("catch up", "skip")}
    start = threading.Barrier(2)
    clocks = [
        (day, hour) for day in range(3, 18) for hour in (6, 7, 8, 20) if (day, hour) != (9, 7)
    ]

    def scheduler(ahead: int) -> None:
        try:
            for day, hour in clocks:
                start.wait(30)
                look(november(day + (ahead if day in (5, 6) else 0), hour))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(scheduler, (0, 10)))
    made = {
        name: [when for when, why in runs(plan) if why != "skipped"] for name, plan in plans.items()
    }
    days = [f"{day:02} 07:00" for day in range(3, 18)]
    assert made["catch up"] == days
    assert made["skip"] == [day for day in days if day != "09 07:00"]


def test_a_run_without_a_job_is_queued_again_and_one_with_is_not(ada: User) -> None:
    """A lost job's too, three times; any other end closes it."""
    plan = plan_of(ada)

    def run(**more: Any) -> int:
        return ReportRun.objects.create(plan=plan, why="due", **more).pk

    fresh, lost = run(), run(job=job(Status.LOST), tries=2)
    runs_on = run(job=job(Status.RUNNING))
    waits = run(job=job(Status.RETRYING))
    ended = run(job=job(Status.FAILED))
    given_up = run(job=job(Status.LOST), tries=3)
    now = november(3, 7)
    assert due.left_alone(now) == [fresh, lost]
    closed = ReportRun.objects.exclude(closed_at=None).values_list("pk", flat=True)
    assert set(closed) == {ended, given_up}
    assert {runs_on, waits} & set(closed) == set()


def test_a_message_that_nobody_knows_of_makes_no_second_report(ada: User) -> None:
    """Its scheduler died before it had written whose job makes the report."""
    plan = plan_of(ada)
    run = ReportRun.objects.create(plan=plan, why="due", job=job())
    with pytest.raises(Taken, match="Another job makes this report"):
        take(run.pk, str(uuid4()), is_again=False)
    Job.objects.filter(pk=str(run.job)).update(status=Status.SUCCEEDED)
    ReportRun.objects.filter(pk=run.pk).update(closed_at=november(3, 7))
    with pytest.raises(Taken):
        take(run.pk, str(uuid4()), is_again=False)
    again = uuid4()
    assert take(run.pk, str(again), is_again=True).job == again
    assert take(run.pk, str(again), is_again=False).job == again


def test_a_report_that_was_deleted_is_not_made(ada: User) -> None:
    """Its job says so."""
    with pytest.raises(JobError, match="The report was deleted"):
        take(1, str(uuid4()), is_again=False)
    assert not ReportPlan.objects.exists()


def test_a_report_is_written_in_the_language_in_which_it_was_set_up(
    ada: User, redis: RedisServer
) -> None:
    """Nobody speaks any where it is queued by itself."""
    plan = plan_of(ada, language="zh-hans")
    run = ReportRun.objects.create(plan=plan, why="due")
    found = due.queue(run.pk, make)
    assert found is not None
    assert (found.title, found.last["language"]) == ("联系人报告", "zh-hans")


def test_of_a_plan_so_many_times_are_kept(ada: User, look: Look) -> None:
    """The newest, and those that are still at work."""
    plan, other = plan_of(ada), plan_of(ada)
    old = [ReportRun(plan=plan, why="by hand", closed_at=november(1, 8)) for _ in range(due.KEPT)]
    first = ReportRun.objects.create(plan=plan, why="by hand")
    ReportRun.objects.bulk_create(old)
    ReportRun.objects.create(plan=other, why="by hand", closed_at=november(1, 8))
    look(november(1, 7, 5))
    found = ReportRun.objects.filter(plan=plan)
    assert found.filter(why="due").count() == 1
    assert found.exclude(closed_at=None).count() == due.KEPT - 1
    assert found.filter(pk=first.pk).exists()
    assert ReportRun.objects.filter(plan=other, why="by hand").exists()
