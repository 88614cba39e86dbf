"""Real sockets to a real server: what a viewer sees, and what nobody else does."""

from __future__ import annotations

import asyncio
import uuid
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

import realtime
from realtime import control
from realtime.conf import conf
from tests import tasks
from tests.processes import Child
from tests.realtime.conftest import Lazy
from tests.sockets import sign_in, viewer

pytestmark = pytest.mark.django_db(transaction=True)


async def start(task: Any, *args: Any, owner: Any, **more: Any) -> str:
    """Start a job and return its id."""
    job = await sync_to_async(realtime.start)(task, *args, owner=owner, **more)
    return str(job.pk)


async def signed_in(user: Any) -> str:
    """Return the cookie of a session."""
    return await sync_to_async(sign_in)(user)


async def test_the_owner_sees_a_job_from_start_to_end(
    web: Child, threads_worker: Child, ana: Any, tmp_path: Path
) -> None:
    """The bar moves while the task waits in its middle, and reaches its end."""
    gate = tmp_path / "gate"
    job = await start(tasks.count, 50, str(gate), 20, owner=ana, title="Fifty")
    async with viewer(web, await signed_in(ana)) as ana_sees:
        await ana_sees.watch(f"job:{job}")
        await ana_sees.until(lambda: ana_sees.states.get(job, {}).get("current") == 20)
        welcome = ana_sees.frames[0]
        assert (welcome["type"], welcome["user"]) == ("welcome", str(ana.pk))
        state = ana_sees.states[job]
        assert (state["title"], state["fraction"]) == ("Fifty", 0.4)
        assert state["actions"] == ["cancel", "pause"]
        gate.touch()
        last = await ana_sees.ended(job)
        assert (last["status"], last["current"], last["actions"]) == (
            "succeeded",
            50,
            ["again"],
        )
        assert ana_sees.of_type("watching") == [{"type": "watching", "topic": f"job:{job}"}]


async def test_who_comes_late_or_again_sees_the_same(
    web: Child, threads_worker: Child, ana: Any
) -> None:
    """A finished job is told at once; a browser that has it already is told nothing twice."""
    job = await start(tasks.stages, owner=ana)
    async with viewer(web, await signed_in(ana)) as first:
        await first.watch(f"job:{job}")
        last = await first.ended(job)
        await first.until(lambda: first.of_type("watching"))
    assert [stage["status"] for stage in last["stages"]] == ["succeeded", "succeeded"]
    assert (last["ok"], last["failed"], last["skipped"], last["log"]) == (10, 1, 1, 2)
    async with viewer(web, await signed_in(ana)) as again:
        await again.watch(f"job:{job}", seq=last["seq"])
        await again.until(lambda: again.of_type("watching"))
        assert again.of_type("jobs") == []


async def test_others_are_told_that_there_is_nothing(
    web: Child, threads_worker: Child, ana: Any, ben: Any
) -> None:
    """A job of somebody else and one that never was look the same."""
    job = await start(tasks.nothing, owner=ana)
    never = str(uuid.uuid4())
    async with viewer(web, await signed_in(ben)) as ben_sees:
        await ben_sees.watch(f"job:{job}", f"job:{never}", f"log:{job}", f"tree:{job}", "all", "x")
        await ben_sees.until(lambda: len(ben_sees.of_type("refused")) == 6)
        told = {frame["topic"]: (frame["code"], frame["text"]) for frame in ben_sees.frames[1:]}
        assert told[f"job:{job}"] == told[f"job:{never}"]
        codes = {code for topic, (code, _) in told.items() if topic != "x"}
        assert codes == {"not_found"}
        assert told["x"][0] == "bad_topic"
        await ben_sees.watch("mine")
        await ben_sees.until(lambda: ben_sees.of_type("watching"))
        assert ben_sees.states == {}


