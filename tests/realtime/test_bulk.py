"""One action for all jobs that a search means, as a job of its own, under a real server."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from realtime import bulk
from realtime.events import Status, timestamp
from realtime.models import Act, Item, Job
from realtime.states import read_one
from realtime.store import get_store
from tests.processes import Child, web_server
from tests.realtime.test_filters import client_of, job_of
from tests.services import RedisServer, wait_until
from tests.sockets import sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def alone_here(alone: None) -> None:
    """Let no kept process judge the jobs of these tests, which no worker runs."""


@pytest.fixture
def web(redis: RedisServer) -> Iterator[Child]:
    """Run a web server."""
    with web_server("daphne") as one:
        yield one


def ask(web: Child, user: Any, **said: Any) -> tuple[int, Any]:
    """Ask the server for an action."""
    token = "t" * 32
    headers = {"Cookie": f"{sign_in(user)}; csrftoken={token}", "X-CSRFToken": token}
    headers["Content-Type"] = "application/json"
    with closing(http.client.HTTPConnection("127.0.0.1", web.port, timeout=20)) as asked:
        asked.request("POST", "/headway/api/jobs/actions", json.dumps(said), headers=headers)
        with asked.getresponse() as answer:
            return answer.status, json.loads(answer.read())


def ended(job: str) -> Any:
    """Wait until a job has ended, and return its state."""
    wait_until(lambda: Job.objects.filter(pk=job, finished_at__isnull=False).exists(), "its end")
    return read_one(job)


def test_all_that_a_search_means_are_cancelled(web: Child, ana: Any, ben: Any) -> None:
    """Also those on the next pages; nobody else's; each is told of in the audit."""
    mine = [job_of(ana, ago=n, queued=True, tags=["x"]) for n in range(450)]
    other, untagged = job_of(ben, queued=True, tags=["x"]), job_of(ana, queued=True)
    status, told = ask(web, ana, action="cancel", filter={"q": "tag:x"}, as_job=True)
    assert (status, told["job"]["title"]) == (202, "Cancel all: tag:x")
    state = ended(told["job"]["id"])
    assert (state["status"], state["current"], state["ok"]) == ("succeeded", 450, 450)
    assert Job.objects.filter(pk__in=mine, status="cancelled").count() == 450
    assert not Job.objects.filter(pk__in=[other, untagged], status="cancelled").exists()
    assert Act.objects.filter(job__in=mine, action="cancel", name="ana").count() == 450
    whole = Act.objects.get(job=None)
    assert (whole.action, whole.detail["filter"]) == ("cancel", {"q": "tag:x"})


def test_what_could_not_be_done_is_named(web: Child, ana: Any) -> None:
    """As items that have failed, with the reason of each."""
    running = job_of(ana, title="Runs", tags=["x"])
    job_of(ana, title="Waits", tags=["x"], status=Status.PAUSED, wants="pause")
    _, told = ask(web, ana, action="pause", filter={"tag": "x"}, as_job=True)
    state = ended(told["job"]["id"])
    assert (state["ok"], state["failed"]) == (1, 1)
    wanted = "expected the job to be running, got: paused."
    wait_until(lambda: Item.objects.filter(job_id=told["job"]["id"]).exists(), "the item")
    item = Item.objects.get(job_id=told["job"]["id"])
    assert (str(item.item).startswith("Waits ("), item.reason) == (True, wanted)
    assert Act.objects.get(job=running).refused == ""


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"filter": {"q": "status:gone"}}, 400),
        ({"ids": ["x"]}, 400),
        ({}, 400),
        ({"filter": {}, "action": "again"}, 400),
    ],
)
def test_what_is_no_order_begins_no_job(ana: Any, said: Any, status: int) -> None:
    """It is refused before anything is begun."""
    body = json.dumps({"action": "cancel", "as_job": True, **said})
    client = client_of(ana)
    answer = client.post("/headway/api/jobs/actions", body, "application/json")
    assert answer.status_code == status, answer.json()
    assert not Job.objects.exists()


def test_a_server_without_an_event_loop_says_so(ana: Any) -> None:
    """Under WSGI nothing would go on after the answer."""
    body = json.dumps({"action": "cancel", "as_job": True, "filter": {}})
    answer = client_of(ana).post("/headway/api/jobs/actions", body, "application/json")
    assert answer.status_code == 409
    assert "event loop" in answer.json()["detail"]


def test_a_page_does_what_one_by_one_does(ana: Any, ben: Any, redis: RedisServer) -> None:
    """What has started others takes them along; what has ended, or is another's, says why not."""
    root = job_of(ana)
    child = job_of(ana, root=root, parent=root)
    below = job_of(ana, root=root, parent=child, queued=True)
    beside = job_of(ana, root=root, parent=root)
    done = job_of(ana, status=Status.SUCCEEDED, finished_at=timestamp())
    other = job_of(ben)
    told = bulk.steer(
        [child, done, other, "6f0e1c52-8d3b-4f6a-9f0e-2b7d5a1c9e44"],
        "cancel",
        tree=True,
        may=lambda state: state["owner"] == str(ana.pk),
    )
    assert {job: told.get(job) for job in (child, done, other)} == {
        child: None,
        done: "The job has already ended: succeeded.",
        other: "You may see this job, but not steer it.",
    }
    assert len(told) == 3
    wants = [get_store().standing(job).wants for job in (child, below, beside)]
    assert wants == ["cancel", "cancel", ""]
    assert Job.objects.get(pk=below).status == "cancelled"
