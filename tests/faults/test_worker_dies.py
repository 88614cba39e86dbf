"""Workers that are killed, frozen, busy or only slow: who is dead, and what becomes of the job."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from celery import Task, current_app
from celery.result import AsyncResult
from django.db import transaction

from realtime.events import ENDS
from realtime.models import File, Job
from realtime.states import read_one
from realtime.store import get_store
from tests import tasks
from tests.faults.forms import brief
from tests.processes import Child, web_server, worker
from tests.services import RedisServer, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

LEASE = 3.0
BOUND = 1.5 * LEASE
"""From the last sign of life to the verdict: 15 s with the default lease of 10 s."""
MORE = {"HEADWAY_MORE": json.dumps({"LEASE": LEASE, "ORPHAN": 2.0}), "VISIBILITY": "8"}

OTHERS = ("threads", "solo", "gevent")
"""The pools besides prefork."""

Start = Callable[..., Child]


@pytest.fixture
def start(redis: RedisServer, transactional_db: None) -> Iterator[Start]:
    """Start workers of this test alone."""
    with redis.client() as client, ExitStack() as stack:
        client.flushall()
        yield lambda pool, concurrency=2: stack.enter_context(
            worker(pool, concurrency=concurrency, **MORE)
        )


@pytest.fixture
def web(redis: RedisServer, transactional_db: None) -> Iterator[Child]:
    """Run a web server, which judges when no worker does."""
    with web_server(**MORE) as one:
        yield one


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Path]:
    """Return the file for which tasks wait; opened at the end, so that none is left waiting."""
    yield tmp_path / "gate"
    (tmp_path / "gate").touch()


def begun(task: Any, gate: Path, times: int = 1) -> tuple[str, int]:
    """Start a task that waits at the gate; returns its job and the process that runs it."""
    told = gate.with_name("pids")
    job = str(task.delay(str(gate), str(told)).id)
    pid = where(gate, times)
    has(job, "current", 40)
    wait_until(lambda: Job.objects.get(pk=job).status == "running", "SQL to know")
    return job, pid


def where(gate: Path, times: int) -> int:
    """Return the process that the task has told of as the last of so many."""
    told = gate.with_name("pids")
    wait_until(
        lambda: told.exists() and len(told.read_text().split()) >= times, "the task", seconds=30
    )
    return int(told.read_text().split()[-1])


def has(job: str, field: str, value: Any, seconds: float = 10) -> dict[str, Any]:
    """Return the job's state once this field of it has this value."""

    def found() -> Any:
        state = read_one(job)
        return state if state and state[field] == value else None

    wait_until(found, f"{field} to be {value}, got {read_one(job)}", seconds)
    return found()  # type: ignore[no-any-return]


def frozen(seconds: float, condition: Callable[[], bool]) -> None:
    """Let this time go by, all through which the condition is true."""
    until = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() > until or not condition(), "the time", seconds + 5)
    assert condition()


def runs(job: str) -> bool:
    """Tell whether a fresh reader sees the job running."""
    return (read_one(job) or {}).get("status") == "running"


def test_a_killed_child_is_seen_before_its_lease_is_over(start: Start, gate: Path) -> None:
    """Its worker sees it die, long before Celery does."""
    start("prefork")
    job, pid = begun(tasks.occupy, gate)
    os.kill(pid, signal.SIGKILL)
    error = has(job, "status", "lost", LEASE)["error"]
    assert (error["kind"], error["public"]) == ("WorkerLost", True)
    wait_until(lambda: Job.objects.get(pk=job).status == "lost", "SQL to know")


@pytest.mark.parametrize("pool", brief(["prefork", *OTHERS], "prefork"))
def test_the_job_of_a_killed_worker_is_lost(
    start: Start, web: Child, gate: Path, pool: str
) -> None:
    """Nobody is left who could see it; a web server finds it soon after its lease is over."""
    one = start(pool)
    job, _ = begun(tasks.occupy, gate)
    one.signal(signal.SIGKILL, group=True)
    state = has(job, "status", "lost", BOUND + 1)
    assert (state["error"]["kind"], state["current"]) == ("WorkerLost", 40)
    assert state["error"]["public"]
    wait_until(lambda: Job.objects.get(pk=job).status == "lost", "SQL to know")


@pytest.mark.long
def test_ends_that_came_just_before_a_death_are_told(start: Start, web: Child) -> None:
    """Those of quick tasks are recorded together; what was not is known by its kept result."""
    start("prefork", concurrency=1)
    quick, fatal = [], []
    for _ in range(4):
        quick += [str(tasks.nothing.delay().id) for _ in range(25)]
        fatal.append(str(tasks.die.delay().id))
    rows = Job.objects.filter(pk__in=[*quick, *fatal])

    def over() -> bool:
        return not rows.exclude(status__in=ENDS).exists()

    wait_until(over, "all to end", seconds=40)
    assert set(rows.filter(pk__in=quick).values_list("status", flat=True)) == {"succeeded"}
    assert set(rows.filter(pk__in=fatal).values_list("status", flat=True)) == {"lost"}
    for job in quick:
        assert (read_one(job) or {})["status"] == "succeeded"


