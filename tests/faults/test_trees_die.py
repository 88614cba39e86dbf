"""Workers die in the middle of trees: each root has one end, and no bar goes back."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from celery import group

from realtime.models import Job
from realtime.states import read_one
from tests import tasks
from tests.faults.test_steering_dies import MORE, Start, has, pids
from tests.processes import worker
from tests.services import RedisServer, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def start(redis: RedisServer, transactional_db: None) -> Iterator[Start]:
    """Start workers of this test alone, with room for a few tasks."""
    with redis.client() as client, ExitStack() as stack:
        client.flushall()
        yield lambda pool="prefork": stack.enter_context(worker(pool, concurrency=4, **MORE))


def below(root: str) -> Any:
    """Return the rows of a tree below its root."""
    return Job.objects.filter(root=root).exclude(pk=root)


def counted(root: dict[str, Any]) -> dict[str, int]:
    """Return how a root's jobs have ended."""
    return {name: number for name, number in (root["children"] or {}).items() if number}


def test_a_root_that_is_delivered_again_goes_on_and_stands_for_both_runs(
    start: Start, tmp_path: Path
) -> None:
    """What its first run has queued is still below it, and what its second one queues too."""
    start()
    told, gate, own = (tmp_path / name for name in ("told", "gate", "own"))
    root = str(tasks.start_children_late.delay(1, str(told), str(gate), str(own)).id)
    wait_until(lambda: len(pids(told)) == 1, "the first run", 20)
    first = wait_until(
        lambda: (one := has(root)) and one["fraction"] and one["children"] and one, "its bar"
    )
    os.kill(pids(told)[0], signal.SIGKILL)
    wait_until(lambda: len(pids(told)) == 2, "the second run", 40)
    own.touch()
    second = wait_until(
        lambda: (one := has(root)) and one.get("held") and one["children"]["total"] > 1 and one,
        "the second run's return",
        20,
    )
    gate.touch()
    last = has(root, 40, status="succeeded")
    assert first["fraction"] <= second["fraction"] < last["fraction"] == 1
    wait_until(lambda: Job.objects.get(pk=root).finished_at, "SQL to know")
    assert counted(last)["total"] == below(root).count()
    assert "queued" not in counted(last)


def test_a_group_whose_worker_dies_ends_with_what_became_of_its_jobs(
    start: Start, tmp_path: Path
) -> None:
    """Who told of the root died with it: who judges the jobs does so."""
    first, gate = start(), tmp_path / "gate"
    parts = [tasks.wait_silently.si(str(gate)) for _ in range(3)]
    root = str(group(*parts, tasks.nothing.si()).apply_async().id)
    wait_until(
        lambda: counted(has(root)) == {"total": 4, "succeeded": 1, "running": 3}, "three", 20
    )
    first.signal(signal.SIGKILL, group=True)
    start("threads")
    last = has(root, 60, status="succeeded")
    wait_until(lambda: Job.objects.get(pk=root).finished_at, "SQL to know")
    assert counted(last) == {"total": 4, "succeeded": 1, "lost": 3}
    assert (last["failed"], (read_one(root) or {})["fraction"]) == (3, 1)
