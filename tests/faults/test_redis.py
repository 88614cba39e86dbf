"""Redis fails in every way it knows, in the middle of jobs: the tasks go on, the bars come back."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from tests.faults import tasks
from tests.faults.cast import Cast, until
from tests.faults.forms import brief
from tests.faults.stage import Stage

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

G2_SECONDS = 5.0
G9_SECONDS = 10.0


def _restart_empty(stage: Stage) -> None:
    stage.redis.kill()
    stage.redis.start()


def _restart_full(stage: Stage) -> None:
    with stage.redis.client() as client:
        client.config_set("appendonly", "yes")
        client.config_set("appendfsync", "always")
    stage.redis.persist = True
    try:
        _restart_empty(stage)
    finally:
        stage.redis.persist = False
        with stage.redis.client() as client:
            client.config_set("appendonly", "no")


def _flush(stage: Stage) -> None:
    with stage.redis.client() as client:
        client.flushall()


def _cut_clients(stage: Stage) -> None:
    with stage.redis.client() as client:
        for kind in ("normal", "pubsub"):
            client.client_kill_filter(_type=kind, skipme=True)


USELESS = ("frozen", "full", "slow", "read-only", "half open", "cut")

LOSSES: dict[str, Callable[[Stage], None]] = {
    "FLUSHALL": _flush,
    "restart empty": _restart_empty,
    "restart with its data": _restart_full,
    "CLIENT KILL": _cut_clients,
}


@pytest.mark.promise("G9", "G1")
@pytest.mark.parametrize("loss", brief(LOSSES, "FLUSHALL", "restart empty"))
async def test_redis_loses(cast: Cast, loss: str) -> None:
    """Live jobs are whole within ten seconds, their numbers rise, finished ones are still there."""
    await _begin(cast)
    ended = await cast.start(tasks.walk, 3)
    jobs = [await cast.start(tasks.walk, 30, str(cast.gate), 15) for _ in range(4)]
    await cast.audience(6, f"job:{ended}", *(f"job:{job}" for job in jobs))
    for job in jobs:
        await cast.shows(job, lambda state: state["current"] == 15)
    await cast.recorded(ended)
    await sync_to_async(LOSSES[loss])(cast.stage)
    cast.faulted()
    await cast.whole(within=G9_SECONDS, ends=("running", "succeeded"))
    cast.gate.touch()
    await cast.recorded()
    await cast.whole(within=G2_SECONDS)


@pytest.mark.promise("G6", "G9")
@pytest.mark.parametrize("loss", brief(["FLUSHALL", "restart empty"], "FLUSHALL"))
async def test_a_log_goes_on_after_redis_lost_it(cast: Cast, loss: str) -> None:
    """What is said after the loss is shown once and in order; what was lost is said to be."""
    await _begin(cast)
    job = await cast.start(tasks.walk, 20, str(cast.gate), 10, lines=20)
    sees, *_ = await cast.audience(2, f"job:{job}", f"log:{job}")
    await until(lambda: sees.screen.after[job] >= 200, "the first half of the log")
    await sync_to_async(LOSSES[loss])(cast.stage)
    cast.faulted()
    cast.gate.touch()
    await cast.recorded()
    await cast.whole(within=G2_SECONDS)
    for one in cast.spectators:
        texts = [line["text"] for line in one.screen.lines[job]]
        assert texts == sorted(set(texts), key=lambda text: int(text[5:]))
        assert texts[-1] == "line 400"
        assert len(texts) + one.screen.gone[job] == 400


WEATHER: dict[str, dict[str, Any]] = {
    "slow": {"delay": 0.5},
    "half open": {"silent": True},
    "cut": {"refuses": True},
}


@pytest.mark.promise("G8", "G2")
@pytest.mark.parametrize("fault", brief(USELESS, "frozen"))
async def test_redis_is_of_no_use(cast: Cast, tmp_path: Path, fault: str) -> None:
    """No progress call waits for it; the end waits five seconds at most and is in SQL."""
    await _begin(cast)
    told = tmp_path / "told"
    job = await cast.start(tasks.time_calls, str(cast.gate), str(told))
    await cast.audience(4, f"job:{job}")
    await until(Path(f"{cast.gate}.waits").exists, "the task to wait", 20)
    await cast.shows(job, lambda state: state["status"] == "running")
    mend = await sync_to_async(_break)(cast.stage, fault)
    cast.faulted()
    try:
        cast.gate.touch()
        slowest, end = await until(lambda: told.exists() and _times(told), "the task to end", 30)
        assert slowest < 0.1
        assert end < 6.0
        await cast.recorded(seconds=10)
    finally:
        await sync_to_async(mend)()
    await cast.whole(within=G9_SECONDS)
    if fault == "read-only":
        # Celery's worker ends then, and with it what Redis did not take; the next scenario must not
        # take one for alive that is about to end.
        await sync_to_async(cast.stage.end)("worker")
    else:
        # SQL knows the end before the worker has told the store of the rest.
        await cast.logged(job, [f"line {number}" for number in range(1, 501)], within=G9_SECONDS)


@pytest.mark.promise("G6", "G4", "G8")
async def test_a_worker_dies_with_what_redis_was_not_told(cast: Cast, tmp_path: Path) -> None:
    """The end of its job is in SQL, and the last lines of the log with it."""
    await _begin(cast)
    told = tmp_path / "told"
    job = await cast.start(tasks.time_calls, str(cast.gate), str(told))
    await cast.audience(4, f"job:{job}", f"log:{job}")
    await until(Path(f"{cast.gate}.waits").exists, "the task to wait", 20)
    await cast.shows(job, lambda state: state["status"] == "running")
    mend = await sync_to_async(_break)(cast.stage, "frozen")
    try:
        cast.gate.touch()
        await until(lambda: told.exists() and _times(told), "the task to end", 30)
        await cast.recorded(seconds=10)
        worker = await sync_to_async(cast.stage.worker)()
        worker.signal(signal.SIGKILL, group=True)
        await sync_to_async(worker.process.wait)()
        cast.faulted(2)
    finally:
        await sync_to_async(mend)()
    await cast.whole(within=G9_SECONDS)
    said = [f"line {number}" for number in range(1, 501)]
    await cast.logged(job, said, within=G2_SECONDS)
    for one in cast.spectators:
        assert [line["text"] for line in one.screen.lines[job]] == said
    await sync_to_async(cast.stage.end)("worker")


async def _begin(cast: Cast) -> None:
    await sync_to_async(cast.stage.web)()
    await sync_to_async(cast.stage.worker)()


def _times(told: Path) -> list[float]:
    return [float(part) for part in told.read_text().split()]


def _break(stage: Stage, fault: str) -> Callable[[], None]:
    """Break Redis for web and worker; return what mends it."""
    if fault == "frozen":
        stage.redis.stop()
        return stage.redis.cont
    if fault in {"full", "read-only"}:
        return _configure(stage, fault)
    for way in (stage.web_way, stage.worker_way):
        way.change(**WEATHER[fault])
        if fault == "cut":
            way.cut()
    return stage.calm


def _configure(stage: Stage, fault: str) -> Callable[[], None]:
    def tell(*, broken: bool) -> None:
        with stage.redis.client() as client:
            if fault == "full":
                client.config_set("maxmemory-policy", "noeviction")
                client.config_set("maxmemory", "1" if broken else "0")
            elif broken:
                client.replicaof("127.0.0.1", "1")
            else:
                client.replicaof("NO", "ONE")

    tell(broken=True)
    return lambda: tell(broken=False)
