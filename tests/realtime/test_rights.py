"""What becomes of open sockets when those who opened them may no longer watch."""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Permission
from django.contrib.sessions.models import Session
from websockets.exceptions import ConnectionClosed

from realtime import publish
from realtime.events import JobState, Status, timestamp
from realtime.hub import get_hub
from realtime.rights import Rights
from realtime.sessions import Visitor
from tests.processes import Child, web_server
from tests.realtime.collector import Collector
from tests.realtime.conftest import Lazy
from tests.services import RedisServer
from tests.sockets import Viewer, sign_in, viewer

pytestmark = pytest.mark.django_db(transaction=True)

OFTEN = {"RIGHTS_INTERVAL": 0.2}


@pytest.fixture(scope="module")
def watchful(redis: RedisServer, django_db_setup: None) -> Iterator[Lazy]:
    """Keep web servers that look at rights often."""
    with ExitStack() as stack:
        more = json.dumps(OFTEN)
        yield Lazy(lambda name: stack.enter_context(web_server(name, HEADWAY_MORE=more)))


@pytest.fixture(params=["daphne", "uvicorn"])
def web(request: pytest.FixtureRequest, watchful: Lazy, transactional_db: None) -> Child:
    """Return the service under each server."""
    return watchful.running(request.param)


async def tell(owner: Any, job: str = "", log: int = 0) -> str:
    """Publish a state of a running job."""
    job = job or str(uuid.uuid4())
    values: dict[str, Any] = {"id": job, "root": job, "name": "t", "owner": str(owner.pk)}
    state = JobState(status=Status.RUNNING, queued_at=timestamp(), **values)
    lines = ('{"at":"","level":"info","text":"secret"}',) * log
    change = publish.Change(state=state, order=1, lines=lines, transition=True)
    await sync_to_async(publish.publish)([change])
    return job


async def closed(one: Viewer) -> tuple[int, str]:
    """Return with what a socket was closed."""
    with pytest.raises(ConnectionClosed):
        await one.until(lambda: False)
    return int(one.socket.close_code or 0), str(one.socket.close_reason)


async def refusals(one: Viewer, count: int) -> dict[str, str]:
    """Return which topics were refused, and how."""
    await one.until(lambda: len(one.of_type("refused")) >= count)
    return {frame["topic"]: frame["code"] for frame in one.of_type("refused")}


def end_session(user: Any) -> None:
    """Sign out everywhere, as a deleted session does."""
    del user
    Session.objects.all().delete()


def change_password(user: Any) -> None:
    """Have a new one."""
    user.set_password("new")
    user.save()


def deactivate(user: Any) -> None:
    """Switch the account off."""
    user.is_active = False
    user.save()


@pytest.mark.parametrize("leave", [end_session, change_password, deactivate])
async def test_who_is_not_signed_in_any_more_is_closed(
    web: Child, ana: Any, ben: Any, operator: Any, leave: Any
) -> None:
    """An idle socket and a watching one, with 4501; another person's stays."""
    cookie, other = [await sync_to_async(sign_in)(user) for user in (ana, ben)]
    async with (
        viewer(web, cookie) as idle,
        viewer(web, cookie) as watching,
        viewer(web, other) as bens,
    ):
        await watching.watch("mine")
        await watching.until(lambda: watching.of_type("watching"))
        await sync_to_async(leave)(ana)
        reason = (4501, "expected to be signed in")
        ends = [await closed(one) for one in (idle, watching)]
        assert ends == [reason, reason]
        if leave is not end_session:
            await bens.watch("mine")
            await bens.until(lambda: bens.of_type("watching"))


async def test_who_is_no_operator_any_more_sees_only_their_own(
    web: Child, ana: Any, ben: Any
) -> None:
    """Topics of others are refused like any that never was; one's own go on."""
    may = await Permission.objects.aget(codename="view_all_jobs")
    await ben.user_permissions.aadd(may)
    hers, his = await tell(ana, log=1), await tell(ben)
    async with viewer(web, await sync_to_async(sign_in)(ben)) as one:
        await one.watch("all", f"job:{hers}", f"job:{his}", f"log:{hers}", f"tree:{hers}", "mine")
        await one.until(lambda: len(one.of_type("watching")) == 5)
        await ben.user_permissions.aclear()
        refused = await refusals(one, 4)
        assert refused == dict.fromkeys(
            ["all", f"job:{hers}", f"log:{hers}", f"tree:{hers}"], "not_found"
        )
        seen = one.states[hers]["seq"], len(one.lines)
        await tell(ana, hers, log=1)
        newer = one.states[his]["seq"]
        await tell(ben, his)
        await one.until(lambda: one.states[his]["seq"] > newer)
        assert (one.states[hers]["seq"], len(one.lines)) == seen


