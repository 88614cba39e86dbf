"""Jobs whose messages the broker has lost; a real Redis is the broker."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from celery import current_app
from django.utils import timezone
from kombu import Connection, Producer, Queue

from realtime import broker, held
from realtime.conf import conf
from realtime.control import cancel
from realtime.models import Job
from realtime.orphans import SHARE, Orphans
from realtime.permissions import Role, view
from realtime.reaper import Reaper
from realtime.states import read_one
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


def test_messages_are_found_wherever_they_are(client: Any) -> None:
    """In each queue, also one that only their sender knows, at each priority, with a worker."""
    plain, urgent, elsewhere = queued(), queued(priority=6), queued(queue="elsewhere")
    held, gone = queued(), queued()
    current_app.amqp.queues.pop("elsewhere", None)
    prefix = keys_of(client)[plain].removesuffix("celery")
    message = json.loads(take(client, held))
    client.hset(f"{prefix}unacked", "tag", json.dumps([message, "", "celery"]))
    take(client, gone)
    jobs = dict.fromkeys((plain, urgent, elsewhere, held, gone), "")
    # A worker holds messages, and none answers: it may hold one more.
    assert broker.lost(jobs) == set()
    client.delete(f"{prefix}unacked")
    assert broker.lost(jobs) == {held, gone}


def test_long_queues_are_looked_through_in_chunks(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing is said of one that is longer than that."""
    monkeypatch.setattr(broker, "CHUNK", 2)
    jobs = [queued() for _ in range(5)]
    take(client, jobs[2])
    assert broker.lost(dict.fromkeys(jobs, "")) == {jobs[2]}
    monkeypatch.setattr(broker, "CHUNKS", 2)
    with pytest.raises(broker.TooFull):
        broker.lost(dict.fromkeys(jobs, ""))


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
    orphans = Orphans()
    jobs = {"moves", "gone"}
    assert orphans._missed_twice(jobs, jobs) == []
    assert orphans._missed_twice({"gone"}, jobs) == []
    orphans._missing["gone"] -= conf.LEASE
    # Others were looked for in between.
    assert orphans._missed_twice(set(), {"other"}) == []
    assert orphans._missed_twice(jobs, jobs) == ["gone"]


@pytest.mark.parametrize("raises", [None, broker.TooFull(), ConnectionRefusedError()])
def test_long_looks_are_followed_by_long_rests(
    client: Any, monkeypatch: pytest.MonkeyPatch, raises: Exception | None
) -> None:
    """The broker has other things to do; but one that was away is looked into when it is back."""

    def look(jobs: dict[str, str]) -> set[str]:
        Event().wait(0.1)
        if raises:
            raise raises
        return set()

    queued()
    orphans = Orphans()
    monkeypatch.setattr(broker, "lost", look)
    wait_until(lambda: Job.objects.get().queued_at < timezone.now() - timedelta(seconds=ORPHAN), "")
    began = time.monotonic()
    assert orphans.found() == []
    assert orphans._thread
    orphans._thread.join()
    rests = orphans._due - began >= 0.1 * SHARE
    assert rests is not isinstance(raises, ConnectionRefusedError)
    if rests:
        assert orphans.found() == []
        assert not orphans._thread.is_alive()


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
