"""The place of each log line, in both stores: told twice, it is kept once; lost, it is counted."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from realtime import reading
from realtime.store import Lines, MemoryStore, Report, Store, get_store

JOB = str(uuid.uuid4())
FAR = 2**32


def report(*texts: str, run: str = "one", order: int = 1, **more: Any) -> Report:
    """Return a run's report with lines."""
    lines = tuple(json.dumps({"text": text}) for text in texts)
    return Report(job=JOB, order=order, run=run, body='{"id":"x"}', lines=lines, **more)


def texts(store: Store, after: int = 0) -> list[tuple[int, str]]:
    """Return the log's lines with their numbers."""
    return [(line["n"], line["text"]) for line in store.log(JOB, after).lines]


def lose_everything() -> None:
    """Make the store as it is after FLUSHALL."""
    store = get_store()
    if isinstance(store, MemoryStore):
        store._records.clear()
    else:
        store._redis.flushdb()  # type: ignore[attr-defined]


@pytest.mark.parametrize("base", [None, 0])
def test_lines_told_again_are_kept_once(store: Store, base: int | None) -> None:
    """The first answer was lost, so the same lines come again, with one more."""
    store.remember([report("a", "b", base=base)])
    (answer,) = store.remember([report("a", "b", "c", base=base)])
    assert answer.log == 3
    assert texts(store) == [(1, "a"), (2, "b"), (3, "c")]


def test_lines_of_one_batch_follow_each_other(store: Store) -> None:
    """A run may report twice before it has an answer."""
    store.remember([report("a"), report("b", told=1)])
    assert texts(store) == [(1, "a"), (2, "b")]


def test_another_run_goes_on_where_the_log_is(store: Store) -> None:
    """The next attempt knows nothing of the lines that the first one has told."""
    store.remember([report("a", "b", base=0)])
    store.remember([report("c", run="two", order=2)])
    store.remember([report("d", run="two", order=2, told=1, base=2)])
    assert texts(store) == [(1, "a"), (2, "b"), (3, "c"), (4, "d")]


def test_numbers_go_on_after_everything_was_lost(store: Store) -> None:
    """What was lost is said to be, and viewers who have line 2 are given line 3."""
    store.remember([report("a", "b", base=0)])
    lose_everything()
    (answer,) = store.remember([report("c", told=2, base=0)])
    assert answer.log == 3
    assert texts(store, after=2) == [(3, "c")]
    assert store.log(JOB, 0).lost == 2


@pytest.mark.parametrize("meanwhile", [[], [report(run="none", claim=True, after=FAR)]])
def test_who_follows_forgotten_runs_begins_far_behind_them(
    store: Store, meanwhile: list[Report]
) -> None:
    """Nobody knows how many lines viewers have seen: what comes now must be news to them.

    So it is when somebody else, who knows no more, has told of the job before.
    """
    store.remember([report("a", "b", base=0)])
    lose_everything()
    store.remember(meanwhile)
    store.remember([report("c", run="two", order=2, after=FAR)])
    (answer,) = store.remember([report("d", run="two", order=2, told=1, after=FAR)])
    assert answer.log == FAR + 2
    assert texts(store, after=2) == [(FAR + 1, "c"), (FAR + 2, "d")]
    assert store.log(JOB, 2).lost == FAR - 2


def test_who_follows_runs_that_said_nothing_begins_the_log(store: Store) -> None:
    """The store knows that there were no lines, from the job's queueing or its first run."""
    store.remember([report(run="", order=0)])
    store.remember([report("a", run="two", order=2, after=FAR)])
    assert texts(store) == [(1, "a")]


def test_a_state_alone_keeps_the_place(store: Store) -> None:
    """A report without lines says after the loss how many lines there were."""
    store.remember([report("a", "b", base=0)])
    lose_everything()
    (answer,) = store.remember([report(told=2, base=0)])
    assert answer.log == 2


@pytest.mark.django_db(transaction=True)
def test_lines_that_the_store_forgot_are_counted(store: Store) -> None:
    """An ended job's log is lost with the store: readers are told how many lines there were."""
    store.remember([report("a", "b")])
    assert reading.log(JOB, 1, newest=2).lost == 0
    lose_everything()
    assert reading.log(JOB, 1, newest=2) == Lines(lines=[], lost=1)
    assert reading.log(JOB, 2, newest=2) == Lines(lines=[], lost=0)


def test_lines_of_no_run_are_always_new(store: Store) -> None:
    """Who reports for no run does not count what was told before."""
    store.remember([report("a", run="")])
    store.remember([report("b", run="")])
    assert texts(store) == [(1, "a"), (2, "b")]
