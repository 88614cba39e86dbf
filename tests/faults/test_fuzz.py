"""Frames and requests that nobody thought of: each is understood, or refused in words."""

from __future__ import annotations

import json
import uuid
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from hypothesis import HealthCheck, example, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from realtime import protocol
from realtime.events import JobState, Status, timestamp
from realtime.protocol import LARGEST, Ack, BadFrame, Frame, Unwatch, Watch
from realtime.publish import Change, publish
from realtime.store import Store

DOCUMENTED = {200, 201, 202, 302, 400, 401, 403, 404, 405, 409, 413, 429}
OURS = str(uuid.uuid4())
THEIRS = str(uuid.uuid4())

# Frames

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda part: (
        st.lists(part, max_size=4) | st.dictionaries(st.text(max_size=9), part, max_size=4)
    ),
    max_leaves=12,
)
TOPIC = st.sampled_from(["mine", "all", "job:", "log:", "tree:", "x", "", "__proto__"]).flatmap(
    lambda kind: st.sampled_from(["", OURS, OURS.upper(), "\n", "\x00", "\ud800"]).map(kind.__add__)
)
NUMBER = st.integers() | st.floats() | st.booleans() | st.sampled_from(["1", None, LARGEST])
HAVE = st.dictionaries(st.sampled_from(["seq", "after", "x"]), NUMBER, max_size=2) | JSON
FRAME = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["watch", "unwatch", "ack", "jobs", "", None, 1]) | JSON,
        "topics": st.dictionaries(TOPIC, HAVE, max_size=4) | st.lists(TOPIC | JSON) | JSON,
        "frames": NUMBER | JSON,
        "__proto__": JSON,
    },
)


def is_sound(frame: Frame) -> bool:
    """Tell whether a frame holds what the rest of the code relies on."""
    match frame:
        case Ack(frames):
            return type(frames) is int and 0 <= frames <= LARGEST
        case Watch(topics):
            return all(type(n) is int and 0 <= n <= LARGEST for n in topics.values())
        case Unwatch(topics):
            return all(type(topic) is str for topic in topics)


@limits(max_examples=400, deadline=None)
@given(FRAME.map(json.dumps) | JSON.map(json.dumps) | st.text(), st.data())
@example('{"type":"ack","frames":' + "9" * 5_000 + "}", None)
@example("[" * 16_000, None)
@example('{"type":"watch","topics":{"mine":{"seq":1e400}}}', None)
def test_any_frame_is_understood_or_refused(text: str, data: Any) -> None:
    """Whole, cut off, doubled or with a piece of another one in it."""
    for one in (text, *(_torn(text, data) if data else ())):
        try:
            frame = protocol.decode(one)
        except BadFrame as refused:
            assert str(refused)  # noqa: PT017  either outcome is right
            str(refused).encode()
        else:
            assert is_sound(frame)


def _torn(text: str, data: Any) -> list[str]:
    at = data.draw(st.integers(0, len(text)))
    piece = data.draw(
        st.sampled_from(["", "\x00", "{", '"', "NaN", "\ud800", "1e999", "[" * 2_000])
    )
    return [text[:at], text[:at] + piece + text[at:], text + text]


@limits(max_examples=300, deadline=None)
@given(TOPIC | st.text())
def test_what_is_told_of_any_topic_can_be_sent(topic: str) -> None:
    """A refusal is text that every server takes, and tells the topic back."""
    refused = protocol.refused(topic, "bad_topic", "no")
    refused.encode()
    assert json.loads(refused)["topic"] == topic


# Requests

WORD = (
    st.sampled_from(
        ("jobs", "log", "cancel", "files", "api", "tree", "items", "..", ".", "", "x", "%00", "%ff")
    )
    | st.sampled_from(
        [OURS, THEIRS, OURS.upper(), "a" * 300, "字", "%ed%a0%80", "%0a", "%2f", "*", "__proto__"]
    )
    | st.text(max_size=8).map(lambda text: quote(text.encode("utf-8", "replace"), safe=""))
)
PATH = st.lists(WORD, max_size=5).map("/".join) | st.sampled_from(
    [
        "api/jobs",
        f"api/jobs/{OURS}",
        f"api/jobs/{OURS}/log",
        f"api/jobs/{OURS}/cancel",
        f"api/jobs/{OURS}/report",
        "api/jobs/actions",
        "readyz",
    ]
)
KEY = st.sampled_from(
    ["status", "name", "owner", "q", "since", "cursor", "after", "limit", "tag", "x", "__proto__"]
)
VALUE = (
    st.text(max_size=12)
    | st.integers().map(str)
    | st.sampled_from(["running", "\x00", "9" * 400, "2026-11-22T10:00:00Z", "AAAA", "1e9", "null"])
    | st.datetimes().map(lambda at: f"{at.isoformat()}+14:00")
)
METHOD = st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"])
KIND = st.sampled_from(
    ["application/json", "multipart/form-data", "multipart/form-data; boundary=x", "x", ""]
) | st.sampled_from(
    ["application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=x", "字"]
)


@pytest.fixture
def clients(store: Store, monkeypatch: Any, django_user_model: Any) -> list[Client]:
    """Return a browser with somebody signed in, one that minds the token, and a stranger's."""
    monkeypatch.setattr("realtime.announcer.announce", lambda shards: None)
    ana, ben = (django_user_model.objects.create_user(name) for name in ("ana", "ben"))
    for job, owner in ((OURS, ana), (THEIRS, ben)):
        state = JobState(
            id=job, root=job, status=Status.RUNNING, owner=str(owner.pk), queued_at=timestamp()
        )
        publish([Change(state=state, order=1, transition=True)])
    found = [Client(), Client(enforce_csrf_checks=True), Client()]
    for client in found[:2]:
        client.force_login(ana)
    return found


@pytest.mark.django_db(transaction=True)
@limits(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    who=st.integers(0, 2),
    method=METHOD,
    path=PATH,
    query=st.dictionaries(KEY, VALUE, max_size=3),
    kind=KIND,
    body=st.binary(max_size=40) | st.just(b'{"a": 1}') | st.just(b"["),
)
def test_any_request_gets_a_documented_answer(  # noqa: PLR0913, PLR0917  a request has these
    clients: list[Client],
    who: int,
    method: str,
    path: str,
    query: dict[str, str],
    kind: str,
    body: bytes,
) -> None:
    """Never a traceback; below api/ each refusal is a problem document, for every caller."""
    words = "&".join(
        f"{key}={quote(value.encode('utf-8', 'replace'))}" for key, value in query.items()
    )
    answer = clients[who].generic(
        method, f"/headway/{path}", body, content_type=kind, QUERY_STRING=words
    )
    assert answer.status_code in DOCUMENTED
    address = answer.wsgi_request.path_info
    if answer.status_code >= 400 and address.startswith("/headway/api/"):
        assert answer["Content-Type"] == "application/problem+json"
        if method != "HEAD":
            problem = json.loads(answer.content)
            assert problem["status"] == answer.status_code
            assert problem["title"]
            assert problem["detail"]
    if THEIRS in address:
        assert answer.status_code in {401, 403, 404, 405}
    if who == 2 and address.startswith("/headway/api/"):
        assert answer.status_code == 401
