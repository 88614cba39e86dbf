"""Sockets break, stall, crowd and return: everybody is whole, and nobody pays for another."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, replace

import psutil
import pytest
from asgiref.sync import sync_to_async

from tests.faults import tasks
from tests.faults.cast import Cast, now, until
from tests.faults.forms import forms
from tests.faults.proxy import Proxy, proxy
from tests.processes import Child
from tests.sockets import sign_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.long]

G2_SECONDS = 5.0
G7_BYTES = 5_000_000
QUICK = 200
MANY = 2_000
WHOLE_AGAIN = 20.0


@pytest.mark.promise("G6", "G1")
@pytest.mark.parametrize("lines", forms(2_000, 20_000))
async def test_sockets_break_in_the_middle_of_a_log(cast: Cast, lines: int) -> None:
    """Each line is shown once and in order, though sockets are cut without a close frame."""
    await _begin(cast)
    job = await cast.start(tasks.walk, 50, pause=0.04, lines=lines // 50)
    sees = await cast.audience(4, f"job:{job}", f"log:{job}")
    while sees[0].screen.after[job] < lines:
        random.choice(sees).cut()
        cast.faulted()
        await asyncio.sleep(0.15)
    await cast.recorded()
    await cast.whole(within=G2_SECONDS)
    for one in sees:
        texts = [line["text"] for line in one.screen.lines[job]]
        assert texts == [f"line {number}" for number in range(1, lines + 1)]


@pytest.mark.promise("G2", "G1")
async def test_the_network_is_half_open_for_a_while(cast: Cast) -> None:
    """Sockets that stand while nothing passes are whole again once something does."""
    await _begin(cast)
    job = await cast.start(tasks.walk, 60, pause=0.05, lines=2)
    await cast.audience(5, f"job:{job}", f"log:{job}")
    await cast.shows(job, lambda state: state["current"] > 5)
    cast.stage.front.change(silent=True)
    cast.faulted()
    await cast.recorded()
    cast.stage.front.change(silent=False)
    await cast.whole(within=G2_SECONDS)


@pytest.mark.promise("G7")
@pytest.mark.parametrize("server", ["daphne", "uvicorn"])
@pytest.mark.parametrize("seconds", forms(30, 120, pytest.mark.alone))
async def test_a_reader_that_never_reads_beside_quick_ones(
    cast: Cast, seconds: int, server: str
) -> None:
    """The server's memory does not grow for it, and the quick ones see as fast as without."""
    web = await sync_to_async(cast.stage.web)(f"only {server}", server)
    await sync_to_async(cast.stage.worker)()
    with proxy(web.port) as stuck, proxy(web.port) as slow:
        ways = (stuck, slow)
        calm = [await _beside(cast, web, ways, 3) for _ in range(2)][-1]
        stuck.change(silent=True)
        slow.change(speed=1.0)
        cast.faulted(2)
        async with _growth(web) as grown:
            late = await _beside(cast, web, ways, seconds)
        stuck.change(silent=False)
        slow.change(speed=0.0)
        # Before and after: a machine that others use is not always as fast.
        calm = max(calm, await _beside(cast, web, ways, 3))
    await sync_to_async(cast.stage.end)(f"only {server}")
    assert max(grown) < G7_BYTES, f"grown by {max(grown) / 1e6:.1f} MB"
    assert late < max(3 * calm, calm + 0.25), f"{late:.3f} s beside them, {calm:.3f} s without"


@pytest.mark.promise("G11")
async def test_a_crowd_of_different_people(cast: Cast, django_user_model: type) -> None:
    """Whoever asks for whatever, under faults, is sent nothing but their own jobs."""
    await _begin(cast)
    others = [await sync_to_async(_person)(django_user_model, number) for number in range(20)]
    jobs = [await cast.start(tasks.walk, 30, pause=0.05, lines=1) for _ in range(4)]
    topics = [*(f"job:{job}" for job in jobs), *(f"log:{job}" for job in jobs), "mine", "all"]
    strangers = [one for cookie in others for one in await cast.audience(1, *topics, cookie=cookie)]
    owners = await cast.audience(5, *(f"job:{job}" for job in jobs))
    for one in random.sample(strangers + owners, 10):
        one.cut()
        cast.faulted()
    await cast.recorded()
    cast.spectators = owners
    await cast.whole(within=G2_SECONDS)
    cast.spectators = owners + strangers
    assert all(not one.screen.states and not one.screen.lines for one in strangers)


