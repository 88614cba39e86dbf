"""Cancel, pause, resume, ask and answer, in a real worker of each pool."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import chain, current_app, group
from django.db import connection

from realtime import control, pools
from realtime.errors import Refused
from realtime.models import Job
from realtime.states import State, read_one
from realtime.store import get_store
from tests import tasks
from tests.processes import Child, worker
from tests.services import RedisServer, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

QUEUE = "steering"
SOON = 15.0
"""Seconds: a request reaches a loop within one; how busy the machine is, nobody knows."""


@pytest.fixture(params=["prefork", "threads", "solo", "gevent"], scope="module")
def pool(
    request: pytest.FixtureRequest, redis: RedisServer, django_db_setup: None
) -> Iterator[Child]:
    """Run a worker of each pool, which gets no other test's jobs, and shares its own with none."""
    more = json.dumps({"CELERY_TASK_DEFAULT_QUEUE": QUEUE, "CELERY_TASK_QUEUES": None})
    with worker(request.param, concurrency=4, name=QUEUE, CELERY_MORE=more) as one:
        yield one


@pytest.fixture
def any_worker(pool: Child, transactional_db: None) -> Child:
    """Return a worker of each pool."""
    return pool


@pytest.fixture
def told(tmp_path: Path) -> Path:
    """Return the file in which a task tells what it does."""
    return tmp_path / "told"


def has(job: str, seconds: float = 30, **values: Any) -> dict[str, Any]:
    """Return a job's state once it has these values."""

    def found() -> Any:
        state = read_one(job)
        return state if state and all(state[name] == one for name, one in values.items()) else None

    return wait_until(found, f"{values}, got {read_one(job)}", seconds)  # type: ignore[no-any-return]


def send(task: Any, *values: Any, **options: Any) -> str:
    """Queue a task for this file's worker, and return its job."""
    return str(task.apply_async(values, queue=QUEUE, **options).id)


def pool_of(worker: Child) -> str:
    """Return what pool a worker was started with."""
    command: Any = worker.process.args
    return str(command[command.index("-P") + 1])


def running(told: Path, steps: int = 100_000) -> str:
    """Start a task of many steps, and wait until it runs."""
    job = send(tasks.steps, str(told), steps)
    wait_until(told.exists, "the task to run", 20)
    has(job, status="running")
    return job


def test_a_cancel_is_heard_at_once_and_cleaning_up_is_shown(any_worker: Child, told: Path) -> None:
    """The loop ends within a second; what the task does then makes progress of its own."""
    job = running(told)
    before = time.monotonic()
    assert control.cancel(job)["status"] == "cancelling"
    cleaned = Path(f"{told}.cleaned")
    wait_until(cleaned.exists, "the task to clean up", SOON)
    assert time.monotonic() - before < SOON
    has(job, status="cancelling", message="cleaning up")
    has(job, status="cancelled")
    assert cleaned.read_text() == "2"
    wait_until(lambda: Job.objects.get(pk=job).status == "cancelled", "SQL to know")


def test_a_loop_that_never_waits_is_stopped(any_worker: Child, told: Path) -> None:
    """It lets others run, also where threads are greenlets: its reports come, and so does this."""
    job = send(tasks.whirl, str(told))
    wait_until(told.exists, "the task to run", 20)
    first = has(job, SOON, status="running")["seq"]
    wait_until(lambda: (read_one(job) or {})["seq"] >= first + 3, "its reports", SOON)
    control.cancel(job)
    has(job, SOON, status="cancelled")


def test_a_paused_job_waits_and_goes_on(any_worker: Child, told: Path) -> None:
    """It makes no step while it is paused, lives on, and goes on where it was."""
    job = running(told)
    control.pause(job)
    paused = has(job, SOON, status="paused")
    step = told.read_text()
    assert (paused["eta"], paused["rate"], paused["wants"]) == (None, None, "pause")
    wait_until(lambda: Job.objects.get(pk=job).status == "paused", "SQL to know")
    wait_until(lambda: get_store().signs([job])[job].age > 0.3, "it to be silent", 3)
    wait_until(lambda: get_store().signs([job])[job].age < 0.3, "a sign of life", 3)
    assert told.read_text() == step
    with pytest.raises(Refused, match="expected the job to be running, got: paused"):
        control.pause(job)
    control.resume(job)
    has(job, SOON, status="running")
    wait_until(lambda: int(told.read_text() or 0) > int(step), "the next step")
    with pytest.raises(Refused, match="expected the job to be paused, got: running"):
        wait_until(lambda: control.resume(job) is None, "resume to be refused", 2)
    control.cancel(job)
    has(job, status="cancelled")


