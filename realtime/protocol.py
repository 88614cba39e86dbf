"""Frames, limits and close codes of `headway.v1`. Pure; the twin of frontend/src/protocol.ts."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

SUBPROTOCOL: Final = "headway.v1"
VERSION: Final = 1
FRAME_BYTES: Final = 16 * 1024
TOPICS_PER_FRAME: Final = 500
LARGEST: Final = 2**53 - 1
TOPIC: Final = re.compile(
    r"(?:(?P<kind>job|tree|log):(?P<id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})|mine|all|notices)"
)


# Made once: `json.dumps` would make an encoder for each call.
_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class BadFrame(ValueError):
    """The frame is not one of the protocol: see `browser to server` in its description."""


class BadTopic(BadFrame):
    """The topic is not known: use job:<id>, tree:<id>, log:<id>, mine, all or notices."""


class Close(IntEnum):
    """Close codes: up to 4499 the browser comes back, from 4500 on it does not."""

    RESTART = 4000
    TOO_SLOW = 4001
    INTERNAL = 4002
    MALFORMED = 4500
    SIGNED_OUT = 4501
    TOO_MANY = 4502
    UNSUPPORTED = 4503


@dataclass(frozen=True, slots=True)
class Watch:
    """Start watching."""

    topics: dict[str, int]
    """Each topic with the seq (jobs) or the line (logs) that the browser has; 0 for nothing."""


@dataclass(frozen=True, slots=True)
class Unwatch:
    """Stop watching."""

    topics: tuple[str, ...]
    """Which topics."""


@dataclass(frozen=True, slots=True)
class Ack:
    """How many data frames of this socket have been taken in so far."""

    frames: int
    """The count since `welcome`."""


Frame = Watch | Unwatch | Ack


def decode(text: str | None) -> Frame:
    """Read a browser's frame; raises `BadFrame` with a sentence for whatever else comes."""
    frame = _object(text)
    match frame.get("type"):
        case "watch":
            return _watch(frame.get("topics"))
        case "unwatch":
            return _unwatch(frame.get("topics"))
        case "ack":
            return Ack(_number(frame.get("frames"), "frames"))
        case kind:
            raise BadFrame(f"expected type to be watch, unwatch or ack, got: {_short(kind)}")


def parse_topic(topic: str) -> tuple[str, str]:
    """Split a topic into its kind and its id ("" for those without); raises `BadTopic`."""
    found = TOPIC.fullmatch(topic)
    if not found:
        wanted = "job:<id>, tree:<id>, log:<id>, mine, all or notices"
        raise BadTopic(f"expected {wanted}, got: {topic[:80]}")
    return found["kind"] or topic, found["id"] or ""


def welcome(*, user: str | None, now: str, heartbeat: int, window: int) -> str:
    """Return the first frame of a socket."""
    return _encode(
        type="welcome", protocol=VERSION, user=user, now=now, heartbeat=heartbeat, window=window
    )


def jobs(states: list[str]) -> str:
    """Join already encoded states to one frame."""
    return f'{{"type":"jobs","jobs":[{",".join(states)}]}}'


def watching(topic: str) -> str:
    """Return the frame which says that a topic's first states have been sent."""
    return _encode(type="watching", topic=topic)


def log(job: str, after: int, lines: list[dict[str, Any]], lost: int) -> str:
    """Return a frame with the lines of a job that follow line `after`."""
    return _encode(type="log", job=job, after=after, lines=lines, lost=lost)


def notices(unread: int, newest: list[dict[str, Any]]) -> str:
    """Return a frame with a person's newest notices, and how many of all are unread."""
    return _encode(type="notices", unread=unread, notices=newest)


def refused(topic: str, code: str, text: str) -> str:
    """Return the frame which says why a topic is not watched."""
    # In ASCII: what was asked may be half a character, which cannot be sent as it is.
    return json.dumps({"type": "refused", "topic": topic, "code": code, "text": text})


def heartbeat(at: str) -> str:
    """Return the frame that is sent when nothing else was."""
    return _encode(type="heartbeat", at=at)


def encode_state(state: dict[str, Any]) -> str:
    """Return one state as JSON."""
    return _to_json(state)


def _encode(**frame: Any) -> str:
    return _to_json(frame)


def _object(text: str | None) -> dict[str, Any]:
    if text is None:
        raise BadFrame("expected a text frame, got: a binary one")
    if len(text) > FRAME_BYTES or len(text.encode("utf-8", "surrogatepass")) > FRAME_BYTES:
        raise BadFrame(f"expected at most {FRAME_BYTES} bytes, got: {len(text)} characters")
    try:
        frame = _decoder.decode(text)
    except (ValueError, RecursionError) as error:
        raise BadFrame(f"expected JSON, got: {_short(text)}") from error
    if not isinstance(frame, dict):
        raise BadFrame(f"expected an object, got: {_short(frame)}")
    return frame


def _no_constant(name: str) -> None:
    raise ValueError(f"expected a number, got: {name}")


_decoder = json.JSONDecoder(parse_constant=_no_constant)


def _watch(topics: object) -> Watch:
    if not isinstance(topics, dict):
        raise BadFrame(f"expected topics to be an object, got: {_short(topics)}")
    if len(topics) > TOPICS_PER_FRAME:
        raise BadFrame(f"expected at most {TOPICS_PER_FRAME} topics a frame, got: {len(topics)}")
    return Watch({topic: _position(topic, have) for topic, have in topics.items()})


def _position(topic: str, have: object) -> int:
    if not isinstance(have, dict):
        raise BadFrame(
            f"expected what the browser has of a topic as an object, got: {_short(have)}"
        )
    key = "after" if topic.startswith("log:") else "seq"
    return _number(have.get(key, 0), key)


def _unwatch(topics: object) -> Unwatch:
    if not isinstance(topics, list) or not all(isinstance(topic, str) for topic in topics):
        raise BadFrame(f"expected topics to be a list of texts, got: {_short(topics)}")
    return Unwatch(tuple(topics))


def _number(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST:
        raise BadFrame(f"expected {name} to be a whole number from 0, got: {_short(value)}")
    return value


def _short(value: object) -> str:
    return ascii(value)[:80]
