"""A real worker process: what a task does reaches the store and SQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery.result import AsyncResult

import realtime
from realtime.models import Job
from realtime.states import read_one
from tests import tasks
from tests.processes import Child, worker
from tests.services import RedisServer, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def state_of(job: str) -> dict[str, Any]:
    """Return the newest state of a job, which must be known."""
    state = read_one(job)
    assert state is not None
    return state


def ended(job: str) -> dict[str, Any] | None:
    """Return the last state of a job once it has ended."""
    state = read_one(job)
    return state if state and state["finished_at"] else None


@pytest.fixture(params=["prefork", "threads", "solo", "gevent"], scope="module")
def pool(
    request: pytest.FixtureRequest, redis: RedisServer, django_db_setup: None
) -> Iterator[Child]:
    """Run a worker of each pool."""
    with worker(request.param) as one:
        yield one


@pytest.fixture
def any_worker(pool: Child, transactional_db: None) -> Child:
    """Return a worker of each pool."""
    return pool


def test_a_job_is_queued_runs_and_succeeds(any_worker: Child, tmp_path: Path) -> None:
    """The state moves while the task runs, and ends whole, in store and SQL."""
    gate = tmp_path / "gate"
    job = tasks.count.delay(100, str(gate), 40).id
    running = wait_until(
        lambda: (state := state_of(job))["current"] == 40 and state, "40 items to be seen"
    )
    assert (running["status"], running["total"], running["fraction"]) == ("running", 100, 0.4)
    assert running["message"] == "at 40"
    gate.touch()
    last = wait_until(lambda: ended(job), "the job to end")
    assert (last["status"], last["current"], last["fraction"]) == ("succeeded", 100, 1.0)
    row = wait_until(lambda: Job.objects.filter(pk=job, status="succeeded").first(), "the row")
    assert (row.status, row.seq, row.last["current"]) == ("succeeded", last["seq"], 100)


def test_failures_retries_and_cancels_are_told_apart(any_worker: Child, tmp_path: Path) -> None:
    """Each way to end has its status."""
    failed = tasks.fail.delay("secret").id
    retried = tasks.fail_once.delay().id
    gate = tmp_path / "gate"
    assert wait_until(lambda: ended(failed), "the failure")["status"] == "failed"
    error = state_of(failed)["error"]
    assert (error["kind"], error["text"], error["public"]) == ("ValueError", "secret", False)
    assert error["traceback"].endswith("ValueError: secret\n")
    again = wait_until(lambda: ended(retried), "the retry", seconds=20)
    assert (again["status"], again["attempt"]) == ("succeeded", 2)

    from realtime import control

    cancelled = tasks.until_cancelled.delay(str(gate)).id
    wait_until(gate.exists, "the task to run")
    control.cancel(cancelled)
    assert wait_until(lambda: ended(cancelled), "the cancel")["status"] == "cancelled"


@pytest.mark.parametrize("how", ["at once", "retried", "chain", "retried, chain", "retried, fails"])
def test_a_job_goes_on_as_the_task_that_replaces_its_own(
    threads_worker: Child, ana: Any, how: str
) -> None:
    """It stays its owner's and keeps its title, ends when the other task ends, and is no cancel."""
    job = str(realtime.start(tasks.replace_itself, how, owner=ana, title="Mine").pk)
    last = wait_until(lambda: ended(job), "the other task to end")
    assert (last["status"], last["owner"], last["title"]) == ("succeeded", str(ana.pk), "Mine")
    assert last["attempt"] == ("retried" in how) + ("fails" in how) + 1
    # The store is told first, SQL at once after it.
    row = wait_until(lambda: Job.objects.filter(pk=job, status="succeeded").first(), "the row")
    assert row.seq == last["seq"]
    if "retried" not in how:
        # Celery may store RETRY of the first attempt after what a fast second one has left.
        assert AsyncResult(job).get(timeout=5) == 7


def test_an_ignored_result_is_left_alone(threads_worker: Child) -> None:
    """The job has ended, and what the result backend holds is the task's own affair."""
    job = tasks.ignore.delay().id
    assert wait_until(lambda: ended(job), "the end")["status"] == "cancelled"
    # Whatever the worker had to say of it is said before what it does next.
    for _ in range(2):
        assert tasks.count.delay(1).get(timeout=20) == 1
    assert AsyncResult(job).state == "PENDING"