async def test_mine_all_and_tree_bring_lists_and_what_comes_new(
    web: Child, threads_worker: Child, ana: Any, operator: Any
) -> None:
    """Lists begin with what is there and go on with what is started."""
    before = await start(tasks.nothing, owner=ana)
    async with (
        viewer(web, await signed_in(ana)) as ana_sees,
        viewer(web, await signed_in(operator)) as operator_sees,
    ):
        await ana_sees.watch("mine")
        await operator_sees.watch("all")
        for one in (ana_sees, operator_sees):
            await one.until(partial(one.of_type, "watching"))
        parent = await start(tasks.start_child, owner=ana)
        for one in (ana_sees, operator_sees):
            await one.ended(before)
            await one.ended(parent)
            while len(one.states) < 3:
                await one.read()
        child = next(state for state in ana_sees.states.values() if state["parent"])
        assert (child["parent"], child["root"], child["owner"]) == (parent, parent, str(ana.pk))
        await ana_sees.watch(f"tree:{parent}")
        await ana_sees.until(lambda: len(ana_sees.of_type("watching")) == 2)


async def test_the_log_comes_once_in_order_from_the_first_line(
    web: Child, threads_worker: Child, ana: Any
) -> None:
    """Who watches from the start and who comes later have the same lines."""
    job = await start(tasks.talk, 2500, owner=ana)
    async with viewer(web, await signed_in(ana)) as early:
        await early.watch(f"log:{job}", f"job:{job}")
        await early.until(lambda: len(early.lines) >= 2500)
        assert [line["n"] for line in early.lines] == list(range(1, 2501))
        assert early.lines[-1]["text"] == "line 2500"
    async with viewer(web, await signed_in(ana)) as late:
        await late.watch(f"log:{job}", after=2400)
        await late.until(lambda: len(late.lines) >= 100)
        assert [line["n"] for line in late.lines] == list(range(2401, 2501))


async def test_an_error_is_told_by_role(
    web: Child, threads_worker: Child, ana: Any, operator: Any
) -> None:
    """An owner learns the kind of an unexpected error; an operator its text."""
    job = await start(tasks.fail, "password=hunter2", owner=ana)
    spoken = await start(tasks.fail, "The file is empty.", owner=ana, public=True)
    async with (
        viewer(web, await signed_in(ana)) as ana_sees,
        viewer(web, await signed_in(operator)) as operator_sees,
    ):
        for one in (ana_sees, operator_sees):
            await one.watch(f"job:{job}", f"job:{spoken}")
            await one.ended(job)
            await one.ended(spoken)
        assert "hunter2" not in str(ana_sees.frames) + str(operator_sees.frames)
        assert ana_sees.states[job]["error"]["kind"] == "ValueError"
        assert ana_sees.states[spoken]["error"]["text"] == "The file is empty."
        assert operator_sees.states[job]["error"]["text"] == "password=[hidden]"
        assert "Traceback" not in str(operator_sees.frames)


async def test_a_reader_that_does_not_acknowledge_gets_no_more_than_its_window(
    web: Child, threads_worker: Child, ana: Any, tmp_path: Path
) -> None:
    """Past the window nothing is sent; the first acknowledgement brings the newest."""
    gate = tmp_path / "gate"
    job = await start(tasks.until_cancelled, str(gate), owner=ana)
    async with viewer(web, await signed_in(ana)) as slow:
        slow.acknowledges = False
        await slow.watch(f"job:{job}")
        await slow.until(lambda: slow.data_frames == conf.WINDOW, seconds=60)
        with pytest.raises(TimeoutError):
            await slow.until(lambda: slow.data_frames > conf.WINDOW, seconds=1)
        seen = slow.states[job]["current"]
        await slow.send(type="ack", frames=conf.WINDOW)
        await slow.until(lambda: slow.data_frames == conf.WINDOW + 1)
        assert slow.states[job]["current"] > seen + 100
        await sync_to_async(control.cancel)(job)
        slow.acknowledges = True
        assert (await slow.ended(job))["status"] == "cancelled"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{",
        '{"type": "watch"}',
        '{"type": "nonsense"}',
        '{"type": "ack"}',
        '{"type": "ack", "frames": -1}',
        '{"type": "ack", "frames": 1e400}',
        '{"type": "ack", "frames": NaN}',
        "[" * 16000,
        '{"type": "watch", "topics": {"mine": 1}}',
        '{"type": "ack", "frames": ' + "9" * 5000 + "}",
        "x" * 20000,
        b"\x00\x01",
        '{"type": "watch", "topics": {"\\ud800": []}}',
    ],
)
async def test_a_malformed_frame_closes_the_socket_and_nothing_else(
    web: Child, ana: Any, text: str | bytes
) -> None:
    """It is answered with 4500, without a traceback, and the next socket is served."""
    cookie = await signed_in(ana)
    async with viewer(web, cookie) as one:
        await one.read()
        await one.socket.send(text)
        with pytest.raises(ConnectionClosed) as closed:
            await one.read()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4500
    async with viewer(web, cookie) as next_one:
        assert (await next_one.read())["type"] == "welcome"
    assert "Traceback" not in web.printed()


