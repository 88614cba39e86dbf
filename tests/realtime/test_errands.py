"""Coroutines as jobs, in this process: told, bounded, cancelled, and never gone without a word."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import pytest
from asgiref.sync import ThreadSensitiveContext, async_to_sync, sync_to_async
from django.contrib.auth.models import AnonymousUser
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.utils.functional import SimpleLazyObject

from realtime import (
    Cancelled,
    JobError,
    again,
    background,
    control,
    progress,
    reading,
    records,
)
from realtime.errand import Errand
from realtime.errors import NoEventLoop, Refused, TooBusy, WouldBlock
from realtime.models import Job
from realtime.owners import requester
from realtime.permissions import Role, view
from realtime.states import State, read_one
from realtime.store import get_store
from tests.services import RedisServer, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

Gate = asyncio.Event


@pytest.fixture(autouse=True)
async def nobody_left(redis: RedisServer, transactional_db: None) -> AsyncIterator[None]:
    """Let no job of a test go on after it."""
    yield
    others = asyncio.all_tasks() - {asyncio.current_task()}
    errands = [task for task in others if task.get_name().startswith("headway-")]
    for task in errands:
        task.cancel()
    await asyncio.gather(*errands, return_exceptions=True)


async def count(total: int, gate: Gate | None = None) -> None:
    """Count to `total`, waiting at the half."""
    for number in progress.track(range(total), unit="item", message="counts"):
        if gate and number == total // 2:
            await gate.wait()
    progress.log("counted")


async def seen(errand: Errand, condition: Callable[[State], Any]) -> State:
    """Return the job's state once it is like this."""
    async with asyncio.timeout(10):
        while True:
            state = await sync_to_async(read_one)(errand.id)
            if state and condition(state):
                return state
            await asyncio.sleep(0.01)


async def ended(errand: Errand) -> State:
    """Return the job's end once SQL has it, which is a moment later than the store."""
    over = Job.objects.filter(pk=errand.id, finished_at__isnull=False)
    async with asyncio.timeout(10):
        while (row := await over.afirst()) is None:
            await asyncio.sleep(0.01)
    state: State = row.last
    return state


async def cancel(errand: Errand) -> State:
    """Do as the browser's button does."""
    return await sync_to_async(control.cancel)(errand.id)


async def test_a_coroutine_is_a_job_like_any_other(ana: Any) -> None:
    """With owner, title, tags, bar and log; who awaits it may open its page."""
    gate = Gate()
    errand = await background(count(10, gate), title="Count", owner=ana, tags=["short"])
    row = await Job.objects.aget(pk=errand.id)
    assert (row.status, row.owner_id, row.title) == ("running", ana.pk, "Count")
    state = await seen(errand, lambda state: state["current"] == 5)
    assert (state["total"], state["unit"], state["tags"]) == (10, "item", ["short"])
    assert state["worker"].startswith("web-")
    gate.set()
    last = await ended(errand)
    assert (last["status"], last["fraction"], last["current"]) == ("succeeded", 1, 10)
    assert last["name"] == "tests.realtime.test_errands.count"
    lines = (await sync_to_async(reading.log)(errand.id, 0)).lines
    assert [line["text"] for line in lines] == ["counted"]
    assert progress.current() is None


async def test_who_is_not_signed_in_owns_nothing() -> None:
    """As in an open page: the job is nobody's."""
    assert (await ended(await background(count(1), owner=AnonymousUser())))["owner"] is None


