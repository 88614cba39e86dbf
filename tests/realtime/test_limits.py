"""How much one person, one address and one socket may take of a web process."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, suppress
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from websockets.exceptions import ConnectionClosed

from realtime import limits, protocol
from realtime.inbox import Inbox
from realtime.mailbox import Mailbox
from realtime.sessions import Visitor
from realtime.wire import message
from tests.processes import Child, web_server
from tests.realtime.conftest import Lazy
from tests.services import RedisServer
from tests.sockets import Viewer, sign_in, viewer

pytestmark = pytest.mark.django_db(transaction=True)

FEW = {"SOCKETS_PER_USER": 3, "SOCKETS_PER_ADDRESS": 4, "FRAME_RATE": 20, "UNREAD": 20_000}


@pytest.fixture(scope="module")
def narrow(redis: RedisServer, django_db_setup: None) -> Iterator[Lazy]:
    """Keep web servers with low limits."""
    with ExitStack() as stack:
        more = json.dumps(FEW)
        yield Lazy(lambda name: stack.enter_context(web_server(name, HEADWAY_MORE=more)))


@pytest.fixture(params=["daphne", "uvicorn"])
def web(request: pytest.FixtureRequest, narrow: Lazy, transactional_db: None) -> Child:
    """Return the service under each server."""
    return narrow.running(request.param)


async def closed(one: Viewer) -> tuple[int, str]:
    """Return with what a socket was closed."""
    with pytest.raises(ConnectionClosed):
        await one.until(lambda: False)
    return int(one.socket.close_code or 0), str(one.socket.close_reason)


async def is_welcome(web: Child, cookie: str, stack: AsyncExitStack) -> bool:
    """Open a socket and leave it open; tells whether it may stay."""
    one = await stack.enter_async_context(viewer(web, cookie))
    with suppress(ConnectionClosed):
        return bool(await one.read())
    assert one.socket.close_code == 4502
    assert str(one.socket.close_reason).startswith("expected at most ")
    return False


async def test_one_person_has_so_many_sockets(web: Child, ana: Any) -> None:
    """One more is told why, with 4502; a closed one makes room."""
    cookie = await sync_to_async(sign_in)(ana)
    async with AsyncExitStack() as stack:
        assert [await is_welcome(web, cookie, stack) for _ in range(4)] == [True] * 3 + [False]
    async with AsyncExitStack() as stack:
        async with asyncio.timeout(5):
            while not await is_welcome(web, cookie, stack):
                pass


async def test_one_address_has_so_many_sockets(web: Child, ana: Any, ben: Any) -> None:
    """Whoever they are of."""
    anas, bens = [await sync_to_async(sign_in)(user) for user in (ana, ben)]
    async with AsyncExitStack() as stack:
        async with asyncio.timeout(5):
            while not await is_welcome(web, anas, stack):
                pass  # Those of the test before may just be closing.
        assert await is_welcome(web, anas, stack)
        assert [await is_welcome(web, bens, stack) for _ in range(3)] == [True, True, False]


def test_a_household_has_one_address(settings: Any) -> None:
    """Of IPv6 each of its machines has 2^64; who is behind a proxy shares none."""
    settings.HEADWAY = {"SOCKETS_PER_ADDRESS": 2}
    places = ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1", None, "odd"]
    with ExitStack() as stack:
        seats = [limits.seat(str(uuid.uuid4()), place) for place in places]
        refused = [bool(stack.enter_context(seat)) for seat in seats]
    assert refused == [False, False, True, False, False, False]
    assert not limits._taken


async def test_who_sends_too_fast_is_closed(web: Child, ana: Any) -> None:
    """Also with frames that ask for nothing."""
    async with viewer(web, await sync_to_async(sign_in)(ana)) as one:
        await one.read()
        for _ in range(200):
            await one.send(type="ack", frames=0)
        await one.watch("nonsense")
        assert await closed(one) == (4500, "expected at most 20 frames a second")


async def test_who_does_not_wait_for_answers_is_closed(
    web: Child, redis: RedisServer, ana: Any
) -> None:
    """While Redis is frozen, questions may wait, but not without end."""
    async with viewer(web, await sync_to_async(sign_in)(ana)) as one:
        await one.read()
        redis.stop()
        try:
            for _ in range(3):
                await one.watch(*(f"job:{uuid.uuid4()}" for _ in range(200)))
            code, reason = await closed(one)
        finally:
            redis.cont()
        assert (code, reason) == (4001, "expected to wait for answers before asking more")


async def test_acknowledgements_of_what_was_sent_cost_nothing(settings: Any) -> None:
    """However fast the server sends, whoever keeps up with it is not closed for that."""
    settings.HEADWAY = {**settings.HEADWAY, "FRAME_RATE": 1}
    frames = 1_000
    asked = iter(range(1, frames + 1))

    async def send(frame: dict[str, Any]) -> None:
        del frame

    async def obey(mailbox: Mailbox, frame: protocol.Frame) -> None:
        raise AssertionError(frame)

    mailbox = Mailbox(Visitor("1", operator=False), send)

    async def receive() -> dict[str, Any]:
        if (number := next(asked, None)) is None:
            return {"type": "websocket.disconnect"}
        mailbox.data(message("{}"))
        return {"type": "websocket.receive", "text": f'{{"type":"ack","frames":{number}}}'}

    await Inbox(mailbox, obey).listen(receive)
    assert not mailbox.closed
    assert mailbox._acknowledged == frames


async def test_who_goes_away_is_not_answered_any_more() -> None:
    """The rest of what was asked is dropped at once, though the first question is still open."""
    begun = asyncio.Event()
    obeyed: list[protocol.Frame] = []
    told: list[dict[str, Any]] = []

    async def send(frame: dict[str, Any]) -> None:
        told.append(frame)

    async def obey(mailbox: Mailbox, frame: protocol.Frame) -> None:
        obeyed.append(frame)
        begun.set()
        await asyncio.Event().wait()

    asked = iter(['{"type":"watch","topics":{"mine":{}}}'] * 3)

    async def receive() -> dict[str, Any]:
        if text := next(asked, None):
            return {"type": "websocket.receive", "text": text}
        await begun.wait()
        return {"type": "websocket.disconnect"}

    mailbox = Mailbox(Visitor("1", operator=False), send)
    async with asyncio.timeout(5):
        await Inbox(mailbox, obey).listen(receive)
    assert (len(obeyed), told) == (1, [])
