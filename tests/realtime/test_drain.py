"""How a web process ends: nobody is cut off, everybody is told when to come back."""

from __future__ import annotations

import asyncio
import http.client
import json
import signal
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.processes import Child, web_server
from tests.services import RedisServer, wait_until
from tests.sockets import Viewer, sign_in, unread, viewer

pytestmark = pytest.mark.django_db(transaction=True)

PATIENT = {"DRAIN": 3.0, "RESTART_RATE": 2}
SERVERS = ["daphne", "uvicorn"]


@pytest.fixture(params=SERVERS)
def web(request: pytest.FixtureRequest, redis: RedisServer, transactional_db: None) -> Any:
    """Return a server of the test's own, which it may stop."""
    with web_server(request.param, HEADWAY_MORE=json.dumps(PATIENT)) as one:
        yield one


async def last_words(one: Viewer) -> tuple[int, str]:
    """Return with what a socket was closed."""
    with pytest.raises(ConnectionClosed):
        await one.until(lambda: False)
    return int(one.socket.close_code or 0), str(one.socket.close_reason)


async def test_sockets_are_told_when_to_come_back(web: Child, ana: Any) -> None:
    """At SIGTERM with 4000 and a spread by their number; then the server stops, long before DRAIN.

    Sockets that come in the meantime are refused.
    """
    cookie = await sync_to_async(sign_in)(ana)
    async with AsyncExitStack() as stack:
        many = [await stack.enter_async_context(viewer(web, cookie)) for _ in range(5)]
        for one in many:
            await one.read()
        web.signal(signal.SIGTERM)
        began = time.monotonic()
        words = await asyncio.gather(*(last_words(one) for one in many))
        assert words == [(4000, "after=2;spread=3")] * 5
        await asyncio.to_thread(web.process.wait, 5)
        assert time.monotonic() - began < 2.5
    assert "Traceback" not in web.printed()


SLOW = """
import asyncio
from django.core.asgi import get_asgi_application
import realtime

async def http(scope, receive, send):
    if scope["path"] != "/slow":
        return await inner(scope, receive, send)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"first ", "more_body": True})
    await asyncio.sleep(SECONDS)
    await send({"type": "http.response.body", "body": b"last"})

inner = get_asgi_application()
application = realtime.asgi_application(http)
"""


@contextmanager
def busy(server: str, folder: Path, seconds: float) -> Iterator[tuple[Child, Any]]:
    """Run a server that answers a request which takes so long; gives the answer too."""
    (folder / "slow.py").write_text(SLOW.replace("SECONDS", str(seconds)))
    more = {"HEADWAY_MORE": json.dumps(PATIENT), "PYTHONPATH": str(folder)}
    with web_server(server, "slow:application", **more) as web:
        asked = http.client.HTTPConnection("127.0.0.1", web.port, timeout=5)
        with closing(asked):
            asked.request("GET", "/slow")
            with asked.getresponse() as answer:
                assert answer.read(6) == b"first "
                yield web, answer


def ask(web: Child, path: str) -> tuple[int, dict[str, Any]]:
    """Return the answer to a request."""
    with closing(http.client.HTTPConnection("127.0.0.1", web.port, timeout=5)) as asked:
        asked.request("GET", path)
        with asked.getresponse() as answer:
            return answer.status, json.loads(answer.read())


@pytest.mark.slow
@pytest.mark.parametrize("server", SERVERS)
async def test_what_is_being_answered_is_finished_and_nobody_let_in(
    server: str, redis: RedisServer, ana: Any, tmp_path: Path
) -> None:
    """Daphne alone would cut it off; meanwhile readyz is red and sockets are refused."""
    cookie = await sync_to_async(sign_in)(ana)
    with busy(server, tmp_path, 1.5) as (web, answer):
        assert ask(web, "/headway/readyz")[1]["process"] == "ok"
        web.signal(signal.SIGTERM)
        status, told = wait_until(partial(_stopping, web), "readyz to turn red")
        assert (status, told["status"], told["process"]) == (503, "away", "stopping")
        with pytest.raises(InvalidStatus) as refused:
            async with viewer(web, cookie):
                pass
        assert refused.value.response.status_code == 403
        assert answer.read() == b"last"
        web.process.wait(5)


@pytest.mark.slow
@pytest.mark.parametrize("server", SERVERS)
def test_what_does_not_finish_is_left_after_drain(
    server: str, redis: RedisServer, transactional_db: None, tmp_path: Path
) -> None:
    """The server gets its signal then, and does as it always does."""
    with busy(server, tmp_path, 60) as (web, _):
        began = time.monotonic()
        web.signal(signal.SIGTERM)
        web.process.wait(10)
        assert 2.9 < time.monotonic() - began < 8


@pytest.mark.slow
@pytest.mark.parametrize("server", SERVERS)
def test_a_second_signal_stops_at_once(
    server: str, redis: RedisServer, transactional_db: None, tmp_path: Path
) -> None:
    """Not in the half second in which it may be the first one again."""
    with busy(server, tmp_path, 60) as (web, _):
        began = time.monotonic()
        web.signal(signal.SIGTERM)
        wait_until(partial(_stopping, web), "the end to begin")
        wait_until(lambda: time.monotonic() - began > 0.6, "half a second to pass")
        web.signal(signal.SIGTERM)
        # uvicorn gives what runs its own two seconds.
        web.process.wait(2.0 if server == "daphne" else 4.0)


def _stopping(web: Child) -> tuple[int, dict[str, Any]] | None:
    status, told = ask(web, "/headway/readyz")
    return (status, told) if told["process"] == "stopping" else None


async def test_who_never_reads_holds_nobody_up(web: Child, ana: Any) -> None:
    """A socket that does not answer the close is left."""
    cookie = await sync_to_async(sign_in)(ana)
    raw = await asyncio.to_thread(unread, web, cookie)
    with raw:
        web.signal(signal.SIGTERM)
        await asyncio.to_thread(web.process.wait, 8)