async def test_what_waits_is_done_by_the_reporter(
    ana: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither store nor database is spoken to in the loop's thread."""
    threads: set[str] = set()

    def noted(call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*values: Any, **more: Any) -> Any:
            threads.add(threading.current_thread().name)
            return call(*values, **more)

        return called

    monkeypatch.setattr(records, "try_record", noted(records.try_record))
    monkeypatch.setattr("realtime.publish.get_store", noted(get_store))
    await ended(await background(count(3), owner=ana))
    assert threads == {"headway-reporter"}


async def test_whose_it_is_must_be_known() -> None:
    """Who awaits it is told why it is not, and nothing is begun."""

    def ask() -> str:
        raise OSError("The sessions are away.")

    token = requester.set(ask)
    try:
        with pytest.raises(OSError, match="sessions are away"):
            await background(count(1))
    finally:
        requester.reset(token)
    assert not await Job.objects.aexists()


@pytest.mark.parametrize("given", ["request", "lazy"])
async def test_its_owner_is_asked_for_in_a_thread(given: str, ana: Any) -> None:
    """Of the request, or of the user that it has not read yet: neither stops the loop."""
    asked_in: list[str] = []

    def ask() -> Any:
        asked_in.append(threading.current_thread().name)
        return ana if given == "lazy" else str(ana.pk)

    token = requester.set(ask)
    try:
        lazy = SimpleLazyObject(ask) if given == "lazy" else None
        errand = await background(count(1), owner=lazy)
    finally:
        requester.reset(token)
    assert (await ended(errand))["owner"] == str(ana.pk)
    assert asked_in
    assert threading.current_thread().name not in asked_in


async def test_a_cancel_reaches_what_it_awaits(ana: Any) -> None:
    """As `Cancelled`, which is asyncio's own, too; cleaning up may wait and make progress calls."""
    told: list[str] = []
    cleaned = Gate()

    async def wait() -> None:
        try:
            await Gate().wait()
        except Cancelled as error:
            told.extend([str(error), str(isinstance(error, asyncio.CancelledError))])
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await Gate().wait()
            progress.update(message="cleans up")
            await cleaned.wait()
            raise

    errand = await background(wait(), owner=ana)
    assert (await cancel(errand))["status"] == "cancelling"
    await seen(errand, lambda state: state["message"] == "cleans up")
    assert (await seen(errand, lambda _: True))["status"] == "cancelling"
    cleaned.set()
    assert (await ended(errand))["status"] == "cancelled"
    assert told == ["The job was cancelled.", "True"]


def spin() -> None:
    """Make progress for ever, and hold the loop up."""
    for _ in progress.track(iter(int, 1)):
        pass


@contextmanager
def cancelled_while_it_spins(jobs: list[str]) -> Iterator[None]:
    """Cancel a job from elsewhere, once it makes progress: its loop hears nothing then."""

    def watch() -> None:
        with closing(connection):
            wait_until(lambda: jobs and (read_one(jobs[0]) or {}).get("current"), "the loop")
            control.cancel(jobs[0])

    watcher = threading.Thread(target=watch)
    watcher.start()
    yield
    watcher.join()


async def test_a_cancel_reaches_a_progress_call() -> None:
    """Where nothing is awaited; what is awaited after that, to clean up, is let be."""
    told: list[str] = []

    async def work() -> None:
        try:
            spin()
        except Cancelled:
            await asyncio.sleep(0.05)
            told.append("cleaned")
            raise

    jobs: list[str] = []
    with cancelled_while_it_spins(jobs):
        errand = background(work())
        jobs.append(errand.id)
        assert (await ended(errand))["status"] == "cancelled"
    assert told == ["cleaned"]


async def test_a_cancel_that_a_part_has_heard_reaches_the_whole() -> None:
    """A task that nobody waits for was told; the coroutine is told all the same."""

    async def part() -> None:
        with suppress(Cancelled):
            spin()

    async def work() -> None:
        task = asyncio.create_task(part())
        await Gate().wait()
        await task

    jobs: list[str] = []
    with cancelled_while_it_spins(jobs):
        errand = background(work())
        jobs.append(errand.id)
        assert (await ended(errand))["status"] == "cancelled"


async def test_what_it_has_started_is_cancelled_with_it() -> None:
    """A task group ends as it does in asyncio, and the job is cancelled, not failed."""

    async def part() -> None:
        for _ in progress.track(range(10_000)):
            await asyncio.sleep(0.005)

    async def work() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(part())

    errand = await background(work())
    await seen(errand, lambda state: state["current"])
    await cancel(errand)
    assert (await ended(errand))["status"] == "cancelled"


async def test_a_cancel_lets_a_thread_come_to_its_end() -> None:
    """What runs in one can only be told by its own progress call; until then it is cancelling."""
    leave = threading.Event()
    left: list[str] = []

    def block() -> None:
        leave.wait(10)
        left.append("left")

    async def work() -> None:
        with progress.stage("Block"):
            await sync_to_async(block)()

    errand = await background(work())
    await cancel(errand)
    await seen(errand, lambda state: state["status"] == "cancelling")
    assert not left
    leave.set()
    last = await ended(errand)
    assert (last["status"], last["stages"][0]["status"]) == ("cancelled", "cancelled")
    assert left


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("password=hunter2 is wrong"), {"kind": "ValueError", "public": False}),
        (JobError("The file is empty."), {"kind": "JobError", "text": "The file is empty."}),
        (SystemExit(3), {"kind": "SystemExit"}),
    ],
)
async def test_an_error_ends_the_job_alone(error: BaseException, told: dict[str, Any]) -> None:
    """As in a worker: without secrets, with a traceback for operators."""

    async def fail() -> None:
        raise error

    last = await ended(await background(fail()))
    assert last["status"] == "failed"
    assert last["error"].items() >= told.items()
    assert "hunter2" not in str(last)
    assert ("in fail" in last["error"].get("traceback", "")) != isinstance(error, JobError)


async def test_only_so_many_run_at_once(settings: Any) -> None:
    """Further ones are refused with a sentence, and can be begun when there is room."""
    settings.HEADWAY = {**settings.HEADWAY, "BACKGROUND_JOBS": 1}
    gate = Gate()
    first = await background(count(2, gate))
    with pytest.raises(TooBusy, match=r"expected fewer than 1 background jobs .* got: 1"):
        background(count(1))
    gate.set()
    await ended(first)
    async with asyncio.timeout(5):
        while True:
            try:
                second = background(count(1))
                break
            except TooBusy:
                await asyncio.sleep(0.01)
    assert (await ended(second))["status"] == "succeeded"


