"""Notices over sockets: live, healed, read everywhere, and nobody else's."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from asgiref.sync import sync_to_async

from realtime import announcer, control, marking, notice_list, protocol
from realtime.conf import conf
from realtime.errors import Refused
from realtime.events import JobState, Status
from realtime.hub import get_hub
from realtime.models import Notice
from realtime.reporter import get_reporter
from tests import tasks
from tests.processes import Child
from tests.realtime.collector import Collector
from tests.realtime.test_notices import state, tell
from tests.realtime.test_sockets import signed_in, start
from tests.services import RedisServer
from tests.sockets import Viewer, viewer

pytestmark = pytest.mark.django_db(transaction=True)


async def told(*states: JobState) -> None:
    """Publish states, by nobody who would announce them."""
    await sync_to_async(tell)(*states)


def newest(socket: Collector) -> dict[str, Any]:
    """Return the last frame of notices."""
    return [frame for frame in socket.frames if frame["type"] == "notices"][-1]


@pytest.fixture
def lossy(redis: RedisServer, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose every announcement, and heal often."""
    settings.HEADWAY = {**settings.HEADWAY, "HEAL_INTERVAL": 0.2}
    monkeypatch.setattr(announcer, "announce", lambda shards: None)
    monkeypatch.setattr(announcer, "tell", lambda people: None)
    with redis.client() as client:
        client.flushdb()


@pytest.fixture
async def sockets(lossy: None, ana: Any) -> AsyncIterator[list[Collector]]:
    """Return two sockets of Ana's that watch her notices."""
    found = [Collector(get_hub(), str(ana.pk)) for _ in range(2)]
    for one in found:
        await one.hub.watch(one.mailbox, "notices", 0)
        await one.until(partial(is_settled, one))
    yield found
    for one in found:
        await one.hub.leave(one.mailbox)


def is_settled(socket: Collector) -> bool:
    """Tell whether a socket was sent all that there is at first."""
    return socket.frames[-1:] == [json.loads(protocol.watching("notices"))]


def has_unread(socket: Collector, count: int) -> bool:
    """Tell whether a socket knows of so many unread notices."""
    return bool(newest(socket)["unread"] == count)


async def test_what_the_layer_has_lost_is_healed(sockets: list[Collector], ana: Any) -> None:
    """New ones, read ones, and a question that is over; nothing is sent twice."""
    asking = state(ana, Status.WAITING)
    await told(asking, state(ana, Status.FAILED))
    for one in sockets:
        await one.until(partial(has_unread, one, 2))
    first = newest(sockets[0])["notices"]
    assert [notice["kind"] for notice in first] == ["failed", "asks"]
    await told(asking.changed(status=Status.RUNNING, question=None))
    for one in sockets:
        await one.until(partial(has_unread, one, 1))
    await sync_to_async(marking.mark)(str(ana.pk), read=True)
    for one in sockets:
        await one.until(partial(has_unread, one, 0))
    kept = [frame for frame in sockets[0].frames if frame["type"] == "notices"]
    assert all(one != other for one, other in pairwise(kept))


async def test_who_is_told_nothing(lossy: None, ana: Any, ben: Any) -> None:
    """Who watches no notices, and who watches their own."""
    hers, his = Collector(get_hub(), str(ana.pk)), Collector(get_hub(), str(ben.pk))
    await his.hub.watch(his.mailbox, "notices", 0)
    await his.until(lambda: len(his.frames) == 2)
    await told(state(ana, Status.FAILED))
    await told(state(ben, Status.FAILED, title="His"))
    await his.until(lambda: newest(his)["unread"] == 1)
    assert [one["title"] for one in newest(his)["notices"]] == ["His"]
    assert hers.frames == []
    his.hub.unwatch(his.mailbox, "notices")
    assert his.hub.notices._newest == {}
    for one in (hers, his):
        await one.hub.leave(one.mailbox)


async def test_a_slow_reader_gets_the_newest_and_the_right_count(
    sockets: list[Collector], ana: Any
) -> None:
    """However much has happened while its window was full, it is one frame."""
    slow, quick = sockets
    slow.mailbox._sent = slow.mailbox._acknowledged + conf.WINDOW
    before = len(slow.frames)
    for number in range(1, 4):
        await told(state(ana, Status.FAILED))
        await quick.until(partial(has_unread, quick, number))
    assert len(slow.frames) == before
    slow.mailbox.acknowledge(slow.mailbox._sent)
    assert len(slow.frames) == before + 1
    assert newest(slow) == newest(quick)
    assert len(newest(slow)["notices"]) == 3