@pytest.mark.parametrize("pool", ["prefork"], indirect=True)
def test_a_time_limit_ends_a_pause(any_worker: Child, told: Path) -> None:
    """It goes on while the job is paused; prefork is the pool that has one for each task."""
    job = send(tasks.steps, str(told), soft_time_limit=3)
    wait_until(told.exists, "the task to run", 20)
    has(job, status="running")
    control.pause(job)
    has(job, SOON, status="paused")
    assert has(job, 6, status="failed")["error"]["kind"] == "SoftTimeLimitExceeded"


def test_a_paused_job_is_cancelled(any_worker: Child, told: Path) -> None:
    """It need not go on for that."""
    job = running(told)
    control.pause(job)
    has(job, SOON, status="paused")
    control.cancel(job)
    has(job, 4, status="cancelled")


def test_a_question_is_answered(any_worker: Child, told: Path) -> None:
    """The task waits, everybody sees what it asks, and the answer reaches it."""
    job = send(tasks.asks, str(told))
    state = has(job, 20, status="waiting")
    assert (state["question"]["text"], state["question"]["choices"]) == (
        "Replace them?",
        ["Yes", "No"],
    )
    assert state["question"]["expires_at"] is None
    assert control.answer(job, "No")["note"]
    assert has(job, 4, status="succeeded")["question"] is None
    assert told.read_text().split()[-1] == "No"


def test_a_question_that_nobody_answers_is_closed(any_worker: Child, told: Path) -> None:
    """The task is told after its time, and an answer after that is refused."""
    job = send(tasks.asks, str(told), "", 0.5)
    assert has(job, 20, status="waiting")["question"]["expires_at"]
    has(job, 5, status="succeeded")
    assert told.read_text().split()[-1] == "nobody"
    with pytest.raises(Refused):
        control.answer(job, "Yes")


def test_a_question_is_cancelled(any_worker: Child, told: Path) -> None:
    """A task that waits for an answer is told of a cancel."""
    job = send(tasks.asks, str(told))
    has(job, 20, status="waiting")
    control.cancel(job)
    assert has(job, 4, status="cancelled")["question"] is None


