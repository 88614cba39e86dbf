"""Steering what stands for a tree, and that no worker runs: its jobs are reached, and end it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from celery import current_app

from realtime import control, guardian, permissions, records, trees
from realtime.errors import Refused
from realtime.events import JobState, Status, timestamp
from realtime.models import Job
from realtime.permissions import Role
from realtime.publish import Change, end_elsewhere
from realtime.reaper import Reaper
from realtime.reporter import get_reporter
from realtime.states import State, read_one
from realtime.store import Part, RedisStore, Report, Store
from realtime.transition import Transition
from tests.services import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def alone(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody be told, neither viewers nor workers."""
    monkeypatch.setattr("realtime.announcer.announce", lambda shards: None)
    monkeypatch.setattr(current_app.control, "revoke", lambda *_, **__: None)


def put(change: Change) -> None:
    """Let a change be published and wait until it is recorded."""
    assert get_reporter().put(Transition(lambda: change)).wait(5)


def plant(name: str = "celery.group", *, row: bool = True, **more: Any) -> str:
    """Return the root of a tree that has begun; its `row` may wait for a transaction."""
    root = str(uuid.uuid4())
    at = timestamp()
    state = JobState(id=root, root=root, name=name, held=True, queued_at=at, updated_at=at, **more)
    if row:
        records.create(state, "")
    put(trees.planted(state))
    return root


def below(
    root: str, status: str, promised: dict[str, float] | None = None, fraction: float | None = None
) -> str:
    """Return a job of a tree, with a status."""
    job = str(uuid.uuid4())
    at = timestamp()
    state = JobState(id=job, root=root, parent=root, status=status, queued_at=at, updated_at=at)
    state = state.changed(fraction=fraction)
    order = 0 if status == Status.QUEUED else 1
    records.create(state, "", promised)
    put(Change(state=state, order=order, transition=bool(order), promised=promised or {}))
    return job


def say(job: str, root: str, status: str = Status.RUNNING) -> None:
    """Let a job report that it goes on, or rests, to a store that may have forgotten it."""
    state = JobState(id=job, root=root, parent=root, status=status)
    put(Change(state=state, order=1, floor=1_000))


def forget(store: Store) -> None:
    """Lose everything, as FLUSHALL does."""
    if isinstance(store, RedisStore):
        store._redis.flushdb()
    else:
        store.__init__()  # type: ignore[misc]


def seal(root: str) -> None:
    """Say that all of a tree is queued."""
    put(trees.sealed(JobState.from_dict(read_one(root) or {})))


def end(job: str, status: Status) -> None:
    """End a job as its worker does."""
    put_end = Transition(partial(end_elsewhere, job, status))
    assert get_reporter().put(put_end).wait(5)


def until(root: str, status: str) -> State:
    """Wait until a root has this status."""
    found: State = wait_until(
        lambda: (one := read_one(root)) and one["status"] == status and one, f"{status} to be told"
    )
    return found


def test_a_cancelled_group_ends_with_the_last_of_its_jobs(store: Store) -> None:
    """Each is reached; those that wait end at once, and one that runs is waited for."""
    root = plant()
    waits, runs = below(root, "queued"), below(root, "running")
    seal(root)
    until(root, "running")
    said = control.cancel(root)
    assert (said["status"], said["note"]) == ("cancelling", control.ENDS_LAST)
    assert (read_one(waits) or {})["status"] == "cancelled"
    assert store.standing(runs).wants == "cancel"
    state = until(root, "cancelling")
    assert (state["finished_at"], permissions.view(state, Role.OWNER)["actions"]) == (None, [])
    end(runs, Status.CANCELLED)
    state = until(root, "cancelled")
    assert (state["children"]["cancelled"], state["children"]["total"]) == (2, 2)
    wait_until(lambda: Job.objects.get(pk=root).status == "cancelled", "SQL to know")


def test_a_cancelled_group_of_which_nothing_has_started_ends_soon() -> None:
    """Nobody else would report anything of it."""
    root = plant()
    jobs = [below(root, "queued") for _ in range(3)]
    seal(root)
    control.cancel(root)
    assert until(root, "cancelled")["children"]["cancelled"] == len(jobs)


