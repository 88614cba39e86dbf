"""The time left from earlier runs of a task: in SQL, over HTTP and over the socket."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

import realtime
from realtime import history as module
from realtime import hub
from realtime.events import JobState, Status, timestamp
from realtime.history import RUNS, History, history
from realtime.models import Job
from realtime.permissions import Role, view
from tests import tasks
from tests.processes import Child
from tests.realtime.collector import Collector
from tests.services import RedisServer, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def ran(name: str, *times: float, size: float | None = None, status: str = "succeeded") -> None:
    """Write rows of jobs that have run for so many seconds."""
    now = timezone.now()
    Job.objects.bulk_create(
        Job(
            id=(job := uuid.uuid4()),
            root=job,
            name=name,
            status=status,
            queued_at=now,
            started_at=now - timedelta(seconds=seconds),
            finished_at=now,
            last={"size": size},
        )
        for seconds in times
    )


def running(name: str = "t", **more: Any) -> dict[str, Any]:
    """Return a state of a job that has just begun."""
    at = timestamp()
    values = {"name": name, "status": "running", "started_at": at, "updated_at": at, **more}
    return JobState(id=str(uuid.uuid4())).changed(**values).values()


def test_only_runs_that_succeeded_tell_something() -> None:
    """What failed or was cancelled ended when it did for other reasons."""
    ran("t", 10, 10, 10)
    ran("t", 1, 1, 1, 1, status="failed")
    ran("another", 5, 5, 5)
    known = History()
    known.learn(["t"])
    assert known.told(running())["eta"] == pytest.approx(10)
    assert known.told(running("another"))["eta"] is None


def test_a_task_is_looked_at_seldom() -> None:
    """One question for all jobs of a task, whoever asks; soon again while its runs are few."""
    ran("t", 10, 10)
    known = History()
    with CaptureQueriesContext(connection) as asked:
        for _ in range(3):
            assert known.stale([running(), running()]) == ([] if asked.captured_queries else ["t"])
            known.learn(["t"])
    assert len(asked) == 1
    assert known.strange([running(), running("new", status="succeeded")]) == []
    assert known.strange([running("new")]) == ["new"]


def test_a_look_takes_an_index_and_so_many_runs() -> None:
    """However many jobs there are."""
    ran("t", *[10.0] * (RUNS + 5))
    with CaptureQueriesContext(connection) as asked:
        assert len(module.runs_before("t")) == RUNS
    if connection.vendor == "sqlite":  # PostgreSQL reads a small table whole.
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {asked.captured_queries[0]['sql']}")
            assert "realtime_job_runs" in str(cursor.fetchall())


def test_without_the_database_the_last_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """And it is not asked again and again."""
    ran("t", 10, 10)
    known = History()
    known.learn(["t"])
    monkeypatch.setattr("realtime.history.time.monotonic", lambda: 1e12)
    calls = []

    def away(name: str) -> Any:
        calls.append(name)
        raise OperationalError("it is away")

    monkeypatch.setattr(module, "runs_before", away)
    for _ in range(3):
        known.learn(["t"])
    assert calls == ["t"]
    assert known.told(running())["eta"] == pytest.approx(10)


def test_the_view_has_the_time_left_and_its_range() -> None:
    """For each role; the size by which runs are compared is told to nobody."""
    ran("t", *[10.0] * 10, size=100)
    history.learn(["t"])
    state = {**running(size=50), "seq": 1, "log": 0}
    for role in Role:
        seen = view(state, role)
        low, high = seen["eta_range"]
        assert seen["eta"] == pytest.approx(5)
        assert low < seen["eta"] < high
        assert "size" not in seen


async def test_the_first_frame_of_a_strange_task_has_it(redis: RedisServer, ana: Any) -> None:
    """A state that was heard waits until the task is known; nothing is sent twice."""
    await sync_to_async(ran)("t", *[10.0] * 10)
    socket = Collector(hub.get_hub(), str(ana.pk))
    await hub.get_hub().watch(socket.mailbox, "mine", 0)
    state = {**running(owner=str(ana.pk)), "seq": 7, "log": 0}
    socket.hub._hear([state])
    await socket.until(lambda: socket.states)
    assert socket.states[state["id"]]["eta"] == pytest.approx(10)
    assert len([frame for frame in socket.frames if frame["type"] == "jobs"]) == 1
    await socket.hub.leave(socket.mailbox)


async def test_a_database_that_lets_wait_holds_no_state_up(
    redis: RedisServer, ana: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the time left it is sent a moment later, and the next ones at once."""
    socket = Collector(hub.get_hub(), str(ana.pk))
    await hub.get_hub().watch(socket.mailbox, "mine", 0)
    gate = asyncio.Event()
    loop = asyncio.get_running_loop()

    def frozen(_: str) -> list[Any]:
        asyncio.run_coroutine_threadsafe(gate.wait(), loop).result(10)
        return []

    monkeypatch.setattr(module, "runs_before", frozen)
    state = {**running(owner=str(ana.pk)), "seq": 7, "log": 0}
    socket.hub._hear([state])
    await socket.until(lambda: state["id"] in socket.states, seconds=2)
    socket.hub._hear([{**state, "seq": 8}])
    assert not history.strange([state])
    await socket.until(lambda: socket.states[state["id"]]["seq"] == 8)
    gate.set()
    await socket.hub.leave(socket.mailbox)


def test_ten_real_runs_foretell_the_eleventh(
    threads_worker: Child, ana: Any, tmp_path: Any
) -> None:
    """At its first moment, within 20 % of what their paces in SQL say for its total.

    They may differ among themselves, on a busy machine by more than that; and its total is among
    theirs, so that little depends on how their times grow.
    """
    jobs = [realtime.start(tasks.work_through, n, 0.01, owner=ana).pk for n in range(10, 110, 10)]
    wait_until(
        lambda: Job.objects.filter(pk__in=jobs, status=Status.SUCCEEDED).count() == len(jobs),
        "ten runs to end",
    )
    rows: list[Any] = list(Job.objects.filter(pk__in=jobs))
    paces = sorted(
        (row.finished_at - row.started_at).total_seconds() / row.last["size"] for row in rows
    )
    gate = tmp_path / "gate"
    last = realtime.start(tasks.work_through, 75, 0.01, str(gate), owner=ana).pk
    client = Client()
    client.force_login(ana)

    def state() -> dict[str, Any]:
        found: dict[str, Any] = client.get(f"/headway/api/jobs/{last}").json()
        return found

    wait_until(lambda: state()["total"] == 75, "the next one to begin")
    assert state()["fraction"] == 0
    low, high = state()["eta_range"]
    assert low < state()["eta"] < high
    assert 0.8 * 75 * paces[0] <= state()["eta"] <= 1.2 * 75 * paces[-1]
    gate.touch()
    wait_until(lambda: state()["status"] == "succeeded", "the end")
    assert (state()["eta"], state()["eta_range"]) == (None, None)
