"""Pausing queues, stopping and resizing workers: with real ones, on either broker."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.contrib.auth.models import Permission
from django.test import Client

from realtime import tokens, workshop
from realtime.models import Act, Job, PausedQueue
from realtime.store import get_store
from tests import tasks
from tests.processes import Child, worker
from tests.realtime.test_workshop import ABOUT, broker_away, look, named, queue, seen
from tests.services import wait_until

__all__ = ["broker_away", "queue", "seen"]

pytestmark = pytest.mark.django_db(transaction=True)

QUICK = '{"LEASE": 1.0}'


def post(client: Client, path: str, body: Any = None, **more: Any) -> Any:
    """Ask for something to be done."""
    kind = "application/json"
    return client.post(f"/headway/api/{path}", body or {}, content_type=kind, **more)


def name_of(worker: str) -> str:
    """Return how a worker of ours is called."""
    return f"{worker}-{os.getpid()}@tests"


def row(client: Client, worker: str) -> dict[str, Any]:
    """Return how a worker of ours is shown."""
    return named(look(client)["workers"], name_of(worker))


def statuses(jobs: list[str]) -> list[str]:
    """Return where the jobs stand in SQL."""
    known = {str(job.pk): job.status for job in Job.objects.filter(pk__in=jobs)}
    return [known[job] for job in jobs]


def succeeded(*jobs: str) -> bool:
    """Tell whether all of these have."""
    return set(statuses(list(jobs))) == {"succeeded"}


@pytest.fixture
def occupy(tmp_path: Path, queue: str) -> Callable[[], str]:
    """Return what queues a job that waits for the gate."""
    gate, told = str(tmp_path / "gate"), str(tmp_path / "told")
    return lambda: str(tasks.occupy.apply_async((gate, told), queue=queue).id)


@pytest.fixture(params=["redis", "rabbit"])
def broker(request: pytest.FixtureRequest) -> None:
    """Let there be either broker."""
    request.getfixturevalue(request.param)


@pytest.mark.slow
def test_a_paused_queue_rests_until_it_is_resumed(
    broker: None, seen: Client, queue: str, tmp_path: Path, occupy: Callable[[], str]
) -> None:
    """With who takes from it, with who starts later, and after the store has lost everything."""
    (tmp_path / "gate").touch()
    other = f"{queue}-other"
    take = partial(worker, "threads", queues=f"{queue},{other}", HEADWAY_MORE=QUICK)

    def counted(name: str) -> Any:
        return named(look(seen)["queues"], name).get("consumers")

    with take(name="first"):
        wait_until(lambda: counted(queue) == 1, "the worker")
        told = post(seen, f"queues/{queue}/pause").json()["queue"]
        assert (told["paused"], told["actions"]) == (True, ["resume"])
        wait_until(lambda: counted(queue) == 0, "the worker to let go", 30)
        assert counted(other) == 1
        jobs = [occupy() for _ in range(3)]
        with take(name="second"):
            wait_until(lambda: counted(other) == 2, "the second worker", 30)
            passes = [str(tasks.nothing.apply_async(queue=other).id) for _ in range(4)]
            wait_until(lambda: succeeded(*passes), "what waits elsewhere to be done", 30)
            rests = named(look(seen)["queues"], queue)
            assert (rests["depth"], rests["consumers"], rests["paused"]) == (3, 0, True)
            assert statuses(jobs) == ["queued"] * 3
            assert (rests["paused_by"], rests["paused_at"] <= look(seen)["at"]) == ("op", True)
            told = post(seen, f"queues/{queue}/resume").json()["queue"]
            assert (told["paused"], told["actions"]) == (False, ["pause"])
            assert (told["paused_by"], told["paused_at"]) == (None, None)
            wait_until(lambda: succeeded(*jobs), "all to be done", 30)
            wait_until(lambda: counted(queue) == 2, "both workers to take from it", 30)
    assert len((tmp_path / "told").read_text().split()) == 3
    current_app.amqp.queues.pop(other, None)


@pytest.mark.slow
@pytest.mark.parametrize("pool", ["prefork", "solo"])
def test_a_worker_that_is_stopped_finishes_what_it_runs(
    seen: Client, queue: str, tmp_path: Path, occupy: Callable[[], str], pool: str
) -> None:
    """Also one that cannot answer while it works; then it says that it has stopped."""
    with worker(pool, name="warm", queues=queue, concurrency=1, HEADWAY_MORE=QUICK) as one:
        wait_until(lambda: row(seen, "warm").get("state") == "here", "the worker")
        job = occupy()
        wait_until((tmp_path / "told").exists, "the job to run", 30)
        answer = post(seen, f"workers/{name_of('warm')}/stop")
        assert answer.status_code == 202
        assert ("has not answered" in answer.json()["note"]) == (pool == "solo")
        left = []
        if pool == "prefork":  # A busy solo worker may take one more before it hears of it.
            wait_until(lambda: row(seen, "warm")["state"] == "stopping", "the worker to stop", 30)
            left.append(occupy())
        (tmp_path / "gate").touch()
        assert one.process.wait(30) == 0
    assert statuses([job, *left]) == ["succeeded", *(["queued"] if left else [])]
    wait_until(lambda: row(seen, "warm")["state"] == "stopped", "the worker to have stopped")
    assert post(seen, f"workers/{name_of('warm')}/stop").status_code == 409


@pytest.mark.slow
@pytest.mark.parametrize("pool", ["prefork", "gevent"])
def test_a_worker_grows_and_shrinks(
    seen: Client, queue: str, tmp_path: Path, occupy: Callable[[], str], pool: str
) -> None:
    """At once, and where its processes are busy as they become idle; no job is lost by it."""

    def ask(processes: int) -> dict[str, Any]:
        answer = post(seen, f"workers/{name_of('elastic')}/concurrency", {"processes": processes})
        assert answer.status_code == 202, answer.content
        said: dict[str, Any] = answer.json()
        return said

    with worker(pool, name="elastic", queues=queue, concurrency=1, HEADWAY_MORE=QUICK):
        wait_until(lambda: row(seen, "elastic").get("state") == "here", "the worker")
        assert row(seen, "elastic")["actions"] == ["stop", "concurrency"]
        assert ask(3)["worker"]["concurrency"] == 3
        jobs = [occupy() for _ in range(5)]
        wait_until(lambda: statuses(jobs).count("running") == 3, "three to run at once", 60)
        said = ask(1)
        assert said["worker"]["concurrency"] == (3 if pool == "prefork" else 1)
        (tmp_path / "gate").touch()
        wait_until(lambda: row(seen, "elastic")["concurrency"] == 1, "the worker to shrink", 30)
        jobs += [occupy() for _ in range(4)]
        wait_until(lambda: succeeded(*jobs), "all to be done", 60)
        assert len((tmp_path / "told").read_text().split()) == len(jobs)


def test_a_pool_that_cannot_grow_says_so(threads_worker: Child, seen: Client) -> None:
    """With a sentence, and none of what can be done is of this kind."""
    name = name_of("threads")
    wait_until(lambda: row(seen, "threads").get("state") == "here", "the worker")
    answer = post(seen, f"workers/{name}/concurrency", {"processes": 8})
    assert (answer.status_code, "size" in answer.json()["detail"]) == (409, True)
    assert row(seen, "threads")["actions"] == ["stop"]


PATHS = ("queues/{queue}/pause", "queues/{queue}/resume", "workers/one@x/stop")


@pytest.fixture
def somebody(seen: Client, django_user_model: Any, queue: str) -> Callable[..., Client]:
    """Return what signs in people with these rights; there are a queue and a worker."""
    current_app.amqp.queues[queue]
    get_store().introduce("one@x", {**ABOUT, "resizes": True})

    def sign_in(*rights: str) -> Client:
        person = django_user_model.objects.create_user(uuid.uuid4().hex)
        person.user_permissions.set(Permission.objects.filter(codename__in=rights))
        client = Client()
        client.force_login(person)
        return client

    return sign_in


def test_who_may_see_may_not_steer(somebody: Callable[..., Client], queue: str) -> None:
    """Each right is one of its own; others are not told what there is."""
    sees, steers, neither = somebody("view_all_jobs"), somebody("control_workers"), somebody()
    shown = look(sees)
    assert named(shown["queues"], queue)["actions"] == []
    assert named(shown["workers"], "one@x")["actions"] == []
    for path in PATHS:
        address = path.format(queue=queue)
        said = post(sees, address)
        assert (said.status_code, "not steer" in said.json()["detail"]) == (403, True)
        assert post(neither, address).status_code == 403
        assert post(neither, "queues/never/pause").status_code == 403
        assert post(Client(), address).status_code == 401
        assert post(steers, address).status_code == 202
    assert Act.objects.filter(target=queue, refused="").count() == 2
    assert Act.objects.exclude(refused="").count() == 3
    assert steers.get("/headway/api/workers").status_code == 403


def test_a_request_needs_a_csrf_token_or_an_api_token_for_it(
    somebody: Callable[..., Client], queue: str, operator: Any
) -> None:
    """One that may only read is refused."""
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(operator)
    assert post(strict, f"queues/{queue}/pause").status_code == 403
    for scope, status in (("read", 403), ("act", 202)):
        _, said = tokens.create(operator, scope, [scope])
        bearer = {"Authorization": f"Bearer {said}"}
        answer = post(Client(), f"queues/{queue}/pause", headers=bearer)
        assert answer.status_code == status
    assert PausedQueue.objects.get().by == "op"


def test_twice_is_as_once(seen: Client, queue: str) -> None:
    """Two operators press the same button."""
    current_app.amqp.queues[queue]
    for path, paused in (("pause", True), ("resume", False)):
        for _ in range(2):
            answer = post(seen, f"queues/{queue}/{path}")
            assert answer.status_code == 202
            assert answer.json()["queue"]["paused"] is paused


@pytest.mark.parametrize("name", ["a/b", "über", "a b?#", "x" * 10_000, "a\nb", "\x00", "%2F"])
def test_what_is_not_there_is_not_found(seen: Client, name: str) -> None:
    """Whatever its name is."""
    from urllib.parse import quote

    for path in ("queues/{}/pause", "queues/{}/resume", "workers/{}/stop"):
        assert post(seen, path.format(quote(name, safe=""))).status_code == 404


def test_a_queue_may_have_any_name(seen: Client) -> None:
    """With slashes and letters of all scripts."""
    name = "a/b/pause über"
    current_app.amqp.queues[name]
    assert post(seen, f"queues/{name}/pause").json()["queue"]["paused"] is True
    current_app.amqp.queues.pop(name)
    assert named(look(seen)["queues"], name)["paused"] is True
    assert post(seen, f"queues/{name}/resume").status_code == 202


@pytest.mark.parametrize("said", [0, 1_001, -1, 1.5, "2", None, True])
def test_a_size_is_a_number_from_one_on(
    somebody: Callable[..., Client], seen: Client, said: Any
) -> None:
    """Everything else is refused before anybody is asked."""
    answer = post(seen, "workers/one@x/concurrency", {"processes": said})
    assert answer.status_code == 400


def test_without_the_broker_a_queue_is_paused_all_the_same(
    broker_away: None, somebody: Callable[..., Client], queue: str
) -> None:
    """Workers look for themselves; who cannot be asked to stop is refused with 503."""
    steers = somebody("control_workers")
    assert post(steers, f"queues/{queue}/pause").status_code == 202
    assert PausedQueue.objects.filter(name=queue).exists()
    assert post(steers, "workers/one@x/stop").status_code == 503
    assert Act.objects.latest("pk").refused == "OperationalError"


def test_a_worker_that_is_gone_is_not_asked(somebody: Callable[..., Client], seen: Client) -> None:
    """It is said that it has gone."""
    get_store().introduce("two@x", {**ABOUT, "state": "stopped", "resizes": True})
    assert post(seen, "workers/two@x/stop").status_code == 409
    workshop.workshop.forget()
