"""One socket: who is this, what may they watch, what have they got, what can they take.

An ASGI application rather than a subclass of Channels' consumers: those change threads for every
message and answer unexpected frames with a traceback.
"""

from __future__ import annotations

import logging
from typing import Any

from realtime import drain, protocol
from realtime.conf import conf
from realtime.events import timestamp
from realtime.handshake import address_of, admitted, is_own_origin
from realtime.hub import get_hub
from realtime.inbox import Inbox
from realtime.limits import seat
from realtime.mailbox import Mailbox
from realtime.protocol import BadTopic, Close, Unwatch, Watch
from realtime.sessions import Visitor

logger = logging.getLogger("realtime")


class ProgressConsumer:
    """The ASGI application behind `ws`."""

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serve one socket until it is gone."""
        if (await receive())["type"] != "websocket.connect":
            return
        with drain.attended():
            await _answer(scope, receive, send)


async def _answer(scope: dict[str, Any], receive: Any, send: Any) -> None:
    # None for a foreign origin, or somebody who is neither signed in nor a guest.
    who = await admitted(scope) if is_own_origin(scope) else None
    if who is None or drain.has_begun():
        await send({"type": "websocket.close"})
        return
    if protocol.SUBPROTOCOL not in scope.get("subprotocols", ()):
        await send({"type": "websocket.accept"})
        await _turn_away(send, Close.UNSUPPORTED, f"expected {protocol.SUBPROTOCOL}")
        return
    await send({"type": "websocket.accept", "subprotocol": protocol.SUBPROTOCOL})
    with seat(who.user, address_of(scope), who.shared) as refusal:
        if refusal:
            await _turn_away(send, Close.TOO_MANY, refusal)
        else:
            await _serve(who, receive, send)


async def _turn_away(send: Any, code: Close, reason: str) -> None:
    await send({"type": "websocket.close", "code": int(code), "reason": reason})


async def _serve(who: Visitor, receive: Any, send: Any) -> None:
    hub = get_hub()
    mailbox = Mailbox(who, send)
    hub.enter(mailbox)
    try:
        greet(mailbox)
        await Inbox(mailbox, obey).listen(receive)
    finally:
        await hub.leave(mailbox)


def greet(mailbox: Mailbox) -> None:
    """Say welcome, and farewell where all others were closed while this one was let in."""
    mailbox.say(
        protocol.welcome(
            user=mailbox.user or None, now=timestamp(), heartbeat=conf.HEARTBEAT, window=conf.WINDOW
        )
    )
    if reason := drain.farewell():
        mailbox.close(Close.RESTART, reason)


async def obey(mailbox: Mailbox, frame: protocol.Frame) -> None:
    """Do what a frame asks for."""
    hub = get_hub()
    match frame:
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
