"""Worker, web and Redis are killed between any two steps with which an end is told."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async

from tests.faults import tasks
from tests.faults.cast import Cast, until
from tests.faults.stage import LEASE
from tests.processes import Child

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

G5_SECONDS = 15.0
STEPS = ("done", "remembered", "recorded", "announced")
VICTIMS = ("worker", "web", "redis")
SHORT = {("done", "worker"), ("remembered", "worker"), ("recorded", "redis"), ("recorded", "web")}
CASES = [
    pytest.param(step, victim, marks=() if (step, victim) in SHORT else pytest.mark.long)
    for step in STEPS
    for victim in VICTIMS
]


@pytest.mark.promise("G4", "G3")
@pytest.mark.parametrize(("step", "victim"), CASES)
async def test_killed_between_two_steps(cast: Cast, tmp_path: Path, step: str, victim: str) -> None:
    """The end is in SQL and on every screen, once, whoever dies while it is told.

    It is a success: the task had done its work before anything was killed.
    """
    stage, gate = cast.stage, tmp_path / "step"
    reached, go = tmp_path / "step.reached", tmp_path / "step.go"
    web = await sync_to_async(stage.web)(LEASE=LEASE)
    worker = await sync_to_async(stage.worker)(LEASE=LEASE, FAULT_STEP=step, FAULT_GATE=gate)
    job = await cast.start(tasks.walk, 20, str(cast.gate), 10, lines=3)
    await cast.audience(5, f"job:{job}", f"log:{job}")
    await cast.shows(job, lambda state: state["current"] == 10)
    cast.gate.touch()
    await until(reached.exists, f"the end to be {step}")
    await asyncio.to_thread(_kill, cast, victim, worker, web)
    go.touch()
    cast.faulted()
    await cast.recorded(seconds=G5_SECONDS)
    await cast.whole(within=G5_SECONDS)


def _kill(cast: Cast, victim: str, worker: Child, web: Child) -> None:
    if victim == "redis":
        cast.stage.redis.kill()
        cast.stage.redis.start()
    elif victim == "worker":
        worker.signal(signal.SIGKILL, group=True)
        worker.process.wait()
    else:
        web.signal(signal.SIGKILL, group=True)
        web.process.wait()
        cast.stage.web(LEASE=LEASE)