@pytest.mark.long
def test_another_process_judges_when_the_leader_is_killed(
    start: Start, gate: Path, redis: RedisServer
) -> None:
    """The worker that judged dies with its job; another worker was ready to take over."""
    leader = start("prefork")
    with redis.client() as client:
        token = wait_until(lambda: client.get("headway:reaper"), "a leader")
        job, _ = begun(tasks.occupy, gate)
        start("threads")
        frozen(LEASE, lambda: bool(client.get("headway:reaper") == token))
        leader.signal(signal.SIGKILL, group=True)
        has(job, "status", "lost", BOUND + 1)
        assert client.get("headway:reaper") != token


def test_a_killed_worker_whose_message_comes_back(start: Start, web: Child, gate: Path) -> None:
    """The job waits for it, runs again in another worker, and its bar never goes back."""
    one = start("prefork", concurrency=1)
    job, _ = begun(tasks.occupy_late, gate)
    one.signal(signal.SIGKILL, group=True)
    waits = has(job, "status", "retrying", BOUND + 1)
    assert (waits["attempt"], waits["retry_at"], waits["finished_at"]) == (1, None, None)
    assert waits["error"]["public"]
    start("threads", concurrency=1)
    where(gate, times=2)
    again = has(job, "status", "running", 5)
    assert (again["attempt"], again["fraction"], again["error"]) == (1, 0.4, None)
    assert again["seq"] > waits["seq"] + 2**31
    gate.touch()
    assert has(job, "status", "succeeded")["attempt"] == 1
    wait_until(lambda: Job.objects.get(pk=job).status == "succeeded", "SQL to know")


def test_what_a_killed_worker_held_goes_to_another_at_once(
    redis: RedisServer, transactional_db: None, gate: Path
) -> None:
    """Redis would keep it for an hour: what had begun, and what had only been taken."""
    quickly = {**MORE, "VISIBILITY": "3600"}
    with redis.client() as client:
        client.flushall()
        with worker("prefork", concurrency=1, **quickly) as one:
            late, _ = begun(tasks.occupy_late, gate)
            taken = [str(tasks.nothing.delay().id) for _ in range(2)]
            wait_until(lambda: client.hlen("unacked") == 3, "the worker to take all")
            wait_until(lambda: client.hlen("headway:holdings") == 1, "it to say so")
            one.signal(signal.SIGKILL, group=True)
        with worker("threads", concurrency=2, **quickly):
            where(gate, times=2)
            gate.touch()
            for job in (late, *taken):
                assert has(job, "status", "succeeded", 6 * LEASE)["attempt"] == 1
            wait_until(lambda: client.hlen("unacked") == 0, "all to be acknowledged")


@pytest.mark.long
def test_a_killed_child_whose_message_is_rejected(start: Start, gate: Path) -> None:
    """Its worker gives the message back at once, and the job goes on in another child."""
    start("prefork")
    job, pid = begun(tasks.occupy_late, gate)
    os.kill(pid, signal.SIGKILL)
    assert where(gate, times=2) != pid
    wait_until(lambda: (read_one(job) or {})["seq"] > 2**31, "the second run")
    assert has(job, "status", "running", 5)["fraction"] == 0.4
    gate.touch()
    assert has(job, "status", "succeeded")["message"] == "after"


@pytest.mark.skipif(not hasattr(Task, "retry_on_worker_lost"), reason="new in Celery 5.7")
@pytest.mark.long
def test_a_killed_child_whose_task_is_tried_again(start: Start, gate: Path) -> None:
    """Celery starts the next attempt when it has seen the death; nobody calls the job lost."""
    start("prefork")
    job, pid = begun(tasks.occupy_again, gate)
    os.kill(pid, signal.SIGKILL)
    assert where(gate, times=2) != pid
    assert has(job, "status", "running")["attempt"] == 2
    gate.touch()
    assert has(job, "status", "succeeded")["attempt"] == 2


@pytest.mark.long
def test_a_child_that_is_terminated_is_cancelled(start: Start, gate: Path) -> None:
    """Celery kills it on request, and says so."""
    start("prefork")
    job, _ = begun(tasks.occupy, gate)
    current_app.control.revoke(job, terminate=True, signal="SIGKILL")
    state = has(job, "status", "cancelled", LEASE)
    frozen(LEASE, lambda: read_one(job) == state)


def test_seqs_rise_when_everything_is_lost_and_the_job_is_delivered_again(
    start: Start, web: Child, gate: Path, redis: RedisServer
) -> None:
    """Viewers saw states of the first run that SQL never knew."""
    start("prefork", concurrency=1)
    job, pid = begun(tasks.occupy_late, gate)
    seen = read_one(job) or {}
    os.kill(pid, signal.SIGSTOP)  # Else it would tell again what is lost.
    with redis.client() as client:
        # As a flush would; the broker keeps its message here.
        client.delete(*client.keys("headway:job:*"))
    os.kill(pid, signal.SIGKILL)
    where(gate, times=2)
    # Until the second run has told of itself there is what SQL knows of the first.
    wait_until(
        lambda: has(job, "status", "running")["seq"] > seen["seq"] + 2**31, "the second run's seq"
    )
    gate.touch()
    has(job, "status", "succeeded")


