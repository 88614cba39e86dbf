"""The description of the frames of `headway.v1`, beside the code that writes and reads them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse

from realtime import protocol, replies
from realtime.described import Shape, as_json
from realtime.problems import answers
from realtime.replies import COUNT, full, maybe, some
from realtime.shapes import MOMENT, choice, several, text, whole

CODES = ("not_found", "bad_topic", "too_many")


def _kind(name: str) -> Shape:
    return {"const": name}


def _position(word: str) -> Shape:
    """Return the shape of what a browser has of a topic."""
    return {"type": "object", "properties": {word: COUNT}}


WATCH: Shape = {
    "type": "object",
    "properties": {
        "type": _kind("watch"),
        "topics": {
            "type": "object",
            "maxProperties": protocol.TOPICS_PER_FRAME,
            "patternProperties": {"^log:": _position("after"), "^(?!log:)": _position("seq")},
        },
    },
    "required": ["type", "topics"],
}
UNWATCH: Shape = {
    "type": "object",
    "properties": {"type": _kind("unwatch"), "topics": some(text())},
    "required": ["type", "topics"],
}
ACK: Shape = {
    "type": "object",
    "properties": {"type": _kind("ack"), "frames": COUNT},
    "required": ["type", "frames"],
}
BROWSER = {"watch": WATCH, "unwatch": UNWATCH, "ack": ACK}
"""What browsers say; keys that are not known are left alone."""

SERVER = {
    "welcome": full(
        type=_kind("welcome"),
        protocol={"const": protocol.VERSION},
        user=maybe(text()),
        now=MOMENT,
        heartbeat=whole(1, 2**31),
        window=whole(1, 2**31),
    ),
    "jobs": full(type=_kind("jobs"), jobs=some(replies.STATE)),
    "watching": full(type=_kind("watching"), topic=text()),
    "log": full(
        type=_kind("log"), job=text(), after=COUNT, lines=several(replies.LINE, 1_000), lost=COUNT
    ),
    "notices": full(type=_kind("notices"), unread=COUNT, notices=some(replies.NOTICE)),
    "refused": full(type=_kind("refused"), topic=text(), code=choice(*CODES), text=text()),
    "heartbeat": full(type=_kind("heartbeat"), at=MOMENT),
}
"""What the server says."""


@answers("GET", signed_in=False, says={200: as_json({"type": "object"})})
def asyncapi(request: HttpRequest) -> HttpResponse:
    """Describe the frames in AsyncAPI 3.0."""
    return JsonResponse(description(request.get_host(), secure=request.is_secure()))


def description(host: str, *, secure: bool) -> dict[str, Any]:
    """Return the description."""
    frames = {**BROWSER, **SERVER}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Headway",
            "version": replies.version(),
            "description": _closes(),
        },
        "defaultContentType": "application/json",
        "servers": {"here": {"host": host, "protocol": "wss" if secure else "ws"}},
        "channels": {
            "socket": {
                "address": reverse("realtime:index") + "ws",
                "description": f"With the subprotocol {protocol.SUBPROTOCOL}.",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in frames},
            }
        },
        "operations": {
            "listen": _operation("receive", BROWSER),
            "tell": _operation("send", SERVER),
        },
        "components": {
            "messages": {name: {"name": name, "payload": shape} for name, shape in frames.items()},
            "schemas": replies.schemas(),
        },
    }


def _operation(action: str, frames: dict[str, Shape]) -> dict[str, Any]:
    messages = [{"$ref": f"#/channels/socket/messages/{name}"} for name in frames]
    return {"action": action, "channel": {"$ref": "#/channels/socket"}, "messages": messages}


def _closes() -> str:
    codes = ", ".join(f"{code.value} {code.name.lower()}" for code in protocol.Close)
    return f"Close codes: {codes}. After those below 4500 the browser comes back."
