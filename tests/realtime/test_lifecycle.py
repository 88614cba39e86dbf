"""Celery's signals in this process: what a job is when they come at bad moments."""

from __future__ import annotations

import time
import uuid
from types import SimpleNamespace
from typing import Any

import pytest

from realtime import lifecycle, queueing
from realtime.errors import StoreAway
from realtime.models import Job
from realtime.reporter import get_reporter
from realtime.states import read_one
from realtime.store import RedisStore
from tests import tasks
from tests.services import RedisServer, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def task_of(job: str, retries: int, headers: dict[str, Any]) -> Any:
    """Return a task as its signals show it."""
    request = SimpleNamespace(
        id=job, is_eager=False, retries=retries, headers=headers, hostname="here"
    )
    return SimpleNamespace(name=tasks.nothing.name, request=request)


def test_the_next_attempt_is_above_a_retry_that_the_store_missed(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQL alone was told of the retry, with a higher seq; nobody is left looking at it."""
    monkeypatch.setattr("realtime.announcer.announce", lambda shards: None)
    job = str(uuid.uuid4())
    first = task_of(job, 0, {})
    lifecycle._on_start(job, first)
    wait_until(lambda: read_one(job), "the first attempt to be seen")
    headers: dict[str, Any] = {"id": job, "retries": 1}
    queueing._on_publish(first.name, headers=headers)
    with monkeypatch.context() as outage:

        def away(self: RedisStore, reports: Any) -> Any:
            raise StoreAway("it does not answer")

        outage.setattr(RedisStore, "remember", away)
        lifecycle._on_retry(first.request, SimpleNamespace(exc=None, when=0))
        row = Job.objects.get(pk=job)
        assert row.status == "retrying"
        # The second attempt is faster, in another process: what is left is refused there.
        late = get_reporter()._unsent
        wait_until(lambda: late, "the retry to be kept for later")
        late.clear()
    lifecycle._on_leave(job, first)
    second = task_of(job, 1, headers)
    lifecycle._on_start(job, second)
    lifecycle._on_success(second)
    lifecycle._on_leave(job, second)
    last = read_one(job)
    assert last is not None
    assert (last["status"], last["attempt"]) == ("succeeded", 2)
    assert last["seq"] > row.seq, "expected viewers of the retry to take the end for newer"


def test_a_task_that_is_not_tracked_costs_nothing_at_its_end(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the store nor the database is asked, and nothing is waited for."""
    settings.HEADWAY = {**settings.HEADWAY, "IGNORE": ["tests.*"]}
    monkeypatch.setattr(lifecycle, "end_elsewhere", pytest.fail)
    job = str(uuid.uuid4())
    task = task_of(job, 0, {})
    lifecycle._on_start(job, task)
    before = time.monotonic()
    lifecycle._on_success(task)
    lifecycle._on_failure(job, ValueError("no"), sender=task)
    lifecycle._on_retry(SimpleNamespace(id=job, task=task.name), SimpleNamespace(exc=None, when=0))
    lifecycle._on_leave(job, task)
    assert time.monotonic() - before < 0.05