@pytest.mark.long
def test_jobs_in_the_memory_of_a_worker_are_no_orphans(
    start: Start, web: Child, gate: Path, redis: RedisServer
) -> None:
    """The broker forgets everything; what no worker has taken is lost, and nothing else."""
    start("threads", concurrency=1)
    begun(tasks.occupy, gate)
    reserved = str(tasks.nothing.delay().id)
    planned = str(tasks.nothing.apply_async(countdown=5 * LEASE).id)
    with redis.client() as client:
        wait_until(lambda: client.hlen("unacked") == 2, "the worker to take both")
        waits = [str(tasks.nothing.delay().id) for _ in range(8)]
        wait_until(lambda: client.llen("celery"), "one to be left in the queue")
        left = json.loads(client.lrange("celery", 0, 0)[0])["headers"]["id"]
        client.flushall()
    assert left in waits
    state = has(left, "status", "lost", 2.0 + 4 * LEASE)
    assert (state["error"]["kind"], state["error"]["public"]) == ("Orphaned", True)
    wait_until(lambda: Job.objects.get(pk=left).status == "lost", "SQL to know")
    gate.touch()
    has(reserved, "status", "succeeded")
    has(planned, "status", "succeeded", 6 * LEASE)


@pytest.mark.parametrize("goes_on", brief(["at once", "later"], "at once"))
def test_a_worker_that_was_taken_for_dead_changes_nothing(
    start: Start, web: Child, gate: Path, goes_on: str
) -> None:
    """It was frozen, its job is lost, and it goes on: state, log, files, SQL and result stay."""
    one = start("threads")
    job, _ = begun(tasks.occupy, gate)
    one.signal(signal.SIGSTOP, group=True)
    try:
        lost = has(job, "status", "lost", BOUND + 1)
        row = wait_until(lambda: Job.objects.filter(pk=job, status="lost").first(), "SQL to know")
        if goes_on == "at once":
            gate.touch()
    finally:
        one.signal(signal.SIGCONT, group=True)
    frozen(LEASE, lambda: read_one(job) == lost)
    gate.touch()
    wait_until(lambda: f"Task tests.tasks.occupy[{job}] ignored" in one.printed(), "it to be told")
    assert AsyncResult(job).state == "PENDING"
    assert read_one(job) == lost
    assert Job.objects.get(pk=job).last == row.last
    assert get_store().log(job, 0).lines == []
    assert not File.objects.filter(job_id=job).exists()


@pytest.mark.parametrize("pool", brief(OTHERS))
def test_a_silent_task_is_not_taken_for_dead(
    start: Start, web: Child, gate: Path, pool: str
) -> None:
    """It makes no calls for several leases."""
    start(pool)
    job, _ = begun(tasks.occupy, gate)
    frozen(1.5 * LEASE, lambda: runs(job))
    gate.touch()
    has(job, "status", "succeeded")


def test_a_task_that_holds_the_gil_is_not_taken_for_dead(
    start: Start, web: Child, tmp_path: Path
) -> None:
    """Nothing else of its process can run; the worker's main process speaks for it."""
    start("prefork")
    told = tmp_path / "told"
    job = str(tasks.hold_everything.delay(int(3 * LEASE), str(told)).id)
    wait_until(told.exists, "the task to begin", 20)
    frozen(2.5 * LEASE, lambda: (read_one(job) or {})["status"] in {"queued", "running"})
    has(job, "status", "succeeded")


def test_a_database_that_does_not_answer_kills_nobody(start: Start, web: Child, gate: Path) -> None:
    """The reporter waits for it and says nothing; the lease is renewed beside it."""
    start("threads")
    job, _ = begun(tasks.occupy, gate)
    other_gate = gate.with_name("other")
    other = str(tasks.count.delay(3, str(other_gate), 1).id)
    has(other, "message", "at 1")
    wait_until(lambda: Job.objects.get(pk=other).status == "running", "SQL to know")
    with transaction.atomic():
        Job.objects.filter(pk=other).update(title="held")
        other_gate.touch()
        frozen(2 * LEASE, lambda: runs(job))
    has(other, "status", "succeeded")
    assert runs(job)


@pytest.mark.long
def test_a_store_that_does_not_answer_kills_nobody(
    start: Start, web: Child, gate: Path, redis: RedisServer
) -> None:
    """When it is back, everybody has a whole lease to speak again."""
    start("prefork")
    job, _ = begun(tasks.occupy, gate)
    redis.stop()
    try:
        time.sleep(2 * LEASE)
    finally:
        redis.cont()
    frozen(2 * LEASE, lambda: runs(job) and Job.objects.get(pk=job).status == "running")
    gate.touch()
    has(job, "status", "succeeded", 20)
