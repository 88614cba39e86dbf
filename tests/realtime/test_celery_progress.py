"""celery-progress's recorders: ours beside its own, with the same calls."""

from __future__ import annotations

import inspect
import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from celery.result import AsyncResult
from celery_progress import backend as own
from celery_progress.websockets import backend as own_websockets

from realtime import Cancelled, progress
from realtime.contrib import celery_progress as ours
from realtime.events import Wish
from realtime.models import Job
from realtime.running import RunningJob
from tests import tasks
from tests.processes import Child
from tests.services import wait_until

NAMES = [name for name in ours.__all__ if name.endswith("Recorder")]


class Task:
    """What celery-progress needs of a task."""

    def __init__(self) -> None:
        self.request = SimpleNamespace(id=str(uuid.uuid4()))
        self.states: list[Any] = []

    def update_state(self, **told: Any) -> None:
        """Keep what the result backend is told."""
        self.states.append(told)


@pytest.fixture
def task() -> Task:
    """Return a task that runs."""
    return Task()


@pytest.fixture
def job(task: Task) -> Iterator[RunningJob]:
    """Bind its job."""
    one = RunningJob(id=task.request.id, name="tests.work", title="Work")
    token = progress.bound.set(one)
    yield one
    progress.bound.reset(token)


@pytest.mark.parametrize("name", NAMES)
def test_each_recorder_can_be_called_as_the_real_one(name: str) -> None:
    """It has the same names, which take the same."""
    real = getattr(own, name, None) or getattr(own_websockets, name)
    twin = getattr(ours, name)
    known = {method for method in dir(real) if not method.startswith("_")}
    assert known <= set(dir(twin)) | {"task"}
    for method in known | {"__init__"}:
        if inspect.isfunction(getattr(real, method)):
            takes = inspect.signature(getattr(real, method)).parameters
            if method != "__init__" or "task" in takes:
                assert list(inspect.signature(getattr(twin, method)).parameters) == list(takes)


@pytest.mark.parametrize(
    "told", [(1, 3), (1, 3, "Row 1"), (0, 0), (5, 0, "of many"), (2.5, 10), (3, 2)]
)
def test_it_returns_what_the_real_one_returns(task: Task, told: Any) -> None:
    """Also outside a job."""
    real = own.ProgressRecorder(task)
    twin = ours.ProgressRecorder(task)
    assert twin.set_progress(*told) == real.set_progress(*told)
    assert vars(twin).items() >= vars(real).items()
    twin.increment_progress(by=2, description="more")
    real.increment_progress(by=2, description="more")
    assert vars(twin).items() >= vars(real).items()


@pytest.mark.parametrize("name", ["ProgressRecorder", "WebSocketProgressRecorder"])
def test_the_job_is_told_and_nobody_else(job: RunningJob, task: Task, name: str) -> None:
    """An empty description leaves the message."""
    recorder = getattr(ours, name)(task)
    recorder.set_progress(1, 4, description="Row 1")
    assert (job.counter.n, job.counter.total, job.message) == (1, 4, "Row 1")
    recorder.increment_progress()
    assert (job.counter.n, job.counter.total, job.message) == (2, 4, "Row 1")
    assert task.states == []


def test_a_total_that_is_not_known_is_none(job: RunningJob, task: Task) -> None:
    """celery-progress counts from 0 of 0."""
    recorder = ours.ProgressRecorder(task)
    recorder.increment_progress(by=3)
    assert (job.counter.n, job.counter.fraction) == (3, None)


def test_it_is_a_checkpoint(job: RunningJob, task: Task) -> None:
    """A cancel reaches it."""
    job.hear(Wish.CANCEL)
    with pytest.raises(Cancelled):
        ours.ProgressRecorder(task).set_progress(1, 2)


def test_another_task_does_not_count_for_the_job(job: RunningJob) -> None:
    """One that the job runs eagerly, for instance; what is no task is nobody else's."""
    ours.ProgressRecorder(Task()).set_progress(1, 2)
    assert job.counter.n == 0
    ours.ProgressRecorder(None).set_progress(1, 2)
    assert job.counter.n == 1


def test_the_console_is_told_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """For tasks that are called by hand."""
    for kind in (own.ConsoleProgressRecorder, ours.ConsoleProgressRecorder):
        kind().set_progress(1, 2, "Row 1")
    first, second = capsys.readouterr().out.splitlines()
    assert first == second


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["ours", "its own"])
def test_both_reach_the_bar_of_a_real_job(threads_worker: Child, kind: str) -> None:
    """Its own does through `update_state`."""
    job = tasks.records_progress.delay(ours=kind == "ours").id
    row = Job.objects.filter(pk=job, status="succeeded")
    wait_until(row.exists, "the end")
    last = row.get().last
    assert (last["current"], last["total"], last["message"]) == (4, 4, "Row 3")
    result: Any = AsyncResult(job)
    state, meta = result.get()
    assert (state, meta["percent"], meta["description"]) == ("PROGRESS", 25, "Row 1")
