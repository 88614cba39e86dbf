"""Jobs whose messages the broker has lost; a real Redis is the broker."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from threading import Event
from typing import Any
from uuid import uuid4

import pytest
from celery import current_app
from django.utils import timezone
from kombu import Connection, Producer, Queue

from realtime import broker, held, orphans
from realtime.conf import conf
from realtime.control import cancel
from realtime.models import Job
from realtime.orphans import SHARE, Orphans, Twice
from realtime.permissions import Role, view
from realtime.reaper import Reaper
from realtime.states import read_one
from realtime.store import Store
from tests import tasks
from tests.services import RedisServer, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

ORPHAN = 0.5


@pytest.fixture(params=["", "shop:"])
def client(
    request: pytest.FixtureRequest,
    redis: RedisServer,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    alone: None,
) -> Iterator[Any]:
    """Return a client of an empty broker, once with a prefix before all its keys."""
    settings.HEADWAY = {**settings.HEADWAY, "LEASE": 0.4, "ORPHAN": ORPHAN}
    monkeypatch.setattr(held, "ANSWER", 0.1)
    options = {"global_keyprefix": request.param} if request.param else {}
    monkeypatch.setitem(current_app.conf, "broker_transport_options", options)
    with redis.client() as one:
        one.flushall()
        yield one
        one.flushall()


def queued(**options: Any) -> str:
    """Queue a job, over a connection that knows the settings of now."""
    with current_app.connection_for_write() as connection:
        options["connection"] = connection
        return str(tasks.nothing.apply_async(**options).id)


def keys_of(client: Any, *jobs: str) -> dict[str, str]:
    """Return in which list each of the jobs waits."""
    lists = [key for key in client.scan_iter(_type="list") if "headway:" not in key]
    return {
        json.loads(raw)["headers"]["id"]: key for key in lists for raw in client.lrange(key, 0, -1)
    }


def take(client: Any, job: str) -> str:
    """Take a job's message from its queue."""
    key = keys_of(client)[job]
    (raw,) = [one for one in client.lrange(key, 0, -1) if job in one]
    client.lrem(key, 0, raw)
    return str(raw)


def lost(jobs: dict[str, str]) -> set[str]:
    """Return which of the jobs the broker has lost."""
    return broker.astray(jobs, claimed=()).lost


def hold(client: Any, job: str) -> str:
    """Let a job's message be with a worker; returns its delivery tag."""
    prefix = keys_of(client)[job].removesuffix("celery")
    message, tag = json.loads(take(client, job)), uuid4().hex
    client.hset(f"{prefix}unacked", tag, json.dumps([message, "", "celery"]))
    client.zadd(f"{prefix}unacked_index", {tag: time.time()})
    return tag


def test_messages_are_found_wherever_they_are(client: Any) -> None:
    """In each queue, also one that only their sender knows, at each priority, with a worker."""
    plain, urgent, elsewhere = queued(), queued(priority=6), queued(queue="elsewhere")
    held, gone = queued(), queued()
    current_app.amqp.queues.pop("elsewhere", None)
    prefix = keys_of(client)[plain].removesuffix("celery")
    hold(client, held)
    take(client, gone)
    jobs = dict.fromkeys((plain, urgent, elsewhere, held, gone), "")
    # A worker holds messages, and none answers: it may hold one more.
    assert lost(jobs) == set()
    client.delete(f"{prefix}unacked")
    assert lost(jobs) == {held, gone}