@pytest.mark.parametrize("pool", ["threads"], indirect=True)
def test_two_answers_at_once(any_worker: Child, told: Path) -> None:
    """Exactly one counts, and the other one is told which."""
    job = send(tasks.asks, str(told))
    has(job, 20, status="waiting")
    together, refused = threading.Barrier(8), []

    def give(number: int) -> None:
        together.wait()
        try:
            control.answer(job, "Yes" if number % 2 else "No", by=f"person {number}")
        except Refused as error:
            refused.append(str(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=give, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 7
    has(job, 4, status="succeeded")
    first = told.read_text().split()[-1]
    early = [said for said in refused if "was answered already, by person" in said]
    assert all(said.endswith(first) for said in early)


@pytest.mark.parametrize("pool", ["threads"], indirect=True)
def test_what_never_starts(any_worker: Child, told: Path, monkeypatch: Any) -> None:
    """A cancelled job does not run, though nobody was told that it is revoked."""
    monkeypatch.setattr(current_app.control, "revoke", lambda *_, **__: None)
    job = send(tasks.steps, str(told), 3, countdown=2)
    has(job, status="queued")
    assert control.cancel(job)["status"] == "cancelled"
    # Its turn has come when that of another one has, which was due later.
    after = send(tasks.nothing, countdown=2.5)
    has(after, 10, status="succeeded")
    wait_until(lambda: f"[{job}]" in any_worker.printed(), "the worker to have had it")
    assert not told.exists()
    assert has(job, status="cancelled")["wants"] == "cancel"


@pytest.mark.parametrize("pool", ["threads"], indirect=True)
def test_a_tree_is_cancelled_as_a_whole(any_worker: Child, told: Path) -> None:
    """What a job has started is asked too, unless it is not wanted."""
    parent = send(tasks.start_many, str(told), 3)
    wait_until(lambda: told.exists() and len(told.read_text().split()) == 3, "the children", 20)
    children = told.read_text().split()
    for job in (parent, children[0]):
        has(job, status="running")
    only = control.cancel(children[0], tree=False)
    assert "that it has started" not in only["note"]
    has(children[0], 15, status="cancelled")
    assert "2 that it has started" in control.cancel(parent)["note"]
    for job in (parent, *children):
        has(job, 10, status="cancelled")


def test_what_stands_for_a_group_is_cancelled_in_every_pool(any_worker: Child, told: Path) -> None:
    """Each of its jobs is asked, and it ends with the last of them."""
    parts = (tasks.steps.si(f"{told}.{number}").set(queue=QUEUE) for number in range(3))
    root = str(group(parts).apply_async().id)
    has(root, 20, status="running")
    assert control.cancel(root)["note"] == control.ENDS_LAST
    children = has(root, SOON, status="cancelled")["children"]
    assert (children["cancelled"], children["total"]) == (3, 3)


def test_a_tree_is_one_bar_in_every_pool(any_worker: Child) -> None:
    """With chains in it, and one that fails."""
    step, fails = tasks.nothing.si().set(queue=QUEUE), tasks.fail.si("x").set(queue=QUEUE)
    root = str(group(chain(step, step), step, step, fails).apply_async().id)
    state = has(root, 20, status="succeeded")
    assert (state["fraction"], state["ok"], state["failed"], state["total"]) == (1, 4, 1, 5)


def is_refused(job: str, pool: Child, gate: Path) -> bool:
    """Tell whether a pool can stop nothing by force; it says so, and the job goes on to its end."""
    if pool_of(pool) in pools.TERMINATING:
        return False
    with pytest.raises(Refused, match="expected the worker's pool to be prefork or gevent"):
        control.cancel(job, terminate=True)
    gate.touch()
    has(job, status="succeeded")
    return True


def test_force_on_what_stands_for_a_group(any_worker: Child, told: Path, pool: Child) -> None:
    """What runs of it is stopped at once, where its pool can; else nothing has happened."""
    gate = told.with_name("gate")
    silent = tasks.wait_silently.si(str(gate)).set(queue=QUEUE)
    root = str(group(silent, silent).apply_async().id)
    has(root, 20, status="running")
    if is_refused(root, pool, gate):
        return
    assert control.cancel(root, terminate=True)["note"] == control.STOPPED_LAST
    assert has(root, status="cancelled")["children"]["cancelled"] == 2


@pytest.mark.parametrize("kind", ["prefork", "gevent"])
def test_force_reaches_what_begins_meanwhile(
    kind: str,
    redis: RedisServer,
    transactional_db: None,
    told: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A part that waited when the tree was read, and runs when it is stopped, is stopped too."""
    queue, gate = f"{QUEUE}-{kind}", told.with_name("gate")
    parts = [tasks.wait_silently.si(str(one)).set(queue=queue) for one in (gate, told)]
    more = json.dumps({"CELERY_TASK_DEFAULT_QUEUE": queue, "CELERY_TASK_QUEUES": None})
    # Of its own: one in which nothing is left of other tests does one thing at a time.
    with worker(kind, concurrency=1, name=queue, CELERY_MORE=more):
        sent: Any = group(parts).apply_async()
        early, late = (str(one.id) for one in sent.results)
        has(early, status="running")

        def let_it_begin(asked: list[State]) -> None:
            assert {one["id"]: one["status"] for one in asked}[late] == "queued"
            gate.touch()
            has(late, status="running")

        monkeypatch.setattr(pools, "check", let_it_begin)
        control.cancel(str(sent.id), terminate=True)
        has(late, status="cancelled")


def test_force(any_worker: Child, told: Path, pool: Child) -> None:
    """A task without progress calls is stopped where its pool can; elsewhere that is refused."""
    gate = told.with_name("gate")
    job = send(tasks.wait_silently, str(gate))
    has(job, 20, status="running")
    if is_refused(job, pool, gate):
        return
    assert "at once" in control.cancel(job, terminate=True)["note"]
    has(job, 10, status="cancelled")
