"""Requests that cross the death of a worker: each is heard by the run that follows, once."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from realtime import control
from realtime.errors import Refused
from realtime.models import Job
from tests import tasks
from tests.faults.test_steering_dies import Start, has, kill_the_run, lines, pids, start, told
from tests.services import wait_until

__all__ = ["start", "told"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

STEPS = 300
ALL = [str(number) for number in range(STEPS)]


def paused(told: Path) -> str:
    """Return a job that a worker has begun and that is paused, as SQL knows too."""
    job = str(tasks.steps_late.delay(str(told), STEPS).id)
    wait_until(lambda: len(lines(told)) > 5, "some steps", 20)
    control.pause(job)
    has(job, status="paused")
    wait_until(lambda: Job.objects.get(pk=job).status == "paused", "SQL to know")
    return job


def whole(told: Path) -> list[str]:
    """Return the steps of the last run alone."""
    last = str(pids(told)[-1])
    return [line.split()[1] for line in lines(told) if line.split()[0] == last]


def another(job: str, known: str) -> dict[str, Any]:
    """Return what a job asks once it is not the question that is known."""

    def asked() -> Any:
        question = has(job, status="waiting")["question"]
        return question if question["id"] != known else None

    return wait_until(asked, "the next question")  # type: ignore[no-any-return]


def test_what_dead_workers_never_heard_the_next_run_hears(start: Start, told: Path) -> None:
    """A pause, and then that it is taken back: each is obeyed by the run that follows."""
    one = start()
    job = str(tasks.steps_late.delay(str(told), STEPS).id)
    wait_until(lambda: len(lines(told)) > 5, "some steps", 20)
    one.signal(signal.SIGKILL, group=True)
    control.pause(job)
    done = len(lines(told))
    two = start("threads")
    has(job, 30, status="paused")
    assert len(lines(told)) == done
    two.signal(signal.SIGKILL, group=True)
    control.resume(job)
    start("threads")
    has(job, 30, status="succeeded")
    assert len(pids(told)) == 2
    assert whole(told) == ALL


def test_a_pause_that_was_taken_back_does_not_come_again(start: Start, told: Path) -> None:
    """Killed after it went on: the next run has nothing to wait for."""
    start()
    job = paused(told)
    before = len(lines(told))
    control.resume(job)
    wait_until(lambda: len(lines(told)) > before, "it to go on")
    kill_the_run(told)
    has(job, 30, status="succeeded")
    assert whole(told) == ALL


def test_an_answer_is_not_taken_for_the_next_question(start: Start, told: Path) -> None:
    """The same words asked twice are two questions, in the run that died and in the next one."""
    start()
    job = str(tasks.asks_twice.delay(str(told)).id)
    first = has(job, 20, status="waiting")["question"]
    control.answer(job, "Yes", question=first["id"])
    wait_until(lambda: len(lines(told)) == 1, "the first answer")
    second = another(job, first["id"])
    with pytest.raises(Refused):
        control.answer(job, "No", question=first["id"])
    kill_the_run(told)
    wait_until(lambda: len(lines(told)) == 2, "the next run to have it too", 20)
    assert another(job, first["id"])["id"] == second["id"]
    control.answer(job, "No", question=second["id"])
    has(job, status="succeeded")
    assert [line.split()[1] for line in lines(told)] == ["Yes", "Yes", "No"]
    assert len(pids(told)) == 2


def test_a_cancel_that_a_dead_worker_never_heard_ends_the_job(start: Start, told: Path) -> None:
    """Its message comes back, and no line of its task is run any more."""
    one = start()
    job = str(tasks.steps_late.delay(str(told), 100_000).id)
    wait_until(lambda: len(lines(told)) > 5, "some steps", 20)
    one.signal(signal.SIGKILL, group=True)
    control.cancel(job)
    done = len(lines(told))
    start("threads")
    has(job, 30, status="cancelled")
    assert len(lines(told)) == done
    wait_until(lambda: Job.objects.get(pk=job).status == "cancelled", "SQL to know")