def test_without_a_loop_that_stays_it_says_what_to_do() -> None:
    """Under WSGI, and in Django's test client, a view's loop is gone with its answer."""

    async def view() -> None:
        background(count(1))

    for call in (lambda: background(count(1)), async_to_sync(view)):
        with pytest.raises(NoEventLoop, match=r"ASGI server.*queue a Celery task"):
            call()
    assert not Job.objects.exists()


async def test_what_is_no_coroutine_is_refused() -> None:
    """The commonest mistake is a function that was not called."""
    with pytest.raises(TypeError, match="expected a coroutine, which calling an `async def`"):
        background(count)  # type: ignore[arg-type]


async def test_nobody_has_to_keep_it() -> None:
    """A loop has only weak references to its tasks: one that waits could be collected."""

    async def wait() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            told.append("left")

    told: list[str] = []
    job = (await background(wait())).id
    gc.collect()
    await asyncio.sleep(0)
    assert not told
    await sync_to_async(control.cancel)(job)
    async with asyncio.timeout(10):
        while not told:
            await asyncio.sleep(0.01)


async def test_a_question_is_asked_in_a_thread() -> None:
    """In the loop it would stop everybody: that is refused."""
    answers: list[str] = []

    async def work() -> None:
        with pytest.raises(WouldBlock, match="to_thread"):
            progress.ask("Now?")
        answers.append(await asyncio.to_thread(progress.ask, "Then?", ["Yes", "No"]))

    errand = await background(work())
    await seen(errand, lambda state: state["status"] == "waiting")
    await sync_to_async(control.answer)(errand.id, "Yes")
    assert (await ended(errand))["status"] == "succeeded"
    assert answers == ["Yes"]


async def test_it_can_be_cancelled_and_nothing_else(ana: Any) -> None:
    """It cannot be paused, nor stopped by force, nor run again."""
    gate = Gate()
    errand = await background(count(2, gate), owner=ana)
    state = await seen(errand, lambda _: True)
    assert view(state, Role.OWNER)["actions"] == ["cancel"]
    for refused in (
        lambda: control.pause(errand.id),
        lambda: control.cancel(errand.id, terminate=True),
    ):
        with pytest.raises(Refused, match="in a web process"):
            await sync_to_async(refused)()
    gate.set()
    last = await ended(errand)
    assert view(last, Role.OWNER)["actions"] == []
    with pytest.raises(Refused, match="in a web process"):
        await sync_to_async(again)(errand.id)


async def test_jobs_that_it_begins_are_below_it(ana: Any) -> None:
    """It stands for them, with their owner, and ends when they have."""
    gate = Gate()
    children: list[Errand] = []

    async def work() -> None:
        children.append(await background(count(4, gate)))

    errand = await background(work(), owner=ana)
    state = await seen(errand, lambda state: state["children"] and children)
    assert (state["status"], state["children"]["total"]) == ("running", 1)
    below = await seen(children[0], lambda state: state["current"] == 2)
    assert (below["root"], below["parent"], below["owner"]) == (errand.id, errand.id, str(ana.pk))
    gate.set()
    assert (await ended(errand))["status"] == "succeeded"


async def test_it_goes_on_without_who_has_begun_it() -> None:
    """A request that is cut off while it waits to see the job cuts nothing else off."""

    async def request() -> None:
        errands.append(background(count(3)))
        await errands[0]

    errands: list[Errand] = []
    asking = asyncio.create_task(request())
    await asyncio.sleep(0)
    asking.cancel()
    assert (await ended(errands[0]))["status"] == "succeeded"


async def test_it_needs_nothing_of_its_request() -> None:
    """Neither the thread in which a synchronous middleware has waited, nor its connections."""
    gate = Gate()
    own: list[Any] = []

    async def work() -> None:
        await gate.wait()
        progress.update(message=f"{await Job.objects.acount()} jobs")
        own.append(await sync_to_async(threading.current_thread)())
        own.append(await sync_to_async(lambda: connections[DEFAULT_DB_ALIAS])())

    async def view() -> Errand:
        return await background(work())

    async with ThreadSensitiveContext():
        errand = await sync_to_async(async_to_sync(view))()
    gate.set()
    assert (await ended(errand))["message"] == "1 jobs"
    thread, used = own
    async with asyncio.timeout(10):
        while thread.is_alive():  # Its own one, which is gone with it.
            await asyncio.sleep(0.01)
    assert used.connection is None


def test_with_its_loop_it_is_lost(redis: RedisServer, transactional_db: None) -> None:
    """Whoever closes the loop says nothing; the job's owner is told."""
    errands: list[Errand] = []

    async def main() -> None:
        errands.append(await background(count(2, Gate())))

    asyncio.run(main())
    job = errands[0].id
    wait_until(lambda: Job.objects.filter(pk=job, status="lost").exists(), "the end")
    assert Job.objects.get(pk=job).last["error"]["text"] == "Its web process was stopped."
