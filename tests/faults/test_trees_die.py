"""Workers die in the middle of trees: each root has one end, and no bar goes back."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from celery import chain, group

import realtime
from realtime.known import KnownStates
from realtime.models import Job
from realtime.states import read_one
from tests import tasks
from tests.faults.test_steering_dies import MORE, Start, has, pids
from tests.processes import worker
from tests.realtime.test_trees import all_states_of_a_group, check_against_sql, last_of
from tests.services import RedisServer, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


WHOLE_AGAIN = 10.0
"""Seconds after which live jobs are right again when Redis has lost everything."""


JOBS = 200
AT_WORK = 4
"""Jobs that a worker of these tests runs at a time."""


@pytest.fixture
def start(redis: RedisServer, transactional_db: None) -> Iterator[Start]:
    """Start workers of this test alone, with room for a few tasks."""
    with redis.client() as client, ExitStack() as stack:
        client.flushall()
        yield lambda pool="prefork": stack.enter_context(worker(pool, concurrency=AT_WORK, **MORE))


def below(root: str) -> Any:
    """Return the rows of a tree below its root."""
    return Job.objects.filter(root=root).exclude(pk=root)


def counted(root: dict[str, Any]) -> dict[str, int]:
    """Return how a root's jobs have ended."""
    return {name: number for name, number in (root["children"] or {}).items() if number}


def test_a_root_that_is_delivered_again_goes_on_and_stands_for_both_runs(
    start: Start, tmp_path: Path
) -> None:
    """What its first run has queued is still below it, and what its second one queues too."""
    start()
    told, gate, own = (tmp_path / name for name in ("told", "gate", "own"))
    root = str(tasks.start_children_late.delay(1, str(told), str(gate), str(own)).id)
    wait_until(lambda: len(pids(told)) == 1, "the first run", 20)
    first = wait_until(
        lambda: (one := has(root)) and one["fraction"] and one["children"] and one, "its bar"
    )
    os.kill(pids(told)[0], signal.SIGKILL)
    wait_until(lambda: len(pids(told)) == 2, "the second run", 40)
    own.touch()
    second = wait_until(
        lambda: (one := has(root)) and one.get("held") and one["children"]["total"] > 1 and one,
        "the second run's return",
        20,
    )
    gate.touch()
    last = has(root, 40, status="succeeded")
    assert first["fraction"] <= second["fraction"] < last["fraction"] == 1
    wait_until(lambda: Job.objects.get(pk=root).finished_at, "SQL to know")
    assert counted(last)["total"] == below(root).count()
    assert "queued" not in counted(last)


def test_a_chain_is_as_long_as_it_was_when_redis_comes_back_empty(
    start: Start, redis: RedisServer, tmp_path: Path
) -> None:
    """Its further links were known to Redis alone, and to SQL."""
    start("threads")
    gate = tmp_path / "gate"
    links = chain(tasks.wait_silently.si(str(gate)), tasks.nothing.si(), tasks.nothing.si())
    root = str(realtime.start(links).pk)
    known = has(root, 20, status="running", total=3)
    redis.kill()
    redis.start()
    killed_at = time.monotonic()
    after = wait_until(
        lambda: (one := has(root)) and one["seq"] > known["seq"] and one, "the root again", 15
    )
    assert (after["total"], after["current"], after["fraction"] or 0) == (3, 0, 0)
    assert time.monotonic() - killed_at < WHOLE_AGAIN
    gate.touch()
    last = has(root, 40, status="succeeded")
    assert counted(last) == {"total": 3, "succeeded": 3}
    assert below(root).count() == 3


def forget_all(redis: RedisServer) -> None:
    """Lose what the store knows; the queues are the same Redis's, and stay."""
    with redis.client() as client:
        client.delete(*client.keys("headway:*"))


@pytest.mark.long
@pytest.mark.parametrize("what", ["a worker dies", "Redis forgets", "both"])
def test_a_bar_only_rises_whatever_happens_in_the_middle(
    start: Start, redis: RedisServer, what: str
) -> None:
    """With chains, retries and failures; the counts at its end are those of the database."""
    parts = [
        chain(tasks.one_of_many.si(number), tasks.nothing.si())
        if number % 10 == 0
        else tasks.one_of_many.si(number)
        for number in range(JOBS)
    ]
    with all_states_of_a_group() as seen:
        root = realtime.start(group(parts))
        # Not before: on a busy machine all would be done when the last one is queued.
        first = start()
        wait_until(lambda: seen and seen[-1]["current"] > JOBS / 5, "the first ones", 60)
        if what != "Redis forgets":
            first.signal(signal.SIGKILL, group=True)
            start("threads")
        if what != "a worker dies":
            forget_all(redis)
        state = last_of(root, seconds=120)
    # As a web process shows it: several workers tell of a root, each as far as it knows.
    web, shown = KnownStates(), list[float]()
    for one in seen:
        if web.is_news(one):
            web.keep(one)
        if known := web.get(one["id"]):
            shown.append(known.state["fraction"] or 0.0)
    fractions = [fraction for fraction in shown if fraction]
    assert fractions == sorted(fractions)
    assert (fractions[-1], fractions[-2] < 1) == (1, True)
    check_against_sql(state)
    well = below(str(root.pk)).filter(status="succeeded").count()
    lost = below(str(root.pk)).filter(status="lost").count()
    assert well + lost >= JOBS - JOBS / 100
    assert lost <= (0 if what == "Redis forgets" else AT_WORK)


def test_a_group_whose_worker_dies_ends_with_what_became_of_its_jobs(
    start: Start, tmp_path: Path
) -> None:
    """Who told of the root died with it: who judges the jobs does so."""
    first, gate = start(), tmp_path / "gate"
    parts = [tasks.wait_silently.si(str(gate)) for _ in range(3)]
    root = str(group(*parts, tasks.nothing.si()).apply_async().id)
    wait_until(
        lambda: counted(has(root)) == {"total": 4, "succeeded": 1, "running": 3}, "three", 20
    )
    first.signal(signal.SIGKILL, group=True)
    start("threads")
    last = has(root, 60, status="succeeded")
    wait_until(lambda: Job.objects.get(pk=root).finished_at, "SQL to know")
    assert counted(last) == {"total": 4, "succeeded": 1, "lost": 3}
    assert (last["failed"], (read_one(root) or {})["fraction"]) == (3, 1)
