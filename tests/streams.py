"""What comes to a browser that can open no socket: server-sent events, or answers to polls."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from typing import Any

from tests.processes import Child

EVENTS = {"Accept": "text/event-stream"}


class Stream:
    """One answer that goes on, with what came."""

    def __init__(self, answer: HTTPResponse) -> None:
        """Begin with nothing received."""
        self.answer = answer
        self.frames: list[dict[str, Any]] = []
        self.closed: dict[str, Any] | None = None

    def read(self) -> None:
        """Take in one event."""
        lines = list(iter(lambda: self.answer.readline().decode().rstrip("\n"), ""))
        said = json.loads("".join(line[6:] for line in lines if line.startswith("data: ")))
        if "event: close" in lines:
            self.closed = said
        else:
            self.frames.append(said)

    def until(self, condition: Callable[[], Any]) -> Any:
        """Read until it is true; a silence of some seconds fails."""
        while not (answer := condition()):
            self.read()
        return answer

    def state(self, job: str) -> dict[str, Any]:
        """Return the newest state of a job, {} without one."""
        return state_in(self.frames, job)


def state_in(frames: list[dict[str, Any]], job: str) -> dict[str, Any]:
    """Return the newest state of a job, {} without one."""
    states = [one for frame in of_type(frames, "jobs") for one in frame["jobs"]]
    return next((one for one in reversed(states) if one["id"] == job), {})


def of_type(frames: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """Return the frames of one type."""
    return [frame for frame in frames if frame["type"] == kind]


def watching(*topics: str, **have: int) -> str:
    """Return the body that asks for topics."""
    return json.dumps({"type": "watch", "topics": dict.fromkeys(topics, have)})


@contextmanager
def asked(
    web: Child, body: str | bytes | None, method: str = "POST", query: str = "", **headers: str
) -> Iterator[HTTPResponse]:
    """Ask as a page of the service would; `headers` come over the usual ones."""
    connection = HTTPConnection("127.0.0.1", web.port, timeout=15)
    usual = {"Origin": web.url} if method == "POST" else {"Sec-Fetch-Site": "same-origin"}
    try:
        connection.request(method, f"/headway/stream{query}", body, {**usual, **headers})
        yield connection.getresponse()
    finally:
        connection.close()


def polled(web: Child, body: str, cookie: str, query: str = "") -> list[dict[str, Any]]:
    """Return the frames with which a poll is answered."""
    with asked(web, body, "POST", query, Cookie=cookie) as answer:
        assert answer.status == 200, answer.read()
        said = json.loads(answer.read())
    assert said["closed"] is None
    return list(said["frames"])
