"""How much of its tree's bar a job is, as its task or its message says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from celery import chain, shared_task

import realtime
from realtime.canvas import promised
from realtime.errors import HeadwayError
from realtime.models import Job
from realtime.states import read_one
from realtime.weights import weight_of
from tests.processes import Child
from tests.services import wait_until
from tests.tasks import nothing, wait_silently

HEAVY: Any = {"headway": {"weight": 3}}


@shared_task
@realtime.weight(5)
def below() -> None:
    """Weigh more, and say so below the task's own decorator."""


@realtime.weight(0.5)
@shared_task
def above() -> None:
    """Weigh less, and say so above."""


def test_a_task_says_what_its_jobs_weigh() -> None:
    """Above and below its own decorator; all others weigh the same."""
    found = [weight_of(task.name, None) for task in (below, above, nothing)]
    assert found == [5, 0.5, 1]
    assert weight_of("nobody.knows.it", None) == 1


@pytest.mark.parametrize(
    ("said", "found"), [(3, 3), ("7", 1), (None, 5), (0, 1), (-1, 1), ("x", 1), (1e99, 10_000)]
)
def test_a_message_says_it_better(said: Any, found: float) -> None:
    """What it says is bounded, and what is no weight is none."""
    assert weight_of(below.name, {"weight": said}) == found


@pytest.mark.parametrize("given", [0, -1, 10_001, float("nan"), "much"])
def test_what_is_no_weight_is_refused_where_it_is_said(given: Any) -> None:
    """When the module is imported, not at night."""
    with pytest.raises(HeadwayError, match=r"expected weight\(\) to be given a number"):
        realtime.weight(given)


def test_what_is_to_follow_says_what_it_weighs() -> None:
    """Before it is queued: a chain's links, a chord's body."""
    three = nothing.si().set(headers=HEAVY, task_id="0" * 8 + "-0000" * 3 + "-" + "1" * 12)
    body = below.si().set(task_id="0" * 8 + "-0000" * 3 + "-" + "2" * 12)
    found = promised(([], {}, {"chain": [dict(three)], "chord": dict(body)}))
    assert list(found.values()) == [3, 5]


@pytest.mark.django_db(transaction=True)
def test_the_bar_of_a_chain_is_by_weight(threads_worker: Child, tmp_path: Path) -> None:
    """Its first link is a quarter of it, and its job keeps its weight in SQL."""
    gate = tmp_path / "gate"
    last = wait_silently.si(str(gate)).set(headers=HEAVY)
    root = str(realtime.start(chain(nothing.si(), last)).pk)
    wait_until(
        lambda: (one := read_one(root)) and one["fraction"] and one["children"]["running"],
        "the second link",
    )
    assert (read_one(root) or {})["fraction"] == 0.25
    weights = Job.objects.exclude(pk=root).values_list("last__weight", flat=True)
    assert sorted(weights) == [1, 3]
    gate.touch()
    wait_until(lambda: (read_one(root) or {})["finished_at"], "the end")
    assert (read_one(root) or {})["fraction"] == 1
