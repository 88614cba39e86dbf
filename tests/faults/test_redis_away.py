"""Redis goes away in the middle of a job: the task, its end and the bar are right all the same."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from celery.result import AsyncResult

import realtime
from realtime import control
from realtime.models import Job
from tests import tasks
from tests.processes import Child, web_server, worker
from tests.services import RedisServer, wait_until
from tests.sockets import Viewer, sign_in, viewer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def ana(transactional_db: None, django_user_model: Any) -> Any:
    """Return a user."""
    return django_user_model.objects.create_user("ana", password="x")


@pytest.fixture(scope="module")
def web(redis: RedisServer, django_db_setup: None) -> Iterator[Child]:
    """Run a web server for all these tests: it lives on whatever becomes of Redis."""
    with web_server() as one:
        yield one


@pytest.fixture(scope="module", params=["prefork", "threads"])
def a_worker(
    request: pytest.FixtureRequest, redis: RedisServer, django_db_setup: None
) -> Iterator[Child]:
    """Run a worker for all these tests, one pool after the other."""
    with worker(request.param) as one:
        yield one


@pytest.mark.parametrize("way", ["killed and restarted empty", "stopped and continued"])
async def test_a_job_that_ends_while_redis_is_away(  # noqa: PLR0913, PLR0917  its cast
    web: Child, a_worker: Child, redis: RedisServer, ana: Any, tmp_path: Path, way: str
) -> None:
    """The end is in SQL, the result is right, and the viewer's bar is right after Redis is back."""
    gate, said = tmp_path / "gate", a_worker.printed().count("away")
    start = sync_to_async(realtime.start)
    job = str((await start(tasks.count, 100, str(gate), 40, owner=ana)).pk)
    async with viewer(web, await sync_to_async(sign_in)(ana)) as sees:
        await sees.watch(f"job:{job}")
        await sees.until(lambda: sees.states.get(job, {}).get("current") == 40)
        (redis.kill if "killed" in way else redis.stop)()
        gate.touch()
        if "killed" in way:
            # The result backend waits for Redis before Celery says that the task succeeded.
            await sync_to_async(redis.start)()
        else:
            try:
                outage = sync_to_async(wait_until)
                await outage(lambda: a_worker.printed().count("away") > said, "the outage")
            finally:
                redis.cont()
        last = await sees.ended(job, seconds=30)
        assert (last["status"], last["current"], last["fraction"]) == ("succeeded", 100, 1.0)
    recorded = Job.objects.filter(pk=job, status="succeeded")
    await sync_to_async(wait_until)(recorded.exists, "the end in SQL")
    assert await sync_to_async(AsyncResult(job).get)(timeout=10) == 100


async def test_a_job_goes_on_reporting_after_redis_lost_everything(
    web: Child, a_worker: Child, redis: RedisServer, ana: Any, tmp_path: Path
) -> None:
    """After FLUSHALL and after a restart the states that come have higher numbers."""
    gate = tmp_path / "gate"
    start = sync_to_async(realtime.start)
    job = str((await start(tasks.until_cancelled, str(gate), owner=ana)).pk)
    async with viewer(web, await sync_to_async(sign_in)(ana)) as sees:
        await sees.watch(f"job:{job}")
        for lose in (_flush, _restart):
            await sees.until(lambda: sees.states.get(job, {}).get("current", 0) > 10)
            seen = sees.states[job]
            await sync_to_async(lose)(redis)
            further = seen["current"] + 100
            await sees.until(partial(_is_past, sees, job, further), seconds=20)
            assert sees.states[job]["seq"] > seen["seq"]
        await sync_to_async(control.cancel)(job)
        assert (await sees.ended(job))["status"] == "cancelled"


def _is_past(sees: Viewer, job: str, current: float) -> bool:
    return bool(sees.states[job]["current"] > current)


def _flush(redis: RedisServer) -> None:
    with redis.client() as client:
        client.flushall()


def _restart(redis: RedisServer) -> None:
    redis.kill()
    redis.start()


def test_progress_calls_do_not_wait_for_redis(
    a_worker: Child, redis: RedisServer, tmp_path: Path
) -> None:
    """While Redis is frozen, a thousand calls take no longer than before."""
    gate, told = tmp_path / "gate", tmp_path / "told"
    job = tasks.time_calls.delay(str(gate), str(told)).id
    wait_until((tmp_path / "gate.waiting").exists, "the task to wait")
    redis.stop()
    try:
        gate.touch()
        slowest = wait_until(lambda: told.exists() and told.read_text(), "the calls", seconds=20)
    finally:
        redis.cont()
    assert float(slowest) < 0.1
    wait_until(lambda: Job.objects.get(pk=job).status == "succeeded", "the end", seconds=20)
