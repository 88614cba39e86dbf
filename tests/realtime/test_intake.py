"""From which queues a worker takes, and where it goes back to."""

from __future__ import annotations

from typing import Any

import pytest
from celery import Celery
from django.db import OperationalError

from realtime import intake
from realtime.models import PausedQueue

pytestmark = pytest.mark.django_db(transaction=True)


class Loop:
    """A worker's consumer as far as its queues go, whose loop does at once what is asked of it."""

    def __init__(self, *queues: str) -> None:
        """Be set up for these."""
        self.app = self.task_consumer = Celery(set_as_current=False)
        self.app.amqp.queues.select(list(queues))
        self.did: list[tuple[str, str]] = []
        self.call_soon: Any = lambda call: call()
        self.cancel_task_queue: Any = lambda name: self.did.append(("cancel", name))
        self.add_task_queue: Any = lambda name: self.did.append(("add", name))

    @property
    def takes(self) -> set[str]:
        """What it would take from after it has lost its connection."""
        return set(self.app.amqp.queues.consume_from)


def test_a_worker_goes_back_to_what_it_was_set_up_for() -> None:
    """Not to what it has come to know of meanwhile; none of all is less than all."""
    one, loop = intake.Intake(), Loop("a", "b")
    PausedQueue.objects.bulk_create([PausedQueue(name="a"), PausedQueue(name="other")])
    one.begin(loop.app.amqp.queues)
    assert loop.takes == {"b"}
    one.consumer = loop
    loop.app.amqp.queues["known by sending"]
    PausedQueue.objects.create(name="b")
    one.look()
    assert (loop.takes, one.withheld, loop.did) == (set(), {"a", "b"}, [("cancel", "b")])
    one.look()
    PausedQueue.objects.all().delete()
    one.look()
    one.look()
    assert (loop.takes, one.withheld) == ({"a", "b"}, set())
    assert loop.did == [("cancel", "b"), ("add", "a"), ("add", "b")]


def test_a_worker_goes_on_while_nobody_can_say_what_is_paused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It takes from what it took from."""

    def away() -> frozenset[str]:
        raise OperationalError("away")

    one, loop = intake.Intake(), Loop("a")
    PausedQueue.objects.create(name="a")
    one.consumer = loop
    with monkeypatch.context() as broken:
        broken.setattr(intake, "paused", away)
        one.begin(loop.app.amqp.queues)
        one.look()
        assert loop.takes == {"a"}
    one.look()
    assert loop.takes == set()
