"""Workers die, freeze and lie about the time; queues lose messages; tasks say anything."""

from __future__ import annotations

import signal
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from realtime.models import Job
from tests.faults import tasks
from tests.faults.cast import Cast, until
from tests.faults.stage import LEASE

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.long]

G2_SECONDS = 5.0
G5_SECONDS = 15.0
HOUR, MINUTE = 3600, 60
SHORT: dict[str, Any] = {"LEASE": LEASE, "ORPHAN": 2.0}


@pytest.mark.promise("G5", "G3")
@pytest.mark.parametrize("pool", ["prefork", "threads"])
async def test_a_worker_is_killed(cast: Cast, pool: str) -> None:
    """Its jobs are shown lost within fifteen seconds, those of the other worker go on."""
    await sync_to_async(cast.stage.web)(**SHORT)
    dies = await sync_to_async(cast.stage.worker)("dies", pool, **SHORT)
    jobs = [await cast.start(tasks.walk, 20, str(cast.gate), 10) for _ in range(3)]
    await cast.audience(5, "mine")
    for job in jobs:
        await cast.shows(job, lambda state: state["current"] == 10)
    await sync_to_async(cast.stage.worker)("lives", **SHORT)
    dies.signal(signal.SIGKILL, group=True)
    dies.process.wait()
    cast.faulted()
    for job in jobs:
        await cast.shows(job, lambda state: state["status"] == "lost", G5_SECONDS)
    # Not before: what Redis has sent to a dead worker's connection is lost with it.
    after = await cast.start(tasks.walk, 5)
    await cast.recorded(seconds=G5_SECONDS)
    await cast.whole(within=G2_SECONDS, ends=("lost", "succeeded"))
    fresh = await cast.fresh()
    assert [fresh[job]["status"] for job in jobs] == ["lost"] * 3
    assert fresh[after]["status"] == "succeeded"
    await _end(cast, "dies", "lives")


@pytest.mark.promise("G5", "G3", "G1")
async def test_what_a_dead_worker_held_is_run_again(cast: Cast) -> None:
    """With late acknowledgement the broker delivers the job again, and it is the same job."""
    more: dict[str, Any] = {**SHORT, "VISIBILITY": 3}
    await sync_to_async(cast.stage.web)(**SHORT)
    dies = await sync_to_async(cast.stage.worker)("dies", **more)
    job = await cast.start(tasks.walk_late, 20, str(cast.gate), 10)
    await cast.audience(5, f"job:{job}")
    await cast.shows(job, lambda state: state["current"] == 10)
    dies.signal(signal.SIGKILL, group=True)
    dies.process.wait()
    cast.faulted()
    await cast.shows(job, lambda state: state["status"] == "retrying", G5_SECONDS)
    cast.gate.touch()
    await sync_to_async(cast.stage.worker)("lives", **more)
    await cast.recorded(seconds=60)
    await cast.whole(within=G2_SECONDS)
    await _end(cast, "dies", "lives")


@pytest.mark.promise("G3", "G5")
async def test_a_frozen_worker_comes_back(cast: Cast) -> None:
    """A job that was taken for lost stays lost, whatever its worker says when it goes on."""
    await sync_to_async(cast.stage.web)(**SHORT)
    frozen = await sync_to_async(cast.stage.worker)("frozen", **SHORT)
    job = await cast.start(tasks.walk, 20, str(cast.gate), 10, lines=2)
    await cast.audience(5, f"job:{job}", f"log:{job}")
    await cast.shows(job, lambda state: state["current"] == 10)
    frozen.signal(signal.SIGSTOP, group=True)
    cast.faulted()
    await cast.recorded(seconds=G5_SECONDS)
    cast.gate.touch()
    frozen.signal(signal.SIGCONT, group=True)
    await until(lambda: f"{job}]" in frozen.printed().split("received")[-1], "the task to end", 20)
    await cast.whole(within=G2_SECONDS, ends=("lost",))
    await _end(cast, "frozen")


@pytest.mark.promise("G13", "G9")
async def test_the_broker_forgets_what_was_queued(cast: Cast) -> None:
    """A job whose message is lost before a worker had it is shown lost; the next one runs."""
    await sync_to_async(cast.stage.web)(**SHORT)
    jobs = [await cast.start(tasks.walk, 5) for _ in range(3)]
    await cast.audience(5, "mine")
    with cast.stage.redis.client() as client:
        client.flushall()
    cast.faulted()
    await sync_to_async(cast.stage.worker)(**SHORT)
    after = await cast.start(tasks.walk, 5)
    await cast.recorded(seconds=30)
    await cast.whole(within=G2_SECONDS, ends=("lost", "succeeded"))
    fresh = await cast.fresh()
    assert [fresh[job]["status"] for job in jobs] == ["lost"] * 3
    assert fresh[after]["status"] == "succeeded"


@pytest.mark.promise("G12", "G1", "G5")
@pytest.mark.parametrize("wrong", [-HOUR, HOUR], ids=["early", "late"])
@pytest.mark.parametrize("whose", ["worker", "web"])
async def test_clocks_are_an_hour_apart(cast: Cast, whose: str, wrong: int) -> None:
    """Order, life and ends are the same whoever's clock is wrong."""
    clocks = {"worker": 0, "web": 0, whose: wrong}
    await sync_to_async(cast.stage.web)(**SHORT, FAULT_CLOCK=clocks["web"])
    # In the place of one that an earlier scenario may have left: it would take the job.
    worker = await sync_to_async(cast.stage.worker)(**SHORT, FAULT_CLOCK=clocks["worker"])
    job = await cast.start(tasks.walk, 60, pause=0.1, lines=1)
    held = await cast.start(tasks.walk, 20, str(cast.gate), 10)
    await cast.audience(5, f"job:{job}", f"job:{held}", f"log:{job}")
    await cast.audience(2, "mine")
    cast.faulted()
    await cast.recorded(job)
    row = await sync_to_async(Job.objects.get)(pk=job)
    assert row.started_at
    assert row.queued_at
    assert abs((row.started_at - row.queued_at).total_seconds() - clocks["worker"]) < MINUTE
    worker.signal(signal.SIGKILL, group=True)
    worker.process.wait()
    cast.faulted()
    await cast.recorded(held, seconds=G5_SECONDS)
    await cast.whole(within=G2_SECONDS, ends=("succeeded", "lost"))
    await _end(cast, "worker")


@pytest.mark.promise("G14")
async def test_a_task_says_what_breaks_others(cast: Cast) -> None:
    """NUL, half characters, endless and lying objects reach every screen as harmless text."""
    await sync_to_async(cast.stage.web)()
    await sync_to_async(cast.stage.worker)()
    jobs = [await cast.start(tasks.say, kind, title="a\x00b\ud800") for kind in tasks.HOSTILE]
    cast.faulted(len(jobs))
    await cast.audience(3, *(f"job:{job}" for job in jobs), *(f"log:{job}" for job in jobs))
    await cast.recorded()
    await cast.whole(within=G2_SECONDS)


async def _end(cast: Cast, *names: str) -> None:
    cast.gate.touch()
    for name in names:
        await sync_to_async(cast.stage.end)(name)