def test_long_queues_are_looked_through_in_chunks(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing is said of one that is longer than that."""
    monkeypatch.setattr(broker, "CHUNK", 2)
    jobs = [queued() for _ in range(5)]
    take(client, jobs[2])
    assert lost(dict.fromkeys(jobs, "")) == {jobs[2]}
    monkeypatch.setattr(broker, "CHUNKS", 2)
    with pytest.raises(broker.TooFull):
        lost(dict.fromkeys(jobs, ""))


def test_what_nobody_holds_is_given_back_as_the_next(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not what a worker claims, or says it has; and only once."""
    first, claimed, known, gone = queued(), queued(), queued(), queued()
    tags = {job: hold(client, job) for job in (claimed, known, gone)}
    jobs = dict.fromkeys(tags, "celery")
    astray = partial(broker.astray, jobs)
    assert astray({tags[claimed]}).abandoned == {}  # Nobody answers: one may have it.
    answer = held.Answer("w", frozenset([known]), frozenset(["celery"]))
    monkeypatch.setattr(held, "ask", lambda _: [answer])
    assert astray(None).abandoned == {}
    assert astray({tags[claimed]}) == broker.Astray(set(), {gone: tags[gone]})
    for _ in range(2):
        broker.give_back(tags[gone])
    (key,) = {keys_of(client)[job] for job in (first, gone)}
    found = [json.loads(raw)["headers"] for raw in client.lrange(key, 0, -1)]
    assert [(one["id"], one.get("redelivered")) for one in found] == [(first, None), (gone, True)]
    assert client.hlen(key.replace("celery", "unacked")) == 2


def test_a_worker_that_holds_too_much_to_say_keeps_all(store: Store) -> None:
    """Any message may be its own."""
    store.hold("one", ["a", "b"], keep=60)
    store.hold("gone", ["c"], keep=-1)
    assert orphans.claimed() == {"a", "b"}
    store.hold("two", None, keep=60)
    assert orphans.claimed() is None


def test_what_the_broker_has_lost_is_lost(client: Any) -> None:
    """The message is gone before a worker saw it; what is still queued stays so."""
    gone, waits = queued(), queued()
    wait_until(lambda: (read_one(gone) or {}).get("seq"), "the store to know")
    take(client, gone)
    reaper = Reaper()

    def looked() -> bool:
        reaper.look()
        return Job.objects.get(pk=gone).status == "lost"

    wait_until(looked, "the verdict", 20)
    state = read_one(gone) or {}
    assert (state["status"], state["error"]["kind"]) == ("lost", "Orphaned")
    assert state["error"]["public"]
    assert (read_one(waits) or {})["status"] == "queued"


def test_a_message_that_is_nowhere_for_a_moment_is_not_lost() -> None:
    """It moves from a queue to a worker, or back: only what is missing a lease later is lost."""
    twice = Twice()
    jobs = {"moves", "gone"}
    assert twice.again(jobs, jobs) == []
    assert twice.again({"gone"}, jobs) == []
    twice._missing["gone"] -= conf.LEASE
    assert twice.again(set(), {"others, looked for in between"}) == []
    assert twice.again(jobs, jobs) == ["gone"]


def test_what_waits_no_more_is_forgotten() -> None:
    """A missing job that began, or was cancelled, is no longer remembered after the next pass."""
    twice = Twice()
    for number in range(100):
        jobs = {f"in pass {number}", "always"}
        twice.again(jobs, jobs)
        twice.forget_unseen()
    assert twice._missing.keys() == {"in pass 99", "always"}


@pytest.mark.parametrize("raises", [None, broker.TooFull(), ConnectionRefusedError()])
def test_long_looks_are_followed_by_long_rests(
    client: Any, monkeypatch: pytest.MonkeyPatch, raises: Exception | None
) -> None:
    """The broker has other things to do; but one that was away is looked into when it is back."""

    def look(*_: Any) -> broker.Astray:
        Event().wait(0.1)
        if raises:
            raise raises
        return broker.Astray(set(), {}, 0.1)

    queued()
    one = Orphans()
    monkeypatch.setattr(broker, "astray", look)
    wait_until(lambda: Job.objects.get().queued_at < timezone.now() - timedelta(seconds=ORPHAN), "")
    began = time.monotonic()
    assert one.found() == []
    assert one._thread
    one._thread.join()
    rests = one._due - began >= 0.1 * SHARE
    assert rests is not isinstance(raises, ConnectionRefusedError)
    if rests:
        assert one.found() == []
        assert not one._thread.is_alive()


def test_a_cancel_is_newer_than_the_queued_job_that_the_store_lost(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Viewers saw a seq that SQL does not know."""
    job = queued()
    seen = wait_until(lambda: (read_one(job) or {}).get("seq"), "the store to know")
    client.flushall()
    assert cancel(job)["status"] == "cancelled"
    assert (read_one(job) or {})["seq"] > seen


def test_a_queue_that_is_not_empty_may_hold_any_job(client: Any) -> None:
    """Brokers that cannot be looked into tell only how much there is; kombu's own one does so."""
    with Connection("memory://") as connection:
        channel = connection.channel()
        for name in ("celery", "full"):
            Queue(name)(channel).declare()
        Producer(channel).publish("x", routing_key="full")
        found = broker._in_amqp(connection, {"a": "celery", "b": "full", "c": ""})
        assert (found.jobs, found.consumers) == ({"b", "c"}, {"celery": 0, "full": 0})


def test_a_job_knows_its_queue_and_viewers_do_not(client: Any) -> None:
    """It is kept with the row from which the reaper begins."""
    plain, elsewhere = queued(), queued(queue="elsewhere")
    current_app.amqp.queues.pop("elsewhere", None)
    assert Job.objects.get(pk=plain).last["queue"] == "celery"
    assert Job.objects.get(pk=elsewhere).last["queue"] == "elsewhere"
    assert "queue" not in view(Job.objects.get(pk=plain).state(), Role.OPERATOR)
