"""Jobs that a filter means: listed, or steered together."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.test import Client
from django.utils import timezone

from realtime import actions, publish, records
from realtime.events import JobState, Status, timestamp
from realtime.store import Store

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quiet(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Announce nothing, and tell no worker."""
    monkeypatch.setattr("realtime.announcer.announce", lambda shards: None)
    monkeypatch.setattr(current_app.control, "revoke", lambda *_, **__: None)


def job_of(owner: Any, *, ago: float = 0.0, queued: bool = False, **more: Any) -> str:
    """Make a job: its row as it is written when it is queued, or by its worker."""
    job, at = str(uuid.uuid4()), timestamp(timezone.now() - timedelta(seconds=ago))
    values = {"status": Status.QUEUED if queued else Status.RUNNING, **more}
    state = JobState(id=job, root=job, name="t", owner=str(owner.pk), queued_at=at)
    state = state.changed(**values)
    if queued:
        records.create(state)
    change = publish.Change(state=state, order=0 if queued else 1, transition=not queued)
    publish.publish([change])
    return job


def client_of(user: Any) -> Client:
    """Return a browser in which this user is signed in."""
    client = Client()
    client.force_login(user)
    return client


def listed(user: Any, **query: Any) -> list[str]:
    """Return the jobs that a filter finds, newest first."""
    page = client_of(user).get("/headway/api/jobs", query).json()
    return [state["id"] for state in page["jobs"]]


def steered(user: Any, **said: Any) -> Any:
    """Do one thing to many jobs."""
    body = json.dumps(said)
    return client_of(user).post("/headway/api/jobs/actions", body, "application/json")


TAGS = ["import", "Zürich", 'say "hi"', "a\\b", "50%", "日本", "_"]


@pytest.mark.parametrize("queued", [True, False])
@pytest.mark.parametrize("tag", TAGS)
def test_jobs_by_tag(ana: Any, tag: str, *, queued: bool) -> None:
    """The whole tag, as it is written: not a part of one, nor one in capitals."""
    tagged = job_of(ana, queued=queued, tags=["first", tag])
    others = [one for one in TAGS if one != tag]
    job_of(ana, queued=queued, tags=[*others, f"{tag}s", f"x{tag}", tag.swapcase() + "!"])
    assert listed(ana, tag=tag) == [tagged]
    assert listed(ana, tag=f"{tag}?") == []


def test_each_word_narrows_the_filter(ana: Any, ben: Any) -> None:
    """Status, name, tag, text and time together; nobody finds what is another's."""
    old = job_of(ana, ago=3_600, tags=["import"], title="Customers")
    new = job_of(ana, ago=60, tags=["import"], title="Orders")
    job_of(ben, tags=["import"], title="Orders")
    job_of(ana, ago=60, tags=["import"], title="Orders", status=Status.PAUSED)
    words = {"status": "running", "name": "t", "tag": "import"}
    assert listed(ana, **words) == [new, old]
    assert listed(ana, **words, since=timestamp(timezone.now() - timedelta(minutes=5))) == [new]
    assert listed(ana, **words, q="custom") == [old]


def test_what_a_filter_means_is_steered(ana: Any, ben: Any) -> None:
    """Those that have not ended, of those that one may see; each with its answer."""
    mine = [job_of(ana, ago=n, tags=["import"]) for n in range(3)]
    job_of(ana, tags=["import"], status=Status.SUCCEEDED, finished_at=timestamp())
    job_of(ana, tags=["export"])
    job_of(ben, tags=["import"])
    said = steered(ana, action="cancel", filter={"tag": "import"})
    assert said.status_code == 202
    assert [state["id"] for state in said.json()["jobs"]] == mine
    assert {state["status"] for state in said.json()["jobs"]} == {"cancelling"}
    assert (said.json()["refused"], said.json()["next"]) == ([], None)


def test_many_are_steered_a_page_at_a_time(ana: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until there is no `next`: each once, though they go on to match."""
    monkeypatch.setattr(actions, "MOST", 2)
    mine = [job_of(ana, ago=n) for n in range(5)]
    found: list[str] = []
    cursor: Any = ""
    for _ in range(3):
        page = steered(ana, action="pause", filter={"cursor": cursor}).json()
        found += [state["id"] for state in page["jobs"]]
        cursor = page["next"]
    assert (found, cursor) == (mine, None)


@pytest.mark.parametrize(
    "said",
    [
        {"filter": {"status": "gone"}},
        {"filter": {"tags": "import"}},
        {"filter": {"tag": ["import"]}},
        {"filter": "tag=import"},
        {"filter": {"cursor": "x"}},
        {"filter": {}, "ids": [str(uuid.uuid4())]},
    ],
)
def test_a_bad_filter_steers_nothing(ana: Any, said: Any) -> None:
    """400 with a sentence which says what was expected, and what came."""
    job_of(ana)
    answer = steered(ana, action="cancel", **said)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("expected ")
    assert listed(ana, status="running")
