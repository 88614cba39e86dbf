"""The same frames for browsers that no socket reaches: as events, and as answers to polls."""

from __future__ import annotations

import json
import signal
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db import OperationalError

import realtime
from realtime import stream
from realtime.conf import conf
from realtime.mailbox import Mailbox
from realtime.sessions import Visitor
from tests import tasks
from tests.processes import Child, web_server
from tests.services import RedisServer, wait_until
from tests.sockets import sign_in
from tests.streams import EVENTS, Stream, asked, of_type, polled, state_in, watching

pytestmark = pytest.mark.django_db(transaction=True)


def start(task: Any, *args: Any, owner: Any) -> str:
    """Start a job and return its id."""
    return str(realtime.start(task, *args, owner=owner).pk)


def test_a_job_is_seen_from_start_to_end(
    web: Child, threads_worker: Child, ana: Any, tmp_path: Path
) -> None:
    """Each event is a frame, as a socket brings it, and comes when it happens."""
    gate = tmp_path / "gate"
    job = start(tasks.count, 50, str(gate), 20, owner=ana)
    with asked(web, watching(f"job:{job}"), Cookie=sign_in(ana), **EVENTS) as answer:
        assert (answer.status, answer.getheader("Content-Type")) == (200, "text/event-stream")
        seen = Stream(answer)
        seen.until(lambda: seen.state(job).get("current") == 20)
        assert (seen.frames[0]["type"], seen.frames[0]["user"]) == ("welcome", str(ana.pk))
        gate.touch()
        seen.until(lambda: seen.state(job).get("status") == "succeeded")
        assert of_type(seen.frames, "watching") == [{"type": "watching", "topic": f"job:{job}"}]


def test_a_page_without_a_script_of_ours_listens_with_event_source(
    web: Child, threads_worker: Child, ana: Any
) -> None:
    """It can only GET; browsers say then by which site's page it is asked."""
    job = start(tasks.nothing, owner=ana)
    query, cookie = f"?topic=job:{job}&topic=mine", sign_in(ana)
    with asked(web, None, "GET", query, Cookie=cookie, **EVENTS) as answer:
        seen = Stream(answer)
        seen.until(lambda: len(of_type(seen.frames, "watching")) == 2)
        seen.until(lambda: seen.state(job).get("status") == "succeeded")
    for site in ("cross-site", "same-site", "none"):
        more = {"Sec-Fetch-Site": site, "Cookie": cookie, **EVENTS}
        with asked(web, None, "GET", query, **more) as answer:
            assert answer.status == 403


def test_a_poll_brings_what_the_browser_does_not_have(
    web: Child, threads_worker: Child, ana: Any
) -> None:
    """States by their seq, lines by their number, notices whole; and nothing twice."""
    job, cookie = start(tasks.talk, 30, owner=ana), sign_in(ana)
    topics = (f"job:{job}", f"log:{job}", "mine", "notices")

    def ended() -> list[dict[str, Any]]:
        frames = polled(web, watching(*topics), cookie)
        return frames if state_in(frames, job).get("status") == "succeeded" else []

    frames = wait_until(ended, "the job's end")
    kinds = {frame["type"] for frame in frames}
    assert kinds == {"welcome", "jobs", "log", "watching", "notices", "heartbeat"}
    assert (frames[0]["type"], frames[-1]["type"]) == ("welcome", "heartbeat")
    (log,) = of_type(frames, "log")
    assert len(log["lines"]) == 30
    (state,) = {one["seq"] for frame in of_type(frames, "jobs") for one in frame["jobs"]}
    have = {f"job:{job}": {"seq": state}, f"log:{job}": {"after": 30}}
    again = polled(web, json.dumps({"type": "watch", "topics": have}), cookie)
    assert {frame["type"] for frame in again} == {"welcome", "watching", "heartbeat"}


