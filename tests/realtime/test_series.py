"""The series says of each minute what has happened to jobs, whoever dies while it is counted."""

from __future__ import annotations

from contextlib import AbstractContextManager, suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import Error, connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from realtime import series, tallying
from realtime.counting import bounded
from realtime.counts import ALL, OTHERS, Count
from realtime.intervals import STEPS, floor, moment, second
from realtime.metrics import counted as metrics
from realtime.models import Interval, Job, Tally
from tests.realtime.counted import at, count, job, keep, numbers, right, tally

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("keeps")]

HOUR = 3_600


@pytest.fixture
def keeps(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the series be kept, and caught up with for so long as each test needs."""
    more = {"KEEP_SERIES": 90 * 86_400, "SERIES_TASKS": 5, "CATCH_UP": 12 * 60}
    monkeypatch.setattr(series, "SECONDS", 600.0)
    settings.HEADWAY = {**settings.HEADWAY, **more}


def everything() -> list[Any]:
    """Return all that was counted."""
    columns = ("interval__step", "interval__start", "interval__covered", "name", "queue")
    numbers = ("queued", "started", "succeeded", "failed", "retried", "wait", "run")
    return sorted(Tally.objects.values_list(*columns, *numbers))


def some_jobs() -> list[Job]:
    """Return jobs of several minutes, tasks, queues and ends."""
    return [
        job(queued=at(-3), began=at(-2), ended=at(-1, 1)),
        job(queued=at(-1, 2), began=at(-1, 5), ended=at(-1, 35), queue="bulk"),
        job("shop.bill", queued=at(-1, 3), began=at(-1, 4), ended=at(-1, 59.9), status="failed"),
        job("shop.bill", queued=at(-2), began=at(-2), ended=at(-1), status="lost", attempt=3),
        job("shop.mail", queued=at(-1, 59.999), ended=at(0), status="cancelled"),
        job("shop.mail", queued=at(-1, 20), began=at(-1, 30)),
        job("shop.mail", queued=at(-1, 30)),
    ]


def test_a_minute_is_counted_when_it_is_over() -> None:
    """By task and queue, by queue, and altogether; what ends at its end is the next one's."""
    jobs = some_jobs()
    keep(*jobs)
    count(at(0, 2))
    assert numbers(tally(60, at(-1)))["queued"] == 0
    count(at(0, 3))
    assert numbers(tally(60, at(-1))) == right(jobs, at(-1), 60)
    assert numbers(tally(60, at(-1), queue="celery")) == right(
        [one for one in jobs if one.queue == "celery"], at(-1), 60
    )
    billed = [one for one in jobs if one.name == "shop.bill"]
    assert numbers(tally(60, at(-1), "shop.bill", "celery")) == right(billed, at(-1), 60)
    count(at(1, 3))
    assert numbers(tally(60, at(0)))["cancelled"] == 1


MOMENTS = st.floats(min_value=-12, max_value=-0.01).map(lambda minutes: at(round(minutes, 3)))
JOBS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", ALL, OTHERS]),
        st.sampled_from(["", "celery", "bulk"]),
        st.lists(MOMENTS, min_size=1, max_size=3).map(sorted),
        st.sampled_from(["succeeded", "failed", "cancelled", "lost"]),
        st.integers(1, 3),
    ),
    max_size=40,
)


@settings(max_examples=10, suppress_health_check=list(HealthCheck), deadline=None)
@given(JOBS)
def test_the_counts_are_those_of_the_jobs(drawn: list[Any]) -> None:
    """In intervals of every length, whatever has happened to whichever jobs."""
    for model in (Job, Tally, Interval):
        model.objects.all().delete()
    jobs = [
        job(name, queue=queue, status=status, attempt=attempt, **_times(times))
        for name, queue, times, status, attempt in drawn
    ]
    keep(*jobs)
    count(at(0, 3))
    for step in STEPS:
        start = floor(second(at(-12)), step)
        while start < second(at(0)):
            assert numbers(tally(step, moment(start))) == right(jobs, moment(start), step)
            start += step


def _times(times: list[datetime]) -> dict[str, datetime]:
    return dict(zip(("queued", "began", "ended"), times, strict=False))