async def test_a_read_that_began_before_the_change_is_followed_by_another(
    sockets: list[Collector], ana: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What changes while it is being read is not lost, and nothing older is sent after it."""
    read, begun, go_on = notice_list.frames, threading.Event(), threading.Event()

    def held(people: list[str]) -> dict[str, str]:
        found = read(people)
        begun.set()
        go_on.wait(5)
        return found

    one = sockets[0]
    monkeypatch.setattr(one.hub.notices._frames, "_call", held)
    one.hub.notices.call([str(ana.pk)])
    await one.until(begun.is_set)
    await told(state(ana, Status.FAILED))
    one.hub.notices.call([str(ana.pk)])
    go_on.set()
    await one.until(lambda: newest(one)["unread"] == 1)


async def test_a_database_that_is_away_is_asked_again(
    lossy: None, ana: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has begun to watch meanwhile is sent everything once it is back."""
    one = Collector(get_hub(), str(ana.pk))
    with monkeypatch.context() as away:
        asked = threading.Event()

        def refuse(people: list[str]) -> dict[str, str]:
            asked.set()
            raise OSError(people)

        away.setattr(one.hub.notices._frames, "_call", refuse)
        await one.hub.watch(one.mailbox, "notices", 0)
        await one.until(asked.is_set)
        assert one.frames == []
    await one.until(partial(is_settled, one))
    await one.hub.leave(one.mailbox)


async def test_an_idle_reporter_is_woken(redis: RedisServer, ana: Any) -> None:
    """Whoever marks a notice in a web process that has no job to tell of is heard all the same."""
    one = Collector(get_hub(), str(ana.pk))
    await one.hub.watch(one.mailbox, "notices", 0)
    await one.until(lambda: len(one.frames) == 2)
    get_reporter().call("nobody")
    await one.until(lambda: get_reporter()._asleep)
    await sync_to_async(Notice.objects.all().delete)()
    heard = one.hub.notices._again
    get_reporter().call(str(ana.pk))
    await one.until(lambda: str(ana.pk) in heard)
    await one.hub.leave(one.mailbox)


async def test_a_question_is_asked_answered_and_read_everywhere(
    web: Child, threads_worker: Child, ana: Any, ben: Any, tmp_path: Path
) -> None:
    """A notice with the choices on each of her sockets; the answer ends it on all of them."""
    cookie = await signed_in(ana)
    async with AsyncExitStack() as stack:
        first, second = [await stack.enter_async_context(viewer(web, cookie)) for _ in range(2)]
        other = await stack.enter_async_context(viewer(web, await signed_in(ben)))
        for one in (first, second, other):
            await one.watch("notices")
            await one.until(partial(one.of_type, "watching"))
        job = await start(tasks.asks, str(tmp_path / "told"), owner=ana, title="Import")
        for one in (first, second):
            await one.until(partial(notice_of, one, "asks"))
        asks = notice_of(first, "asks")
        assert (asks["title"], asks["text"], asks["job"]) == ("Import", "Replace them?", job)
        assert (asks["actions"], asks["question"]["choices"]) == (["answer"], ["Yes", "No"])
        said = {"answer": "No", "question": asks["question"]["id"]}
        await post(web, cookie, f"jobs/{job}/answer", said)
        for one in (first, second):
            await one.until(partial(is_read, one, "asks"))
            last = one.of_type("notices")[-1]
            assert last["unread"] == sum(not notice["read_at"] for notice in last["notices"])
            assert notice_of(one, "asks")["actions"] == []
        bad = await start(tasks.fail, "x", owner=ana)
        await first.until(lambda: notice_of(first, "failed"))
        assert notice_of(first, "failed")["job"] == bad
        await post(web, cookie, "notices/read", {"all": True})
        for one in (first, second):
            await one.until(partial(is_read, one, "failed"))
        assert not notice_of(other, "asks")
        assert (tmp_path / "told").read_text().split()[-1] == "No"


def notice_of(one: Viewer, kind: str) -> dict[str, Any]:
    """Return what a socket knows of its notice of a kind."""
    found = one.of_type("notices")[-1]["notices"] if one.of_type("notices") else []
    return next((notice for notice in found if notice["kind"] == kind), {})


def is_read(one: Viewer, kind: str) -> bool:
    """Tell whether a socket knows that its notice of a kind is read."""
    return bool(notice_of(one, kind).get("read_at"))


async def post(web: Child, cookie: str, path: str, said: dict[str, Any]) -> None:
    """Ask for something as a page does."""
    headers = {"Cookie": f"{cookie}; csrftoken={'a' * 32}", "X-CSRFToken": "a" * 32}
    headers |= {"Content-Type": "application/json"}
    request = Request(f"{web.url}/headway/api/{path}", json.dumps(said).encode(), headers)
    with await asyncio.to_thread(urlopen, request, timeout=20) as answer:
        assert answer.status < 300


async def test_two_questions_with_nothing_between_are_two_notices(
    threads_worker: Child, ana: Any, tmp_path: Path
) -> None:
    """The second one is a transition too, though the job never was seen to run between them."""
    job = await start(tasks.asks_twice, str(tmp_path / "told"), owner=ana)
    for number in (1, 2):
        await found_notices(job, number)
        await answered(job)
    notices = await found_notices(job, 2)
    assert len({one.about for one in notices}) == 2


async def found_notices(job: str, count: int) -> list[Notice]:
    """Return a job's notices of questions once there are so many."""
    async with asyncio.timeout(20):
        while True:
            found = [one async for one in Notice.objects.filter(job_id=job, kind="asks")]
            if len(found) == count:
                return found
            await asyncio.sleep(0.05)


async def answered(job: str) -> None:
    """Answer what a job asks, as soon as it can be answered."""
    async with asyncio.timeout(20):
        while True:
            try:
                await sync_to_async(control.answer)(job, "Yes")
            except Refused:
                await asyncio.sleep(0.05)
            else:
                return
