"""Trees in both stores: what a job reports changes its root's numbers in the same step."""

from __future__ import annotations

import json
import random
import uuid
from dataclasses import replace
from typing import Any

import pytest

from realtime.events import ENDS, JobState, Status
from realtime.store import Branch, Crown, News, Part, Remembered, Report, Store, told_of
from tests.services import wait_until


def new() -> str:
    """Return an id."""
    return str(uuid.uuid4())


def part_report(job: str, root: str, status: str, fraction: float = 0, **more: Any) -> Report:
    """Return what a job below a root reports."""
    promised, weight = more.pop("promised", {}), more.pop("weight", 1.0)
    state = JobState(id=job, root=root, status=status, fraction=fraction)
    given: dict[str, Any] = {"order": 0 if status == Status.QUEUED else 1, "run": "one"} | more
    part = Part(root=root, status=status, fraction=fraction, weight=weight, promised=promised)
    return Report(job=job, body=state.body(), ends=status in ENDS, part=part, **given)


def root_report(root: str, mode: str, own: float | None = None, **more: float) -> Report:
    """Return what is said of a root."""
    state = JobState(id=root, root=root, status=Status.QUEUED if mode == "plant" else "running")
    order = 0 if mode in {"plant", "sealed"} else 1
    crown = Crown(mode=mode, own=own, **more)
    return Report(job=root, order=order, body=state.body(without=told_of(crown)), crown=crown)


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


def test_a_heavier_job_is_more_of_the_bar(store: Store, root: str) -> None:
    """As it says, and as was promised of it; what weighs nothing to speak of counts as well."""
    light, heavy, follows = new(), new(), new()
    say(store, light, root, "queued", weight=0.5)
    say(store, heavy, root, "queued", weight=2.5, promised={follows: 7})
    say(store, light, root, "succeeded", weight=0.5)
    assert settled(store, root)["fraction"] == 0.05
    say(store, heavy, root, "running", 0.5, weight=2.5)
    assert told(store, root)["fraction"] == 0.175
    say(store, heavy, root, "succeeded", weight=2.5)
    say(store, follows, root, "running", 0.5, weight=7)
    state = told(store, root)
    assert (state["fraction"], state["current"], state["total"]) == (0.65, 2, 3)


def test_a_heavy_job_that_comes_late_holds_the_bar(store: Store, root: str) -> None:
    """Also one that turns out heavier than was said: no bar goes back."""
    first, late = new(), new()
    say(store, first, root, "succeeded")
    say(store, late, root, "queued")
    assert settled(store, root)["fraction"] == 0.5
    say(store, late, root, "running", 0.25, weight=9)
    assert told(store, root)["fraction"] == 0.5
    say(store, late, root, "running", 0.75, weight=9)
    assert told(store, root)["fraction"] == 0.775


def test_the_sums_of_many_heavy_jobs_are_whole_numbers(store: Store, root: str) -> None:
    """Larger ones than Lua writes without an exponent."""
    jobs = [new() for _ in range(200)]
    for job in jobs:
        say(store, job, root, "succeeded", weight=10_000)
    say(store, new(), root, "running", 0, weight=10_000)
    assert settled(store, root)["fraction"] == 0.995


def test_a_task_weighs_what_it_says_in_its_own_tree(store: Store) -> None:
    """Beside the jobs that it has queued."""
    root = new()
    say(store, new(), root, "queued")
    wait_until(
        lambda: told(store, root, "own", own=1.0, weight=3.0)["fraction"] == 0.75, "the size"
    )


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
    say(store, first, root, "queued", promised={second: 1, third: 1})
    assert told(store, root)["children"]["total"] == 3
    say(store, first, root, "succeeded")
    say(store, second, root, "queued", promised={third: 1})
    assert settled(store, root)["fraction"] == 0.3333
    answer = say(store, second, root, "failed", order=1)
    assert answer.news is News.ALL_ENDED
    assert told(store, root)["children"]["total"] == 2


def test_a_promise_that_comes_late_is_heard(store: Store, root: str) -> None:
    """A worker may be faster than who tells that the job was queued."""
    first, second = new(), new()
    say(store, first, root, "running", 0)
    assert not say(store, first, root, "queued", promised={second: 1}).accepted
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
    known = [
        Branch(alive, "running"),
        Branch(done, "running"),
        Branch(waiting, "queued"),
        Branch(new(), "succeeded"),
    ]
    store.regrow(root, known, held=True, sealed=True)
    growth = store.growth(root)
    assert (growth.planted, growth.open, growth.started, growth.jobs) == (True, 2, True, 4)
    assert growth.resting
    wait_until(lambda: not store.growth(root).resting, "its jobs to have spoken")
    assert settled(store, root)["fraction"] == 0.625


