"""What a process that is forked leaves its child, and what it does not."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection

from realtime.events import JobState, Status
from realtime.forks import Unforked
from realtime.models import Job
from realtime.publish import Change
from realtime.reporter import Reporter
from realtime.transition import Transition

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")

needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts open files")


def in_child(answer: Callable[[], int]) -> int:
    """Fork, and return what the child has answered."""
    child = os.fork()
    if not child:
        try:
            os._exit(answer())
        finally:
            os._exit(99)  # It must not go on with the tests.
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def ended() -> Transition:
    """Return the end of a job that nobody knows."""
    job = str(uuid.uuid4())
    state = JobState(id=job, name="shop.stocktake", title="", root=job, status=Status.SUCCEEDED)
    return Transition(lambda: Change(state=state, order=1, transition=True))


def open_databases() -> int:
    """Return how often this process has the database's file open."""
    files = Path("/proc/self/fd").iterdir()
    return sum("sqlite3" in file.resolve().name for file in files)


@needs_proc
@pytest.mark.django_db(transaction=True)
def test_a_child_inherits_no_connection_of_the_reporter() -> None:
    """SQLite's locks would be untrue in it: it found a malformed database where all was well."""
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite's locks belong to a process")
    connection.close()
    others = open_databases()  # Of threads that earlier tests have left behind.
    reporter = Reporter()
    assert reporter.put(ended()).wait(5)
    assert open_databases() > others
    assert in_child(open_databases) == others
    assert reporter.put(ended()).wait(5), "The parent's reporter connects again."
    assert Job.objects.count() == 2
    reporter.close(5)


def test_a_fork_waits_for_the_end_of_what_must_not_be_cut_in_two() -> None:
    """The child has no thread that would give back what the parent's held."""
    done = []
    unforked, inside = Unforked(), threading.Event()

    def work() -> None:
        with unforked:
            inside.set()
            threading.Event().wait(0.1)
            done.append(1)

    thread = threading.Thread(target=work)
    thread.start()
    assert inside.wait(5)
    assert in_child(lambda: len(done)) == 1
    thread.join(5)


def test_a_child_may_do_what_its_parent_was_in_the_middle_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A fork that would not wait any longer leaves the child no lock that nobody opens."""
    monkeypatch.setattr("realtime.forks.PATIENCE", 0.05)
    unforked, inside, may_end = Unforked(), threading.Event(), threading.Event()

    def work() -> None:
        with unforked:
            inside.set()
            may_end.wait(10)

    def work_too() -> int:
        with unforked:
            return 7

    thread = threading.Thread(target=work)
    thread.start()
    assert inside.wait(5)
    assert in_child(work_too) == 7
    may_end.set()
    thread.join(5)
