"""The thread of what is done again and again."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from functools import partial

import pytest

from realtime.rounds import Rounds
from tests.services import wait_until

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")


class Work:
    """Counts its rounds; a round lasts as long as the test lets it."""

    def __init__(self) -> None:
        """Begin with nothing done."""
        self.begun = 0
        self.done = 0
        self.may_end = threading.Event()
        self.may_end.set()

    def __call__(self) -> None:
        """Make a round."""
        self.begun += 1
        assert self.may_end.wait(10)
        self.done += 1
        raise ValueError("an error in each round")

    def has_done(self, rounds: int) -> bool:
        """Tell whether so many are over, and none is on its way."""
        return self.begun == self.done == rounds


@pytest.fixture
def work() -> Work:
    """Return something to do."""
    return Work()


@pytest.fixture
def rounds(work: Work) -> Iterator[Rounds]:
    """Return what does it."""
    one = Rounds("test", work, lambda: 0.01)
    yield one
    work.may_end.set()
    one.stop(5)


def test_an_error_in_one_round_does_not_end_the_next(rounds: Rounds, work: Work) -> None:
    """It is told, and the thread goes on until it is stopped; then it may start again."""
    rounds.start()
    wait_until(lambda: work.done > 2, "some rounds")
    rounds.stop(5)
    done = work.done
    assert not rounds.alive
    rounds.start()
    wait_until(lambda: work.done > done, "another round")


def test_nobody_forks_in_the_middle_of_a_round(rounds: Rounds, work: Work) -> None:
    """The child has no thread that would give back what the round held."""
    work.may_end.clear()
    rounds.start()
    wait_until(lambda: work.begun, "a round to begin")
    threading.Timer(0.1, work.may_end.set).start()
    child = os.fork()
    if not child:
        os._exit(work.begun - work.done if not rounds.alive else 99)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    wait_until(lambda: work.begun > 1, "the rounds to go on")


def test_a_round_without_end_holds_no_fork_up(
    rounds: Rounds, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that does not answer must not stop a worker from replacing its children."""
    monkeypatch.setattr("realtime.forks.PATIENCE", 0.05)
    work.may_end.clear()
    rounds.start()
    wait_until(lambda: work.begun, "a round to begin")
    child = os.fork()
    if not child:
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_who_is_told_to_does_not_wait_for_the_next_round(work: Work) -> None:
    """However long the rounds are apart."""
    rounds = Rounds("test", work, lambda: 600.0)
    rounds.start()
    for begun in (1, 2, 3):
        wait_until(partial(work.has_done, begun), "the round")
        rounds.nudge()
    rounds.stop(5)
    assert not rounds.alive
