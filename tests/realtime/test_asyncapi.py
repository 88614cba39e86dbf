"""The description of the frames, held to the code and to the file that both languages read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from realtime import asyncapi, protocol, replies
from realtime.protocol import BadFrame

FRAMES = json.loads((Path(__file__).parent.parent / "contract" / "frames.json").read_text())


def fits(frame: Any, shapes: dict[str, Any]) -> bool:
    """Tell whether a frame is one of those that are described."""
    kind = frame.get("type") if isinstance(frame, dict) else None
    if not isinstance(kind, str) or kind not in shapes:
        return False
    whole = {**shapes[kind], "components": {"schemas": replies.schemas()}}
    return bool(jsonschema.Draft202012Validator(whole).is_valid(frame))


def is_read(text: str) -> bool:
    """Tell whether the server understands a frame."""
    try:
        protocol.decode(text)
    except BadFrame:
        return False
    return True


def as_json(text: str) -> Any:
    """Return what a text says; None where it is no JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def test_it_is_told_under_the_include() -> None:
    """With every frame of both sides, and where the socket is."""
    said = Client().get("/headway/asyncapi.json").json()
    assert said["channels"]["socket"]["address"] == "/headway/ws"
    assert set(said["channels"]["socket"]["messages"]) == {*asyncapi.SERVER, *asyncapi.BROWSER}
    for message in said["components"]["messages"].values():
        jsonschema.Draft202012Validator.check_schema(message["payload"])


@pytest.mark.parametrize("one", FRAMES["server"]["valid"], ids=lambda one: one["name"])
def test_the_frames_of_the_contract_are_described(one: Any) -> None:
    """All that the server says."""
    assert fits(one["frame"], asyncapi.SERVER)


@pytest.mark.parametrize("one", FRAMES["server"]["invalid"], ids=lambda one: one["name"])
def test_what_is_no_frame_of_the_server_is_not_described(one: Any) -> None:
    """As the browser's decoder refuses it."""
    assert not fits(one.get("frame", as_json(one.get("text", ""))), asyncapi.SERVER)


@pytest.mark.parametrize("one", FRAMES["browser"]["valid"], ids=lambda one: one["name"])
def test_what_a_browser_may_say_is_described(one: Any) -> None:
    """As the server's decoder takes it."""
    assert fits(one["frame"], asyncapi.BROWSER)


@pytest.mark.parametrize("one", FRAMES["browser"]["invalid"], ids=lambda one: one["name"])
def test_what_a_browser_may_not_say_is_not_described(one: Any) -> None:
    """As the server's decoder refuses it."""
    assert not fits(as_json(one["text"]), asyncapi.BROWSER)


# For JSON Schema 1.0 is a whole number, for the server it is none.
BROKEN = st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: not x.is_integer())
ODD = st.one_of(st.none(), st.booleans(), st.integers(-1, 2**54), BROKEN, st.text())
TOPICS = st.sampled_from(["mine", "all", "notices", "job:x", "log:x", "log:", ""]) | st.text(
    max_size=5
)
HAVE = st.dictionaries(st.sampled_from(["seq", "after", "x"]), ODD, max_size=2) | ODD
SAID = st.fixed_dictionaries(
    {"type": st.sampled_from(["watch", "unwatch", "ack"]) | ODD},
    optional={
        "topics": st.dictionaries(TOPICS, HAVE, max_size=3) | st.lists(TOPICS | ODD) | ODD,
        "frames": ODD,
        "more": ODD,
    },
)


@given(SAID)
def test_what_is_described_is_what_is_read(said: dict[str, Any]) -> None:
    """No frame is described that the server refuses, none refused that is described."""
    assert fits(said, asyncapi.BROWSER) == is_read(json.dumps(said))