def test_what_has_ended_well_before_is_no_end_of_a_cancelled_group() -> None:
    """A part of it was left out because somebody wanted it so."""
    root = plant()
    done, left = below(root, "running"), below(root, "queued")
    seal(root)
    end(done, Status.SUCCEEDED)
    control.cancel(root)
    children = until(root, "cancelled")["children"]
    assert (children["succeeded"], children["cancelled"]) == (1, 1)
    assert (read_one(left) or {})["status"] == "cancelled"


def test_a_cancel_that_comes_too_late_changes_no_end() -> None:
    """Where each job has got to its own end all the same."""
    root = plant()
    last = below(root, "running")
    seal(root)
    until(root, "running")
    control.cancel(root)
    until(root, "cancelling")
    end(last, Status.SUCCEEDED)
    assert until(root, "succeeded")["children"]["succeeded"] == 1


def test_links_that_are_to_follow_never_start(store: Store) -> None:
    """A link that makes no progress calls succeeds, and Celery queues the next one."""
    follows = str(uuid.uuid4())
    root = plant("celery.chain", final=follows)
    below(root, "running", promised={follows: 1})
    seal(root)
    until(root, "running")
    control.cancel(root)
    assert store.standing(follows).wants == "cancel"


def test_a_task_that_has_returned_is_cancelled_with_what_it_queued() -> None:
    """It has done its own work, but stood for all of it."""
    root = plant("tests.fan_out", status=Status.RUNNING)
    below(root, "queued")
    seal(root)
    control.cancel(root)
    until(root, "cancelled")


def test_a_replaced_task_is_cancelled_with_what_replaced_it() -> None:
    """The last job that would have gone on under its id never runs."""
    root = str(uuid.uuid4())
    at = timestamp()
    state = JobState(id=root, root=root, status=Status.RUNNING, held=True, final=root, queued_at=at)
    records.create(state, "")
    put(trees.planted(state))
    below(root, "queued")
    seal(root)
    control.cancel(root)
    until(root, "cancelled")


def test_what_no_worker_runs_can_only_be_steered_with_its_jobs() -> None:
    """The reason is told, and the state offers nothing else."""
    root = plant()
    below(root, "running")
    seal(root)
    state = until(root, "running")
    assert permissions.view(state, Role.OWNER)["actions"] == ["cancel", "pause"]
    for steer in (control.cancel, control.pause):
        with pytest.raises(Refused, match="with the jobs below"):
            steer(root, tree=False)


def test_a_paused_group_is_paused_when_none_of_its_jobs_works(store: Store) -> None:
    """Each is reached, also those that wait for a worker; until then it can be taken back."""
    root = plant()
    runs, waits = below(root, "running"), below(root, "queued")
    seal(root)
    until(root, "running")
    said = control.pause(root)
    assert (said["status"], said["note"]) == ("running", control.ALL_PAUSE)
    assert {store.standing(job).wants for job in (runs, waits)} == {"pause"}
    wait_until(lambda: (read_one(root) or {})["wants"] == "pause", "the root to tell")
    assert permissions.view(read_one(root) or {}, Role.OWNER)["actions"] == ["cancel", "resume"]
    say(runs, root, Status.PAUSED)
    state = until(root, "paused")
    assert permissions.view(state, Role.OWNER)["actions"] == ["cancel", "resume"]
    assert (state["eta"], state["children"]["running"]) == (None, 1)
    wait_until(lambda: Job.objects.get(pk=root).status == "paused", "SQL to know")
    with pytest.raises(Refused, match="expected the job to be running, got: paused"):
        control.pause(root)
    control.resume(root)
    assert {store.standing(job).wants for job in (runs, waits)} == {"resume"}
    say(runs, root)
    assert permissions.view(until(root, "running"), Role.OWNER)["actions"] == ["cancel", "pause"]


