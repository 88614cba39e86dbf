"""Workers that are told to stop while they work, as `manage.py up` and deploys tell them."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from realtime.models import Job
from realtime.states import read_one
from tests import tasks
from tests.faults.forms import brief
from tests.processes import Child, web_server, worker
from tests.services import RedisServer, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

LEASE = 3.0
MORE = json.dumps({"LEASE": LEASE})
PATIENCE = 3.0
"""Seconds that a busy worker is given before it is told more firmly."""

Start = Callable[..., Child]


@pytest.fixture
def start(redis: RedisServer, transactional_db: None) -> Iterator[Start]:
    """Start workers beside a web server, which judges when no worker does."""
    with redis.client() as client, ExitStack() as stack:
        client.flushall()
        stack.enter_context(web_server(HEADWAY_MORE=MORE))
        yield lambda pool, name="": stack.enter_context(worker(pool, name=name, HEADWAY_MORE=MORE))


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Path]:
    """Return the file for which tasks wait; opened at the end, so that none is left waiting."""
    yield tmp_path / "gate"
    (tmp_path / "gate").touch()


def begun(task: Any, gate: Path) -> str:
    """Start a task that waits at the gate; returns its job once it is seen running."""
    job = str(task.delay(str(gate), str(gate.with_name("pids"))).id)
    wait_until(lambda: (read_one(job) or {}).get("current") == 40, "the task", seconds=30)
    return job


def status(job: str) -> str:
    """Return what a fresh reader sees."""
    return str((read_one(job) or {}).get("status"))


def recorded(job: str, wanted: str, seconds: float) -> None:
    """Wait until SQL and a fresh reader agree on how a job is."""
    wait_until(lambda: status(job) == wanted, f"{wanted}, got {status(job)}", seconds)
    wait_until(lambda: Job.objects.get(pk=job).status == wanted, "SQL to know")


@pytest.mark.parametrize("pool", brief(["prefork", "threads"], "prefork"))
def test_a_worker_that_is_told_to_stop_finishes_first(start: Start, gate: Path, pool: str) -> None:
    """The job ends as it would have, in SQL too, before the worker is gone."""
    busy = start(pool)
    job = begun(tasks.occupy, gate)
    busy.signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        busy.process.wait(1)
    assert status(job) == "running"
    gate.touch()
    assert busy.process.wait(15) == 0
    recorded(job, "succeeded", 1)


def stop_as_up_does(busy: Child) -> None:
    """Ask, ask firmly, kill."""
    for number in (signal.SIGTERM, signal.SIGQUIT):
        busy.signal(number)
        with suppress(subprocess.TimeoutExpired):
            busy.process.wait(PATIENCE)
    busy.signal(signal.SIGKILL, group=True)
    busy.process.wait()


@pytest.mark.parametrize("pool", brief(["prefork", "threads"], "prefork"))
def test_what_a_stopped_worker_could_not_finish_is_lost(
    start: Start, gate: Path, pool: str
) -> None:
    """Nothing that was acknowledged when it began is left running for ever."""
    busy = start(pool)
    job = begun(tasks.occupy, gate)
    stop_as_up_does(busy)
    recorded(job, "lost", 2 * LEASE)


def test_what_a_stopped_worker_handed_back_goes_on_elsewhere(start: Start, gate: Path) -> None:
    """With late acknowledgement the same job runs again, and ends once."""
    busy = start("prefork", "first")
    job = begun(tasks.occupy_late, gate)
    stop_as_up_does(busy)
    start("prefork", "second")
    told = gate.with_name("pids")
    wait_until(lambda: len(told.read_text().split()) == 2, "the second run", seconds=30)
    gate.touch()
    recorded(job, "succeeded", 15)
