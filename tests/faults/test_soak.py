"""Everything at once, for a while: Redis, workers and web processes go and come under load."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from tests.faults import logs, tasks
from tests.faults.cast import ENDED, Cast, now, until
from tests.faults.forms import forms
from tests.faults.stage import LEASE

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

MORE: dict[str, Any] = {"LEASE": LEASE, "ORPHAN": 3.0, "VISIBILITY": 10}
NAMES = ("first", "second")
G5_SECONDS = 15.0
ENDS = ("succeeded", "lost")
READERS = 20
"""Viewers of each log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Soak:
    """How much of it."""

    seconds: int
    """How long things break."""
    jobs: int
    """How many jobs are begun meanwhile."""
    viewers: int
    """How many watch."""
    worker: int
    """Seconds between two kills of a worker."""
    web: int
    """Seconds between two restarts of a web process."""
    redis: int
    """How often Redis is killed; it comes back empty."""
    steps: int
    """Tenths of a second that a job takes at most."""


SHORT = Soak(seconds=12, jobs=12, viewers=20, worker=5, web=4, redis=1, steps=40)
LONG = Soak(seconds=180, jobs=50, viewers=200, worker=10, web=15, redis=3, steps=200)


class Breakage:
    """What was broken, and when."""

    def __init__(self, cast: Cast, soak: Soak) -> None:
        """Prepare."""
        self._cast = cast
        self._soak = soak
        self._began = now()
        self.losses: list[float] = []
        """When Redis had lost everything."""
        self.kills: list[float] = []
        """When workers were killed."""

    async def go_on(self) -> None:
        """Break everything in turn, each at its moments."""
        soak = self._soak
        part = soak.seconds / (soak.redis + 1)
        async with asyncio.TaskGroup() as group:
            plan: dict[Callable[[], None], Sequence[float]] = {
                self._restart_redis: [part * (number + 1) for number in range(soak.redis)],
                self._kill_worker: range(soak.worker, soak.seconds, soak.worker),
                self._restart_web: range(soak.web, soak.seconds, soak.web),
            }
            for how, moments in plan.items():
                group.create_task(self._each(how, moments))

    async def _each(self, how: Callable[[], None], moments: Sequence[float]) -> None:
        for moment in moments:
            await asyncio.sleep(self._began + moment - now())
            await asyncio.to_thread(how)
            self._cast.faulted()

    def _kill_worker(self) -> None:
        name = f"{random.choice(NAMES)} worker"
        one = self._cast.stage.worker(name, **MORE)
        one.signal(signal.SIGKILL, group=True)
        one.process.wait()
        self.kills.append(time.time())
        self._cast.stage.worker(name, **MORE)

    def _restart_web(self) -> None:
        name = random.choice(NAMES)
        self._cast.stage.end(name)
        self._cast.stage.web(name, **MORE)

    def _restart_redis(self) -> None:
        self._cast.stage.redis.kill()
        self.losses.append(time.time())
        self._cast.stage.redis.start()


@pytest.mark.promise("G1", "G2", "G3", "G4", "G5", "G6", "G9", "G10", "G13")
@pytest.mark.parametrize("soak", forms(SHORT, LONG, pytest.mark.alone))
async def test_everything_breaks_at_once(cast: Cast, tmp_path: Path, soak: Soak) -> None:
    """Every job ends as it must, every viewer shows it, and no log line is doubled or missing."""
    stage, told = cast.stage, tmp_path / "told"
    for name in NAMES:
        await sync_to_async(stage.web)(name, **MORE)
        await sync_to_async(stage.worker)(f"{name} worker", **MORE)
    for one in await cast.audience(soak.viewers, "mine"):
        one.screen.forgetful = True
    breakage = Breakage(cast, soak)
    async with asyncio.TaskGroup() as group:
        group.create_task(_begin_jobs(cast, soak, told))
        group.create_task(breakage.go_on())
    await until(lambda: all(one.live for one in cast.spectators), "all to be back", 30)
    await _ended(cast, seconds=90)
    await cast.whole(within=G5_SECONDS, ends=ENDS)
    await _compare(cast, told, breakage)
    assert len(cast.jobs) == soak.jobs
    assert len(breakage.losses) == soak.redis
    for name in NAMES:
        await sync_to_async(stage.end)(name)
        await sync_to_async(stage.end)(f"{name} worker")


async def _begin_jobs(cast: Cast, soak: Soak, told: Path) -> None:
    began = now()
    for number in range(soak.jobs):
        await asyncio.sleep(began + number * soak.seconds / soak.jobs - now())
        task = tasks.chat_late if number % 2 else tasks.chat
        job = await _begin(cast, task, random.randint(soak.steps // 4, soak.steps), str(told))
        for one in random.sample(cast.spectators, min(READERS, soak.viewers)):
            await one.watch(f"job:{job}", f"log:{job}")


async def _begin(cast: Cast, task: Any, steps: int, told: str) -> str:
    """Begin a job; whoever is told that it cannot be begun, since Redis is away, tries again."""
    while True:
        try:
            return await cast.start(task, steps, told, lines=3)
        except Exception:  # noqa: BLE001  brokers have many ways to be away
            await asyncio.sleep(0.2)


async def _ended(cast: Cast, seconds: float) -> None:
    calm = now()
    while set(left := await _statuses(cast)) - set(ENDED) or left.total() < len(cast.jobs):
        assert now() - calm < seconds, f"expected all to have ended in {seconds} s, got: {left}"
        await asyncio.sleep(0.5)


async def _statuses(cast: Cast) -> Counter[str]:
    return Counter(state["status"] for state in (await cast.fresh()).values())


async def _compare(cast: Cast, told: Path, breakage: Breakage) -> None:
    """Hold every line that anybody was shown against what the tasks have said."""
    found: list[str] = []
    fresh = await cast.fresh()
    for number, job in enumerate(cast.jobs):
        runs, status = logs.read(told, job), fresh[job]["status"]
        log = logs.Log(runs, await _shown(cast, job, fresh[job]["log"]), breakage.losses)
        found += [f"{job} {status}: {text}" for text in log.wrong(succeeded=status == "succeeded")]
        comes_back = number % 2 and not _is_shared(fresh[job])
        reasons = breakage.losses + ([] if comes_back else breakage.kills)
        if status == "lost" and not _happened(fresh[job], reasons):
            found.append(f"{job} was lost though nothing had happened to it: {fresh[job]}")
    assert not found, found[:10]


async def _shown(cast: Cast, job: str, after: int) -> list[logs.Shown]:
    kept = [(line["n"], line["text"]) for line in await cast.log(job)]
    screens = [one.screen for one in cast.spectators if f"log:{job}" in one.topics]
    return [
        logs.Shown(lines=kept, gone=after - len(kept), after=after),
        *(
            logs.Shown(
                lines=[(line["n"], line["text"]) for line in screen.lines[job]],
                gone=screen.gone[job],
                after=screen.after[job],
            )
            for screen in screens
        ),
    ]


def _is_shared(state: dict[str, Any]) -> bool:
    """Tell whether Redis may have delivered a job to two workers: who stops first ends its message.

    When the other one is killed then, nothing comes back.
    """
    begun, ended = (logs.moment(state[name]) for name in ("queued_at", "finished_at"))
    return bool(ended - begun > MORE["VISIBILITY"])


def _happened(state: dict[str, Any], moments: list[float]) -> bool:
    """Tell whether any of these moments was in the life of a job."""
    begun, ended = (logs.moment(state[name]) for name in ("queued_at", "finished_at"))
    return any(begun <= moment <= ended for moment in moments)
