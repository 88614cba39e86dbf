"""Fills the tables as months of work would, by the database itself: a million jobs in a minute."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from realtime.events import JobState, timestamp
from realtime.intervals import STEPS, floor, kept_for, second

TASKS, QUEUES = 40, 4
"""How many tasks there are, and in how many queues."""
HISTOGRAM = "[30,4,10,22,31,17,9,4,2,1]"
"""How long the jobs of an interval took."""

# The rows are made first: SQLite would throw the dice for each place in which an id stands.
# Of each twenty jobs one has failed; they wait for a second and run for up to a minute.
_JOBS = """
INSERT INTO realtime_job (id, name, title, owner_id, status, attempt, seq, root, queue, queued_at,
    began_at, started_at, finished_at, last, call, promised, ttl, log_due, share_key)
WITH rows AS MATERIALIZED ({rows})
SELECT id, 'shop.task' || (i % {tasks}), 'Job number ' || i, {owner}, {status}, 1, 9, id,
    'queue' || (i % {tasks} % {queues}), {queued}, {began}, {began},
    CASE WHEN {status} <> 'running' THEN {ended} END, {last}, '', '{{}}', 0, {no}, ''
FROM rows
"""
_STATUS = "CASE {running} WHEN i % 20 = 0 THEN 'failed' ELSE 'succeeded' END"
_RUNNING = "WHEN i % 1000 = 7 THEN 'running'"
_DASHED = " || '-' || ".join(
    f"substr(id, {at}, {length})" for at, length in ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
)
_LAST = {
    "postgresql": "replace(replace('{last}', '@id', id::text), '@tag', {tag})::jsonb",
    "sqlite": "replace(replace('{last}', '@id', " + _DASHED + "), '@tag', {tag})",
}
_TAG = "'tag' || (i % 500)"
_NUMBERS = {
    "postgresql": "SELECT i, gen_random_uuid() AS id FROM generate_series(1, {jobs}) AS i",
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {jobs})"
    " SELECT i, lower(hex(randomblob(16))) AS id FROM n",
}
_MOMENTS = {
    "postgresql": "to_timestamp({end}.0 - {seconds}.0 / {jobs} * i - {before})",
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f',"
    " {end}.0 - {seconds}.0 / {jobs} * i - ({before}), 'unixepoch') || '000'",
}
_TALLIES = """
INSERT INTO realtime_tally (interval_id, name, queue, queued, started, succeeded, failed, cancelled,
    lost, retried, wait, run)
SELECT interval.id, {name}, {queue}, 100, 100, 95, 5, 0, 0, 1, '{histogram}', '{histogram}'
FROM realtime_interval AS interval {tasks}
"""
_TASKS = {
    "postgresql": "CROSS JOIN generate_series(1, {number}) AS t(i)",
    "sqlite": "CROSS JOIN (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
    " WHERE i < {number}) SELECT i FROM n) AS t",
}


def fill_jobs(
    jobs: int, end: datetime, time: timedelta, *, owners: Sequence[Any] = (), running: bool = False
) -> None:
    """Write so many jobs, the last one at `end`, evenly over some time; these people's in turn.

    All have ended, but that of a thousand one is `running` where that is wanted.
    """
    vendor = connection.vendor
    about = {"end": int(end.timestamp()), "seconds": int(time.total_seconds()), "jobs": jobs}

    def moment(before: str) -> str:
        return _MOMENTS[vendor].format(**about, before=before)

    columns = {"queued": moment("2 + i % 60"), "began": moment("1 + i % 60"), "ended": moment("0")}
    turns = (f"WHEN {n} THEN {one.pk}" for n, one in enumerate(owners))
    columns["owner"] = f"CASE i % {len(owners)} {' '.join(turns)} END" if owners else "NULL"
    columns["status"] = _STATUS.format(running=_RUNNING if running else "")
    columns["last"] = _LAST[vendor].format(last=_last_state(), tag=_TAG)
    rows, no = _NUMBERS[vendor].format(jobs=jobs), "FALSE" if vendor == "postgresql" else "0"
    _run(_JOBS.format(tasks=TASKS, queues=QUEUES, rows=rows, no=no, **columns))


def _last_state() -> str:
    """Return what SQL remembers of such a job, as JSON."""
    state = JobState(id="@id", root="@id", name="shop.task", title="A job", tags=["@tag"])
    values = {"status": "succeeded", "queued_at": timestamp(), "finished_at": timestamp(), "log": 0}
    return json.dumps({**state.values(), **values})


def fill_series(now: datetime) -> None:
    """Write all intervals that are kept, each with what happened to all tasks in it."""
    from realtime.intervals import moment
    from realtime.models import Interval

    for step in STEPS:
        last = floor(second(now), step) - step
        starts = range(last, second(now) - kept_for(step), -step)
        Interval.objects.bulk_create(
            Interval(step=step, start=moment(start), covered=step, counted_at=now, times=3)
            for start in starts
        )
    names = "'shop.task' || t.i"
    for number, name, queue in (
        (TASKS, names, f"'queue' || (t.i % {QUEUES})"),
        (QUEUES, "'*'", "'queue' || t.i"),
        (1, "'*'", "'*'"),
    ):
        tasks = _TASKS[connection.vendor].format(number=number)
        _run(_TALLIES.format(name=name, queue=queue, histogram=HISTOGRAM, tasks=tasks))


def analyze() -> None:
    """Let the database know what there is, as it does by itself in the course of time."""
    _run("ANALYZE")


def _run(statement: str) -> Any:
    with connection.cursor() as cursor:
        # Without parameters a percent sign is one.
        cursor.execute(statement)
