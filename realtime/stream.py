"""What sockets bring, for browsers that cannot open any: a stream of server-sent events, or a poll.

Some proxies let no WebSocket through. The same frames come as events then; where these are held
back too, the browser asks again and again, with what it has. A socket's rules hold for all three:
who may open it, what they may watch, how many there may be, how it ends.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl

from realtime import drain, protocol
from realtime.consumers import greet, obey
from realtime.events import timestamp
from realtime.handshake import address_of, admitted, is_asked_by_own_page
from realtime.hub import get_hub
from realtime.limits import seat
from realtime.mailbox import Mailbox
from realtime.protocol import BadFrame, Close, Watch
from realtime.sessions import Visitor
from realtime.wire import Message

logger = logging.getLogger("realtime")

BODY = 256 * 1024
"""Bytes of a request: a thousand topics with what the browser has of them."""
SETTLED = 10.0
"""Seconds after which a poll is answered with what has come."""
EVENTS = "text/event-stream"
HEADERS = [
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),  # nginx would keep the events until it has a page of them.
]


class Refusal(Exception):
    """An answer that is no stream."""

    def __init__(self, status: int, detail: str) -> None:
        """Take the status and what the caller is told."""
        super().__init__(detail)
        self.status = status


class ProgressStream:
    """The ASGI application behind `stream`."""

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Answer one request: with events until the browser is gone, or with what there is."""
        with drain.attended():
            try:
                who = await _caller(scope)
                topics = await _topics(scope, receive)
                answer = _Stream if _wants_events(scope) else _Poll
                with _seat(who, scope):
                    await answer(who, receive, send).serve(topics)
            except Refusal as refusal:
                await _refuse(send, refusal)


class _Answer:
    """A mailbox whose frames go into the body of an answer."""

    def __init__(self, who: Visitor, receive: Any, send: Any) -> None:
        self._receive, self._send = receive, send
        self._mailbox = Mailbox(who, self._take, acknowledges=False)

    async def serve(self, topics: dict[str, int]) -> None:
        """Watch the topics until it is over."""
        hub, mailbox = get_hub(), self._mailbox
        hub.enter(mailbox)
        try:
            await self._begin()
            await self._follow(asyncio.ensure_future(_watch(mailbox, topics)))
        finally:
            await hub.leave(mailbox)

    async def _begin(self) -> None:
        greet(self._mailbox)

    async def _follow(self, watching: asyncio.Task[None]) -> None:
        raise NotImplementedError

    async def _take(self, message: Message) -> None:
        raise NotImplementedError