def dies_after(statements: int) -> AbstractContextManager[None]:
    """Let a process die after so many statements: what it has not committed is gone."""
    left = [statements]

    def execute(run: Any, *said: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise Error("the process was killed")
        return run(*said)

    return connection.execute_wrapper(execute)


def test_who_dies_in_the_middle_counts_nothing_twice() -> None:
    """Whichever statement it was: who comes next finds the sum of all minutes in each interval."""
    keep(*some_jobs())
    count(at(0, 3))
    right_one = everything()
    Interval.objects.all().delete()
    statements = 0
    is_done = False
    while not is_done:
        Interval.objects.all().delete()
        statements += 17
        with suppress(Error), dies_after(statements):
            is_done = series.count_due(at(0, 3))
        assert _added_up()
        count(at(0, 3))
        assert everything() == right_one
    assert statements > 100


def _added_up() -> bool:
    """Tell whether each interval is the sum of the minutes in it."""
    minutes = Interval.objects.filter(step=60).values_list("start", flat=True)
    return all(
        Interval.objects.get(step=step, start=moment(start)).covered
        == 60 * sum(floor(second(one), step) == start for one in minutes)
        for step in STEPS
        for start in {floor(second(one), step) for one in minutes}
    )


def test_what_ends_late_is_counted(django_assert_max_num_queries: Any) -> None:
    """Within a minute, then once more after ten; in the hour that it is in, too, and once."""
    keep(*some_jobs())
    count(at(0, 3))
    keep(job(queued=at(-1, 1), began=at(-1, 2), ended=at(-1, 3)))
    count(at(1, 3))
    before = tally(60, at(-1)).succeeded
    assert before == right(Job.objects.all(), at(-1), 60)["succeeded"]
    keep(job(queued=at(-1, 1), began=at(-1, 2), ended=at(-1, 3)))
    count(at(10))
    assert tally(60, at(-1)).succeeded == before
    count(at(10, 3))
    assert tally(60, at(-1)).succeeded == before + 1
    assert numbers(tally(HOUR, at(-60))) == right(Job.objects.all(), at(-60), HOUR)
    with django_assert_max_num_queries(1):
        count(at(10, 4))


def test_what_nobody_counted_is_a_gap(settings: Any) -> None:
    """A pause is made up for, as far back as the settings say; what lies before it stays open."""
    settings.HEADWAY = {**settings.HEADWAY, "CATCH_UP": 1_200}
    keep(*(job(queued=at(minute)) for minute in range(0, 120, 10)))
    count(at(20, 3))
    count(at(110, 3))
    minutes = list(Interval.objects.filter(step=60).order_by("start").values_list("start"))
    assert [one for (one,) in minutes] == [at(n) for n in (*range(20), *range(90, 110))]
    hour = Interval.objects.get(step=HOUR, start=at(60))
    assert (hour.covered, tally(HOUR, at(60)).queued) == (20 * 60, 2)
    assert not Interval.objects.filter(step=600, start=at(40)).exists()


def test_a_long_pause_is_made_up_for_in_parts(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest minutes first, so many jobs in each round, and each minute once."""
    settings.HEADWAY = {**settings.HEADWAY, "CATCH_UP": 2_400}
    monkeypatch.setattr(series, "JOBS", 10)
    keep(*(job(queued=at(-minute, 30)) for minute in range(1, 40) for _ in range(4)))
    rounds = [series.count_due(at(0, 3))]
    assert Interval.objects.filter(step=60).order_by("start")[0].start == at(-3)
    while not rounds[-1]:
        rounds.append(series.count_due(at(0, 3)))
    assert len(rounds) > 12
    assert tally(86_400, at(-720)).queued == 4 * 39


def test_names_are_bounded() -> None:
    """The busiest stay; the others are one line, and the sums are those of all."""
    jobs = [job(f"task.{n}", queued=at(-1), queue=f"q{n}") for n in range(30) for _ in range(n + 1)]
    keep(*jobs, job(ALL, queued=at(-1)), job("x", queue=OTHERS, queued=at(-1)))
    count(at(0, 3))
    for step, start in ((60, at(-1)), (HOUR, at(-60))):
        rows = Tally.objects.filter(interval__step=step, interval__start=start)
        assert rows.exclude(name=ALL).count() == 6
        assert rows.filter(name=ALL).count() == 22
        assert tally(step, start, "task.29", "q29").queued == 30
        assert tally(step, start, OTHERS, OTHERS).queued == sum(range(1, 26)) + 2
        assert tally(step, start).queued == len(jobs) + 2


def test_who_is_bounded_once_is_bounded_again() -> None:
    """Of what was together before, nothing is told apart afterwards."""
    sheet = {(f"t{n}", "q"): Count(queued=n + 1) for n in range(9)}
    once = bounded(sheet)
    assert len(once) == 6
    assert bounded(once) == once


def test_a_minute_is_one_where_clocks_were_changed() -> None:
    """Days begin at midnight UTC and have 24 hours, wherever somebody looks from."""
    early = at(-11 * 60)
    keep(job(queued=early - timedelta(minutes=1)), job(queued=early))
    count(early + timedelta(minutes=1, seconds=3))
    assert tally(HOUR, at(-11 * 60)).queued == 1
    assert tally(HOUR, at(-12 * 60)).queued == 1
    assert tally(86_400, at(-720)).queued == 2


def test_old_intervals_go_a_few_at_a_time(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Minutes and ten minutes after KEEP_MINUTES, all others after KEEP_SERIES."""
    monkeypatch.setattr(tallying, "SWEPT", 5)
    settings.HEADWAY = {**settings.HEADWAY, "KEEP_MINUTES": 86_400, "KEEP_SERIES": 10 * 86_400}
    keep(*some_jobs())
    count(at(0, 3))
    before = metrics._counts["removed:intervals"]
    later, rounds = at(1_445), 0
    while tallying.forget_some(later):
        rounds += 1
    assert rounds == 2
    assert metrics._counts["removed:intervals"] == before + 12 + 1
    assert set(Interval.objects.values_list("step", flat=True)) == set(STEPS) - {60}
    while tallying.forget_some(at(15 * 1_440)):
        pass
    assert not Interval.objects.exists()
    assert not Tally.objects.exists()