def test_others_are_told_that_there_is_nothing(
    web: Child, threads_worker: Child, ana: Any, ben: Any
) -> None:
    """As over a socket: a job of somebody else and one that never was look the same."""
    job, never = start(tasks.nothing, owner=ana), str(uuid.uuid4())
    frames = polled(web, watching(f"job:{job}", f"job:{never}", "all", "x"), sign_in(ben))
    told = {frame["topic"]: (frame["code"], frame["text"]) for frame in of_type(frames, "refused")}
    assert told[f"job:{job}"] == told[f"job:{never}"] == told["all"]
    assert told["x"][0] == "bad_topic"


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ("{", 400, "expected JSON"),
        ('{"type": "ack", "frames": 1}', 400, "expected frames of type watch"),
        (watching("mine") + "\nnull", 400, "expected an object"),
        (b"\xff", 400, "utf-8"),
        (b" " * (stream.BODY + 1), 413, "expected at most"),
    ],
)
def test_what_is_no_question_is_refused(
    web: Child, ana: Any, body: str | bytes, status: int, said: str
) -> None:
    """With a sentence, and the next request is answered."""
    with asked(web, body, Cookie=sign_in(ana)) as answer:
        assert answer.status == status
        assert answer.getheader("Content-Type") == "application/problem+json"
        assert said in json.loads(answer.read())["detail"]


def test_who_may_not_ask_is_told_so(web: Child, ana: Any) -> None:
    """Neither guests, nor pages of other sites, nor with other methods."""
    cookie = sign_in(ana)
    with asked(web, watching("mine")) as answer:
        assert answer.status == 401
    foreign = {"Origin": "https://evil.example", "Cookie": cookie}
    with asked(web, watching("mine"), **foreign) as answer:
        assert answer.status == 403
    with asked(web, None, "DELETE", Origin=web.url, Cookie=cookie) as answer:
        assert answer.status == 405


def test_streams_are_counted_among_the_sockets(web: Child, ana: Any) -> None:
    """One too many is refused; the first that goes makes room."""
    cookie = sign_in(ana)
    opened = [asked(web, watching("mine"), Cookie=cookie, **EVENTS) for _ in range(51)]
    for one in opened[: conf.SOCKETS_PER_USER]:
        assert one.__enter__().status == 200
    with opened[-1] as refused:
        assert refused.status == 429
        assert "expected at most 50 sockets" in json.loads(refused.read())["detail"]
    for one in opened[: conf.SOCKETS_PER_USER]:
        one.__exit__(None, None, None)
    wait_until(lambda: polled(web, watching("mine"), cookie), "room")


def test_a_stream_ends_as_a_socket_does(web: Child, ana: Any) -> None:
    """Signed out: the last event carries the code and the reason of a close."""
    with asked(web, watching("mine"), Cookie=sign_in(ana), **EVENTS) as answer:
        seen = Stream(answer)
        seen.until(lambda: of_type(seen.frames, "watching"))
        Session.objects.all().delete()
        closed = seen.until(lambda: seen.closed)
        assert closed == {"code": 4501, "reason": "expected to be signed in"}
        assert answer.read() == b""


@pytest.mark.slow
@pytest.mark.parametrize("server", ["daphne", "uvicorn"])
def test_a_server_that_stops_says_when_to_come_back(
    redis: RedisServer, transactional_db: None, server: str
) -> None:
    """SIGTERM closes streams with 4000 and a spread, and none is cut off."""
    ana = get_user_model().objects.create_user("ana", password="x")
    with (
        web_server(server) as web,
        asked(web, watching("mine"), Cookie=sign_in(ana), **EVENTS) as answer,
    ):
        seen = Stream(answer)
        seen.until(lambda: of_type(seen.frames, "watching"))
        web.signal(signal.SIGTERM)
        closed = seen.until(lambda: seen.closed)
        assert closed["code"] == 4000
        assert closed["reason"].startswith("after=2;spread=")
        assert web.process.wait(15) is not None


async def test_what_cannot_be_watched_closes_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a socket: the browser comes back, rather than wait for what nobody will send."""

    async def fails(*_: object) -> None:
        raise OperationalError

    said: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    monkeypatch.setattr(stream, "obey", fails)
    mailbox = Mailbox(Visitor("1", operator=False), send, acknowledges=False)
    await stream._watch(mailbox, {"mine": 0})
    assert [one["code"] for one in said] == [4002]
