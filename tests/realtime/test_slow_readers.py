"""Readers that never read: what they cost, and what becomes of what waits for them."""

from __future__ import annotations

import asyncio
import json
import uuid
from contextlib import suppress
from functools import partial
from typing import Any

import psutil
import pytest
from asgiref.sync import sync_to_async

from realtime import publish
from realtime.events import JobState, Status, timestamp
from realtime.mailbox import Mailbox
from realtime.protocol import Close
from realtime.sessions import Visitor
from tests.faults.wire import frame
from tests.processes import Child, web_server
from tests.services import RedisServer
from tests.sockets import Viewer, sign_in, unread, viewer

pytestmark = pytest.mark.django_db(transaction=True)

LINES = 1_900
"""Of 1,900 characters each: all that a job's log may hold."""
MOST = 25_000_000


async def long_log(owner: Any) -> str:
    """Publish a job with a large log."""
    job = str(uuid.uuid4())
    values: dict[str, Any] = {"id": job, "root": job, "name": "t", "owner": str(owner.pk)}
    state = JobState(status=Status.RUNNING, queued_at=timestamp(), **values)
    line = json.dumps({"at": "", "level": "info", "text": "x" * 1_900}, separators=(",", ":"))
    change = publish.Change(state=state, order=1, lines=(line,) * LINES, transition=True)
    await sync_to_async(publish.publish)([change])
    return job


@pytest.mark.slow
@pytest.mark.parametrize("server", ["daphne", "uvicorn"])
async def test_who_acknowledges_what_they_never_read_costs_little(
    redis: RedisServer, ana: Any, server: str
) -> None:
    """Somebody asks for a long log again and again, and lies about having it; others are served."""
    cookie, job = await sync_to_async(sign_in)(ana), await long_log(ana)
    watch = {"type": "watch", "topics": {f"log:{job}": {"after": 0}}}
    loop = asyncio.get_running_loop()
    with web_server(server) as web:
        process = psutil.Process(web.pid)
        async with viewer(web, cookie) as honest:
            await honest.watch(f"log:{job}")
            await honest.until(lambda: len(honest.lines) == LINES)
            before = process.memory_info().rss
            with await asyncio.to_thread(unread, web, cookie) as liar:
                for said in [watch, {"type": "ack", "frames": 10**9}] * 60:
                    with suppress(ConnectionError):  # It may be cut off by now.
                        await loop.sock_sendall(liar, frame(1, json.dumps(said).encode()))
                    served = len(honest.frames) + 1
                    await honest.watch("mine")
                    await honest.until(partial(_has_frames, honest, served))
                assert process.memory_info().rss - before < MOST
        assert "Traceback" not in web.printed()


def _has_frames(one: Viewer, number: int) -> bool:
    return len(one.frames) >= number


async def test_a_close_is_waited_for(web: Child, ana: Any) -> None:
    """Who answers late has more than a second: busy browsers learn with which code it was."""
    loop = asyncio.get_running_loop()
    with await asyncio.to_thread(unread, web, await sync_to_async(sign_in)(ana)) as late:
        await loop.sock_sendall(late, frame(1, b"no frame"))
        told = b""
        while b"expected JSON" not in told:
            told += await asyncio.wait_for(loop.sock_recv(late, 4096), 5)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(loop.sock_recv(late, 1), 1.5)


async def test_a_close_comes_after_what_the_network_did_not_take_yet() -> None:
    """It waits behind a frame that is being sent, and is sent when that is done."""
    sent: list[dict[str, Any]] = []
    gate = asyncio.Event()

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)
        await gate.wait()

    mailbox = Mailbox(Visitor("1", operator=False), send)
    for text in ("first", "second"):
        mailbox.say(text)
    mailbox.close(Close.SIGNED_OUT, "reason")
    mailbox.say("never")
    assert [one.get("text") for one in sent] == ["first"]
    gate.set()
    async with asyncio.timeout(5):
        while len(sent) < 3:
            await asyncio.sleep(0)
    assert [one.get("text") for one in sent] == ["first", "second", None]
    assert sent[-1]["code"] == 4501