async def test_who_becomes_operator_may_watch_everything(web: Child, ana: Any, ben: Any) -> None:
    """Without coming back."""
    job = await tell(ana)
    async with viewer(web, await sync_to_async(sign_in)(ben)) as one:
        await one.watch(f"job:{job}")
        await refusals(one, 1)
        await ben.user_permissions.aadd(await Permission.objects.aget(codename="view_all_jobs"))

        async def is_let_in() -> bool:
            asked = len(one.frames)
            await one.watch(f"job:{job}")
            await one.until(partial(_answered, one, asked))
            return job in one.states

        async with asyncio.timeout(10):
            while not await is_let_in():
                pass


def _answered(one: Viewer, asked: int) -> bool:
    return any(frame["type"] in {"watching", "refused"} for frame in one.frames[asked:])


def collector(session: str) -> Collector:
    """Return a viewer whose session begins with their name."""
    return Collector(get_hub(), session.partition(" ")[0], session)


async def test_sockets_outlive_a_database_that_is_away_for_a_while(
    redis: RedisServer, settings: Any, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    """It is logged once; after RIGHTS_PATIENCE they must come back and say who they are."""
    settings.HEADWAY = {**settings.HEADWAY, "RIGHTS_INTERVAL": 0.02, "RIGHTS_PATIENCE": 0.5}
    asked = 0

    def away(keys: set[str]) -> dict[str, Visitor]:
        nonlocal asked
        asked += 1
        raise OSError("the database is away")

    monkeypatch.setattr("realtime.rights.visitors", away)
    one = collector("ana 1")
    with caplog.at_level(logging.WARNING):
        assert await one.until_closed() == 4002
    assert asked > 2
    assert len([record for record in caplog.records if "who is signed in" in record.message]) == 1
    await one.hub.leave(one.mailbox)


async def test_each_session_is_asked_for_once_and_no_question_twice(
    redis: RedisServer, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow answer is waited for, and judges only those about whom was asked."""
    settings.HEADWAY = {**settings.HEADWAY, "RIGHTS_INTERVAL": 0.05}
    questions: list[list[str]] = []
    loop, gate = asyncio.get_running_loop(), asyncio.Event()

    def slow(keys: set[str]) -> dict[str, Visitor]:
        questions.append(sorted(keys))
        if len(questions) == 1:
            asyncio.run_coroutine_threadsafe(gate.wait(), loop).result(5)
            return {}
        return {key: Visitor(key.partition(" ")[0], operator=False, session=key) for key in keys}

    looks, bear = 0, Rights._bear

    def counted(self: Rights, error: Exception) -> None:
        nonlocal looks
        looks += 1
        bear(self, error)

    monkeypatch.setattr(Rights, "_bear", counted)
    monkeypatch.setattr("realtime.rights.visitors", slow)
    early = [collector(name) for name in ("ana 1", "ana 1", "ben 1")]
    while not questions:
        await asyncio.sleep(0.01)
    late = collector("cleo 1")
    while looks < 3:
        await asyncio.sleep(0.01)
    assert questions == [["ana 1", "ben 1"]]
    gate.set()
    assert [await one.until_closed() for one in early] == [4501] * 3
    while len(questions) < 3:
        await asyncio.sleep(0.01)
    assert not late.mailbox.closed
    for one in [*early, late]:
        await one.hub.leave(one.mailbox)


async def test_who_cannot_be_judged_must_come_back_and_the_others_are_looked_after(
    redis: RedisServer, settings: Any, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    """A database that goes while topics are asked for leaves no right that was taken away."""
    settings.HEADWAY = {**settings.HEADWAY, "RIGHTS_INTERVAL": 0.05}
    people = {"ana 1": True, "ben 1": False}

    def found(keys: set[str]) -> dict[str, Visitor]:
        known = {key: people[key] for key in keys if key in people}
        return {
            key: Visitor(key.partition(" ")[0], operator=operator, session=key)
            for key, operator in known.items()
        }

    async def away(*_: object) -> None:
        raise OSError("the database is away")

    monkeypatch.setattr("realtime.rights.visitors", found)
    ana, ben = collector("ana 1"), collector("ben 1")
    await ana.until(lambda: ana.mailbox.operator)
    await ana.hub.watch(ana.mailbox, "all", 0)
    monkeypatch.setattr(ana.hub, "_groups", away)
    people["ana 1"] = False
    with caplog.at_level(logging.ERROR):
        assert await ana.until_closed() == 4002
    assert not ben.mailbox.closed
    del people["ben 1"]
    assert await ben.until_closed() == 4501
    for one in (ana, ben):
        await one.hub.leave(one.mailbox)