def test_a_tree_that_was_lost_has_its_promises_again(store: Store) -> None:
    """Of what has not ended; what was half done when SQL was told counts half."""
    root, runs, over, failed, follows, last = (new() for _ in range(6))
    say(store, over, root, "succeeded")
    known = [
        Branch(runs, "retrying", 1, 0.5, {follows: 2, last: 1}),
        Branch(over, "running", promised={new(): 1}),
        Branch(follows, "queued", 2, promised={last: 1}),
        Branch(failed, "running", promised={last: 1, new(): 1}),
    ]
    store.regrow(root, known, held=True, sealed=True)
    state = told(store, root)
    assert (state["total"], state["current"]) == (6, 1)
    assert state["fraction"] == 0.2142
    say(store, failed, root, "failed")
    assert told(store, root)["total"] == 4


def test_a_tree_that_was_lost_while_it_was_queued_is_not_over(store: Store) -> None:
    """SQL may know its root, and no job below it yet: nothing to end it for."""
    root = new()
    store.regrow(root, [], held=True, sealed=False)
    growth = store.growth(root)
    assert (growth.planted, growth.open, growth.settled) == (True, 0, False)


def test_a_large_tree_is_told_again_in_parts(store: Store) -> None:
    """Redis does nothing else meanwhile."""
    root = new()
    known = [Branch(new(), "running", promised={new(): 1, new(): 1}) for _ in range(1_000)]
    store.regrow(root, known, held=True, sealed=True)
    state, growth = told(store, root), store.growth(root)
    assert (state["total"], growth.jobs, growth.planted) == (3_000, 1_000, True)


def test_a_task_whose_tree_was_lost_has_news(store: Store) -> None:
    """Its jobs may all wait, and say nothing."""
    root = new()
    own = root_report(root, "own", own=0.5)
    assert store.remember([own])[0].news is News.SOME
    store.regrow(root, [Branch(new(), "queued")], held=False, sealed=True)
    assert store.remember([own])[0].news is News.NONE


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


def test_a_replaced_task_counts_the_jobs_that_go_on_as_it(store: Store) -> None:
    """The last of them, which has its own id, is none of them; what went well is its own affair."""
    root, done, runs = new(), new(), new()
    for job, status in ((done, "succeeded"), (runs, "running")):
        say(store, job, root, "queued", promised={root: 1})
        say(store, job, root, status, 0.5)
    state = told(store, root, "replaced", own=0.0)
    assert (state["current"], state["total"], state["ok"]) == (1, 2, 0)
    assert state["children"]["total"] == 2
    assert state["fraction"] == 0.5  # Of three parts one is whole and one half.
    say(store, runs, root, "succeeded")
    state = told(store, root, "replaced", own=0.0)
    assert (state["current"], state["fraction"]) == (2, 0.6666)
    assert told(store, root, "own", own=0.5)["fraction"] == 0.8333


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


def test_what_is_wanted_of_a_root_is_told_with_its_tree(store: Store, root: str) -> None:
    """No worker's report would bring it back."""
    assert store.growth(root).wants == ""
    store.want([root], "cancel")
    assert store.growth(root).wants == "cancel"


def test_a_root_that_waits_tells_how_much_is_queued(store: Store, root: str) -> None:
    """Once all of it is; a start that came before is not taken back."""
    say(store, new(), root, "queued", promised={new(): 1})
    sealed = replace(root_report(root, "sealed"), claim=True)
    assert store.remember([sealed])[0].accepted
    state = json.loads(store.states([root])[root])
    assert (state["status"], state["total"]) == ("running", 2)
    assert told(store, root)["total"] == 2
    assert not store.remember([sealed])[0].accepted


def test_a_tree_of_which_nothing_is_queued_yet_is_not_over(store: Store, root: str) -> None:
    """Its root would have ended before its first job is there."""
    growth = store.growth(root)
    assert (growth.planted, growth.open, growth.settled) == (True, 0, False)
    store.remember([root_report(root, "sealed")])
    assert store.growth(root).settled


def test_a_tree_is_busy_while_one_of_its_jobs_works(store: Store, root: str) -> None:
    """Not while they wait for people or for a worker."""
    one, other = new(), new()
    say(store, one, root, "queued")
    assert not store.growth(root).busy
    say(store, one, root, "running")
    say(store, other, root, "cancelling")
    assert store.growth(root).busy
    say(store, one, root, "paused")
    assert store.growth(root).busy
    say(store, other, root, "waiting")
    assert not store.growth(root).busy


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
    store.regrow(root, [Branch(new(), "queued")], held=True, sealed=True)
    assert store.growth(root).jobs == 3