async def test_strangers_and_foreign_pages_are_refused_at_the_door(web: Child, ana: Any) -> None:
    """403: not signed in, another origin, none, another scheme; unknown paths likewise."""
    cookie = await signed_in(ana)
    port = web.port
    for origin in ("https://evil.example", f"https://127.0.0.1:{port}", "http://127.0.0.1:1", None):
        with pytest.raises(InvalidStatus) as refused:
            async with viewer(web, cookie, origin=origin):
                pass
        assert refused.value.response.status_code == 403, origin
    for path, cookies in (("headway/ws", ""), ("headway/ws", "sessionid=x"), ("other", cookie)):
        with pytest.raises(InvalidStatus) as refused:
            async with connect(
                f"ws://127.0.0.1:{port}/{path}",
                subprotocols=["headway.v1"],  # type: ignore[list-item]
                origin=web.url,  # type: ignore[arg-type]
                additional_headers={"Cookie": cookies},
            ):
                pass
        assert refused.value.response.status_code == 403, path
    assert "Traceback" not in web.printed()


async def test_another_protocol_is_told_so(web: Child, ana: Any) -> None:
    """4503, which does not come back."""
    async with viewer(web, await signed_in(ana), subprotocols=["headway.v9"]) as old:
        with pytest.raises(ConnectionClosed) as closed:
            await old.read()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4503


@pytest.mark.slow
async def test_an_idle_socket_stays_open_and_hears_a_heartbeat(servers: Lazy, ana: Any) -> None:
    """Nothing closes a socket on which nothing happens for half a minute, on either server."""
    cookie = await signed_in(ana)

    async def idle(name: str) -> None:
        async with viewer(servers.running(name), cookie) as one:
            await one.watch("mine")
            await one.until(lambda: one.of_type("heartbeat"), seconds=30)
            with pytest.raises(TimeoutError):
                await one.until(lambda: False, seconds=12)

    await asyncio.gather(idle("daphne"), idle("uvicorn"))


async def test_half_a_character_in_a_topic_is_refused_like_any_other(web: Child, ana: Any) -> None:
    """The socket stays open; a lone surrogate cannot be sent back as UTF-8."""
    async with viewer(web, await signed_in(ana)) as one:
        await one.socket.send('{"type": "watch", "topics": {"\\ud800": {}, "mine": {}}}')
        await one.until(lambda: one.of_type("watching"))
        assert [frame["topic"] for frame in one.of_type("refused")] == ["\ud800"]
    assert "Traceback" not in web.printed()


async def test_who_asks_without_end_is_let_go(web: Child, ana: Any) -> None:
    """Twice the topics of the largest page are answered in a minute; one more closes it."""
    async with viewer(web, await signed_in(ana)) as one:
        for part in range(4):
            await one.watch(*(f"job {part} {number}" for number in range(500)))
        await one.until(lambda: len(one.of_type("refused")) == 2_000)
        await one.watch("one more")
        with pytest.raises(ConnectionClosed):
            await one.until(lambda: False)
        assert one.socket.close_code == 4500
