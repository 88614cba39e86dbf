"""Celery's signals in this process: what a job is when they come at bad moments."""

from __future__ import annotations

import io
import json
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from billiard.exceptions import WorkerLostError
from django.core.files.storage import default_storage
from django.db import connection

from realtime import files, lifecycle, owed, progress, queueing
from realtime.errors import Cancelled, StoreAway
from realtime.events import JobState, Status
from realtime.models import File, Job
from realtime.reporter import get_reporter
from realtime.states import read_one
from realtime.store import RedisStore, Report, get_store
from realtime.watched import LOST, TAKEN_OVER
from tests import tasks
from tests.services import RedisServer, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def task_of(job: str, retries: int, headers: dict[str, Any], *, again: bool = False) -> Any:
    """Return a task as its signals show it; `again` in a message that was delivered before."""
    request = SimpleNamespace(
        id=job,
        is_eager=False,
        retries=retries,
        headers=headers,
        hostname="here",
        delivery_info={"redelivered": again},
        task=tasks.nothing.name,
    )
    return SimpleNamespace(name=tasks.nothing.name, request=request, ignore_result=True)


def _succeed(task: Any) -> None:
    lifecycle._on_success(task)
    owed.settle()  # As the next task would.


def test_the_next_attempt_is_above_a_retry_that_the_store_missed(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQL alone was told of the retry, with a higher seq; nobody is left looking at it."""
    monkeypatch.setattr("realtime.announcer.announce", lambda shards: None)
    job = str(uuid.uuid4())
    first = task_of(job, 0, {})
    lifecycle._on_start(job, first)
    wait_until(lambda: read_one(job), "the first attempt to be seen")
    headers: dict[str, Any] = {"id": job, "retries": 1}
    queueing._on_publish(first.name, headers=headers)
    with monkeypatch.context() as outage:

        def away(self: RedisStore, reports: Any) -> Any:
            raise StoreAway("it does not answer")

        outage.setattr(RedisStore, "remember", away)
        lifecycle._on_retry(first.request, SimpleNamespace(exc=None, when=0))
        row = Job.objects.get(pk=job)
        assert row.status == "retrying"
        # The second attempt is faster, in another process: what is left is refused there.
        late = get_reporter()._unsent
        wait_until(lambda: late, "the retry to be kept for later")
        late.take(len(late))
    lifecycle._on_leave(job, first)
    second = task_of(job, 1, headers)
    lifecycle._on_start(job, second)
    _succeed(second)
    lifecycle._on_leave(job, second)
    last = read_one(job)
    assert last is not None
    assert (last["status"], last["attempt"]) == ("succeeded", 2)
    assert last["seq"] > row.seq, "expected viewers of the retry to take the end for newer"


def test_a_task_that_is_not_tracked_costs_nothing_at_its_end(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the store nor the database is asked, and nothing is waited for."""
    settings.HEADWAY = {**settings.HEADWAY, "IGNORE": ["tests.*"]}
    monkeypatch.setattr(lifecycle, "end_elsewhere", pytest.fail)
    job = str(uuid.uuid4())
    task = task_of(job, 0, {})
    lifecycle._on_start(job, task)
    before = time.monotonic()
    _succeed(task)
    lifecycle._on_failure(job, ValueError("no"), sender=task)
    lifecycle._on_retry(SimpleNamespace(id=job, task=task.name), SimpleNamespace(exc=None, when=0))
    lifecycle._on_leave(job, task)
    assert time.monotonic() - before < 0.05


@pytest.fixture
def job(redis: RedisServer, settings: Any, tmp_path: Path) -> Iterator[str]:
    """Return the id of a job whose task runs in this process, for the first time."""
    settings.MEDIA_ROOT = tmp_path
    one = str(uuid.uuid4())
    task = task_of(one, 0, {})
    lifecycle._on_start(one, task)
    progress.update(40, total=100)
    wait_until(lambda: (known := read_one(one)) and known["current"] == 40, "its first report")
    running = progress.current()
    assert running
    wait_until(lambda: running.claimed, "the reporter to know")
    yield one
    lifecycle._on_leave(one, task)


def in_another_thread(call: Callable[[], Any]) -> Any:
    """Return what a worker's thread of its own would get."""

    def run() -> Any:
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        return threads.submit(run).result()


@pytest.mark.parametrize("how", ["taken over", "lost"])
def test_a_run_that_counts_no_more_changes_nothing(job: str, how: str) -> None:
    """Its next call raises, and neither its state nor its end is kept, by Redis or by SQL."""
    before = read_one(job)
    assert before is not None
    lost = how == "lost"
    status = Status.LOST if lost else Status.RUNNING
    state = JobState.from_dict(before).changed(status=status, message="from elsewhere")
    get_store().remember(
        [Report(job=job, order=1, run="other", claim=True, body=state.body(), ends=lost)]
    )
    row = Job.objects.get(pk=job).last
    told = wait_until(_raised, "the next call to raise")
    assert told == (LOST if lost else TAKEN_OVER)
    progress.update(99, message="still here")
    progress.log("still here")
    after = json.loads(get_store().states([job])[job])
    assert (after["seq"], after["message"]) == (before["seq"] + 1, "from elsewhere")
    assert get_store().log(job, 0).lines == []
    # Also when nobody is left who could refuse it.
    _flushed(job)
    _succeed(task_of(job, 0, {}))
    assert get_store().states([job]) == {}
    assert Job.objects.get(pk=job).last == row


def _raised() -> str:
    try:
        progress.update()
    except Cancelled as error:
        return str(error)
    return ""


class Slow(io.BytesIO):
    """A file during whose reading something happens."""

    def __init__(self, happens: Callable[[], Any]) -> None:
        super().__init__(b"content")
        self.happens = happens

    def read(self, size: int | None = -1) -> bytes:
        """Read, after it has happened."""
        self.happens()
        return super().read(size)


@pytest.mark.parametrize("when", ["before", "during"])
def test_a_run_that_was_taken_over_leaves_no_file(job: str, when: str) -> None:
    """It asks before it writes, and again before what another run has left is replaced."""
    body = JobState.from_dict(read_one(job) or {}).body()
    theirs = files.keep(job, "report.txt", io.BytesIO(b"theirs"), None)

    def taken_over() -> None:
        get_store().remember([Report(job=job, order=1, run="other", claim=True, body=body)])

    if when == "before":
        taken_over()
    with pytest.raises(Cancelled):
        progress.attach("report.txt", Slow(taken_over))
    kept = File.objects.get(job_id=job)
    assert (kept.name, kept.size) == ("report.txt", theirs["size"])
    assert len(default_storage.listdir(str(Path(str(kept.content.name)).parent))[1]) == 1


def test_an_end_that_was_not_known_to_be_void_is_refused(job: str) -> None:
    """The worker was stopped, and goes on with the last lines of its task."""
    before = read_one(job)
    assert before is not None
    body = JobState.from_dict(before).body()
    get_store().remember([Report(job=job, order=1, run="other", claim=True, body=body)])
    _succeed(task_of(job, 0, {}))
    assert (read_one(job) or {})["status"] == "running"
    assert Job.objects.get(pk=job).status == "running"


def test_a_redelivered_job_goes_on_where_it_was(job: str) -> None:
    """The bar does not go back, and its seqs rise though everything but SQL was lost."""

    def again(seq: int) -> Any:
        task = task_of(job, 0, {}, again=True)
        lifecycle._on_start(job, task)
        progress.update(1, total=100)
        try:
            return wait_until(
                lambda: (found := read_one(job)) and found["seq"] > seq + 2**32 and found,
                "the job to be claimed",
            )
        finally:
            lifecycle._on_leave(job, task)

    state = in_another_thread(lambda: again(0))
    assert (state["status"], state["attempt"], state["fraction"]) == ("running", 1, 0.4)
    assert _flushed(job) is None
    seq = Job.objects.get(pk=job).seq
    assert in_another_thread(lambda: again(seq))["status"] == "running"


def test_the_next_attempt_is_above_a_redelivered_run_of_the_last(job: str) -> None:
    """The run that has failed knows nothing of it, and the store has lost both."""
    again = task_of(job, 0, {}, again=True)

    def run() -> None:
        lifecycle._on_start(job, again)
        wait_until(lambda: Job.objects.get(pk=job).seq > 2**32, "SQL to know of the second run")
        lifecycle._on_leave(job, again)

    in_another_thread(run)
    headers: dict[str, Any] = {"id": job, "retries": 1}
    queueing._on_publish(tasks.nothing.name, headers=headers)
    lifecycle._on_leave(job, task_of(job, 0, {}))
    assert _flushed(job) is None
    second = task_of(job, 1, headers)
    lifecycle._on_start(job, second)
    _succeed(second)
    lifecycle._on_leave(job, second)
    row = Job.objects.get(pk=job)
    assert (row.status, row.attempt) == ("succeeded", 2)


def test_what_a_steered_job_queues_looks_for_what_is_wanted_of_it(job: str) -> None:
    """It may be the next link of a chain, of which something was wanted long ago."""
    headers: list[dict[str, Any]] = [{"id": str(uuid.uuid4())} for _ in range(2)]
    queueing._on_publish(tasks.nothing.name, headers=headers[0])
    current = progress.current()
    assert current is not None
    current.wants = "pause"
    queueing._on_publish(tasks.nothing.name, headers=headers[1])
    assert [one["headway"].get("steered") for one in headers] == [None, True]


def _flushed(job: str) -> str | None:
    get_store()._redis.flushdb()  # type: ignore[attr-defined]
    return get_store().states([job]).get(job)


def test_a_silent_job_is_whole_again_after_the_store_lost_it(job: str, redis: RedisServer) -> None:
    """Not only its sign of life comes back: its state does."""
    seq = (read_one(job) or {})["seq"]
    _flushed(job)
    state = wait_until(lambda: get_store().states([job]).get(job), "the state to come back")
    assert json.loads(state)["current"] == 40
    assert json.loads(state)["seq"] > seq


def test_a_first_report_that_got_no_answer_is_below_the_second(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQL was told with a seq far ahead; whoever read it takes what comes for newer."""
    job = str(uuid.uuid4())
    task = task_of(job, 0, {})
    with monkeypatch.context() as outage:

        def away(self: RedisStore, reports: Any) -> Any:
            raise StoreAway("it does not answer")

        outage.setattr(RedisStore, "remember", away)
        lifecycle._on_start(job, task)
        row = wait_until(lambda: Job.objects.filter(pk=job).first(), "the row")
    wait_until(lambda: get_store().states([job]), "the store to be told")
    _succeed(task)
    lifecycle._on_leave(job, task)
    assert json.loads(get_store().states([job])[job])["seq"] > row.seq
    assert Job.objects.get(pk=job).status == "succeeded"


def test_what_an_owner_reads_of_a_dead_child_is_a_sentence(job: str) -> None:
    """Signals and the numbers of processes are for the worker's log."""
    died = WorkerLostError("Worker exited prematurely: signal 9 (SIGKILL) Job: 3.")
    in_another_thread(lambda: lifecycle._on_failure(job, died, sender=task_of(job, 0, {})))
    state = read_one(job) or {}
    assert (state["status"], state["error"]["text"]) == ("lost", "Its worker has died.")


def test_a_child_that_died_elsewhere_is_none_of_ours(job: str) -> None:
    """Another worker runs the job now: what became of this worker's child ends nothing."""
    before = JobState.from_dict(read_one(job) or {})
    get_store().remember([Report(job=job, order=1, run="other-1", claim=True, body=before.body())])
    died = WorkerLostError("Worker exited prematurely")
    in_another_thread(lambda: lifecycle._on_failure(job, died, sender=task_of(job, 0, {})))
    assert (read_one(job) or {})["status"] == "running"


@pytest.mark.parametrize(("acks_late", "status"), [(False, "lost"), (True, "retrying")])
def test_a_worker_that_ends_before_its_tasks_says_so(
    job: str,
    acks_late: bool,  # noqa: FBT001
    status: str,
) -> None:
    """Celery tells of a task that it stops as of a retry without a reason."""
    stopped = {"request": task_of(job, 0, {}).request, "einfo": None}
    sender = SimpleNamespace(name=tasks.nothing.name, acks_late=acks_late)
    in_another_thread(lambda: lifecycle._on_retry(sender=sender, **stopped))
    assert (read_one(job) or {})["status"] == status
