"""A job's place in its queue, and how it moves."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from kombu import Exchange, Queue

import realtime
from realtime import control, publish, records
from realtime import line as module
from realtime.events import JobState, Status, timestamp
from realtime.hub import get_hub
from realtime.line import Line, line, waits
from realtime.models import Job
from realtime.permissions import Role, view
from realtime.publish import QUEUED_SEQ
from tests import tasks
from tests.processes import worker
from tests.realtime.collector import Collector
from tests.services import RedisServer, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def queued(owner: Any, ago: float, queue: str = "celery", **more: Any) -> JobState:
    """Return the state of a job that was queued so many seconds ago."""
    job, at = str(uuid.uuid4()), timestamp(timezone.now() - timedelta(seconds=ago))
    values: dict[str, Any] = {
        "position": 0,
        "queued_at": at,
        "updated_at": at,
        "queue": queue,
        **more,
    }
    return JobState(id=job, root=job, name="t", owner=str(owner.pk)).changed(**values)


def put(state: JobState, *, order: int = 0, floor: int = 0) -> str:
    """Write a state as whoever makes it does."""
    if not order:
        records.create(state)
    publish.publish([publish.Change(state=state, order=order, floor=floor, transition=bool(order))])
    return state.id


def placed(known: Line, *states: JobState) -> list[int | None]:
    """Return the places that viewers see."""
    whole = [{**state.values(), "seq": 1, "log": 0} for state in states]
    known.look(whole)
    return [view(known.placed(state), Role.OWNER)["position"] for state in whole]


def test_first_come_first_served_in_each_queue(redis: RedisServer, ana: Any) -> None:
    """Others, and jobs that are out of turn or have begun, do not count."""
    states = [
        queued(ana, 50),
        queued(ana, 40, "mail"),
        queued(ana, 30, position=None),
        queued(ana, 20),
        queued(ana, 10, "mail"),
    ]
    for state in states:
        put(state)
    put(states[0].changed(status=Status.RUNNING, position=None), order=1)
    assert placed(Line(), *states[1:]) == [1, None, 1, 2]


def test_the_line_is_counted_once_for_all_who_ask(redis: RedisServer, ana: Any) -> None:
    """Not again within a second, and not at all where nobody waits."""
    state = queued(ana, 10)
    put(state)
    known = Line()
    with CaptureQueriesContext(connection) as asked:
        for _ in range(5):
            assert placed(known, state) == [1]
        placed(Line(), state.changed(status=Status.RUNNING))
    assert len(asked) == 1


def test_without_the_database_the_last_place_is_shown(
    redis: RedisServer, ana: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked again a second later."""
    state = queued(ana, 10)
    put(state)
    known = Line()
    assert placed(known, state) == [1]

    def away() -> Any:
        raise OperationalError("it is away")

    monkeypatch.setattr(module, "_places", away)
    known._due = 0.0
    assert placed(known, state) == [1]
    assert known._due > time.monotonic()


def test_a_seq_rises_with_time_and_stays_below_every_worker(ana: Any) -> None:
    """Also of a job that waits for weeks, and of one that another clock has queued later."""
    known = Line()
    seqs = [
        known.placed({**queued(ana, ago).values(), "seq": 1})["seq"]
        for ago in (-5, 0, 1, 10, 3_600, 10_000_000)
    ]
    assert seqs == sorted(seqs)
    assert (seqs[0], seqs[-1]) == (1, QUEUED_SEQ - 2)
    for ago in (-5, 0, 3_600, 10_000_000):
        state = {**queued(ana, ago).values(), "seq": 1}
        assert known.placed(state)["seq"] < known.placed(state, ahead=1)["seq"] < QUEUED_SEQ


@pytest.fixture
async def socket(redis: RedisServer, ana: Any) -> AsyncIterator[Collector]:
    """Return a socket of Ana's."""
    with redis.client() as client:
        client.flushdb()
    one = Collector(get_hub(), str(ana.pk))
    yield one
    await one.hub.leave(one.mailbox)


async def test_who_waits_sees_the_line_move(socket: Collector, ana: Any) -> None:
    """From the first frame, with rising seqs; then the job begins, or is cancelled, above them."""
    states = [queued(ana, 3_600 - n) for n in range(3)]
    for state in states:
        await sync_to_async(put)(state)
    last = states[2].id
    await socket.hub.watch(socket.mailbox, f"job:{last}", 0)
    await socket.until(lambda: last in socket.states)
    first = socket.states[last]
    assert first["position"] == 3
    running = states[0].changed(status=Status.RUNNING, position=None)
    await sync_to_async(put)(running, order=1)
    await socket.until(lambda: socket.states[last]["position"] == 2)
    assert socket.states[last]["seq"] > first["seq"]
    end = await sync_to_async(publish.end_elsewhere)(last, Status.CANCELLED)
    assert end is not None
    await sync_to_async(publish.publish)([end])
    await socket.until(lambda: socket.states[last]["status"] == "cancelled")
    assert socket.states[last]["position"] is None
    seqs = [state["seq"] for frame in socket.frames for state in frame.get("jobs", ())]
    assert seqs == sorted(set(seqs))


