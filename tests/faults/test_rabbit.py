"""RabbitMQ is the broker: workers die, freeze and lose it; it restarts, forgets, delivers again.

Live states stay in Redis, which nothing happens to here.
"""

from __future__ import annotations

import json
import os
import signal
from functools import partial
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from celery import current_app

from tests.faults import tasks
from tests.faults.acts import (
    ENDS,
    G2_SECONDS,
    SHORT,
    becomes,
    ends,
    kill,
    reached,
    restart,
    starts,
    statuses,
)
from tests.faults.cast import Cast, until
from tests.faults.stage import LEASE
from tests.services import RabbitServer

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
    pytest.mark.usefixtures("rabbit"),
]


@pytest.mark.promise("G5", "G3", "G1", "G6")
async def test_a_worker_is_killed(cast: Cast) -> None:
    """What it had acknowledged is lost; what it had not comes back, and each line is shown once."""
    await sync_to_async(cast.stage.web)(**SHORT)
    dies = await starts(cast, "dies")
    early = await cast.start(tasks.walk, 20, str(cast.gate), 10)
    late = await cast.start(tasks.walk_late, 20, str(cast.gate), 10, lines=2)
    await cast.audience(5, "mine", f"log:{late}")
    await reached(cast, early, late)
    await kill(cast, dies)
    await becomes(cast, late, "retrying")
    await becomes(cast, early, "lost")
    cast.gate.touch()
    await starts(cast, "lives")
    await cast.recorded()
    await cast.whole(within=G2_SECONDS, ends=ENDS)
    assert await statuses(cast) == {early: "lost", late: "succeeded"}
    lines = [line["text"] for line in await cast.log(late)]
    whole = [f"line {number}" for number in range(1, 41)]
    # What the dead worker said stays; then the job says all of it, once.
    assert lines == [*whole[: len(lines) - 40], *whole]
    assert [line["text"] for line in cast.spectators[0].screen.lines[late]] == lines
    await ends(cast, "dies", "lives")


@pytest.mark.promise("G3", "G4", "G1")
async def test_the_broker_is_away_while_jobs_run(cast: Cast, rabbit: RabbitServer) -> None:
    """It delivers again what it heard no end of: a job that has ended stays so, others end once."""
    await sync_to_async(cast.stage.web)(**SHORT)
    await starts(cast, "lives")
    during = cast.gate.with_name("during")
    early = await cast.start(tasks.walk, 20, str(cast.gate), 10)
    late = await cast.start(tasks.walk_late, 20, str(cast.gate), 10)
    ended = await cast.start(tasks.walk_late, 20, str(during), 10)
    await cast.audience(5, "mine")
    await reached(cast, early, late, ended)
    first = (await cast.fresh())[late]["seq"]
    await sync_to_async(rabbit.quit)()
    cast.faulted()
    during.touch()
    await becomes(cast, ended, "succeeded")
    await sync_to_async(rabbit.start)()
    # Celery does not stop the first run; the second one takes the job over.
    await cast.shows(late, lambda state: state["seq"] > first + 2**31, 30)
    after = await cast.start(tasks.walk, 5)
    cast.gate.touch()
    await cast.recorded()
    await cast.whole(within=G2_SECONDS)
    assert set(await statuses(cast)) == {early, late, ended, after}
    await ends(cast, "lives")


@pytest.mark.long
@pytest.mark.promise("G13", "G9")
async def test_the_broker_forgets_what_was_queued(cast: Cast, rabbit: RabbitServer) -> None:
    """It comes back without its data, and without the queue; the next job runs."""
    await sync_to_async(cast.stage.web)(**SHORT)
    jobs = [await cast.start(tasks.walk, 5) for _ in range(3)]
    await cast.audience(5, "mine")
    await sync_to_async(rabbit.forget)()
    cast.faulted()
    await cast.recorded()
    after = await cast.start(tasks.walk, 5)
    await starts(cast, "worker")
    await cast.recorded()
    await cast.whole(within=G2_SECONDS, ends=ENDS)
    assert await statuses(cast) == {**dict.fromkeys(jobs, "lost"), after: "succeeded"}
    await ends(cast, "worker")


@pytest.mark.long
@pytest.mark.promise("G5", "G3")
async def test_children_are_killed(cast: Cast) -> None:
    """Celery gives back the message that asks for it, and the job goes on in another child."""
    await sync_to_async(cast.stage.web)(**SHORT)
    await starts(cast, "worker")
    early = await cast.start(tasks.walk, 20, str(cast.gate), 10)
    late = await cast.start(tasks.walk_late, 20, str(cast.gate), 10)
    await cast.audience(5, "mine")
    await reached(cast, early, late)
    first = (await cast.fresh())[late]["seq"]
    for job in (early, late):
        os.kill(int(cast.gate.with_name(f"gate.{job}.waits").read_text()), signal.SIGKILL)
    cast.faulted(2)
    await becomes(cast, early, "lost", LEASE)
    await cast.shows(late, lambda state: state["seq"] > first + 2**31, 30)
    cast.gate.touch()
    await cast.recorded()
    await cast.whole(within=G2_SECONDS, ends=ENDS)
    assert await statuses(cast) == {early: "lost", late: "succeeded"}
    await ends(cast, "worker")


