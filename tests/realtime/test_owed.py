"""What a task's end may leave for later, and for how long."""

from __future__ import annotations

import uuid
from threading import Event, Thread
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
