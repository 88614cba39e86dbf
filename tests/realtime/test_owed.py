"""What a task's end may leave for later, and for how long."""

from __future__ import annotations

import uuid
from threading import Event, Thread
from time import monotonic
from typing import Any

import pytest

from realtime import owed
from realtime.transition import Transition

JOB = str(uuid.uuid4())


def _end() -> Transition:
    return Transition(lambda: None)


def test_the_next_task_waits_until_the_end_before_it_is_recorded() -> None:
    """The thread goes on after an end, and no further than to its next task."""
    end, gone_on, begun = _end(), Event(), Event()

    def work() -> None:
        owed.owe(JOB, end)
        gone_on.set()
        owed.settle()
        begun.set()

    thread = Thread(target=work)
    thread.start()
    assert gone_on.wait(5)
    assert not begun.wait(0.05)
    end.recorded()
    thread.join(5)
    assert begun.is_set()


def test_an_end_that_takes_too_long_lets_the_next_task_begin(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A database that is away holds a worker up for a while, not for ever; the log says so."""
    settings.HEADWAY = {**settings.HEADWAY, "END_TIMEOUT": 0.01}
    owed.owe(JOB, _end())
    owed.settle()
    assert f"The end of job {JOB} is not recorded yet" in caplog.text
    caplog.clear()
    owed.settle()
    assert not caplog.text


def test_more_tasks_begin_before_an_end_whose_result_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """For a while: what the reporter has not recorded by then is waited for."""
    monkeypatch.setattr(owed, "TOGETHER", 60.0)
    ends = [_end(), _end()]
    for end in ends:
        owed.owe(JOB, end, kept=True)
        owed.settle()  # Goes on.
    monkeypatch.setattr(owed, "TOGETHER", 0.0)
    late, begun = _end(), Event()

    def work() -> None:
        owed.owe(JOB, late, kept=True)
        owed.settle()
        begun.set()

    thread = Thread(target=work)
    thread.start()
    assert not begun.wait(0.05)
    late.recorded()
    thread.join(5)
    assert begun.is_set()
    for end in ends:
        end.recorded()
    owed.settle_all()


def test_an_end_whose_result_nobody_keeps_is_waited_for_with_those_before_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing else tells of it should the next task take the process with it."""
    monkeypatch.setattr(owed, "TOGETHER", 60.0)
    kept, last, begun = _end(), _end(), Event()

    def work() -> None:
        owed.owe(JOB, kept, kept=True)
        owed.owe(JOB, last)
        owed.settle()
        begun.set()

    thread = Thread(target=work)
    thread.start()
    kept.recorded()
    assert not begun.wait(0.05)
    last.recorded()
    thread.join(5)
    assert begun.is_set()


def test_many_ends_that_take_too_long_hold_a_thread_up_no_longer_than_one(
    settings: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each is waited for from when it was put."""
    settings.HEADWAY = {**settings.HEADWAY, "END_TIMEOUT": 1.0}
    monkeypatch.setattr(owed, "TOGETHER", 0.0)
    for _ in range(30):
        owed.owe(JOB, _end(), kept=True)
    began = monotonic()
    owed.settle()
    assert monotonic() - began < 15
    assert caplog.text.count("is not recorded yet") == 30


def test_a_process_ends_after_what_its_threads_owe() -> None:
    """A child that is replaced after its task has no next one to wait in."""
    end, others, left = _end(), _end(), Event()
    owed.owe(JOB, end)
    thread = Thread(target=owed.owe, args=(JOB, others))
    thread.start()
    thread.join()

    def leave() -> None:
        owed.settle_all()
        left.set()

    Thread(target=leave).start()
    end.recorded()
    assert not left.wait(0.05)
    others.recorded()
    assert left.wait(5)
    owed.settle()
