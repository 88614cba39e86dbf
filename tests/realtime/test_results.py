"""Whose results any process can ask for, also when the one that ran the task is gone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from celery import Celery

from realtime import results


def task(backend: str | None, **more: Any) -> Any:
    """Return a task of an application with this result backend, while it runs."""
    app = Celery("one", backend=backend, set_as_current=False)

    def work() -> None:
        """Do nothing."""

    return app.task(**more)(work)


@pytest.mark.parametrize(
    ("backend", "kept"),
    [
        ("redis://127.0.0.1:1/0", True),
        ("file:///tmp", True),
        ("rpc://", False),
        ("cache+memory://", False),
        (None, False),
    ],
)
def test_results_are_kept_where_others_can_ask(backend: str | None, *, kept: bool) -> None:
    """Not in the memory of one process, nor in a queue that is read once."""
    assert results.are_kept(task(backend)) is kept


def test_a_result_that_nobody_wants_is_not_kept() -> None:
    """Whether the task says so, or who calls it."""
    wanted = task("redis://127.0.0.1:1/0")
    assert not results.are_kept(task("redis://127.0.0.1:1/0", ignore_result=True))
    wanted.push_request(ignore_result=True)
    assert not results.are_kept(wanted)
    wanted.pop_request()
    assert results.are_kept(wanted)


@pytest.mark.parametrize(
    "said",
    [
        "2026-11-28T01:02:03.004+00:00",
        "2026-11-28T02:02:03.004+01:00",
        "2026-11-28T01:02:03.004",
    ],
)
def test_when_it_was_done_is_read_as_backends_write_it(said: str) -> None:
    """In any zone; in UTC where none is named."""
    assert results._moment(said).timestamp() == 1795827723.004


def test_a_backend_that_does_not_say_when_says_now() -> None:
    """An older one, or somebody's own."""
    for nothing in (None, "yesterday", SimpleNamespace()):
        assert results._moment(nothing).tzinfo
