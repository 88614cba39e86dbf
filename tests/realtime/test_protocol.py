"""Frames, read from the same file as the browser's side reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime import protocol
from realtime.events import JobState, Status
from realtime.permissions import Role, view
from realtime.protocol import Ack, BadFrame, Unwatch, Watch

FRAMES = json.loads((Path(__file__).parent.parent / "contract" / "frames.json").read_text())


def named(kind: str, sort: str) -> list[Any]:
    """Return the examples of one kind as test parameters."""
    return [pytest.param(case, id=case["name"]) for case in FRAMES[kind][sort]]


@pytest.mark.parametrize("case", named("browser", "valid"))
def test_what_browsers_send_is_understood(case: dict[str, Any]) -> None:
    """Each example of the contract becomes one of three frames."""
    frame = protocol.decode(json.dumps(case["frame"]))
    kinds = {"watch": Watch, "unwatch": Unwatch, "ack": Ack}
    assert isinstance(frame, kinds[case["frame"]["type"]])


@pytest.mark.parametrize("case", named("browser", "invalid"))
def test_what_browsers_must_not_send_is_refused(case: dict[str, Any]) -> None:
    """Each wrong example is refused with a sentence, and never with another error."""
    with pytest.raises(BadFrame, match="expected"):
        protocol.decode(case["text"])


@pytest.mark.parametrize("case", named("server", "valid"))
def test_what_we_send_has_the_fields_of_the_contract(case: dict[str, Any]) -> None:
    """States in the contract's frames have just the fields that ours have."""
    ours = view({**state_fields(), "seq": 1, "log": 0}, Role.OWNER).keys()
    for state in case["frame"].get("jobs", []):
        assert set(state) == set(ours)


def state_fields() -> dict[str, Any]:
    """Return the fields of a state as a store keeps them."""
    fields: dict[str, Any] = json.loads(JobState(id="x", status=Status.RUNNING).body())
    return fields


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_any_text_is_a_frame_or_refused(text: str) -> None:
    """Nothing but BadFrame ever comes out."""
    try:
        protocol.decode(text)
    except BadFrame as refused:
        assert str(refused)  # noqa: PT017  either outcome is right


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda part: st.lists(part) | st.dictionaries(st.text(), part),
    max_leaves=20,
)


@given(st.sampled_from(["watch", "unwatch", "ack"]), st.dictionaries(st.text(), JSON), JSON)
def test_any_object_is_a_frame_or_refused(kind: str, more: dict[str, Any], topics: Any) -> None:
    """Wrong types in the right places are refused as well."""
    for key in ("topics", "frames"):
        try:
            protocol.decode(json.dumps({**more, "type": kind, key: topics}))
        except BadFrame as refused:
            assert str(refused)  # noqa: PT017


@given(st.text())
def test_any_topic_is_known_or_refused(topic: str) -> None:
    """What is not a topic never reaches a group's name or a query."""
    try:
        kind, job = protocol.parse_topic(topic)
    except protocol.BadTopic:
        return
    assert kind in {"job", "tree", "log", "mine", "all", "notices"}
    assert job == "" or len(job) == 36