@pytest.mark.promise("G10")
@pytest.mark.parametrize("crowd", forms(60, 500, pytest.mark.alone))
async def test_two_web_processes_are_restarted_in_turn(cast: Cast, crowd: int) -> None:
    """Sockets are told to come back, not dropped; they do, and everybody is whole."""
    servers = {"first": "daphne", "second": "uvicorn"}
    for name, server in servers.items():
        await sync_to_async(cast.stage.web)(name, server)
    await sync_to_async(cast.stage.worker)()
    jobs = [await cast.start(tasks.walk, 40, str(cast.gate), 20, lines=2) for _ in range(4)]
    topics = [*(f"job:{job}" for job in jobs), f"log:{jobs[0]}"]
    sees = await cast.audience(crowd, *topics)
    for name, server in servers.items():
        await sync_to_async(cast.stage.end)(name)
        cast.faulted()
        await until(lambda: all(one.live for one in sees), "all to be back", 30)
        await sync_to_async(cast.stage.web)(name, server)
    cast.gate.touch()
    await cast.recorded()
    await cast.whole(within=G2_SECONDS)
    codes = {code for one in sees for code in one.closes}
    assert codes == {4000}, codes
    for name in servers:
        await sync_to_async(cast.stage.end)(name)


@pytest.mark.alone
@pytest.mark.promise("G10", "G2")
@pytest.mark.parametrize("server", ["daphne", "uvicorn"])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=lambda how: how.name)
async def test_a_crowd_of_sockets_comes_back(cast: Cast, how: signal.Signals, server: str) -> None:
    """All are whole within twenty seconds of their web process's return; no error is logged.

    Killed, all come back at once; told to stop, it tells them to come one after the other. How long
    a process takes to start while 2,000 ask for it is the machine's affair.
    """
    web = await sync_to_async(cast.stage.web)("crowded", server)
    await sync_to_async(cast.stage.worker)()
    job = await cast.start(tasks.walk, 40, str(cast.gate), 20)
    crowd = await cast.crowd(MANY, f"job:{job}", port=web.port)
    web.signal(how)
    cast.faulted()
    cast.gate.touch()  # What they show is old when they come back.
    await asyncio.to_thread(web.process.wait, 10)
    said = web.printed()
    web = await sync_to_async(cast.stage.web)("crowded", server, port=web.port)
    returned = now()
    back = await cast.seen(
        crowd, lambda seen: seen.welcomes > 1 and seen.live == MANY, "all back", WHOLE_AGAIN
    )
    await cast.whole(within=WHOLE_AGAIN, since=returned)
    assert back.closes.get("4000", 0) == (MANY if how is signal.SIGTERM else 0), back.closes
    said += web.printed()
    await sync_to_async(cast.stage.end)("crowded")
    assert "ERROR" not in said
    assert "Traceback" not in said


async def _begin(cast: Cast) -> None:
    await sync_to_async(cast.stage.web)()
    await sync_to_async(cast.stage.worker)()


async def _beside(cast: Cast, web: Child, ways: Sequence[Proxy], seconds: int) -> float:
    """Return how late the slowest percent of what quick viewers see is, in so many seconds.

    Beside them two viewers of a loud job come by the ways, which break once they watch.
    """
    loud = await cast.start(tasks.walk, 50 * seconds, pause=0.02, lines=40)
    job = await cast.start(tasks.tell_time, 20 * seconds)
    weathers = [replace(way.weather) for way in ways]
    for way in ways:
        way.change(silent=False, speed=0.0)
    others = [
        one
        for way in ways
        for one in await cast.audience(1, f"job:{loud}", f"log:{loud}", "mine", port=way.port)
    ]
    for way, weather in zip(ways, weathers, strict=True):
        way.change(**asdict(weather))
    quick = await cast.audience(QUICK, f"job:{job}", port=web.port)
    late: list[float] = []
    for one in quick:
        one.heard = lambda state: late.append(time.time() - float(state["message"] or "inf"))
    await cast.recorded(loud, job, seconds=2 * seconds + 30)
    cast.outcome.viewers += len(quick + others)
    await asyncio.gather(*(one.leave() for one in quick + others))
    cast.spectators.clear()
    return sorted(late)[int(len(late) * 0.99)]


@asynccontextmanager
async def _growth(web: Child) -> AsyncIterator[list[int]]:
    """Give by how many bytes a process has grown, again and again while this lasts."""
    process, grown = psutil.Process(web.pid), [0]
    before = process.memory_info().rss

    async def measure() -> None:
        while True:
            await asyncio.sleep(0.5)
            grown.append(process.memory_info().rss - before)

    task = asyncio.create_task(measure())
    try:
        yield grown
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _person(model: type, number: int) -> str:
    return sign_in(model.objects.create_user(f"person{number}", password="x"))  # type: ignore[attr-defined]
