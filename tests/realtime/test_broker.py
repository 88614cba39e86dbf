"""What can be told of messages in a real RabbitMQ, which cannot be looked into."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from kombu import Exchange, Queue

from realtime import broker, held, workshop
from realtime.depths import Count
from realtime.models import Job
from realtime.reaper import Reaper
from realtime.states import read_one
from tests import tasks
from tests.processes import child, worker
from tests.services import RabbitServer, RedisServer, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quick(
    monkeypatch: pytest.MonkeyPatch, redis: RedisServer, rabbit: RabbitServer, alone: None
) -> None:
    """Let nobody wait long for workers, where there are none."""
    monkeypatch.setattr(held, "ANSWER", 0.2)


@pytest.fixture
def channel() -> Iterator[Any]:
    """Return a channel of RabbitMQ."""
    with current_app.connection_for_write() as connection:
        yield connection.channel()


def queued(**options: Any) -> str:
    """Queue a job."""
    return str(tasks.nothing.apply_async(**options).id)


def counted(channel: Any, queue: str = "celery") -> Count:
    """Return how much RabbitMQ tells of a queue."""
    declared = channel.queue_declare(queue, passive=True)
    return Count(declared.message_count, declared.consumer_count)


def lost(jobs: dict[str, str]) -> set[str]:
    """Return which of the jobs the broker has lost."""
    return broker.astray(jobs, claimed=()).lost


def queue_of(job: str) -> str:
    """Return the queue that the job's row names."""
    return str(Job.objects.get(pk=job).last["queue"])


def test_a_queue_that_is_not_empty_may_hold_any_job(channel: Any) -> None:
    """Of one that is empty, or is no longer there, nothing is left; of none nobody can tell."""
    job = queued()
    jobs = {job: "celery", "a": "celery", "b": "is not there", "c": ""}
    assert lost(jobs) == {"b"}
    channel.queue_purge("celery")
    assert lost(jobs) == {job, "a", "b"}


def test_a_worker_that_takes_no_more_may_still_have_messages(channel: Any) -> None:
    """It stops, or its queue was paused; busy in a solo pool it does not say what it has."""
    job = queued()
    channel.queue_purge("celery")
    for takes, is_lost in ((["celery"], False), (None, False), (["other"], True)):
        living: dict[str, list[str] | None] = {"busy@x": takes}
        found = broker.astray({job: "celery"}, claimed=(), living=living).lost
        assert found == ({job} if is_lost else set())


@pytest.mark.parametrize("kind", ["classic", "quorum"])
def test_a_queue_that_only_its_sender_knows(channel: Any, kind: str) -> None:
    """RabbitMQ is asked for it by name, whatever kind it is."""
    name = f"elsewhere-{kind}"
    queue = Queue(name, queue_arguments={"x-queue-type": kind})
    job = queued(queue=queue)
    assert name not in current_app.amqp.queues
    wait_until(lambda: counted(channel, name).messages, "the message")
    assert lost({job: queue_of(job)}) == set()
    channel.queue_purge(name)
    assert lost({job: queue_of(job)}) == {job}
    channel.queue_delete(name)


def test_a_job_that_went_through_an_exchange_knows_its_queue(channel: Any) -> None:
    """Celery wants topics for countdowns in quorum queues. With another key nobody knows."""
    queue = Queue("topical", Exchange("topics", type="topic"), routing_key="jobs.all")
    job = queued(queue=queue, exchange_type="topic")
    assert queue_of(job) == "topical"
    wait_until(lambda: counted(channel, "topical").messages, "the message")
    other = queued(queue=queue, exchange="topics", routing_key="jobs.other", exchange_type="topic")
    assert queue_of(other) == ""
    channel.queue_delete("topical")
    channel.exchange_delete("topics")


def test_what_rabbitmq_has_lost_is_lost(channel: Any, settings: Any) -> None:
    """It has the queue no longer, and nobody made it anew: what waited there is nowhere."""
    settings.HEADWAY = {**settings.HEADWAY, "LEASE": 0.4, "ORPHAN": 0.5}
    job = queued()
    wait_until(lambda: (read_one(job) or {}).get("seq"), "the store to know")
    channel.queue_delete("celery")
    reaper = Reaper()

    def looked() -> bool:
        reaper.look()
        return Job.objects.get(pk=job).status == "lost"

    wait_until(looked, "the verdict", 20)
    assert (read_one(job) or {})["error"]["kind"] == "Orphaned"


def test_operators_see_how_long_queues_are(channel: Any) -> None:
    """One that is not there is empty; since when jobs wait is what the database says."""
    job = queued(queue=Queue("seen"))
    current_app.amqp.queues.update(dict.fromkeys(("seen", "nowhere", "ü" * 200), Queue("any")))
    wait_until(lambda: counted(channel, "seen").messages, "the message")
    shown = {row["name"]: row for row in workshop.Workshop().look().queues}
    since = Job.objects.get(pk=job).state()["queued_at"]
    assert (shown["seen"]["depth"], shown["seen"]["oldest_at"]) == (1, since)
    assert (shown["nowhere"]["depth"], shown["nowhere"]["oldest_at"]) == (0, None)
    assert shown["ü" * 200]["depth"] is None  # AMQP has no name that is so long.
    channel.queue_delete("seen")
    for name in ("seen", "nowhere", "ü" * 200):
        current_app.amqp.queues.pop(name)


@pytest.mark.slow
def test_what_workers_hold_is_not_lost(
    channel: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rabbit: RabbitServer
) -> None:
    """RabbitMQ does not count it; so every worker of the queue must have told what it has."""
    monkeypatch.setattr(held, "ANSWER", 1.0)
    gate, gone = tmp_path / "gate", str(uuid.uuid4())
    with worker("threads", concurrency=1):
        runs = str(tasks.occupy.delay(str(gate), str(tmp_path / "pids")).id)
        wait_until(lambda: (read_one(runs) or {}).get("current") == 40, "the task", 30)
        limited = [str(tasks.rarely.delay().id) for _ in range(2)]
        kept = [runs, queued(), queued(countdown=600), *limited]
        jobs = dict.fromkeys([*kept, gone], "celery")
        wait_until(lambda: not counted(channel).messages, "the worker to take all")
        assert lost(jobs) == {gone}
        stranger = ("celery", "-b", rabbit.url, "worker", "-P", "solo", "-n", "stranger@tests")
        with child(sys.executable, "-m", *stranger):
            wait_until(lambda: counted(channel).consumers == 2, "the stranger", 30)
            # It cannot say what it has taken.
            assert lost(jobs) == set()
        wait_until(lambda: lost(jobs) == {gone}, "the stranger to be gone")
        gate.touch()
