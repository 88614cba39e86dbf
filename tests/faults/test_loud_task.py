"""A task that tells far too much: its worker, Redis and the viewers' frames stay within bounds."""

from __future__ import annotations

import json
from collections.abc import Iterator

import psutil
import pytest
from celery.result import AsyncResult

from realtime.conf import conf
from realtime.models import Job
from realtime.states import read_one
from realtime.store import get_store
from tests import tasks
from tests.processes import Child, worker
from tests.services import RedisServer, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

MEGABYTE = 1024 * 1024


@pytest.fixture
def a_worker(redis: RedisServer, transactional_db: None) -> Iterator[Child]:
    """Run a worker whose memory is looked at: everything happens in one process."""
    with worker("threads", name="loud") as one:
        yield one


def ended(job: str) -> bool:
    """Tell whether SQL knows a job's end."""
    return Job.objects.filter(pk=job, finished_at__isnull=False).exists()


def test_what_a_task_tells_is_bounded(a_worker: Child, redis: RedisServer) -> None:
    """100,000 of everything, and texts of 30 MB: memory, Redis and the state stay small.

    Other jobs of the same process are heard meanwhile.
    """
    process = psutil.Process(a_worker.pid)
    first = tasks.shout.delay(100_000, 30 * MEGABYTE).id  # What Python keeps for itself, it has.
    wait_until(lambda: ended(first), "a first job", seconds=120)
    before = process.memory_info().rss
    loud = tasks.shout.delay(100_000, 30 * MEGABYTE).id
    wait_until(lambda: (read_one(loud) or {}).get("current", 0) > 100, "the loud job to run")
    quiet = tasks.nothing.delay().id
    wait_until(lambda: ended(quiet), "a quiet job beside it", seconds=10)
    assert not ended(loud)
    wait_until(lambda: ended(loud), "the loud job to end", seconds=120)
    assert process.memory_info().rss - before < 30 * MEGABYTE

    state = read_one(loud)
    assert state is not None
    assert len(json.dumps(state)) < 150_000
    assert (state["status"], state["failed"], len(state["files"])) == ("succeeded", 100_010, 50)
    assert AsyncResult(loud).get(timeout=10) == "50"
    with redis.client() as client:
        used = [client.memory_usage(key) or 0 for key in client.scan_iter(f"*{loud}*")]
    assert sum(used) < conf.LOG_BYTES * 2
    last = get_store().log(loud, state["log"] - 1).lines[-1]
    assert "Pack them into one ZIP" in last["text"]
    kept = get_store().log(loud, 0)
    assert kept.lines[0]["n"] == kept.lost + 1
