"""Celery's `update_state` on the bar: the real one, in a real worker, with a real backend."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Task
from celery.result import AsyncResult

from realtime import Cancelled, progress
from realtime.contrib import update_state
from realtime.events import Wish
from realtime.models import Job
from realtime.running import RunningJob
from realtime.states import read_one
from tests import tasks
from tests.processes import Child
from tests.services import wait_until


@pytest.fixture
def task() -> Any:
    """Return a task as its own code sees it, outside of a worker."""
    one = tasks.updates_state
    one.push_request(id=str(uuid.uuid4()))
    yield one
    one.pop_request()


@pytest.fixture
def job(task: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningJob]:
    """Bind the job of this task; its backend is told nothing."""
    monkeypatch.setattr(update_state, "_store", lambda *_, **__: None)
    one = RunningJob(id=task.request.id, name=task.name, title="Work")
    token = progress.bound.set(one)
    yield one
    progress.bound.reset(token)


def numbers(job: RunningJob) -> tuple[float, float | None, str, str]:
    """Return what is done of what, of what kind, and the message."""
    return job.counter.n, job.counter.total, job.counter.unit, job.message


@pytest.mark.parametrize(
    ("meta", "expected"),
    [
        ({"current": 3, "total": 9}, (3, 9, "", "")),
        ({"current": 3}, (3, None, "", "")),
        ({"current": 3, "total": 0}, (3, None, "", "")),
        ({"current": 3, "total": 9, "status": "Rows"}, (3, 9, "", "Rows")),
        ({"total": 9, "description": "Rows", "unit": "row"}, (0, 9, "row", "Rows")),
        ({"percent": 12.5, "message": "Rows"}, (12.5, 100, "", "Rows")),
        ({"current": "3", "total": [], "status": 7, "unit": None}, (0, None, "", "")),
        ({"something": "else"}, (0, None, "", "")),
        (None, (0, None, "", "")),
        ("text", (0, None, "", "")),
    ],
)
def test_known_names_are_shown(job: RunningJob, task: Any, meta: Any, expected: Any) -> None:
    """What means nothing to us is Celery's alone."""
    task.update_state(state="PROGRESS", meta=meta)
    assert numbers(job) == expected


def test_the_state_may_stand_first(job: RunningJob, task: Any) -> None:
    """Where Celery takes it for an id."""
    task.update_state("PROGRESS", {"current": 1, "total": 2})
    assert numbers(job) == (1, 2, "", "")
    task.update_state("PROGRESS", meta={"current": 2})
    assert numbers(job) == (2, 2, "", "")


def test_it_is_a_checkpoint(job: RunningJob, task: Any) -> None:
    """A cancel reaches it."""
    job.hear(Wish.CANCEL)
    with pytest.raises(Cancelled):
        task.update_state(state="PROGRESS", meta={"current": 1})


def test_no_task_pays_for_it_that_does_not_call_it() -> None:
    """It is there once, in Celery's class, however often we connect."""
    before = Task.update_state
    update_state.connect()
    assert Task.update_state is before
    assert "update_state" not in vars(type(tasks.nothing))


@pytest.mark.django_db(transaction=True)
def test_bar_and_result_backend_are_both_told(threads_worker: Child, tmp_path: Path) -> None:
    """Also of a task with a base class of the project's own."""
    gate = tmp_path / "gate"
    job = tasks.updates_state.delay(str(gate)).id

    def half() -> bool:
        state = read_one(job) or {}
        return (state.get("current"), state.get("total")) == (5, 10)

    wait_until(half, "the half")
    result: Any = AsyncResult(job)
    assert (result.state, result.info["current"]) == ("PROGRESS", 5)
    gate.touch()
    row = Job.objects.filter(pk=job, status="succeeded")
    wait_until(row.exists, "the end")
    last = row.get().last
    assert (last["current"], last["fraction"], last["message"]) == (10, 1, "Row 10")


@pytest.mark.django_db(transaction=True)
def test_what_is_said_of_others_is_not_the_jobs_own(threads_worker: Child) -> None:
    """Neither of another id nor of an eager task inside it."""
    job = tasks.updates_others.delay().id
    row = Job.objects.filter(pk=job, status="succeeded")
    wait_until(row.exists, "the end")
    last = row.get().last
    assert (last["current"], last["total"], last["message"]) == (0, None, "")
