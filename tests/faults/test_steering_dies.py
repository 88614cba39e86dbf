"""Workers die in the middle of what people want: nothing of it is lost, nothing is done twice."""

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

import realtime
from realtime import control, notice_list
from realtime.errors import Refused
from realtime.models import Job
from realtime.states import read_one
from realtime.store import get_store
from tests import tasks
from tests.processes import Child, worker
from tests.services import RedisServer, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

MORE = {"HEADWAY_MORE": json.dumps({"LEASE": 3.0, "ORPHAN": 20.0}), "VISIBILITY": "8"}

Start = Callable[..., Child]


@pytest.fixture
def start(redis: RedisServer, transactional_db: None) -> Iterator[Start]:
    """Start workers of this test alone."""
    with redis.client() as client, ExitStack() as stack:
        client.flushall()
        yield lambda pool="prefork": stack.enter_context(worker(pool, concurrency=1, **MORE))


@pytest.fixture
def told(tmp_path: Path) -> Path:
    """Return the file in which a task tells what it does."""
    return tmp_path / "told"


def has(job: str, seconds: float = 15, **values: Any) -> dict[str, Any]:
    """Return a job's state once it has these values."""

    def found() -> Any:
        state = read_one(job)
        return state if state and all(state[name] == one for name, one in values.items()) else None

    return wait_until(found, f"{values}, got {read_one(job)}", seconds)  # type: ignore[no-any-return]


def lines(told: Path) -> list[str]:
    """Return what the task has told."""
    return told.read_text().splitlines() if told.exists() else []


def pids(told: Path) -> list[int]:
    """Return the processes that have told something, in order."""
    return list(dict.fromkeys(int(line.split()[0]) for line in lines(told)))


def kill_the_run(told: Path) -> None:
    """Kill the child that runs the task; its message is given back to the broker."""
    os.kill(pids(told)[-1], signal.SIGKILL)


def still(seconds: float, condition: Callable[[], bool]) -> None:
    """Let this time go by, all through which the condition is true."""
    until = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() > until or not condition(), "the time", seconds + 5)
    assert condition()


@pytest.mark.parametrize("loses", ["nothing", "what the store knows"])
def test_a_paused_job_is_paused_in_its_next_run(
    start: Start, told: Path, redis: RedisServer, loses: str
) -> None:
    """It does no step before it may go on, and then all of them."""
    start()
    job = str(tasks.steps_late.delay(str(told), 200).id)
    wait_until(lambda: len(lines(told)) > 5, "some steps", 20)
    control.pause(job)
    has(job, status="paused")
    wait_until(lambda: Job.objects.get(pk=job).status == "paused", "SQL to know")
    before = has(job)["seq"]
    if loses != "nothing":
        with redis.client() as client:
            client.delete(*client.keys("headway:job:*"))
    kill_the_run(told)
    done = len(lines(told))
    has(job, status="paused", attempt=1)
    wait_until(lambda: (read_one(job) or {"seq": 0})["seq"] > before + 2**31, "the next run")
    has(job, status="paused")
    still(1.0, lambda: len(lines(told)) == done)
    control.resume(job)
    has(job, status="succeeded")
    assert len(pids(told)) == 2
    assert len(lines(told)) - done == 200


def test_a_pause_outlives_what_the_store_knows(
    start: Start, told: Path, redis: RedisServer
) -> None:
    """The worker holds it, and tells the store again."""
    start("threads")
    job = str(tasks.steps.delay(str(told)).id)
    wait_until(told.exists, "the task", 20)
    has(job, status="running")
    control.pause(job)
    has(job, status="paused")
    step = told.read_text()
    with redis.client() as client:
        client.delete(*client.keys("headway:job:*"))
    wait_until(lambda: get_store().standing(job).wants == "pause", "the store to know again")
    wait_until(lambda: get_store().standing(job).seq, "the state to be whole again")
    assert has(job, status="paused")["wants"] == "pause"
    assert told.read_text() == step
    control.resume(job)
    wait_until(lambda: told.read_text() != step, "the next step")
    control.cancel(job)
    has(job, status="cancelled")


