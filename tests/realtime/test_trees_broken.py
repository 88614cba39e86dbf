"""Trees in which something is odd: each has one root, one end and the counts of the database."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest
from celery import chain, chord, group

import realtime
from realtime import control, trees
from realtime.events import JobState
from realtime.models import Job
from realtime.publish import Change, publish
from realtime.states import read_one
from realtime.store import Crown, Store
from tests import tasks
from tests.processes import Child, worker
from tests.realtime.test_trees import check_against_sql, last_of, shown
from tests.services import RedisServer, wait_until
from tests.tasks import fail, gather, nothing, wait_silently

pytestmark = pytest.mark.django_db(transaction=True)

SOON = json.dumps({"LEASE": 1, "ORPHAN": 1})


def test_a_cancelled_child_counts_and_its_group_goes_on(
    threads_worker: Child, tmp_path: Path
) -> None:
    """Who has stopped one of the jobs wants the others all the same."""
    told, gate = tmp_path / "told", tmp_path / "gate"
    root = realtime.start(group(tasks.steps.si(str(told)), wait_silently.si(str(gate))))
    wait_until(told.exists, "the first step")
    child = Job.objects.get(root=root.pk, name=tasks.steps.name)
    control.cancel(str(child.pk))
    shown(str(root.pk), lambda one: one["children"] and one["children"]["cancelled"] == 1)
    gate.touch()
    state = last_of(root)
    counts = (state["children"]["succeeded"], state["children"]["cancelled"])
    assert (state["status"], *counts) == ("succeeded", 1, 1)
    check_against_sql(state)


@pytest.mark.parametrize("how", ["once", "retried", "fails", "chain"])
def test_a_child_that_lets_another_task_go_on_is_one_job(threads_worker: Child, how: str) -> None:
    """Under its id, whatever goes on; what a chain does before it is below it."""
    root = realtime.start(group(tasks.replace_itself.si(how), nothing.si()))
    state = last_of(root)
    assert (state["status"], state["failed"]) == ("succeeded", 0)
    assert state["children"]["succeeded"] == (3 if how == "chain" else 2)
    check_against_sql(state)


def test_who_tells_late_of_a_replaced_root_takes_its_last_part_back_from_nobody(
    store: Store,
) -> None:
    """Read before the last task began, told when it had ended: the root would wait for ever."""
    root = str(uuid.uuid4())
    begun = JobState(id=root, root=root, status="running", held=True, final=root)
    over = begun.changed(final=None)

    def say(state: JobState, run: str) -> None:
        crown = Crown(mode="held", own=1.0)
        publish([Change(state=state, order=1, run=run, claim=True, crown=crown)])

    say(begun, "first")
    read = trees.read(root)
    assert read
    say(over, "last")
    late = trees.told(read.state, at=read.at)
    [answer] = publish([late]).answers
    assert answer
    assert not answer.accepted
    now = trees.read(root)
    assert now
    assert now.state["final"] is None


def test_a_job_that_comes_when_its_roots_task_has_long_returned(
    threads_worker: Child, tmp_path: Path
) -> None:
    """It is waited for, and the bar waits with it."""
    gate = tmp_path / "gate"
    root = str(tasks.start_who_starts_later.delay(str(gate)).id)
    before = shown(root, lambda one: one.get("held") and one["children"]["running"] == 1)
    gate.touch()
    state = last_of(root)
    assert (before["children"]["total"], state["children"]["succeeded"]) == (1, 2)
    check_against_sql(state)


def test_a_replaced_job_of_which_a_part_is_lost_ends(alone: None, redis: RedisServer) -> None:
    """Its own message was acknowledged long ago, though a broker would bring back such a task."""
    with redis.client() as client, worker("threads", HEADWAY_MORE=SOON):
        root = str(realtime.start(tasks.replace_by_chord, "nowhere").pk)
        shown(root, lambda one: (one["children"] or {}).get("succeeded") == 1)
        assert client.delete("nowhere")
        state = last_of(root, seconds=60)
    assert state["status"] == "lost"
    assert state["error"]["text"].startswith("A job for which it has waited is lost.")
    assert state["children"] == trees.counted(root)
    assert (state["children"]["total"], state["children"]["lost"]) == (2, 1)


def test_the_same_id_twice_is_one_job(threads_worker: Child) -> None:
    """Celery runs it twice; what comes after its end changes nothing."""
    same = str(uuid.uuid4())
    parts = [nothing.si().set(task_id=same), nothing.si().set(task_id=same), nothing.si()]
    root = realtime.start(group(parts))
    state = last_of(root)
    assert (state["status"], state["children"]["total"]) == ("succeeded", 2)
    check_against_sql(state)


def test_a_chord_within_a_chord_that_fails_ends_both(threads_worker: Child) -> None:
    """Neither body is ever run, and none is waited for."""
    inner = chord([nothing.si(), fail.si("x")], gather.s())
    root = realtime.start(chord([inner, nothing.si()], gather.s()))
    state = last_of(root)
    assert (state["status"], state["failed"]) == ("failed", 1)
    check_against_sql(state)
    assert not Job.objects.filter(name=gather.name, finished_at=None)


def test_what_a_job_calls_back_is_below_it(threads_worker: Child) -> None:
    """As links of a signature, on success and on failure."""
    called = realtime.start(nothing.signature(link=nothing.si(), immutable=True))
    state = last_of(called)
    assert (state["status"], state["children"]["succeeded"]) == ("succeeded", 1)
    check_against_sql(state)


def test_a_chain_of_chains_in_groups_in_a_task(threads_worker: Child) -> None:
    """A canvas that is queued inside a task belongs to the task's tree, however deep."""
    root = str(tasks.start_canvas.delay().id)
    state = last_of(root)
    assert (state["status"], state["children"]["succeeded"]) == ("succeeded", 8)
    check_against_sql(state)
    assert Job.objects.filter(parent=None).count() == 1


def test_an_empty_group_is_refused_and_an_empty_header_is_its_body(threads_worker: Child) -> None:
    """There is nothing to show of the one; the other is one task."""
    with pytest.raises(realtime.HeadwayError, match="got: no job"):
        realtime.start(group([]))
    root = realtime.start(chord([], gather.s([])))
    assert last_of(root)["status"] == "succeeded"


def test_a_chain_whose_first_link_waits_is_cancelled_whole(
    threads_worker: Child, tmp_path: Path
) -> None:
    """None of its links ever starts."""
    later = chain(nothing.si().set(countdown=60), nothing.si(), nothing.si())
    root = str(realtime.start(later).pk)
    wait_until(lambda: (read_one(root) or {})["total"] == 3, "the whole chain to be known")
    control.cancel(root)
    state = last_of(root)
    assert (state["status"], state["children"]["total"]) == ("cancelled", 1)
    check_against_sql(state)