def test_the_time_that_a_tree_rests_is_no_time_that_it_takes() -> None:
    """After an hour's pause a half-done tree takes as long again as it has worked."""
    began = datetime.now(UTC) - timedelta(hours=1, seconds=10)
    state = JobState(
        id="x",
        root="x",
        name="celery.group",
        status=Status.PAUSED,
        held=True,
        fraction=0.5,
        started_at=timestamp(began),
        updated_at=timestamp(began + timedelta(seconds=10)),
    )
    paused = trees.told({**state.values(), "seq": 1, "wants": "pause"}, busy=False).state
    assert (paused.status, paused.eta) == ("paused", None)
    on = trees.told({**paused.values(), "seq": 2, "wants": "resume"}).state
    assert on.status == "running"
    assert on.eta == pytest.approx(10, abs=5)


def test_a_pause_of_a_tree_reaches_the_links_that_are_to_follow(store: Store) -> None:
    """Of a task's own tree too, while the task runs; a cancel likewise."""
    root, follows = str(uuid.uuid4()), str(uuid.uuid4())
    records.create(JobState(id=root, root=root, status=Status.RUNNING, queued_at=timestamp()), "")
    job = below(root, "running", promised={follows: 1})
    for steer, wish in ((control.pause, "pause"), (control.cancel, "cancel")):
        steer(root)
        assert {store.standing(one).wants for one in (job, follows)} == {wish}


def test_a_job_is_paused_alone_when_that_is_wanted(store: Store) -> None:
    """What it has started goes on."""
    root = str(uuid.uuid4())
    records.create(JobState(id=root, root=root, status=Status.RUNNING, queued_at=timestamp()), "")
    job = below(root, "running")
    control.pause(root, tree=False)
    assert (store.standing(root).wants, store.standing(job).wants) == ("pause", "")


def test_a_root_waits_for_the_transaction_in_which_it_is_queued(store: Store) -> None:
    """Of what is not committed SQL has no rows, so it cannot tell that all have ended."""
    root, job = plant(row=False), str(uuid.uuid4())
    seal(root)
    part = Part(root=root, status="succeeded", fraction=1)
    state = JobState(id=job, root=root, parent=root, status="succeeded", finished_at=timestamp())
    store.remember([Report(job=job, order=1, body=state.body(), ends=True, part=part)])
    get_reporter().tell(root)
    wait_until(lambda: Job.objects.filter(pk=root).exists(), "the root's row")
    assert (read_one(root) or {})["finished_at"] is None
    records.create(state, "")
    assert until(root, "succeeded")["children"]["succeeded"] == 1


def test_a_bar_stays_where_it_was_when_the_store_has_lost_its_tree(store: Store) -> None:
    """Though a job that was half done has not spoken again."""
    root = plant()
    half, other = below(root, "running", fraction=0.8), below(root, "running")
    seal(root)
    known = wait_until(
        lambda: (one := read_one(root)) and one["fraction"] == 0.4 and one, "the bar"
    )
    forget(store)
    say(other, root)
    after = wait_until(
        lambda: (one := read_one(root)) and one["seq"] > known["seq"] and one, "the root again"
    )
    assert (after["fraction"], after["children"]["running"]) == (0.4, 2)
    end(half, Status.SUCCEEDED)
    end(other, Status.SUCCEEDED)
    assert until(root, "succeeded")["fraction"] == 1


def test_what_is_to_follow_counts_again_when_the_store_has_lost_it(store: Store) -> None:
    """SQL has kept it, of jobs that wait and of those that run; a cancel finds it too."""
    follows, last = str(uuid.uuid4()), str(uuid.uuid4())
    root = plant("celery.chord", final=last)
    below(root, "queued", promised={follows: 1, last: 1})
    runs = below(root, "running", promised={last: 1})
    seal(root)
    wait_until(lambda: (read_one(root) or {})["total"] == 4, "the whole tree")
    forget(store)
    say(runs, root)
    until(root, "running")
    wait_until(lambda: (read_one(root) or {})["total"] == 4, "the whole tree again")
    control.cancel(root)
    assert {store.standing(one).wants for one in (follows, last)} == {"cancel"}
    end(runs, Status.CANCELLED)
    until(root, "cancelled")
    wait_until(lambda: not Job.objects.filter(root=root).exclude(promised={}), "SQL to make room")


