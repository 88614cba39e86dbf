"""One socket: who is this, what may they watch, what have they got, what can they take.

An ASGI application rather than a subclass of Channels' consumers: those change threads for every
message and answer unexpected frames with a traceback.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from realtime import protocol
from realtime.conf import conf
from realtime.events import timestamp
from realtime.handshake import Visitor, is_own_origin, visitor
from realtime.hub import get_hub
from realtime.mailbox import Mailbox
from realtime.protocol import Ack, BadFrame, BadTopic, Close, Unwatch, Watch
from realtime.threads import in_thread

logger = logging.getLogger("realtime")

HANDSHAKE = 5.0
"""Seconds that finding out who it is may take."""


class ProgressConsumer:
    """The ASGI application behind `ws`."""

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serve one socket until it is gone."""
        if (await receive())["type"] != "websocket.connect":
            return
        who = await _admitted(scope)
        if who is None:
            await send({"type": "websocket.close"})
            return
        if protocol.SUBPROTOCOL not in scope.get("subprotocols", ()):
            await send({"type": "websocket.accept"})
            code, reason = int(Close.UNSUPPORTED), f"expected {protocol.SUBPROTOCOL}"
            await send({"type": "websocket.close", "code": code, "reason": reason})
            return
        await send({"type": "websocket.accept", "subprotocol": protocol.SUBPROTOCOL})
        await _serve(who, receive, send)


async def _admitted(scope: dict[str, Any]) -> Visitor | None:
    """Return who may open a socket, None for a foreign origin or somebody not signed in."""
    if not is_own_origin(scope):
        return None
    try:
        async with asyncio.timeout(HANDSHAKE):
            return await in_thread(visitor, scope)
    except Exception:
        logger.exception("A visitor could not be recognised")
        return None


async def _serve(who: Visitor, receive: Any, send: Any) -> None:
    hub = get_hub()
    mailbox = Mailbox(user=who.user, operator=who.operator, session=who.session, send=send)
    hub.enter(mailbox)
    try:
        mailbox.say(
            protocol.welcome(
                user=who.user, now=timestamp(), heartbeat=conf.HEARTBEAT, window=conf.WINDOW
            )
        )
        await _listen(mailbox, receive)
    finally:
        await hub.leave(mailbox)


async def _listen(mailbox: Mailbox, receive: Any) -> None:
    while (event := await receive())["type"] == "websocket.receive":
        try:
            await _obey(mailbox, protocol.decode(event.get("text")))
        except BadFrame as error:
            mailbox.close(Close.MALFORMED, str(error)[:120])
        except Exception:
            logger.exception("A socket met an error")
            mailbox.close(Close.INTERNAL)
        if mailbox.closed:
            return


async def _obey(mailbox: Mailbox, frame: protocol.Frame) -> None:
    hub = get_hub()
    match frame:
        case Ack(frames):
            mailbox.acknowledge(frames)
        case Watch(topics):
            for topic, have in topics.items():
                if mailbox.closed:
                    return
                try:
                    await hub.watch(mailbox, topic, have)
                except BadTopic as error:
                    mailbox.answer(protocol.refused(topic[:200], "bad_topic", str(error)))
        case Unwatch(topics):
            for topic in topics:
                hub.unwatch(mailbox, topic)


class NoSuchSocket:
    """The catch-all: other WebSocket paths are refused without a traceback."""

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Refuse the handshake."""
        del scope
        await receive()
        await send({"type": "websocket.close"})