async def test_a_page_that_was_made_before_the_count_is_told_the_place(
    socket: Collector, ana: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A moment before: its seq is that of the moment, too."""
    monkeypatch.setattr(module, "STEPS", 0.001)
    state = queued(ana, 0)
    await sync_to_async(put)(state)
    line.forget()
    page = line.placed({**state.values(), "seq": 1, "log": 0})
    assert (page["position"], page["seq"]) == (0, 1)
    await socket.hub.watch(socket.mailbox, f"job:{state.id}", page["seq"])
    await socket.until(lambda: state.id in socket.states)
    assert socket.states[state.id]["position"] == 1
    # Another page is made long after this one was told, by a process that has not counted yet.
    monkeypatch.setattr(module, "STEPS", 1_000_000)
    other = Line().placed({**state.values(), "seq": 1, "log": 0})
    assert other["seq"] > socket.states[state.id]["seq"]
    beside = Collector(socket.hub, str(ana.pk))
    try:
        await beside.hub.watch(beside.mailbox, f"job:{state.id}", other["seq"])
        await beside.until(lambda: state.id in beside.states)
        assert beside.states[state.id]["position"] == 1
    finally:
        await beside.hub.leave(beside.mailbox)


async def test_a_line_that_stands_still_sends_nothing(socket: Collector, ana: Any) -> None:
    """Nor does one that moves to who only watches the jobs of everybody."""
    states = [queued(ana, 60 - n) for n in range(2)]
    for state in states:
        await sync_to_async(put)(state)
    await socket.hub.watch(socket.mailbox, "mine", 0)
    await socket.until(lambda: len(socket.states) == 2)
    sent = len(socket.frames)
    for _ in range(3):
        module.line._due = 0.0
        await socket.hub._placing.place()
    assert len(socket.frames) == sent
    socket.mailbox.operator = True
    socket.hub.unwatch(socket.mailbox, "mine")
    await socket.hub.watch(socket.mailbox, "all", 0)
    assert socket.hub._placing._waiting() == []


@pytest.fixture(params=["redis", "rabbit"])
def broker(request: pytest.FixtureRequest, redis: RedisServer) -> str:
    """Let messages go to each broker in turn; live states stay in Redis."""
    if request.param == "rabbit":
        request.getfixturevalue("rabbit")
    return str(request.param)


def places(client: Client, *jobs: Any) -> list[int | None]:
    """Return the places that a browser is shown."""
    line.forget()
    return [client.get(f"/headway/api/jobs/{job.id}").json()["position"] for job in jobs]


def test_what_is_more_urgent_is_before_the_others(broker: str, ana: Any, client: Client) -> None:
    """Redis serves the lower number first, RabbitMQ the higher; what comes later has no place."""
    name = f"line-{uuid.uuid4()}"
    queue = Queue(name, Exchange(name), name, max_priority=9)
    given: dict[str, Any] = {"queue": queue, "headers": {"headway": {"owner": str(ana.pk)}}}
    several: list[dict[str, Any]] = [{}, {"priority": 6}, {"countdown": 60}, {}]
    jobs = [tasks.nothing.apply_async(**{**given, **one}) for one in several]
    client.force_login(ana)
    expected = {"redis": [1, 3, None, 2], "rabbit": [2, 1, None, 3]}[broker]
    assert places(client, *jobs) == expected
    listed = client.get("/headway/api/jobs").json()["jobs"]
    assert [state["position"] for state in listed] == expected[::-1]
    assert waits(Job.objects.get(pk=jobs[0].id).state())


@pytest.mark.slow
def test_the_line_moves_as_a_worker_takes_from_it(
    broker: str, alone: None, ana: Any, client: Client, tmp_path: Path
) -> None:
    """Those that it holds in its memory are in line until they begin; others are behind them."""
    gates = [tmp_path / str(number) for number in range(7)]
    client.force_login(ana)
    with worker("threads", concurrency=1):
        jobs = [realtime.start(tasks.wait_silently, str(gate), owner=ana) for gate in gates]
        wait_until(lambda: places(client, *jobs) == [None, 1, 2, 3, 4, 5, 6], "the first", 20)
        control.cancel(str(jobs[2].pk))
        assert places(client, *jobs) == [None, 1, None, 2, 3, 4, 5]
        gates[0].touch()
        wait_until(lambda: places(client, *jobs) == [None, None, None, 1, 2, 3, 4], "the next", 20)
        for gate in gates:
            gate.touch()
        wait_until(lambda: places(client, *jobs) == [None] * 7, "all", 20)