def test_a_question_is_the_same_in_the_next_run(start: Start, told: Path, admin_user: Any) -> None:
    """Killed while it waits: what is answered then reaches the run that asks again.

    Its owner has one notice of it all the while, which can be answered, and then is read.
    """
    start()
    job = str(realtime.start(tasks.asks, str(told), owner=admin_user).pk)
    asked = has(job, 20, status="waiting")
    kill_the_run(told)
    wait_until(lambda: len(pids(told)) == 2, "the next run", 20)
    again = wait_until(
        lambda: (state := has(job, status="waiting"))["seq"] > asked["seq"] + 2**31 and state,
        "the question of the next run",
    )
    assert again["question"]["id"] == asked["question"]["id"]
    wait_until(lambda: notice_list.unread(str(admin_user.pk)) == 1, "the notice")
    [notice] = notice_list.page(str(admin_user.pk), 50)
    assert notice["actions"] == ["answer"]
    control.answer(job, "Yes", question=asked["question"]["id"])
    has(job, status="succeeded")
    wait_until(lambda: Job.objects.get(pk=job).status == "succeeded", "SQL to know")
    [notice] = notice_list.page(str(admin_user.pk), 50)
    assert (notice["actions"], bool(notice["read_at"])) == ([], True)
    assert lines(told)[-1].endswith(" Yes")


def test_an_answer_given_to_a_dead_worker_reaches_the_next_run(start: Start, told: Path) -> None:
    """Nobody knew that it was dead; the owner is not asked again, and a second answer refused."""
    one = start()
    job = str(tasks.asks.delay(str(told)).id)
    asked = has(job, 20, status="waiting")["question"]["id"]
    one.signal(signal.SIGKILL, group=True)
    control.answer(job, "No", question=asked, by="ana")
    with pytest.raises(Refused, match="already, by ana: No"):
        control.answer(job, "Yes", question=asked, by="ben")
    start("threads")
    has(job, 30, status="succeeded")
    assert [line.split()[1] for line in lines(told)] == ["asks", "asks", "No"]


def test_an_answer_is_told_to_each_run(start: Start, told: Path, tmp_path: Path) -> None:
    """Killed after it had the answer: the next run has it too, and goes on to the next question."""
    start()
    gate = tmp_path / "gate"
    job = str(tasks.asks.delay(str(told), str(gate)).id)
    has(job, 20, status="waiting")
    control.answer(job, "Yes")
    wait_until(lambda: len(lines(told)) == 2, "the answer")
    kill_the_run(told)
    wait_until(lambda: len(lines(told)) == 4, "the next run to have it", 20)
    assert [line.split()[1] for line in lines(told)] == ["asks", "Yes", "asks", "Yes"]
    gate.touch()
    wait_until(lambda: (has(job)["question"] or {}).get("text") == "By what?", "the next question")
    control.answer(job, "B")
    has(job, status="succeeded")


@pytest.mark.parametrize("dies", ["child", "worker"])
def test_a_job_that_was_cancelling_never_starts_again(
    start: Start, told: Path, tmp_path: Path, dies: str
) -> None:
    """Killed while it cleans up: its message comes back, and ends the job without running it."""
    one = start()
    job = str(tasks.cleans_late.delay(str(told)).id)
    wait_until(told.exists, "the task", 20)
    has(job, status="running")
    control.cancel(job)
    wait_until((tmp_path / "cleaning").exists, "it to clean up")
    has(job, status="cancelling", message="cleaning up")
    (tmp_path / "cleaning").unlink()
    if dies == "child":
        kill_the_run(told)
    else:
        one.signal(signal.SIGKILL, group=True)
        start("threads")
    pid = told.read_text()
    has(job, 30, status="cancelled")
    assert told.read_text() == pid
    assert not (tmp_path / "cleaning").exists()
    wait_until(lambda: Job.objects.get(pk=job).status == "cancelled", "SQL to know")
