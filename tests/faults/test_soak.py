"""Everything at once, for a while: Redis, workers and web processes go and come under load."""

from __future__ import annotations

import asyncio
import random
import signal
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from tests.faults import tasks
from tests.faults.cast import Cast, now, until
from tests.faults.stage import LEASE

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

MORE: dict[str, Any] = {"LEASE": LEASE, "ORPHAN": 3.0, "VISIBILITY": 4}
G5_SECONDS = 15.0
ENDS = ("succeeded", "lost", "retrying")


@dataclass(frozen=True, slots=True, kw_only=True)
class Soak:
    """How much of it."""

    seconds: float
    """How long things break."""
    jobs: int
    """How many jobs are begun meanwhile."""
    viewers: int
    """How many watch."""
    worker: float
    """Seconds between two kills of a worker."""
    web: float
    """Seconds between two restarts of a web process."""
    redis: float
    """Seconds between two kills of Redis, which comes back empty."""


SHORT = Soak(seconds=12, jobs=12, viewers=20, worker=5, web=4, redis=7)
LONG = Soak(seconds=180, jobs=50, viewers=200, worker=10, web=15, redis=45)


@pytest.mark.promise("G1", "G2", "G3", "G4", "G5", "G6", "G9", "G10", "G13")
@pytest.mark.parametrize(
    "soak", [SHORT, pytest.param(LONG, marks=pytest.mark.long)], ids=["short", "long"]
)
async def test_everything_breaks_at_once(cast: Cast, soak: Soak) -> None:
    """Every job ends as the rules say, every viewer shows it, and no log line is doubled."""
    stage = cast.stage
    for name in ("first", "second"):
        await sync_to_async(stage.web)(name, **MORE)
        await sync_to_async(stage.worker)(f"{name} worker", concurrency=8, **MORE)
    for one in await cast.audience(soak.viewers, "mine"):
        one.screen.forgetful = True
    async with asyncio.TaskGroup() as group:
        group.create_task(_begin_jobs(cast, soak))
        group.create_task(_break(cast, soak, soak.worker, _kill_worker))
        group.create_task(_break(cast, soak, soak.web, _restart_web))
        group.create_task(_break(cast, soak, soak.redis, _restart_redis))
    calm = now()
    await until(lambda: all(one.live for one in cast.spectators), "all to be back", 30)
    while "running" in (left := await _statuses(cast)) or "queued" in left:
        assert now() - calm < 90, left
        await asyncio.sleep(0.5)
    await cast.whole(within=G5_SECONDS, ends=ENDS)
    assert (await _statuses(cast))["succeeded"] > 0
    for name in ("first", "second"):
        await sync_to_async(stage.end)(name)
        await sync_to_async(stage.end)(f"{name} worker")


async def _begin_jobs(cast: Cast, soak: Soak) -> None:
    for number in range(soak.jobs):
        task = tasks.walk_late if number % 2 else tasks.walk
        steps = random.randint(10, 40)
        try:
            job = await cast.start(task, steps, pause=0.1, lines=3)
        except Exception:  # noqa: BLE001  Redis is away: the caller is told so
            continue
        finally:
            await asyncio.sleep(soak.seconds / soak.jobs)
        for one in random.sample(cast.spectators, 5):
            await one.watch(f"job:{job}", f"log:{job}")


async def _break(cast: Cast, soak: Soak, every: float, how: Any) -> None:
    end = now() + soak.seconds
    while now() + every < end:
        await asyncio.sleep(every)
        await asyncio.to_thread(how, cast)
        cast.faulted()


def _kill_worker(cast: Cast) -> None:
    name = random.choice(["first", "second"])
    one = cast.stage.worker(f"{name} worker", concurrency=8, **MORE)
    one.signal(signal.SIGKILL, group=True)
    one.process.wait()
    cast.stage.worker(f"{name} worker", concurrency=8, **MORE)


def _restart_web(cast: Cast) -> None:
    name = random.choice(["first", "second"])
    cast.stage.end(name)
    cast.stage.web(name, **MORE)


def _restart_redis(cast: Cast) -> None:
    cast.stage.redis.kill()
    cast.stage.redis.start()


async def _statuses(cast: Cast) -> Counter[str]:
    return Counter(state["status"] for state in (await cast.fresh()).values())
