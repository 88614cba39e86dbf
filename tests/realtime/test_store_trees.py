"""Trees in both stores: what a job reports changes its root's numbers in the same step."""

from __future__ import annotations

import json
import random
import uuid
from typing import Any

import pytest

from realtime.events import ENDS, JobState, Status
from realtime.store import CROWNED, Crown, News, Part, Remembered, Report, Store
from tests.services import wait_until


def new() -> str:
    """Return an id."""
    return str(uuid.uuid4())


def part_report(job: str, root: str, status: str, fraction: float = 0, **more: Any) -> Report:
    """Return what a job below a root reports."""
    promised = more.pop("promised", ())
    state = JobState(id=job, root=root, status=status, fraction=fraction)
    given: dict[str, Any] = {"order": 0 if status == Status.QUEUED else 1, "run": "one"} | more
    part = Part(root=root, status=status, fraction=fraction, promised=promised)
    return Report(job=job, body=state.body(), ends=status in ENDS, part=part, **given)


def root_report(root: str, mode: str, own: float | None = None, best: float = 0.0) -> Report:
    """Return what is said of a root."""
    without = CROWNED if own is not None else (*CROWNED, "current", "total", "ok", "failed")
    state = JobState(id=root, root=root, status=Status.QUEUED if mode == "plant" else "running")
    order = 0 if mode in {"plant", "sealed"} else 1
    crown = Crown(mode=mode, own=own, best=best)
    return Report(job=root, order=order, body=state.body(without=without), crown=crown)


def say(store: Store, job: str, root: str, status: str, *args: Any, **more: Any) -> Remembered:
    """Let a job report."""
    return store.remember([part_report(job, root, status, *args, **more)])[0]


def told(store: Store, root: str, mode: str = "held", **more: Any) -> dict[str, Any]:
    """Tell of the root, and return its state."""
    answer = store.remember([root_report(root, mode, **more)])[0]
    state: dict[str, Any] = json.loads(store.states([root])[root])
    if answer.accepted:
        assert json.loads("{" + answer.tail[1:]).items() <= state.items()
    return state


@pytest.fixture
def root(store: Store) -> str:
    """Return the root of a tree that has begun."""
    job = new()
    assert store.remember([root_report(job, "plant")])[0].accepted
    return job


def settled(store: Store, root: str) -> dict[str, Any]:
    """Return the root's state once the size of its tree counts as known."""
    store.remember([root_report(root, "sealed")])
    return told(store, root)


def test_a_root_is_the_sum_of_its_jobs(store: Store, root: str) -> None:
    """Jobs weigh equally; an end is whole, whichever it is."""
    jobs = [new() for _ in range(4)]
    for job in jobs:
        say(store, job, root, "queued")
    say(store, jobs[0], root, "running", 0.5)
    say(store, jobs[1], root, "failed", 0.1)
    state = settled(store, root)
    assert state["fraction"] == 0.375
    assert (state["current"], state["total"], state["ok"], state["failed"]) == (1, 4, 0, 1)
    assert state["children"] == {
        **dict.fromkeys(("retrying", "succeeded", "cancelled", "lost"), 0),
        "total": 4,
        "queued": 2,
        "running": 1,
        "failed": 1,
    }


def test_while_a_tree_grows_its_fraction_is_not_known(store: Store, root: str) -> None:
    """A fast worker would else show nine tenths of a group that is just being queued."""
    for _ in range(3):
        say(store, new(), root, "succeeded")
    state = told(store, root)
    assert (state["fraction"], state["children"]["succeeded"]) == (None, 3)


def test_the_same_report_counts_once(store: Store, root: str) -> None:
    """An end that is told twice, because the first answer was lost, is one end."""
    job = new()
    say(store, new(), root, "queued")
    for _ in range(3):
        say(store, job, root, "running", 0.5)
    for _ in range(2):
        say(store, job, root, "succeeded", 1)
    say(store, job, root, "running", 0.9)
    state = settled(store, root)
    assert (state["fraction"], state["current"], state["total"]) == (0.5, 1, 2)


def test_a_retry_takes_nothing_back(store: Store, root: str) -> None:
    """The next attempt begins anew, the root's bar does not."""
    job = new()
    say(store, new(), root, "queued")
    say(store, job, root, "running", 0.8)
    before = settled(store, root)["fraction"]
    say(store, job, root, "retrying", 0.8)
    say(store, job, root, "running", 0.1, order=2, run="two")
    state = told(store, root)
    assert (state["fraction"], state["children"]["total"]) == (before, 2)


def test_late_jobs_hold_the_bar_and_do_not_move_it_back(store: Store, root: str) -> None:
    """Nine more jobs after the first half: the fraction waits for them."""
    jobs = [new() for _ in range(2)]
    say(store, jobs[0], root, "succeeded")
    say(store, jobs[1], root, "running", 0)
    assert settled(store, root)["fraction"] == 0.5
    for _ in range(8):
        say(store, new(), root, "queued")
    assert told(store, root)["fraction"] == 0.5
    for _ in range(5):
        say(store, new(), root, "succeeded")
    assert told(store, root)["fraction"] == 0.5
    for _ in range(5):
        say(store, new(), root, "succeeded")
    assert told(store, root)["fraction"] == 0.55


def test_what_is_promised_counts_until_it_comes_or_never_will(store: Store, root: str) -> None:
    """A chain's further links are part of its bar from the start; a failure calls them off."""
    first, second, third = new(), new(), new()
    say(store, first, root, "queued", promised=(second, third))
    assert told(store, root)["children"]["total"] == 3
    say(store, first, root, "succeeded")
    say(store, second, root, "queued", promised=(third,))
    assert settled(store, root)["fraction"] == 0.3333
    answer = say(store, second, root, "failed", order=1)
    assert answer.news is News.ALL_ENDED
    assert told(store, root)["children"]["total"] == 2


