"""The workers and the queues as operators see them, with real workers and a real broker."""

from __future__ import annotations

import os
import signal
import socket
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.db import connection
from django.test import Client
from kombu import Queue

from realtime import introduction, workshop
from realtime.depths import depths
from realtime.models import Job
from realtime.store import get_store
from tests import tasks
from tests.processes import Child, worker
from tests.services import RedisServer, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

ABOUT = {
    "state": "here",
    "since": "2026-11-27T10:00:00.000Z",
    "host": "h",
    "pid": 1,
    "pool": "threads",
    "concurrency": 4,
    "running": 0,
    "jobs": [],
    "queues": ["celery"],
    "load": 0.5,
    "processors": 2,
    "versions": {"headway": "0", "celery": "5", "python": "3"},
    "takes": ["celery"],
    "resizes": False,
}


@pytest.fixture
def seen(redis: RedisServer, operator: Any) -> Client:
    """Return a browser of an operator."""
    client = Client()
    client.force_login(operator)
    return client


@pytest.fixture
def queue() -> Iterator[str]:
    """Return the name of a queue of which nobody takes."""
    name = f"lonely-{uuid.uuid4().hex}"
    yield name
    current_app.amqp.queues.pop(name, None)


def look(client: Client) -> dict[str, Any]:
    """Return what is shown now."""
    workshop.workshop.forget()
    answer = client.get("/headway/api/workers")
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def named(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """Return the row of this name, an empty one where there is none."""
    return next((row for row in rows if row["name"] == name), {})


def state_of(client: Client, name: str) -> str:
    """Return how a worker is."""
    return str(named(look(client)["workers"], name).get("state", ""))


def test_a_worker_says_who_it_is(threads_worker: Child, seen: Client) -> None:
    """Its pool, its process, what it takes from, and how it fares."""
    name = f"threads-{os.getpid()}@tests"
    wait_until(lambda: state_of(seen, name) == "here", "the worker to tell of itself")
    shown = look(seen)
    one = named(shown["workers"], name)
    assert (one["pool"], one["concurrency"], one["pid"]) == ("threads", 4, threads_worker.pid)
    assert "celery" in one["queues"]
    assert set(one["versions"]) == {"celery", "headway", "python"}
    assert one["since"] <= one["heard_at"] <= shown["at"]
    assert named(shown["queues"], "celery")["consumers"] >= 1


def test_a_queue_is_as_long_as_it_is(seen: Client, queue: str) -> None:
    """At all priorities; the oldest message is known by its job."""
    jobs = [str(tasks.nothing.apply_async(queue=queue, priority=n).id) for n in (3, 0, 6)]
    row = named(look(seen)["queues"], queue)
    assert (row["depth"], row["consumers"]) == (3, 0)
    assert row["oldest_at"] == Job.objects.get(pk=jobs[0]).state()["queued_at"]


def test_of_a_message_that_is_no_jobs_nobody_knows_the_age(seen: Client, queue: str) -> None:
    """It counts, and says nothing of when it came."""
    current_app.send_task("celery.ping", queue=queue)
    row = named(look(seen)["queues"], queue)
    assert (row["depth"], row["oldest_at"]) == (1, None)


def test_an_empty_queue_has_no_oldest_message(seen: Client, queue: str) -> None:
    """A queue that is known by its name alone."""
    current_app.amqp.queues[queue]
    row = named(look(seen)["queues"], queue)
    assert (row["depth"], row["oldest_at"], row["consumers"]) == (0, None, 0)


def test_others_are_told_whom_to_ask(ana: Any, redis: RedisServer) -> None:
    """Not signed in, 401; signed in without the right, 403 with a sentence."""
    client = Client()
    assert client.get("/headway/api/workers").status_code == 401
    client.force_login(ana)
    answer = client.get("/headway/api/workers")
    assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")
    assert "operators" in answer.json()["detail"]


@pytest.fixture(params=["refuses", "hangs"])
def broker_away(request: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the broker be one that refuses connections, or says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        if request.param == "refuses":
            server.close()
        monkeypatch.setenv("CELERY_BROKER_URL", f"redis://127.0.0.1:{port}/0")
        yield
    wait_until(lambda: not asking(), "the broker to be asked no more", 30)


def asking() -> bool:
    """Tell whether a thread waits for the broker."""
    return any(one.name == "headway-depths" for one in threading.enumerate())


def test_without_the_broker_the_rest_is_shown(broker_away: None, seen: Client, queue: str) -> None:
    """The answer says that it is away, and since when jobs wait: the database knows."""
    Job.objects.create(
        name="x",
        queued_at="2026-11-27T10:00:00Z",
        root=uuid.uuid4(),
        last={"queue": queue, "position": 0},
    )
    get_store().introduce("one@x", {**ABOUT, "queues": [queue]})
    shown = look(seen)
    assert (shown["broker"], shown["store"]) == ("away", "ok")
    row = named(shown["queues"], queue)
    assert (row["depth"], row["oldest_at"]) == (None, "2026-11-27T10:00:00.000Z")
    assert row["consumers"] == 1
    assert state_of(seen, "one@x") == "here"


def test_without_the_store_the_queues_are_shown(seen: Client, queue: str, settings: Any) -> None:
    """The answer says that it is away, and does not say that there are no workers."""
    tasks.nothing.apply_async(queue=queue)
    settings.HEADWAY = {**settings.HEADWAY, "REDIS_URL": "redis://127.0.0.1:1/0"}
    shown = look(seen)
    assert (shown["broker"], shown["store"], shown["workers"]) == ("ok", "away", [])
    row = named(shown["queues"], queue)
    assert (row["depth"], row["consumers"]) == (1, None)


def test_the_broker_is_asked_once_for_all(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many look, at once and one after the other."""
    asked = []

    def ask(queues: list[str], seconds: float) -> Any:
        asked.append(seconds)
        return depths(queues, seconds)

    monkeypatch.setattr(workshop, "depths", ask)
    monkeypatch.setattr(workshop, "INTERVAL", 60.0)
    one = workshop.Workshop()
    seen: list[workshop.Look] = []

    def look_at_it() -> None:
        seen.append(one.look())
        connection.close()

    threads = [threading.Thread(target=look_at_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {id(look) for look in [*seen, one.look()]} == {id(seen[0])}
    assert len(asked) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "state"), [(signal.SIGKILL, "gone"), (signal.SIGTERM, "stopped")]
)
def test_a_worker_that_is_no_more(
    seen: Client, number: signal.Signals, state: str, settings: Any
) -> None:
    """Killed, it is gone after a lease; who stops says so. Neither takes from a queue."""
    settings.HEADWAY = {**settings.HEADWAY, "LEASE": 1.0}
    name = f"mortal-{os.getpid()}@tests"
    with worker("solo", name="mortal", HEADWAY_MORE='{"LEASE": 1.0}') as one:
        wait_until(lambda: state_of(seen, name) == "here", "the worker to tell of itself")
        one.signal(number)
        one.process.wait(20)
    wait_until(lambda: state_of(seen, name) == state, f"the worker to be {state}", 30)
    assert named(look(seen)["workers"], name)["queues"] == []


@pytest.mark.slow
def test_what_runs_is_named(seen: Client, queue: str, tmp_path: Path) -> None:
    """With the ids of the jobs, from the worker that runs them."""
    name = f"busy-{os.getpid()}@tests"
    with worker("prefork", name="busy", queues=queue, HEADWAY_MORE='{"LEASE": 1.0}'):
        given = (str(tmp_path / "gate"), str(tmp_path / "pids"))
        job = str(tasks.occupy.apply_async(given, queue=queue).id)
        wait_until(
            lambda: named(look(seen)["workers"], name).get("jobs") == [job], "the job to be named"
        )
        (tmp_path / "gate").touch()
        wait_until(
            lambda: named(look(seen)["workers"], name)["running"] == 0, "the job to have ended"
        )


def test_what_a_worker_says_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of queues and jobs, and names of any length."""
    queues = [Queue("ü" * 250 + str(n)) for n in range(10_000)] + [Queue("x" * 1_000_000)]
    said = introduction.Introduction(Consumer(queues)).about(
        str(uuid.uuid4()) for _ in range(10_000)
    )
    assert len(str(said)) < introduction.LONGEST
    assert said["running"] == 10_000
    few = introduction.Introduction(Consumer([Queue("a"), Queue("b")])).about(["j"])
    assert (few["queues"], few["jobs"]) == (["a", "b"], ["j"])


class Consumer:
    """A worker's consumer as far as it is asked who it is."""

    def __init__(self, queues: list[Queue]) -> None:
        """Take from these."""
        self.hostname = "w" * 100_000
        self.queues = queues
        self.task_consumer = self.controller = self.blueprint = self
        self.pool = self
        self.state, self.limit = 1, 2


def test_ten_thousand_queues_are_not_all_shown(
    seen: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many are asked for and shown; how many there are besides is said."""
    many = {f"{n:05} {'x' * 1000}": Queue(str(n)) for n in range(10_000)}
    monkeypatch.setattr(current_app.amqp, "queues", many)
    shown = look(seen)
    assert len(shown["queues"]) == workshop.QUEUES
    assert shown["more"] >= 10_000 - workshop.QUEUES
    assert shown["broker"] == "ok"
