"""The hub with sockets that only collect: what each has at the end, whatever was lost."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from realtime import publish, reading
from realtime.delivery import TURN
from realtime.events import JobState, Status, timestamp
from realtime.hub import get_hub
from realtime.known import DOUBTS, KnownStates
from realtime.mailbox import TREE, Mailbox
from realtime.metrics import counted
from realtime.models import Job
from realtime.store import Lines
from realtime.threads import in_thread
from tests.realtime.collector import Collector
from tests.services import RedisServer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def lossy(redis: RedisServer, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose every announcement, and heal often."""
    settings.HEADWAY = {**settings.HEADWAY, "HEAL_INTERVAL": 0.2}
    monkeypatch.setattr("realtime.announcer.announce", lambda shards: None)
    with redis.client() as client:
        client.flushdb()


@pytest.fixture
async def socket(ana: Any) -> AsyncIterator[Collector]:
    """Return a socket of Ana's."""
    one = Collector(get_hub(), str(ana.pk))
    yield one
    await one.hub.leave(one.mailbox)


async def tell(owner: Any, job: str = "", lines: int = 0, floor: int = 0, **more: Any) -> str:
    """Publish a state of a job, a new one unless told."""
    job = job or str(uuid.uuid4())
    values: dict[str, Any] = {"root": job, "status": Status.RUNNING, **more}
    if values["status"] == Status.SUCCEEDED:
        values["finished_at"] = timestamp()
    state = JobState(id=job, name="t", owner=str(owner.pk), queued_at=timestamp(), **values)
    said = ('{"at":"","level":"info","text":"x"}',) * lines
    change = publish.Change(state=state, order=1, lines=said, floor=floor, transition=True)
    await sync_to_async(publish.publish)([change])
    return job


async def test_a_log_alone_is_healed(socket: Collector, ana: Any) -> None:
    """Who watches only the log gets its lines, also when every announcement was lost."""
    job = await tell(ana, lines=1)
    await socket.hub.watch(socket.mailbox, f"log:{job}", 0)
    await tell(ana, job, lines=2)
    await socket.until(lambda: socket.lines == [1, 2, 3])
    await tell(ana, job, lines=1, status=Status.SUCCEEDED)
    await socket.until(lambda: socket.lines == [1, 2, 3, 4])


