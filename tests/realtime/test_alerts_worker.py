"""A worker that is killed: real ones, one of which judges, and tells of the other."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from realtime.store import get_store
from tests.processes import worker
from tests.realtime.alerted import events, opened, rule
from tests.services import RedisServer, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_killed_worker_fires_a_rule_in_the_process_that_judges(
    alone: None, redis: RedisServer, operator: Any
) -> None:
    """A real one, seen by another, which tells it; and it is over when one of its name is back."""
    more: Any = {"HEADWAY_MORE": '{"LEASE": 1.0, "BEAT_INTERVAL": 0.2}'}
    with worker("threads", name="judge", queues="nothing", **more):
        with worker("threads", name="victim", **more) as victim:
            known = f"victim-{os.getpid()}@tests"
            rule("worker_gone", name="Gone", pattern="victim-*", minutes=0)
            wait_until(
                lambda: known in get_store().introduced(), "the worker to be known", seconds=30
            )
            victim.signal(signal.SIGKILL, group=True)
            wait_until(lambda: events() == [("firing", "sent")], "the alert", seconds=60)
            assert [one["name"] for one in opened()[0].subjects] == [known]
        with worker("threads", name="victim", **more):
            wait_until(lambda: len(events()) == 2, "the end of the alert", seconds=60)
    assert events()[1] == ("over", "sent")