def test_a_promise_that_comes_late_is_heard(store: Store, root: str) -> None:
    """A worker may be faster than who tells that the job was queued."""
    first, second = new(), new()
    say(store, first, root, "running", 0)
    assert not say(store, first, root, "queued", promised=(second,)).accepted
    assert told(store, root)["children"]["total"] == 2


def test_only_the_last_end_is_the_last(store: Store, root: str) -> None:
    """Who reports it is told that the root's end is due."""
    jobs = [new() for _ in range(3)]
    for job in jobs:
        assert say(store, job, root, "queued").news is News.SOME
    ends = [say(store, job, root, "failed").news for job in jobs]
    assert ends == [News.SOME, News.SOME, News.ALL_ENDED]


def test_a_tree_that_was_lost_is_put_together_again(store: Store) -> None:
    """From what SQL knows and what is heard meanwhile; an end is never taken back."""
    root, alive, done, waiting = (new() for _ in range(4))
    assert say(store, alive, root, "running", 0.5).news is News.SOME
    say(store, done, root, "succeeded")
    assert not store.growth(root).planted
    known = [(alive, "running"), (done, "running"), (waiting, "queued"), (new(), "succeeded")]
    store.regrow(root, known, held=True, sealed=True)
    growth = store.growth(root)
    assert (growth.planted, growth.open, growth.started, growth.jobs) == (True, 2, True, 4)
    assert growth.resting
    wait_until(lambda: not store.growth(root).resting, "its jobs to have spoken")
    assert settled(store, root)["fraction"] == 0.625


def test_a_task_with_jobs_below_it_is_one_of_them(store: Store) -> None:
    """Its own part weighs as much as each of theirs, and its own numbers stay its own."""
    root, job = new(), new()
    say(store, job, root, "queued")
    state = wait_until(
        lambda: (one := told(store, root, "own", own=0.5))["fraction"] == 0.25 and one, "the size"
    )
    assert (state["current"], state["total"]) == (0, None)
    say(store, job, root, "running", 0.5)
    assert told(store, root, "own", own=1.0)["fraction"] == 0.75
    assert told(store, root, "held", own=1.0, best=0.1)["fraction"] == 0.75


def test_what_viewers_have_seen_is_never_taken_back(store: Store, root: str) -> None:
    """Though the store has forgotten it."""
    say(store, new(), root, "running", 0.1)
    assert told(store, root, best=0.4)["fraction"] == 0.4


def test_a_tree_that_has_fallen_has_no_news(store: Store, root: str) -> None:
    """What its jobs still say changes nothing."""
    store.fell(root)
    assert say(store, new(), root, "running").news is News.NONE
    assert store.growth(root).open == 0


@pytest.mark.parametrize("seed", range(3))
def test_the_sums_are_exact_whatever_comes_in_which_order(store: Store, seed: int) -> None:
    """After a thousand random reports, the counts are those of the jobs' last states."""
    chance, root = random.Random(seed), new()
    store.remember([root_report(root, "plant")])
    jobs, last = [new() for _ in range(40)], {}
    statuses = ["queued", "running", "retrying", "succeeded", "failed", "cancelled", "lost"]
    for _ in range(1_000):
        job, status = chance.choice(jobs), chance.choices(statuses, [5, 50, 5, 2, 2, 1, 1])[0]
        answer = say(store, job, root, status, chance.random())
        if answer.accepted and not answer.ended:
            last[job] = status
    children = told(store, root)["children"]
    assert children.pop("total") == len(last)
    assert children == {status: list(last.values()).count(status) for status in statuses}
    still = [status for status in last.values() if status not in ENDS]
    assert store.growth(root).open == len(still)


def test_who_is_to_follow_is_known(store: Store, root: str) -> None:
    """Until it is queued, or nobody will ever queue it."""
    first, second, third = new(), new(), new()
    assert store.promised(new()) == []
    say(store, first, root, "queued", promised=(second, third))
    assert set(store.promised(root)) == {second, third}
    say(store, second, root, "queued")
    assert store.promised(root) == [third]
    say(store, first, root, "cancelled")
    assert store.promised(root) == []


def test_what_is_wanted_of_a_root_is_told_with_its_tree(store: Store, root: str) -> None:
    """No worker's report would bring it back."""
    assert store.growth(root).wants == ""
    store.want([root], "cancel")
    assert store.growth(root).wants == "cancel"


def test_a_tree_of_which_nothing_is_queued_yet_is_not_over(store: Store, root: str) -> None:
    """Its root would have ended before its first job is there."""
    growth = store.growth(root)
    assert (growth.planted, growth.open, growth.settled) == (True, 0, False)
    store.remember([root_report(root, "sealed")])
    assert store.growth(root).settled


def test_a_tree_has_a_bound(store: Store, root: str, settings: Any) -> None:
    """A task that queues itself for ever fills no memory; what is counted goes on."""
    settings.HEADWAY = {**settings.HEADWAY, "TREE_JOBS": 3}
    jobs = [new() for _ in range(5)]
    for job in jobs:
        say(store, job, root, "running")
    ends = [say(store, job, root, "succeeded").news for job in jobs]
    assert settled(store, root)["children"]["succeeded"] == 3
    assert (store.growth(root).jobs, store.growth(root).open) == (3, 0)
    assert News.ALL_ENDED not in ends, "expected SQL to be asked whether the others have ended"
    store.regrow(root, [(new(), "queued")], held=True, sealed=True)
    assert store.growth(root).jobs == 3