async def test_the_last_lines_come_though_they_are_written_during_a_read(
    socket: Collector, ana: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read that began before the last lines were written does not swallow them."""
    job = await tell(ana, lines=1)
    await socket.hub.watch(socket.mailbox, f"log:{job}", 0)
    read, begun = reading.log, list[threading.Event]()
    gates = [threading.Event(), threading.Event()]

    def held(job: str, after: int, *more: int) -> Lines:
        """Read, and hold the answers of the first two readers back."""
        found = read(job, after, *more)
        if len(begun) < len(gates):
            begun.append(gates[len(begun)])
            begun[-1].wait(5)
        return found

    monkeypatch.setattr(reading, "log", held)
    monkeypatch.setattr(socket.hub._healing, "heal", asyncio.Event().wait)
    for status in (Status.RUNNING, Status.SUCCEEDED):
        await tell(ana, job, lines=1, status=status)
        await socket.hub._load([job])
        await socket.until(lambda: begun)
    for gate, lines in zip(gates, ([1, 2], [1, 2, 3]), strict=True):
        await socket.until(partial(_have_begun, begun, len(lines) - 1))
        gate.set()
        await socket.until(partial(_has_lines, socket, lines))


async def test_a_log_is_healed_when_the_store_was_away_at_the_end(
    socket: Collector, ana: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last lines come with the next comparison, though the job has ended."""
    job = await tell(ana, lines=1)
    await socket.hub.watch(socket.mailbox, f"log:{job}", 0)
    with monkeypatch.context() as away:
        asked = threading.Event()

        def away_log(*_: object) -> Lines:
            asked.set()
            return Lines(lines=[], lost=0)

        away.setattr(reading, "log", away_log)
        await tell(ana, job, lines=1, status=Status.SUCCEEDED)
        await socket.hub._load([job])
        await socket.until(asked.is_set)
        assert socket.lines == [1]
    await socket.until(lambda: socket.lines == [1, 2])


async def test_who_comes_later_gets_what_store_and_sql_have_between_them(
    socket: Collector, ana: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store was away at the end, and its worker died before it could be told."""
    monkeypatch.setattr(socket.hub._healing, "heal", asyncio.Event().wait)
    job = await tell(ana, lines=2)
    said = ('{"at":"","level":"info","text":"x"}',) * 2
    state = JobState(id=job, name="t", owner=str(ana.pk), queued_at=timestamp(), root=job)
    state = state.changed(status=Status.SUCCEEDED, finished_at=timestamp())
    place: dict[str, Any] = {"base": 0, "told": 2, "floor": publish.BLIND_STEP}
    end = publish.Change(state=state, order=1, lines=said, transition=True, **place)
    await sync_to_async(publish.publish)([end], blind=True)
    await socket.hub.watch(socket.mailbox, f"log:{job}", 0)
    await socket.until(lambda: socket.lines == [1, 2, 3, 4])


async def test_lines_on_their_way_are_not_told_as_lost(
    socket: Collector, ana: Any, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQL has the end alone, Redis is back without anything, and the worker has not told it yet."""
    monkeypatch.setattr(publish.Change, "_last_lines", lambda _: ())
    job = await tell(ana, lines=2)
    await socket.hub.watch(socket.mailbox, f"job:{job}", 0)
    await socket.hub.watch(socket.mailbox, f"log:{job}", 0)
    await socket.until(lambda: socket.lines == [1, 2])
    with redis.client() as client:
        client.flushdb()
    said = ('{"at":"","level":"info","text":"x"}',) * 2
    state = JobState(id=job, name="t", owner=str(ana.pk), queued_at=timestamp(), root=job)
    state = state.changed(status=Status.SUCCEEDED, finished_at=timestamp())
    end = publish.Change(
        state=state, order=1, lines=said, base=2, floor=publish.BLIND_STEP, transition=True
    )
    await sync_to_async(publish.publish)([end], blind=True)
    read, reads = reading.log, list[int]()

    def noted(job: str, after: int, *more: int) -> Lines:
        reads.append(after)
        return read(job, after, *more)

    monkeypatch.setattr(reading, "log", noted)
    await socket.until(lambda: socket.states[job]["log"] == 4 and len(reads) > 1)
    assert socket.lines == [1, 2]
    await sync_to_async(publish.publish)([end.later()])
    await socket.until(lambda: socket.lines == [1, 2, 3, 4])


def test_the_bar_of_a_tree_does_not_go_back_when_another_process_knows_less() -> None:
    """The store has lost how far it was told to be; a new attempt begins anew."""
    job = str(uuid.uuid4())
    one = JobState(id=job, root=job, name="t", held=True, fraction=0.4, attempt=1).values()
    known = KnownStates()
    for seq, fraction in enumerate([0.4, 0.3, None]):
        known.keep({**one, "seq": seq, "fraction": fraction})
    kept = known.get(job)
    assert kept
    assert kept.state["fraction"] == 0.4
    known.keep({**one, "seq": 9, "fraction": 0.0, "attempt": 2})
    again = known.get(job)
    assert again
    assert again.state["fraction"] == 0.0


async def test_an_end_is_compared_until_the_store_tells_of_it(
    socket: Collector, ana: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQL's state of it, told while the store was away, may lack lines of other attempts."""
    job = await tell(ana, lines=2)
    await socket.hub.watch(socket.mailbox, f"job:{job}", 0)
    await socket.hub.watch(socket.mailbox, f"log:{job}", 0)
    with monkeypatch.context() as away:
        away.setattr(publish, "_remember", lambda reports: [None] * len(reports))
        await tell(ana, job, lines=1, status=Status.SUCCEEDED)
    asked, ends = list[bool](), reading.ends

    def noted(jobs: list[str]) -> dict[str, bool] | None:
        asked.append(bool(jobs))
        return ends(jobs)

    monkeypatch.setattr(reading, "ends", noted)
    await socket.hub._load([job])
    await socket.until(lambda: len(asked) > DOUBTS + 2)
    assert socket.states[job]["log"] == 1
    await tell(ana, job, lines=1, status=Status.SUCCEEDED, floor=publish.BLIND_STEP)
    await socket.until(lambda: socket.states[job]["log"] == 3 and socket.lines == [1, 2, 3])
    asked.clear()
    await socket.until(lambda: len(asked) > 2 and not any(asked[-2:]))


async def test_ends_that_the_store_has_forgotten_are_compared_in_turns(
    socket: Collector, ana: Any, monkeypatch: pytest.MonkeyPatch, redis: RedisServer
) -> None:
    """A few at once and a few times each: pages of old jobs do not hold up those that run."""
    monkeypatch.setattr("realtime.healing.ENDS_AT_ONCE", 2)
    jobs = [await tell(ana, status=Status.SUCCEEDED) for _ in range(5)]
    with redis.client() as client:
        client.flushdb()
    asked, ends = list[list[str]](), reading.ends

    def noted(jobs: list[str]) -> dict[str, bool] | None:
        asked.append(jobs)
        return ends(jobs)

    monkeypatch.setattr(reading, "ends", noted)
    for job in jobs:
        await socket.hub.watch(socket.mailbox, f"job:{job}", 0)
    await socket.until(lambda: any(asked) and not asked[-1], 10)
    assert max(map(len, asked)) == 2
    assert Counter(job for some in asked for job in some) == dict.fromkeys(jobs, DOUBTS)


async def test_a_tree_is_healed(socket: Collector, ana: Any) -> None:
    """A job that joined the tree while nothing could be heard is shown."""
    root = await tell(ana)
    await socket.hub.watch(socket.mailbox, f"tree:{root}", 0)
    child = await tell(ana, root=root, parent=root)
    await socket.until(lambda: child in socket.states)
    ended = await tell(ana, root=root, parent=root, status=Status.SUCCEEDED)
    await socket.until(lambda: ended in socket.states)


async def test_a_large_tree_does_not_flood_who_watches_it(socket: Collector, ana: Any) -> None:
    """The root and a bounded number of jobs are sent and go on; the root tells of the others."""
    root = await tell(ana)
    below = [await tell(ana, root=root, parent=root) for _ in range(TREE + 20)]
    await socket.hub.watch(socket.mailbox, f"tree:{root}", 0)
    await socket.until(lambda: len(socket.states) == TREE + 1)
    for job in below:
        await tell(ana, job, root=root, parent=root, message="on")
    await tell(ana, root, message="on")
    socket.hub._hear(list((await in_thread(reading.states, [*below, root])).values()))
    await socket.until(lambda: all(one["message"] == "on" for one in socket.states.values()))
    assert len(socket.states) == TREE + 1
    assert root in socket.states


async def test_who_watches_a_root_is_sent_the_root_alone(socket: Collector, ana: Any) -> None:
    """However many jobs are below it."""
    root = await tell(ana)
    await socket.hub.watch(socket.mailbox, f"job:{root}", 0)
    for _ in range(50):
        await tell(ana, root=root, parent=root)
    await tell(ana, root, message="on")
    await socket.until(lambda: socket.states[root]["message"] == "on")
    assert set(socket.states) == {root}


@pytest.mark.parametrize("topic", ["job", "tree", "mine"])
async def test_a_job_that_only_sql_knows_is_shown(socket: Collector, ana: Any, topic: str) -> None:
    """Its process ended, or Redis was emptied, before anything but the row was written."""
    from realtime import records

    job = str(uuid.uuid4())
    state = JobState(id=job, root=job, name="t", owner=str(ana.pk), queued_at=timestamp())
    await sync_to_async(records.create)(state)
    assert (await Job.objects.aget(pk=job)).seq == 0
    await socket.hub.watch(socket.mailbox, topic if topic == "mine" else f"{topic}:{job}", 0)
    assert socket.states[job]["status"] == "queued"


async def test_who_comes_while_redis_is_frozen_is_shown_what_sql_knows(
    socket: Collector, ana: Any, redis: RedisServer
) -> None:
    """Nobody waits for the layer, and all hear it once it is back."""
    job = await tell(ana)
    others = [Collector(socket.hub, str(ana.pk)) for _ in range(10)]
    redis.stop()
    try:
        async with asyncio.timeout(6):
            await asyncio.gather(
                *(one.hub.watch(one.mailbox, f"job:{job}", 0) for one in [socket, *others])
            )
        assert all(job in one.states for one in [socket, *others])
    finally:
        redis.cont()
    await socket.until(lambda: socket.hub.listener._joined)
    for one in others:
        await one.hub.leave(one.mailbox)


async def test_only_one_reader_waits_for_a_frozen_redis(
    socket: Collector, ana: Any, redis: RedisServer
) -> None:
    """The others are answered from SQL at once, and from Redis again once it is back."""
    job = await tell(ana, lines=1)
    redis.stop()
    try:
        began = time.monotonic()
        await in_thread(reading.states, [job])
        alone = time.monotonic() - began
        began = time.monotonic()
        found = await asyncio.gather(*(in_thread(reading.states, [job]) for _ in range(20)))
        assert time.monotonic() - began < 3 * alone  # in four threads they would wait five times
        assert all(job in one for one in found)
    finally:
        redis.cont()
    async with asyncio.timeout(5):
        while not (await in_thread(reading.log, job, 0)).lines:
            await asyncio.sleep(0.02)


async def test_a_socket_that_asks_again_and_again_stays_small(
    socket: Collector, ana: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A topic waits for its confirmation once, however often it was asked for."""
    await tell(ana)
    monkeypatch.setattr(Mailbox, "full", True)
    for _ in range(100):
        await socket.hub.watch(socket.mailbox, "mine", 0)
    assert list(socket.mailbox.promised) == ["mine"]


async def test_long_lines_come_in_more_frames(socket: Collector, ana: Any) -> None:
    """A window of frames with a log stays within some megabytes."""
    job = str(uuid.uuid4())
    line = json.dumps({"at": "", "level": "info", "text": "x" * 2_000}).replace(" ", "")
    state = JobState(
        id=job, root=job, name="t", status=Status.RUNNING, owner=str(ana.pk), queued_at=timestamp()
    )
    change = publish.Change(state=state, order=1, lines=(line,) * 1_500, transition=True)
    await sync_to_async(publish.publish)([change])
    await socket.hub.watch(socket.mailbox, f"log:{job}", 0)
    await socket.until(lambda: socket.lines == list(range(1, 1_501)))
    assert max(len(json.dumps(frame)) for frame in socket.frames) < 150_000


async def test_gauges_are_read_while_sockets_come_and_go(socket: Collector, ana: Any) -> None:
    """They are read in a thread: nothing that changes meanwhile ends the counting."""
    crowd = [Collector(socket.hub, str(ana.pk)) for _ in range(500)]
    await asyncio.sleep(0)  # Until the gauges are shown.
    begun, stop, usual = threading.Event(), threading.Event(), sys.getswitchinterval()

    def read() -> None:
        begun.set()
        while not stop.is_set():
            for gauge in counted._gauges.values():
                gauge()

    sys.setswitchinterval(1e-6)
    try:
        reads = asyncio.ensure_future(in_thread(read))
        await socket.until(begun.is_set)
        for _ in range(100):
            for one in crowd:
                await socket.hub.leave(one.mailbox)
            for one in crowd:
                socket.hub.enter(one.mailbox)
    finally:
        stop.set()
        sys.setswitchinterval(usual)
    await reads
    for one in crowd:
        await socket.hub.leave(one.mailbox)


async def test_many_sockets_are_told_in_turns(socket: Collector, ana: Any) -> None:
    """States that come while the turns go round reach everybody, newest last and none twice."""
    job = await tell(ana)
    others = [Collector(socket.hub, str(ana.pk)) for _ in range(3 * TURN)]
    for one in others:
        await one.hub.watch(one.mailbox, f"job:{job}", 0)
    state = others[0].states[job]
    for step in range(1, 4):
        socket.hub.take_in([{**state, "seq": state["seq"] + step}])
    for one in others:
        await one.until(partial(_has, one, job, state["seq"] + 3))
        seqs = [sent["seq"] for frame in one.frames for sent in frame.get("jobs", ())]
        assert seqs == sorted(set(seqs))
        await one.hub.leave(one.mailbox)


async def test_the_first_whose_turn_comes_is_not_late(socket: Collector, ana: Any) -> None:
    """Who watches a job does not wait for those who watch lists, whose turns are further apart."""
    fast = Collector(socket.hub, str(ana.pk))
    jobs = [await tell(ana), await tell(ana)]
    await socket.hub.watch(socket.mailbox, "mine", 0)
    await fast.hub.watch(fast.mailbox, f"job:{jobs[1]}", 0)
    await socket.until(lambda: len(socket.states) == 2 and jobs[1] in fast.states)
    fast.mailbox.free_at = 0
    for job in (jobs[0], jobs[0], jobs[1], jobs[1]):
        known = socket.hub.known.get(job)
        assert known
        socket.hub.take_in([{**known.state, "seq": known.seq + 1}])
    assert fast.mailbox.free_at < socket.mailbox.free_at
    timer = socket.hub._delivery._timer
    assert timer
    assert timer.when() == pytest.approx(fast.mailbox.free_at, abs=0.01)
    await fast.hub.leave(fast.mailbox)


@pytest.mark.parametrize(
    ("topics", "sent", "pause"),
    [
        ({"all"}, 25, 0.25),
        ({"mine", "notices"}, 1_000, 0.5),
        ({"all"}, 100_000, 1.0),
        ({"all", "job:x"}, 1_000, 0.05),
    ],
)
async def test_a_list_of_which_much_changes_is_told_less_often(
    socket: Collector, topics: set[str], sent: int, pause: float
) -> None:
    """Most of it is out of sight; who watches jobs or trees sees them as often as ever."""
    socket.mailbox.topics |= topics
    socket.mailbox._set_pause()
    socket.mailbox.rest(100.0, sent)
    assert socket.mailbox.free_at == 100.0 + pause


def _has(socket: Collector, job: str, seq: int) -> bool:
    return bool(socket.states[job]["seq"] == seq)


def _have_begun(begun: list[threading.Event], number: int) -> bool:
    return len(begun) >= number


def _has_lines(socket: Collector, lines: list[int]) -> bool:
    return socket.lines == lines
