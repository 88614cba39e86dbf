"""A task obeys what people want at its next call, in this process, without a worker."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import pytest

from realtime import Cancelled, progress
from realtime.events import Status, Wish
from realtime.question import Question
from realtime.running import RunningJob
from realtime.snapshot import Snapshots
from tests.services import wait_until

Told = Callable[[Callable[[], Any]], Future[Any]]


@pytest.fixture
def job() -> Iterator[RunningJob]:
    """Bind a running job to this test."""
    one = RunningJob(id="0b9d3a01-51c4-4e2b-8a7f-3c6e9d210001", name="tests.work", title="Work")
    token = progress.bound.set(one)
    yield one
    progress.bound.reset(token)


@pytest.fixture
def task(job: RunningJob) -> Iterator[Told]:
    """Return what runs a part of the job's task in a thread of its own."""
    with ThreadPoolExecutor(2) as threads:
        yield lambda call: threads.submit(copy_context().run, call)
        job.hear(Wish.CANCEL)  # Or a test that has failed would wait for ever.


def seen(job: RunningJob) -> Any:
    """Return the state as the reporter would publish it."""
    return Snapshots(job).state(time.monotonic())


def loop(steps: int) -> int:
    """Count, and return how far that came."""
    done = 0
    for _ in progress.track(range(steps)):
        done += 1
    return done


@pytest.mark.parametrize(
    "call",
    [
        progress.checkpoint,
        progress.advance,
        lambda: progress.update(1),
        lambda: loop(3),
        lambda: progress.stage("a").__enter__(),
    ],
    ids=["checkpoint", "advance", "update", "track", "stage"],
)
def test_each_call_waits_while_paused(job: RunningJob, task: Told, call: Any) -> None:
    """It is shown as paused, costs no time of the processor, and goes on when it may."""
    job.hear(Wish.PAUSE)
    waiting = task(call)
    wait_until(lambda: seen(job).status == Status.PAUSED, "the call to wait")
    before = time.process_time()
    job.hear(Wish.PAUSE)
    assert not waiting.done()
    assert time.process_time() - before < 0.1
    job.hear(Wish.GO_ON)
    waiting.result(5)
    assert seen(job).status == Status.RUNNING


def test_a_pause_that_is_taken_back_stops_nothing(job: RunningJob) -> None:
    """The task had not come to it yet."""
    job.hear(Wish.PAUSE)
    job.hear(Wish.GO_ON)
    assert loop(3) == 3


def test_who_is_told_again_obeys_once(job: RunningJob, task: Told) -> None:
    """What people want is told with each report."""
    for wish in (Wish.PAUSE, Wish.PAUSE):
        job.hear(wish)
    waiting = task(lambda: loop(3))
    wait_until(lambda: job.paused, "the loop to wait")
    for wish in (Wish.GO_ON, Wish.GO_ON):
        job.hear(wish)
    assert waiting.result(5) == 3
    assert not job.asked


def test_a_fence_ends_a_pause(job: RunningJob, task: Told) -> None:
    """Nobody resumes a run that counts no more."""
    job.hear(Wish.PAUSE)
    waiting = task(progress.checkpoint)
    wait_until(lambda: job.paused, "the call to wait")
    job.fence("Another worker runs this job now.")
    with pytest.raises(Cancelled, match="Another worker"):
        waiting.result(5)


def test_cleaning_up_is_neither_paused_nor_asked(job: RunningJob) -> None:
    """After a cancel nothing else is wanted, and there is nobody to answer."""
    job.hear(Wish.CANCEL)
    assert seen(job).status == Status.CANCELLING
    with pytest.raises(Cancelled):
        progress.ask("Sure?")
    job.hear(Wish.PAUSE)
    assert loop(3) == 3
    with pytest.raises(TimeoutError, match="being cancelled"):
        progress.ask("Sure?")
    assert seen(job).status == Status.CANCELLING


def test_nobody_answers_outside_a_job() -> None:
    """A plain function takes the way that it takes when nobody answers in time."""
    with pytest.raises(TimeoutError, match="no tracked job"):
        progress.ask("Sure?", choices=["Yes"])


def test_an_answer_is_the_choice_that_the_task_gave(job: RunningJob, task: Told) -> None:
    """Viewers see texts, the task gets its own object back."""
    waiting = task(lambda: progress.ask("How many?", choices=[1, 2, None]))
    wait_until(lambda: seen(job).status == Status.WAITING, "the question")
    question = seen(job).question
    assert (question["text"], question["choices"]) == ("How many?", ["1", "2", "None"])
    job.hear_answer("another", '{"answer": "1"}', closed=False)
    job.hear_answer(question["id"], '{"answer": "2"}', closed=False)
    assert waiting.result(5) == 2
    assert (seen(job).status, seen(job).question) == (Status.RUNNING, None)


def test_a_question_is_closed_before_its_task_goes_on(job: RunningJob, task: Told) -> None:
    """Until the store has taken that in, an answer may have come first, and counts."""
    waiting = task(lambda: progress.ask("Sure?", timeout=0.05))
    wait_until(lambda: job.question and job.question.closing, "its time to be over")
    assert (seen(job).status, seen(job).question) == (Status.RUNNING, None)
    assert job.question
    job.hear_answer(job.question.id, '{"answer": "late"}', closed=True)
    assert waiting.result(5) == "late"
    again = task(lambda: progress.ask("Sure?", timeout=0.05))
    wait_until(lambda: job.question and job.question.closing, "its time to be over")
    job.hear_answer(job.question.id, "", closed=True)
    with pytest.raises(TimeoutError, match="Nobody has answered in time: Sure"):
        again.result(5)


def test_the_same_question_is_known_in_another_run() -> None:
    """Asked again in the same run it is a new one."""

    def ids() -> list[str]:
        job = RunningJob(id="0b9d3a01-51c4-4e2b-8a7f-3c6e9d210001", name="t", title="T")
        job.hear(Wish.CANCEL)
        job.cancelling = False
        asked = [Question(said, choices, None) for said, choices in QUESTIONS]
        for question in asked:
            question.nth = job._count(question)
        return [question.id for question in asked]

    first, second = ids(), ids()
    assert first == second
    assert len(set(first)) == len(first)


QUESTIONS: list[tuple[str, Any]] = [("a", None), ("a", None), ("b", None), ("a", ["x"])]


@pytest.mark.parametrize(
    ("choices", "shown"),
    [("Yes", ["Yes"]), ([], ["[]"]), (range(100), [str(n) for n in range(50)]), (7, ["7"])],
)
def test_choices_are_whatever_a_task_gives(choices: Any, shown: list[str]) -> None:
    """They are texts for viewers, and not too many."""
    assert Question("?", choices, None).view()["choices"] == shown


@pytest.mark.parametrize("timeout", [float("nan"), float("inf"), 1e300, "soon", None])
def test_a_time_that_is_none_is_for_ever(timeout: Any) -> None:
    """Nothing overflows."""
    assert Question("?", None, timeout).view()["expires_at"] is None