def test_a_root_of_which_nothing_speaks_is_told_again(store: Store) -> None:
    """Its jobs wait, so none of them would let anybody know that the store has lost it."""
    root = plant()
    below(root, "queued", promised={str(uuid.uuid4()): 1})
    seal(root)
    known = wait_until(lambda: (one := read_one(root)) and one["children"] and one, "the root")
    forget(store)
    guardian.tell_again([root])
    after = wait_until(
        lambda: (one := read_one(root)) and one["seq"] > known["seq"] and one["children"] and one,
        "the root again",
    )
    assert (after["status"], after["total"], after["children"]["queued"]) == ("queued", 2, 1)


def test_the_judge_tells_at_once_of_roots_that_the_store_has_lost(store: Store) -> None:
    """Long before anybody is taken for dead."""
    root = plant()
    below(root, "queued")
    started = below(root, "running")
    seal(root)
    until(root, "running")
    end(started, Status.SUCCEEDED)
    known = wait_until(
        lambda: (one := read_one(root)) and one["current"] == 1 and one, "the first end"
    )
    forget(store)
    Reaper().look()
    after = wait_until(
        lambda: (one := read_one(root)) and one["seq"] > known["seq"] and one, "the root again"
    )
    assert (after["current"], after["total"], after["status"]) == (1, 2, "running")


@pytest.mark.parametrize("wish", ["pause", "cancel"])
def test_what_was_wanted_of_a_tree_is_wanted_when_the_store_has_lost_it(
    store: Store, wish: str
) -> None:
    """No worker speaks for links that are to follow, nor for a paused job that waits."""
    follows = str(uuid.uuid4())
    root = plant()
    runs, waits = below(root, "running", promised={follows: 1}), below(root, "queued")
    seal(root)
    until(root, "running")
    (control.pause if wish == "pause" else control.cancel)(root)
    wait_until(lambda: Job.objects.get(pk=root).last["wants"] == wish, "SQL to know")
    forget(store)
    say(runs, root)
    asked = {follows, waits} if wish == "pause" else {follows}
    wait_until(lambda: {store.standing(one).wants for one in asked} == {wish}, "it to be wanted")
    assert until(root, "running" if wish == "pause" else "cancelling")["wants"] == wish


def test_a_root_that_nobody_tells_of_any_more_is_told_by_who_judges(
    store: Store, settings: Any
) -> None:
    """Its jobs have ended in a process that died before it told of the root."""
    settings.HEADWAY = {**settings.HEADWAY, "LEASE": 0.4}
    root, job = plant(), str(uuid.uuid4())
    state = JobState(id=job, root=root, parent=root, status="succeeded", finished_at=timestamp())
    records.create(state, "")
    part = Part(root=root, status="succeeded", fraction=1)
    store.remember([Report(job=job, order=1, body=state.body(), ends=True, part=part)])
    store.remember([trees.sealed(JobState.from_dict(read_one(root) or {})).report()])
    judge = Reaper()

    def judged() -> bool:
        judge.look()
        return bool((read_one(root) or {})["finished_at"])

    wait_until(judged, "the root's end")


def test_a_tree_too_large_for_the_store_ends_when_sql_says_so(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The jobs that the store does not keep count all the same."""
    settings.HEADWAY = {**settings.HEADWAY, "TREE_JOBS": 2}
    monkeypatch.setattr("realtime.heralds.SELDOM", 0.1)
    root = plant()
    jobs = [below(root, "running") for _ in range(3)]
    seal(root)
    until(root, "running")
    for job in jobs[:2]:
        end(job, Status.SUCCEEDED)
    end(jobs[2], Status.FAILED)
    children = until(root, "succeeded")["children"]
    assert (children["total"], children["succeeded"], children["failed"]) == (3, 2, 1)
