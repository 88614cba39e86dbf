"""What rules look for: from few rows by indexes, and from what workers and jobs tell the store.

What is found is told by subjects, JSON objects: `name` of a task, a queue, a worker, or a job's
title; `n` jobs that have failed, or null; `since` when it is so, or null; `job`, an id to look at,
or null.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from realtime.cleaning import text
from realtime.conf import conf
from realtime.events import Status, timestamp
from realtime.models import AlertRule, Job
from realtime.store import get_store
from realtime.waits import since_when

BROKEN = (Status.FAILED, Status.LOST)
SHOWN = 20
"""Subjects that are kept of an alert; how many there are is kept besides."""
FAILURES = 20_000
"""Jobs that have failed, and that were lost, which are counted: the latest."""
LOOKED_AT = 2_000
"""Running jobs of which the store is asked whether they have stalled, the oldest first."""
FORGET = timedelta(days=1)
"""After which a worker is given up that was not heard again: the store forgets it sooner."""
NAME = 200
"""Characters kept of a name."""

Subject = dict[str, Any]


class Finding(NamedTuple):
    """What a rule has found."""

    n: int
    """How many failed jobs, queues, workers or stalled jobs."""
    subjects: list[Subject]
    """The worst of those, none where all is well."""


def find(rule: AlertRule, now: datetime, known: list[Subject]) -> Finding:
    """Return what a rule finds now; `known` are the subjects of what it has found before.

    Raises `StoreAway` where that cannot be told.
    """
    return _KINDS[rule.kind](rule, now, known)


def _task_failed(rule: AlertRule, now: datetime, _: list[Subject]) -> Finding:
    since = now - timedelta(minutes=rule.minutes)
    counts = Counter[str]()
    for status in BROKEN:  # Each has an index of its own.
        counts.update(broken(status, since))
    for name in [name for name in counts if not fnmatchcase(name, rule.pattern)]:
        del counts[name]
    if counts.total() < rule.count:
        return Finding(counts.total(), [])
    worst = counts.most_common(SHOWN)
    newest = _newest([name for name, _ in worst], since)
    told = [
        _subject(name, n=n, job=newest if at == 0 else None) for at, (name, n) in enumerate(worst)
    ]
    return Finding(counts.total(), told)


def broken(status: str, since: datetime) -> Any:
    """Return what asks for the tasks of the jobs that have ended so since then.

    Not for how many of each: to count them in order SQLite would rather read all jobs by task.
    """
    rows = Job.objects.filter(status=status, finished_at__gte=since).order_by("-finished_at")
    return rows.values_list("name", flat=True)[:FAILURES]


def _newest(names: list[str], since: datetime) -> str | None:
    """Return the job of these tasks that was the last to break."""
    found: list[tuple[Any, Any]] = []
    for status in BROKEN:
        rows = Job.objects.filter(status=status, finished_at__gte=since, name__in=names)
        found += rows.order_by("-finished_at").values_list("finished_at", "pk")[:1]
    return str(max(found)[1]) if found else None


def _queue_old(rule: AlertRule, now: datetime, _: list[Subject]) -> Finding:
    waits = since_when(now - timedelta(minutes=rule.minutes))
    return _sorted(
        _subject(queue, since=at) for queue, at in waits.items() if fnmatchcase(queue, rule.pattern)
    )


def _worker_gone(rule: AlertRule, now: datetime, known: list[Subject]) -> Finding:
    told = get_store().introduced()
    silent = max(conf.LEASE, rule.minutes * 60)
    gone = [
        _subject(name, since=now - timedelta(seconds=one.age))
        for name, one in told.items()
        if one.about["state"] != "stopped" and one.age > silent
    ]
    # The store forgets a worker after some minutes; that does not bring it back.
    oldest = timestamp(now - FORGET)
    gone += [one for one in known if one["name"] not in told and one["since"] > oldest]
    return _sorted(one for one in gone if fnmatchcase(one["name"], rule.pattern))


def _job_stalled(rule: AlertRule, now: datetime, _: list[Subject]) -> Finding:
    running = Job.objects.filter(status=Status.RUNNING).order_by("queued_at")
    names = running.values_list("pk", "name")[:LOOKED_AT]
    jobs = [str(pk) for pk, name in names if fnmatchcase(name, rule.pattern)]
    before = timestamp(now - timedelta(minutes=rule.minutes))
    states = (json.loads(state) for state in get_store().states(jobs).values())
    return _sorted(
        {**_subject(one["title"], job=one["id"]), "since": one["updated_at"]}
        for one in states
        if one["status"] == Status.RUNNING and one["stalled"] and one["updated_at"] <= before
    )


def _sorted(found: Iterable[Subject]) -> Finding:
    """Return what has lasted longest first."""
    subjects = sorted(found, key=lambda one: (one["since"], one["name"]))
    return Finding(len(subjects), subjects[:SHOWN])


def _subject(
    name: str, *, n: int | None = None, since: datetime | None = None, job: str | None = None
) -> Subject:
    return {
        "name": text(name, NAME),
        "n": n,
        "since": timestamp(since) if since else None,
        "job": job,
    }


_KINDS: dict[str, Callable[[AlertRule, datetime, list[Subject]], Finding]] = {
    AlertRule.Kind.TASK_FAILED: _task_failed,
    AlertRule.Kind.QUEUE_OLD: _queue_old,
    AlertRule.Kind.WORKER_GONE: _worker_gone,
    AlertRule.Kind.JOB_STALLED: _job_stalled,
}
