"""What scenarios do with their workers and their broker, and what they expect of a job."""

from __future__ import annotations

import signal
from typing import Any

from asgiref.sync import sync_to_async

from tests.faults.cast import Cast
from tests.faults.stage import LEASE
from tests.processes import Child
from tests.services import RabbitServer

G2_SECONDS = 5.0
G5_SECONDS = 15.0
SHORT: dict[str, Any] = {"LEASE": LEASE, "ORPHAN": 2.0}
ENDS = ("succeeded", "lost")


async def starts(cast: Cast, name: str, **more: Any) -> Child:
    """Start a worker of this scenario alone."""
    return await sync_to_async(cast.stage.worker)(name, **SHORT, **more)


async def ends(cast: Cast, *names: str) -> None:
    """End workers."""
    cast.gate.touch()
    for name in names:
        await sync_to_async(cast.stage.end)(name)


async def kill(cast: Cast, one: Child) -> None:
    """Kill a worker with its children."""
    one.signal(signal.SIGKILL, group=True)
    await sync_to_async(one.process.wait)()
    cast.faulted()


async def reached(cast: Cast, *jobs: str) -> None:
    """Wait until jobs wait at their gate."""
    for job in jobs:
        await cast.shows(job, lambda state: state["current"] == 10)


async def becomes(cast: Cast, job: str, status: str, seconds: float = G5_SECONDS) -> None:
    """Wait until all viewers show a job so."""
    await cast.shows(job, lambda state: state["status"] == status, seconds)


async def statuses(cast: Cast) -> dict[str, str]:
    """Return what somebody who comes now reads."""
    return {job: state["status"] for job, state in (await cast.fresh()).items()}


async def restart(rabbit: RabbitServer, options: str) -> None:
    """Restart it in good order, told otherwise."""
    await sync_to_async(rabbit.quit)()
    rabbit.options = options
    await sync_to_async(rabbit.start)()