class _Stream(_Answer):
    """Server-sent events, as long as somebody reads them."""

    def __init__(self, who: Visitor, receive: Any, send: Any) -> None:
        super().__init__(who, receive, send)
        self._over = asyncio.Event()

    async def _begin(self) -> None:
        headers = [(b"content-type", EVENTS.encode()), *HEADERS]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        await super()._begin()

    async def _follow(self, watching: asyncio.Task[None]) -> None:
        gone = asyncio.ensure_future(self._until_gone())
        over = asyncio.ensure_future(self._over.wait())
        try:
            await asyncio.wait({gone, over}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (gone, over, watching):
                task.cancel()
            await asyncio.gather(gone, over, watching, return_exceptions=True)

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _take(self, message: Message) -> None:
        if message["type"] == "websocket.send":
            await self._write(f"data: {message['text']}\n\n")
            return
        said = {"code": message["code"], "reason": message["reason"]}
        try:
            await self._write(f"event: close\ndata: {json.dumps(said)}\n\n", more=False)
        finally:
            self._over.set()

    async def _write(self, text: str, *, more: bool = True) -> None:
        body = text.encode("utf-8", "surrogatepass")
        await self._send({"type": "http.response.body", "body": body, "more_body": more})


class _Poll(_Answer):
    """One answer with all that the browser does not have yet."""

    def __init__(self, who: Visitor, receive: Any, send: Any) -> None:
        super().__init__(who, receive, send)
        self._mailbox.comes_back = True
        self._frames: list[str] = []
        self._closed: dict[str, Any] | None = None
        self._came = asyncio.Event()

    async def _follow(self, watching: asyncio.Task[None]) -> None:
        try:
            async with asyncio.timeout(SETTLED):
                await watching
                await self._settle()
        except TimeoutError:
            watching.cancel()
        self._frames.append(protocol.heartbeat(timestamp()))
        closed = "null" if self._closed is None else json.dumps(self._closed)
        await _answer(self._send, 200, f'{{"frames":[{",".join(self._frames)}],"closed":{closed}}}')

    async def _settle(self) -> None:
        """Wait until each topic that answers later has done so."""
        while (self._mailbox.promised or self._mailbox.awaits_notices) and not self._closed:
            self._came.clear()
            await self._came.wait()

    async def _take(self, message: Message) -> None:
        if message["type"] == "websocket.send":
            self._frames.append(message["text"])
        else:
            self._closed = {"code": message["code"], "reason": message["reason"]}
        # Later: it is known only then what the mailbox still owes.
        asyncio.get_running_loop().call_soon(self._came.set)


async def _watch(mailbox: Mailbox, topics: dict[str, int]) -> None:
    try:
        await obey(mailbox, Watch(topics))
    except Exception:
        logger.exception("A stream met an error")
        mailbox.close(Close.INTERNAL)


@contextmanager
def _seat(who: Visitor, scope: dict[str, Any]) -> Iterator[None]:
    """Take the place of a socket."""
    with seat(who.user, address_of(scope), who.shared) as refusal:
        if refusal:
            raise Refusal(429, refusal)
        yield


async def _caller(scope: dict[str, Any]) -> Visitor:
    if drain.has_begun():
        raise Refusal(503, "The server is stopping: ask again in a moment.")
    if not is_asked_by_own_page(scope):
        raise Refusal(403, "expected a page of this site to ask")
    who = await admitted(scope)
    if who is None:
        raise Refusal(401, "Sign in, then ask again.")
    return who


async def _topics(scope: dict[str, Any], receive: Any) -> dict[str, int]:
    """Return what is to be watched, each with what the browser has of it."""
    if scope["method"] == "GET":
        query = parse_qsl(scope["query_string"].decode("latin-1"))
        return {value: 0 for name, value in query if name == "topic"}
    if scope["method"] != "POST":
        raise Refusal(405, f"expected GET or POST, got: {scope['method'][:20]}")
    try:
        return dict(_positions(await _body(receive)))
    except (BadFrame, UnicodeDecodeError) as error:
        raise Refusal(400, str(error)) from error


def _positions(body: bytes) -> Iterator[tuple[str, int]]:
    """Yield what the frames of a body ask to watch, one frame to a line."""
    for line in body.decode().splitlines():
        frame = protocol.decode(line)
        if not isinstance(frame, Watch):
            raise BadFrame("expected frames of type watch, one to a line")
        yield from frame.topics.items()


async def _body(receive: Any) -> bytes:
    parts, size = [], 0
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise Refusal(400, "expected the whole request")
        parts.append(event.get("body", b""))
        size += len(parts[-1])
        if size > BODY:
            raise Refusal(413, f"expected at most {BODY} bytes")
        if not event.get("more_body"):
            return b"".join(parts)


def _wants_events(scope: dict[str, Any]) -> bool:
    """Tell whether the caller reads events; `EventSource` says so, and sends GET."""
    accepted = b",".join(value for name, value in scope["headers"] if name.lower() == b"accept")
    return EVENTS.encode() in accepted


async def _refuse(send: Any, refusal: Refusal) -> None:
    titles = {400: "Bad request", 401: "Not signed in", 403: "Forbidden", 405: "Method not allowed"}
    title = titles.get(refusal.status, "Refused")
    said = {"title": title, "status": refusal.status, "detail": str(refusal)}
    await _answer(send, refusal.status, json.dumps(said), kind="application/problem+json")


async def _answer(send: Any, status: int, text: str, kind: str = "application/json") -> None:
    body = text.encode("utf-8", "surrogatepass")
    length = (b"content-length", str(len(body)).encode())
    headers = [(b"content-type", kind.encode()), length, (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
