"""A job's log as a text file: whole, in order, sent in parts, for those who may see the job."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import AsyncClient, Client

from realtime import publish
from realtime.events import JobState, Status, timestamp
from realtime.store import Store

pytestmark = pytest.mark.django_db(transaction=True)

AT = "2026-11-22T10:00:00.000Z"


@pytest.fixture(autouse=True)
def quiet(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Announce to nobody."""
    monkeypatch.setattr("realtime.announcer.announce", lambda shards: None)


def logged(owner: Any, lines: int) -> str:
    """Return a job that has written so many lines."""
    job = str(uuid.uuid4())
    state = JobState(
        id=job,
        root=job,
        name="tests.work",
        title="Work",
        status=Status.RUNNING,
        owner=str(owner.pk),
        queued_at=timestamp(),
    )
    told = [{"at": AT, "level": "info", "text": f"line {n}"} for n in range(1, lines + 1)]
    written = tuple(json.dumps(line) for line in told)
    publish.publish([publish.Change(state=state, order=1, lines=written, transition=True)])
    return job


def address(job: str) -> str:
    """Return where the file is."""
    return f"/headway/api/jobs/{job}/log?format=text"


def client_of(user: Any) -> Client:
    """Return a browser in which a user is signed in."""
    client = Client()
    client.force_login(user)
    return client


def read(user: Any, job: str) -> list[str]:
    """Return the lines of the file."""
    answer: Any = client_of(user).get(address(job))
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Content-Disposition"] == f'attachment; filename="log-{job}.txt"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    return b"".join(answer.streaming_content).decode().splitlines()


def test_the_file_has_every_line(ana: Any) -> None:
    """Of more than one read, in order, with time and level."""
    found = read(ana, logged(ana, 2_345))
    assert found == [f"{AT} info     line {n}" for n in range(1, 2_346)]


def test_a_log_without_lines_is_an_empty_file(ana: Any) -> None:
    """And no error."""
    assert read(ana, logged(ana, 0)) == []


def test_it_says_what_is_no_longer_kept(ana: Any, settings: Any) -> None:
    """At the place of these lines."""
    settings.HEADWAY = {**settings.HEADWAY, "LOG_LINES": 10}
    found = read(ana, logged(ana, 30))
    assert found[0] == "(20 lines are no longer kept)"
    assert found[1:] == [f"{AT} info     line {n}" for n in range(21, 31)]


async def test_it_is_streamed_by_asynchronous_servers(ana: Any) -> None:
    """In parts, without Django's warning that it reads everything first."""
    job = await sync_to_async(logged)(ana, 1_500)
    client = AsyncClient()
    await sync_to_async(client.force_login)(ana)
    answer: Any = await client.get(address(job))
    parts = [part.decode() async for part in answer.streaming_content]
    assert [len(part.splitlines()) for part in parts] == [1_000, 500]


def test_that_of_others_is_not_found(ana: Any, ben: Any) -> None:
    """As that of a job that never was."""
    job, never = logged(ana, 1), str(uuid.uuid4())
    answers = [client_of(ben).get(address(one)) for one in (job, never)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content


def test_another_format_is_refused(ana: Any) -> None:
    """With a sentence that says which there are."""
    answer = client_of(ana).get(address(logged(ana, 1)).replace("text", "html"))
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"] == "expected format to be one of json, text, got: html"
