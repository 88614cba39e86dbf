"""Coroutines as jobs under real servers: seen by a browser's socket, cancelled, never forgotten."""

from __future__ import annotations

import asyncio
import http.client
import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from realtime.models import Job
from tests.processes import Child, _answers, child, web_server
from tests.realtime.conftest import Lazy
from tests.services import RedisServer, free_port, wait_until
from tests.sockets import sign_in, viewer

pytestmark = pytest.mark.django_db(transaction=True)

SERVED = {"CELERY_MORE": json.dumps({"ROOT_URLCONF": "tests.served"})}
SERVERS = ["daphne", "uvicorn"]


@contextmanager
def serving(server: str, **settings: Any) -> Iterator[Child]:
    """Run a server with the view."""
    more = {**SERVED, "HEADWAY_MORE": json.dumps(settings)}
    if server != "runserver":
        with web_server(server, "tests.served:application", **more) as web:
            yield web
        return
    port = free_port()
    command = ("manage.py", "runserver", "--noreload", f"127.0.0.1:{port}")
    with child(sys.executable, *command, port=port, files=(), **more) as web:
        wait_until(lambda: _answers(web), "runserver to answer", seconds=30)
        yield web


@pytest.fixture(scope="module")
def kept(redis: RedisServer, django_db_setup: None) -> Iterator[Lazy]:
    """Keep a server of each kind for the tests that let it live."""
    with ExitStack() as stack:
        yield Lazy(lambda name: stack.enter_context(serving(name)))


@pytest.fixture
def cookie(ana: Any) -> str:
    """Return her session."""
    return sign_in(ana)


def go(web: Child, cookie: str, gate: Path) -> str:
    """Begin a job, and return its id."""
    with closing(http.client.HTTPConnection("127.0.0.1", web.port, timeout=10)) as asked:
        asked.request("POST", f"/go?gate={gate}", headers={"Cookie": cookie})
        with asked.getresponse() as answer:
            assert answer.status == 200, web.printed()
            told: dict[str, str] = json.loads(answer.read())
    return told["job"]


def cancel(web: Child, cookie: str, job: str) -> None:
    """Press the bar's button."""
    token = "t" * 32
    headers = {"Cookie": f"{cookie}; csrftoken={token}", "X-CSRFToken": token}
    with closing(http.client.HTTPConnection("127.0.0.1", web.port, timeout=10)) as asked:
        asked.request("POST", f"/headway/api/jobs/{job}/cancel", headers=headers)
        with asked.getresponse() as answer:
            assert answer.status == 202, answer.read()


def at_half(job: str) -> None:
    """Wait until a job waits at its half."""
    wait_until(lambda: Job.objects.filter(pk=job, status="running").exists(), "the job to run")


def status(job: str) -> str:
    """Return what SQL knows."""
    return str(Job.objects.get(pk=job).status)


@pytest.mark.slow
@pytest.mark.parametrize("server", SERVERS)
async def test_a_browser_sees_the_bar_of_what_goes_on(
    server: str, kept: Lazy, ana: Any, cookie: str, tmp_path: Path
) -> None:
    """The request has been answered; its thread and connections are not needed."""
    web = await sync_to_async(kept.running)(server)
    job = await sync_to_async(go)(web, cookie, tmp_path / "gate")
    async with viewer(web, cookie) as one:
        await one.watch(f"job:{job}")
        await one.until(lambda: one.states.get(job, {}).get("current") == 5)
        state = one.states[job]
        assert (state["status"], state["fraction"], state["title"]) == ("running", 0.5, "Count")
        assert (state["owner"], state["actions"]) == (str(ana.pk), ["cancel"])
        (tmp_path / "gate").touch()
        last = await one.ended(job)
    assert (last["status"], last["message"], last["error"]) == ("succeeded", "1 jobs", None)


@pytest.mark.slow
@pytest.mark.parametrize("server", SERVERS)
async def test_a_browser_cancels_what_goes_on(
    server: str, kept: Lazy, cookie: str, tmp_path: Path
) -> None:
    """It makes no progress call, and is told where it waits."""
    web = await sync_to_async(kept.running)(server)
    job = await sync_to_async(go)(web, cookie, tmp_path / "gate")
    async with viewer(web, cookie) as one:
        await one.watch(f"job:{job}")
        await one.until(lambda: one.states.get(job, {}).get("current") == 5)
        await sync_to_async(cancel)(web, cookie, job)
        last = await one.ended(job)
    assert (last["status"], last["current"], last["log"]) == ("cancelled", 5, 1)


@pytest.mark.slow
async def test_with_its_process_it_is_lost(
    kept: Lazy, cookie: str, redis: RedisServer, tmp_path: Path
) -> None:
    """Killed by force: another process tells all who watch, within fifteen seconds."""
    other = await sync_to_async(kept.running)("daphne")
    with serving("uvicorn") as web:
        job = await sync_to_async(go)(web, cookie, tmp_path / "gate")
        async with viewer(other, cookie) as one:
            await one.watch(f"job:{job}")
            await one.until(lambda: one.states.get(job, {}).get("current") == 5)
            web.signal(signal.SIGKILL, group=True)
            killed = time.monotonic()
            last = await one.ended(job, seconds=30)
            took = time.monotonic() - killed
    assert (last["status"], last["error"]["kind"]) == ("lost", "WorkerLost")
    assert took < 15
    print(f"lost after {took:.1f} s")  # noqa: T201  a figure for README


@pytest.mark.slow
@pytest.mark.parametrize("server", SERVERS)
def test_a_process_that_stops_finishes_what_it_can(
    server: str, cookie: str, redis: RedisServer, tmp_path: Path
) -> None:
    """Within DRAIN; what takes longer may clean up, and is lost at once, not after a lease."""
    first, second = tmp_path / "first", tmp_path / "second"
    with serving(server, DRAIN=1.5) as web:
        jobs = [go(web, cookie, gate) for gate in (first, second)]
        for job in jobs:
            at_half(job)
        web.signal(signal.SIGTERM)
        first.touch()
        web.process.wait(30)
        assert "Traceback" not in web.printed()
    assert [status(job) for job in jobs] == ["succeeded", "lost"]
    last = Job.objects.get(pk=jobs[1]).last
    assert last["error"]["text"] == "Its web process was stopped."
    assert last["log"] == 1


@pytest.mark.slow
async def test_runserver_serves_it_and_is_interrupted(
    cookie: str, redis: RedisServer, tmp_path: Path
) -> None:
    """Ctrl-C drains nothing there; what ran is lost all the same, at once."""
    gate = tmp_path / "gate"
    with serving("runserver") as web:
        first = await sync_to_async(go)(web, cookie, gate)
        async with viewer(web, cookie) as one:
            await one.watch(f"job:{first}")
            await one.until(lambda: one.states.get(first, {}).get("current") == 5)
            gate.touch()
            assert (await one.ended(first))["status"] == "succeeded"
        second = await sync_to_async(go)(web, cookie, tmp_path / "other")
        web.signal(signal.SIGINT)
        await asyncio.to_thread(web.process.wait, 30)
    assert await sync_to_async(status)(second) == "lost"
