"""The dashboard's series beside months of jobs: what a minute costs to count, and each answer.

On the database of DATABASE_URL: `python -m tests.services postgres -- python -m tests.bench series`
runs it on PostgreSQL, with a million jobs.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

from tests.bench import crowd
from tests.bench.house import person
from tests.bench.table import Promise, Row, Table, spoken
from tests.bench.timing import percentile

JOBS = {"postgresql": 1_000_000, "sqlite": 200_000}
FEW = 20_000
A_MINUTE = 1_000
"""Jobs of each minute in the last hour."""
WAITING, RUNNING = 5_000, 200
HOUR, MONTHS = timedelta(hours=1), timedelta(days=90)
TARGET = 100.0
"""Milliseconds in which 95 of 100 answers are there."""
MINUTES = 20
NOTHING = "healthz, which asks nothing"
"""What the same machine answers in the same minutes."""
DAY = 86_400


class Taken(NamedTuple):
    """How long something took, each time."""

    seconds: list[float]
    """By the clock."""
    worked: list[float]
    """Of this process's CPU: all of it with SQLite, without the server's with PostgreSQL."""

    @property
    def slowest(self) -> float:
        """The milliseconds in which 95 of 100 were done."""
        return percentile(self.seconds, 0.95) * 1000

    @property
    def figures(self) -> dict[str, float | None]:
        """The columns of a table."""
        half, worked = percentile(self.seconds, 0.5), percentile(self.worked, 0.5)
        return {"p50 ms": half * 1000, "p95 ms": self.slowest, "CPU ms": worked * 1000}


def run(*, quick: bool) -> list[Table]:
    """Fill the tables, count minutes, ask."""
    from django.conf import settings
    from django.test import override_settings
    from django.utils import timezone

    with override_settings(HEADWAY={**settings.HEADWAY, "KEEP_SERIES": 90 * DAY}):
        now = timezone.now()
        jobs = _fill(now, quick=quick)
        before = _size()
        crowd.fill_series(now)
        crowd.analyze()
        a_day, all_in_all = _bytes(_size() - before)
        counted = _count_minutes(now)
        answers = _ask(now, 10 if quick else 40)
    return [_counting(counted, a_day, all_in_all), _answers(answers, jobs)]


def _fill(now: datetime, *, quick: bool) -> int:
    from django.db import connection

    jobs = FEW if quick else JOBS[connection.vendor]
    crowd.fill_jobs(jobs, now - HOUR, MONTHS - HOUR)
    crowd.fill_jobs(A_MINUTE * 60, now, HOUR)
    _open_jobs(now)
    return jobs + A_MINUTE * 60


def _open_jobs(now: datetime) -> None:
    """Let some jobs wait, and some run as the store knows it."""
    from realtime.events import JobState, Status, timestamp
    from realtime.models import Job
    from realtime.publish import Change, publish

    keys = [uuid.uuid4() for _ in range(WAITING)]
    Job.objects.bulk_create(
        Job(pk=key, root=key, name="shop.task1", title="A job", queued_at=now) for key in keys
    )
    at = timestamp(now)
    running = JobState(id="", name="shop.task1", status=Status.RUNNING, queued_at=at, started_at=at)
    states = (running.changed(id=str(key), root=str(key)) for key in keys[:RUNNING])
    publish([Change(state=state, order=1, transition=True) for state in states])


def _size() -> int:
    """Return the bytes of the series' tables, or of all where they share a file."""
    from django.db import connection

    tables = "SELECT sum(pg_total_relation_size(t)) FROM unnest(%s::regclass[]) AS t"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(tables, [["realtime_interval", "realtime_tally"]])
        else:
            cursor.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
        return int(cursor.fetchone()[0])


def _bytes(kept: int) -> tuple[float, float]:
    """Return the megabytes of a day, and of all that is kept."""
    from realtime.intervals import STEPS, kept_for

    intervals = sum(kept_for(step) // step for step in STEPS)
    return sum(DAY / step for step in STEPS) * kept / intervals / 1e6, kept / 1e6


def _count_minutes(now: datetime) -> Taken:
    """Count some minutes, each with its hour and its day."""
    from realtime import tallying
    from realtime.counting import sheet_of
    from realtime.intervals import MINUTE, floor, second

    last = floor(second(now), MINUTE)
    starts = iter(range(last - (MINUTES + 1) * MINUTE, last, MINUTE))

    def count() -> None:
        start = next(starts)
        tallying.keep({start: sheet_of(start)}, now)

    return _timed(count, MINUTES)


def _ask(now: datetime, times: int) -> dict[str, Taken]:
    from django.test import Client

    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(person("operator", is_superuser=True))
    two_days, months = ((now - timedelta(days=days)).isoformat() for days in (2, 90))
    asked: dict[str, dict[str, str]] = {
        "series": {},
        "series, two days": {"from": two_days},
        "series, 90 days": {"from": months},
        "series, 90 days of a task": {"from": months, "name": "shop.task3"},
        "series, 90 days of a queue": {"from": months, "queue": "queue3"},
        "tasks": {},
        "tasks, two days": {"from": two_days},
        "tasks, 90 days": {"from": months},
        "tasks, 90 days by queue": {"from": months, "by": "queue"},
        "now": {},
    }
    paths = {
        name: f"api/metrics/{name.partition(',')[0]}?{urlencode(words)}"
        for name, words in asked.items()
    }
    paths |= {NOTHING: "healthz"}
    return {name: _timed(_asking(client, path), times) for name, path in paths.items()}


def _asking(client: Any, path: str) -> Callable[[], None]:
    def ask() -> None:
        answer = client.get(f"/headway/{path}")
        assert answer.status_code == 200, answer.content

    return ask


def _timed(ask: Callable[[], object], times: int) -> Taken:
    ask()
    taken = Taken([], [])
    for _ in range(times):
        begun, worked = time.perf_counter(), time.process_time()
        ask()
        taken.seconds.append(time.perf_counter() - begun)
        taken.worked.append(time.process_time() - worked)
    return taken


def _counting(taken: Taken, a_day: float, all_in_all: float) -> Table:
    figures = {**taken.figures, "MB a day": a_day, "MB in all": all_in_all}
    title = f"series: a minute of {A_MINUTE:,} jobs, {crowd.TASKS} tasks in {crowd.QUEUES} queues"
    note = "Each minute is counted three times. MB: with all tasks at work in each minute."
    return Table(title=title, rows=[Row("count a minute", figures)], notes=(note,))


def _answers(taken: dict[str, Taken], jobs: int) -> Table:
    from django.db import connection

    rows = [Row(name, one.figures) for name, one in taken.items()]
    slowest = max(one.slowest for name, one in taken.items() if name != NOTHING)
    promise = Promise(
        text=f"each answer for the dashboard, with {jobs:,} jobs on {connection.vendor}, is there "
        f"within {TARGET:.0f} ms, 95 of 100",
        measured=f"{spoken(slowest)} ms",
        kept=slowest <= TARGET,
    )
    rows.append(Row("the slowest", {"p95 ms": slowest}, (promise,)))
    return Table(title=f"series: answers, {jobs:,} jobs on {connection.vendor}", rows=rows)
