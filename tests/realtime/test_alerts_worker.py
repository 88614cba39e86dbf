"""A worker that is killed: real ones, one of which judges, and tells of the other."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

import pytest

from realtime.store import get_store
from tests.processes import worker
from tests.realtime.alerted import events, hooked
from tests.realtime.hooks import hook_server
from tests.services import RedisServer, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_killed_worker_fires_a_rule_in_the_process_that_judges(
    alone: None, redis: RedisServer
) -> None:
    """A real one, seen by another, which tells it; and it is over when one of its name is back."""
    said = {"LEASE": 1.0, "BEAT_INTERVAL": 0.2, "ALERT_PRIVATE_ADDRESSES": True}
    more: Any = {"HEADWAY_MORE": json.dumps(said)}
    known = f"victim-{os.getpid()}@tests"
    with hook_server() as hook, worker("threads", name="judge", queues="nothing", **more):
        with worker("threads", name="victim", **more) as victim:
            hooked(hook.url(), kind="worker_gone", pattern="victim-*", minutes=0)
            wait_until(
                lambda: known in get_store().introduced(), "the worker to be known", seconds=30
            )
            victim.signal(signal.SIGKILL, group=True)
            wait_until(lambda: len(hook.got) == 1, "the alert", seconds=60)
        with worker("threads", name="victim", **more):
            wait_until(lambda: len(hook.got) == 2, "the end of the alert", seconds=60)
        wait_until(
            lambda: events() == [("firing", "sent"), ("over", "sent")],
            "both to be noted",
            seconds=60,
        )
    fired, over = (got.said for got in hook.got)
    assert (fired["event"], over["event"]) == ("alert.firing", "alert.over")
    assert [one["name"] for one in fired["alert"]["subjects"]] == [known]
    assert all(got.is_signed() for got in hook.got)