@pytest.mark.long
@pytest.mark.promise("G13")
async def test_a_queue_is_purged(cast: Cast) -> None:
    """Only what no worker had taken is lost."""
    await sync_to_async(cast.stage.web)(**SHORT)
    await starts(cast, "worker", concurrency=1)
    runs = await cast.start(tasks.walk, 20, str(cast.gate), 10)
    await cast.audience(5, "mine")
    await reached(cast, runs)
    taken = [await cast.start(tasks.walk, 5) for _ in range(4)]
    left = [await cast.start(tasks.walk, 5) for _ in range(3)]

    with current_app.connection_for_write() as connection:
        channel: Any = connection.channel()
        waiting = partial(channel.queue_declare, "celery", passive=True)
        await until(lambda: waiting().message_count == 3, "the worker to take what it may")
        channel.queue_purge("celery")
    cast.faulted()
    await cast.recorded(*left)
    cast.gate.touch()
    await cast.recorded()
    await cast.whole(within=G2_SECONDS, ends=ENDS)
    expected = {
        runs: "succeeded",
        **dict.fromkeys(taken, "succeeded"),
        **dict.fromkeys(left, "lost"),
    }
    assert await statuses(cast) == expected
    await ends(cast, "worker")


@pytest.mark.long
@pytest.mark.promise("G3", "G5")
async def test_a_frozen_worker_loses_its_message_to_another(cast: Cast) -> None:
    """RabbitMQ misses its heartbeats; what it says when it goes on changes nothing."""
    await sync_to_async(cast.stage.web)(**SHORT)
    more = json.dumps({"CELERY_BROKER_HEARTBEAT": 2})
    frozen = await starts(cast, "frozen", CELERY_MORE=more)
    job = await cast.start(tasks.walk_late, 20, str(cast.gate), 10, lines=2)
    await cast.audience(5, f"job:{job}", f"log:{job}")
    await reached(cast, job)
    frozen.signal(signal.SIGSTOP, group=True)
    cast.faulted()
    await becomes(cast, job, "retrying")
    await starts(cast, "lives")
    await becomes(cast, job, "running", 30)
    await reached(cast, job)
    frozen.signal(signal.SIGCONT, group=True)
    cast.gate.touch()
    # Ignored where it was told in time, else a success that nobody takes.
    await until(lambda: f"{job}]" in frozen.printed().split("received")[-1], "its end", 20)
    await cast.recorded()
    await cast.whole(within=G2_SECONDS)
    lines = [line["text"] for line in await cast.log(job)]
    assert lines[-40:] == [f"line {number}" for number in range(1, 41)]
    assert len(lines) <= 62
    await ends(cast, "frozen", "lives")


@pytest.mark.long
@pytest.mark.promise("G3", "G5")
async def test_a_worker_stops_what_it_can_no_longer_acknowledge(
    cast: Cast, rabbit: RabbitServer
) -> None:
    """Where Celery is told so: the job is retrying until the broker delivers it again."""
    await sync_to_async(cast.stage.web)(**SHORT)
    setting = "CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS"
    await starts(cast, "worker", CELERY_MORE=json.dumps({setting: True}))
    early = await cast.start(tasks.walk, 20, str(cast.gate), 10)
    late = await cast.start(tasks.walk_late, 20, str(cast.gate), 10)
    await cast.audience(5, "mine")
    await reached(cast, early, late)
    await sync_to_async(rabbit.quit)()
    cast.faulted()
    await becomes(cast, late, "retrying")
    await sync_to_async(rabbit.start)()
    await becomes(cast, late, "running", 30)
    cast.gate.touch()
    await cast.recorded()
    await cast.whole(within=G2_SECONDS)
    await ends(cast, "worker")


@pytest.mark.long
@pytest.mark.promise("G3", "G1")
async def test_a_job_is_longer_than_rabbitmq_waits(cast: Cast, rabbit: RabbitServer) -> None:
    """It closes the channel, Celery ends the worker, and another one gets the job: one end."""
    await sync_to_async(cast.stage.web)(**SHORT)
    await restart(rabbit, "-rabbit consumer_timeout 2000 -rabbit channel_tick_interval 500")
    try:
        stops = await starts(cast, "stops")
        job = await cast.start(tasks.walk_late, 20, str(cast.gate), 10)
        await cast.audience(5, f"job:{job}")
        await reached(cast, job)
        first = (await cast.fresh())[job]["seq"]
        await until(lambda: "PRECONDITION_FAILED" in stops.printed(), "the channel to close", 20)
        cast.faulted()
        await starts(cast, "lives")
        await cast.shows(job, lambda state: state["seq"] > first + 2**31)
        cast.gate.touch()
        await cast.recorded()
        await cast.whole(within=G2_SECONDS)
        await ends(cast, "stops", "lives")
    finally:
        await restart(rabbit, "")
