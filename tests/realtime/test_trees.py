"""Groups, chords, chains and fan-outs in real workers: one job stands for all of them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from celery import chain, chord, group, signals
from django.db import connection

import realtime
from realtime import control, trees
from realtime.admission import FRESH
from realtime.models import Job
from realtime.states import read_one
from tests import tasks
from tests.processes import Child
from tests.services import RedisServer, wait_until
from tests.tasks import fail, gather, nothing, one_of_many, wait_silently

pytestmark = pytest.mark.django_db(transaction=True)


def ended(job: str) -> dict[str, Any] | None:
    """Return the last state of a job once it has ended, in SQL too."""
    return read_one(job) if Job.objects.filter(pk=job, finished_at__isnull=False) else None


def last_of(job: Any, seconds: float = 20) -> dict[str, Any]:
    """Wait for a job's last state."""
    root = str(getattr(job, "pk", job))
    found: dict[str, Any] = wait_until(lambda: ended(root), "the root's end", seconds)
    return found


def cancel(root: str) -> None:
    """Cancel a tree, and let the moment pass in which a worker believes its last look."""
    control.cancel(root)
    until = time.monotonic() + 2 * FRESH
    wait_until(lambda: time.monotonic() > until, "workers to look again")


def check_against_sql(root: dict[str, Any]) -> None:
    """Compare what a root says of its tree with the rows; all of them have ended."""
    rows = Job.objects.filter(root=root["id"]).exclude(pk=root["id"])
    counts = Counter(rows.values_list("status", flat=True))
    told = {status: number for status, number in root["children"].items() if number}
    assert told.pop("total", 0) == sum(counts.values())
    assert told == counts
    assert set(counts) <= {"succeeded", "failed", "cancelled", "lost"}
    assert root["fraction"] == 1


def test_a_group_is_one_job_of_its_starter(threads_worker: Child, ana: Any) -> None:
    """Its title and owner are given once; its id is the group's; its parts are below it."""
    signature = group(nothing.s() for _ in range(10))
    root = realtime.start(signature, title="Ten things", owner=ana, tags=["x"])
    assert (root.title, root.owner, root.name) == ("Ten things", ana, "celery.group")
    state = last_of(root)
    assert (state["status"], state["current"], state["total"]) == ("succeeded", 10, 10)
    assert (state["ok"], state["failed"], state["tags"]) == (10, 0, ["x"])
    check_against_sql(state)
    rows = Job.objects.filter(root=root.pk).exclude(pk=root.pk)
    assert {(row.parent, row.owner_id) for row in rows} == {(root.pk, ana.pk)}


def test_without_a_line_of_code_a_group_is_found(threads_worker: Child) -> None:
    """`apply_async` is all; the group's id is its job's."""
    result = group(nothing.s() for _ in range(3)).apply_async()
    state = last_of(result.id)
    assert (state["title"], state["children"]["succeeded"]) == ("Nothing", 3)


SHAPES: dict[str, tuple[Callable[[], Any], str, int]] = {
    "chain": (lambda: chain(nothing.si(), nothing.si(), nothing.si()), "celery.chain", 3),
    "chord": (lambda: chord([nothing.si(), nothing.si()], gather.s()), "celery.chord", 3),
    "chord, then": (
        lambda: chain(group(nothing.si(), nothing.si()), gather.s(), nothing.si()),
        "celery.chord",
        4,
    ),
    "chain of groups": (
        lambda: chain(
            nothing.si(), group(nothing.si(), nothing.si()), gather.s(), group(nothing.si())
        ),
        "celery.chain",
        5,
    ),
    "group of chains": (
        lambda: group(chain(nothing.si(), nothing.si()), nothing.si()),
        "celery.group",
        3,
    ),
    "group of chords": (
        lambda: group(chord([nothing.si(), nothing.si()], gather.s()), nothing.si()),
        "celery.group",
        4,
    ),
    "chord of chords": (
        lambda: chord([chord([nothing.si(), nothing.si()], gather.s()), nothing.si()], gather.s()),
        "celery.chord",
        5,
    ),
    "group of groups": (
        lambda: group(group(nothing.si(), nothing.si()), nothing.si()),
        "celery.group",
        3,
    ),
    "chord of chains": (
        lambda: chord([chain(nothing.si(), nothing.si()), nothing.si()], gather.s()),
        "celery.chord",
        4,
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_all_that_is_queued_together_is_one_tree(threads_worker: Child, shape: str) -> None:
    """However it is nested, there is one root and one end, when everything below has ended."""
    make, name, jobs = SHAPES[shape]
    root = realtime.start(make(), title=shape)
    state = last_of(root)
    assert (state["status"], state["name"], state["title"]) == ("succeeded", name, shape)
    assert state["children"]["total"] == jobs
    check_against_sql(state)
    assert Job.objects.filter(parent=None).count() == 1


def test_a_chain_knows_from_the_start_how_long_it_is(threads_worker: Child, tmp_path: Path) -> None:
    """Its further links count before they are queued."""
    gate = tmp_path / "gate"
    root = str(realtime.start(chain(wait_silently.si(str(gate)), nothing.si(), nothing.si())).pk)
    state = wait_until(
        lambda: (one := read_one(root)) and one["started_at"] and one["fraction"] == 0 and one,
        "the whole chain to be known",
    )
    assert (state["status"], state["total"], state["fraction"]) == ("running", 3, 0)
    gate.touch()
    check_against_sql(last_of(root))


def test_a_group_with_a_failed_job_succeeds_with_warnings(threads_worker: Child) -> None:
    """As Celery has it: the other results are there."""
    state = last_of(realtime.start(group(nothing.si(), fail.si("x"), nothing.si())))
    assert (state["status"], state["ok"], state["failed"]) == ("succeeded", 2, 1)
    check_against_sql(state)


def test_a_chord_with_a_failed_header_fails(threads_worker: Child) -> None:
    """Its body is never run, and is waited for no longer."""
    state = last_of(realtime.start(chord([nothing.si(), fail.si("x")], gather.s())))
    assert (state["status"], state["children"]["total"]) == ("failed", 2)
    assert state["error"]["text"] == "1 of 2 jobs failed."
    check_against_sql(state)


def test_a_chain_with_a_failed_link_fails(threads_worker: Child) -> None:
    """The links that would follow are waited for no longer."""
    state = last_of(realtime.start(chain(nothing.si(), fail.si("x"), nothing.si())))
    assert (state["status"], state["children"]["total"]) == ("failed", 2)
    check_against_sql(state)


def test_a_task_that_queues_more_ends_with_what_it_has_queued(
    threads_worker: Child, tmp_path: Path
) -> None:
    """It returns at once; whoever started it waits for the rest."""
    gate = tmp_path / "gate"
    root = str(tasks.start_children.delay(2, str(gate)).id)
    state = wait_until(
        lambda: (one := read_one(root)) and one["fraction"] is not None and one["children"] and one,
        "the jobs below",
    )
    assert (state["status"], state["finished_at"]) == ("running", None)
    gate.touch()
    state = last_of(root)
    assert (state["status"], state["children"]["succeeded"]) == ("succeeded", 2)
    check_against_sql(state)


def test_a_task_replaced_by_a_group_goes_on_as_its_last_job(threads_worker: Child) -> None:
    """It is one job all the while, and ends when the group has."""
    root = str(realtime.start(tasks.replace_by_many, [3, 4, 5], title="Many").pk)
    state = last_of(root)
    assert (state["status"], state["title"]) == ("succeeded", "Many")
    check_against_sql(state)
    assert state["children"]["total"] == 3


def test_a_replaced_task_counts_and_is_run_again_as_itself(
    threads_worker: Child, tmp_path: Path
) -> None:
    """Though its last part is another task; meanwhile its numbers are those of the parts."""
    gate = tmp_path / "gate"
    root = str(realtime.start(tasks.replace_by_many, [3, 4], str(gate)).pk)
    state = wait_until(
        lambda: (one := read_one(root)) and one["current"] == 2 and one, "two of three"
    )
    assert (state["total"], state["unit"], state["children"]["total"]) == (3, "job", 3)
    began = state["started_at"]
    gate.touch()
    state = last_of(root)
    assert (state["name"], state["started_at"]) == ("tests.tasks.replace_by_many", began)
    again = last_of(realtime.again(root))
    assert (again["name"], again["again_of"]) == (state["name"], root)
    assert (again["status"], again["children"]["total"]) == ("succeeded", 3)


def test_who_goes_on_last_has_a_tree_though_its_root_is_not_held_yet(threads_worker: Child) -> None:
    """A group may be faster than the report of the task that it replaces."""
    job = str(realtime.start(nothing).pk)
    wait_until(lambda: read_one(job), "the job to be known")
    headers: dict[str, Any] = {"id": job, "replaced_task_nesting": 1}
    signals.before_task_publish.send("tests.tasks.gather", headers=headers, body=((), {}, {}))
    assert (headers["headway"]["children"], headers["headway"]["name"]) == (1, nothing.name)


def test_a_task_replaced_by_a_group_that_fails_fails(threads_worker: Child) -> None:
    """Nobody would ever end it otherwise."""
    root = str(realtime.start(tasks.replace_by_many, [3, 1]).pk)
    state = last_of(root)
    assert (state["status"], state["error"]["kind"]) == ("failed", "JobsFailed")


def test_unfinished_jobs_of_a_tree_are_found(threads_worker: Child, tmp_path: Path) -> None:
    """Whoever steers a tree reaches each of them."""
    gate = tmp_path / "gate"
    root = str(realtime.start(group(nothing.si(), wait_silently.si(str(gate)))).pk)
    [left] = wait_until(
        lambda: len(list(trees.unfinished(root))) == 1 and list(trees.unfinished(root)),
        "one to be left",
    )
    assert left in set(
        map(str, Job.objects.filter(name__endswith="wait_silently").values_list("pk", flat=True))
    )
    gate.touch()
    last_of(root)
    assert not list(trees.unfinished(root))


def test_a_cancelled_chain_does_not_go_on(threads_worker: Child, tmp_path: Path) -> None:
    """Though the link that runs makes no progress call, and ends well."""
    gate = tmp_path / "gate"
    root = str(realtime.start(chain(wait_silently.si(str(gate)), nothing.si())).pk)
    wait_until(lambda: (read_one(root) or {})["status"] == "running", "the first link's start")
    cancel(root)
    gate.touch()
    state = last_of(root)
    counts = (state["children"]["succeeded"], state["children"]["cancelled"])
    assert (state["status"], *counts) == ("cancelled", 1, 1)
    check_against_sql(state)


def test_a_paused_chain_rests_until_it_may_go_on(threads_worker: Child, tmp_path: Path) -> None:
    """A link that makes no progress call ends, and the next one waits at its start."""
    gate = tmp_path / "gate"
    root = str(realtime.start(chain(wait_silently.si(str(gate)), nothing.si())).pk)
    first = shown(root, lambda one: one["status"] == "running")
    control.pause(root)
    shown(root, lambda one: one["wants"] == "pause" and one["status"] == "running")
    gate.touch()
    # Between the two links nothing works either, and the root rests for that moment too.
    rests = shown(root, lambda one: one["status"] == "paused" and one["children"]["running"] == 1)
    assert rests["children"]["succeeded"] == 1
    assert rests["fraction"] >= (first["fraction"] or 0)
    control.resume(root)
    state = last_of(root)
    assert (state["status"], state["children"]["succeeded"]) == ("succeeded", 2)
    check_against_sql(state)


def test_a_paused_group_makes_no_step(threads_worker: Child, tmp_path: Path) -> None:
    """All of its jobs stop, and go on where they were."""
    told = [tmp_path / name for name in "abc"]
    root = str(realtime.start(group(tasks.steps.si(str(one)) for one in told)).pk)
    wait_until(lambda: any(one.exists() for one in told), "the first step")
    shown(root, lambda one: one["status"] == "running")
    control.pause(root)
    shown(root, lambda one: one["status"] == "paused")
    at = [one.read_text() for one in told if one.exists()]
    control.resume(root)
    wait_until(lambda: [one.read_text() for one in told if one.exists()] > at, "further steps")
    control.cancel(root)
    assert last_of(root)["status"] == "cancelled"


def test_a_cancelled_chord_does_not_go_on(threads_worker: Child, tmp_path: Path) -> None:
    """Its parts stop, and its body is never called."""
    gate = tmp_path / "gate"
    parts = [wait_silently.si(str(gate)), tasks.nothing.si()]
    root = str(realtime.start(chord(parts, gather.s())).pk)
    wait_until(lambda: (read_one(root) or {})["status"] == "running", "the first part's start")
    cancel(root)
    gate.touch()
    state = last_of(root)
    assert state["status"] == "cancelled"
    check_against_sql(state)


def test_a_cancelled_task_that_a_group_replaces_does_not_go_on(
    threads_worker: Child, tmp_path: Path
) -> None:
    """The group's last job, which has its id, is stopped before it starts."""
    gate = tmp_path / "gate"
    root = str(realtime.start(tasks.replace_by_many, [3, 4], str(gate)).pk)
    wait_until(lambda: (read_one(root) or {}).get("held"), "the task to be replaced")
    below = Job.objects.filter(root=root).exclude(pk=root)
    wait_until(lambda: below.filter(status="running").exists(), "the first job below")
    cancel(root)
    gate.touch()
    assert last_of(root)["status"] == "cancelled"
    wait_until(lambda: not list(trees.unfinished(root)), "the ends of all below")


@pytest.mark.slow
def test_a_thousand_jobs_with_chains_retries_and_failures_are_one_bar(
    workers: Any, transactional_db: None, ana: Any
) -> None:
    """The fraction only rises and ends at exactly 1, and the counts are those of the database."""
    workers.running("prefork")
    parts = [
        chain(one_of_many.si(number), nothing.si()) if number % 10 == 0 else one_of_many.si(number)
        for number in range(1_000)
    ]
    with all_states_of_a_group() as seen:
        root = realtime.start(group(parts), title="A thousand", owner=ana)
        state = last_of(root, seconds=60)
    assert_only_rises(seen)
    check_against_sql(state)
    children = state["children"]
    assert (children["total"], children["succeeded"], children["failed"]) == (1_100, 1_090, 10)
    assert (state["status"], state["failed"], state["current"]) == ("succeeded", 10, 1_100)
    below = Job.objects.filter(root=root.pk).exclude(pk=root.pk)
    assert set(below.values_list("owner_id", flat=True)) == {ana.pk}
    assert below.filter(attempt=2).count() == 50
    assert len(seen) > 5


@contextmanager
def all_states_of_a_group() -> Iterator[list[dict[str, Any]]]:
    """Collect a root's states from the moment when it is queued, which takes a while."""
    seen: list[dict[str, Any]] = []
    over = Event()

    def look() -> None:
        while not over.wait(0.02):
            root = Job.objects.filter(name="celery.group").values_list("pk", flat=True).first()
            state = read_one(str(root)) if root else None
            if state and (not seen or state["seq"] > seen[-1]["seq"]):
                seen.append(state)
        connection.close()

    looking = Thread(target=look)
    looking.start()
    try:
        yield seen
        wait_until(lambda: seen and seen[-1]["finished_at"], "the end to be seen")
    finally:
        over.set()
        looking.join()


def assert_only_rises(seen: list[dict[str, Any]]) -> None:
    """Compare each state of a root with the one before it."""
    fractions = [state["fraction"] for state in seen if state["fraction"] is not None]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert all(fraction < 1 for fraction in fractions[:-1])
    done = [state["current"] for state in seen]
    assert done == sorted(done)


def nine_of_ten(root: dict[str, Any]) -> bool:
    """Tell whether nine jobs have ended and the last one runs."""
    return bool(root["fraction"] == 0.9 and root["children"]["running"] == 1)


def test_a_tree_outlives_what_redis_has_forgotten(
    threads_worker: Child, redis: RedisServer, tmp_path: Path
) -> None:
    """What has ended is counted again from SQL, what runs speaks for itself."""
    gate = tmp_path / "gate"
    parts = [wait_silently.si(str(gate)), *(nothing.si() for _ in range(8)), fail.si("x")]
    root = str(realtime.start(group(parts), title="Kept").pk)
    before = wait_until(
        lambda: (one := read_one(root)) and nine_of_ten(one) and one, "nine ends and a start"
    )
    with redis.client() as client:
        client.flushall()
    # For some seconds the last one counts as queued, if SQL had not yet been told that it runs.
    after = wait_until(
        lambda: (one := read_one(root)) and one["seq"] > before["seq"] and nine_of_ten(one) and one,
        "the root, as far as before",
    )
    assert after["children"] == before["children"]
    gate.touch()
    state = last_of(root)
    assert (state["status"], state["title"], state["failed"]) == ("succeeded", "Kept", 1)
    check_against_sql(state)


def test_a_fan_out_goes_on_where_it_was_when_redis_has_forgotten(
    threads_worker: Child, redis: RedisServer, tmp_path: Path
) -> None:
    """While its task runs and after it has returned, its bar does not go back."""
    own, gate = tmp_path / "own", tmp_path / "gate"
    root = str(tasks.start_children.delay(2, str(gate), str(own)).id)
    seen = [shown(root, lambda one: one["fraction"] and one["children"]["running"] == 2)]
    assert 0 < seen[0]["fraction"] < 1
    lose(redis)
    seen += [shown(root, lambda one: one["seq"] > seen[0]["seq"] and one["children"])]
    own.touch()
    seen += [shown(root, lambda one: one.get("held") and one["children"]["running"] == 2)]
    lose(redis)
    seen += [shown(root, lambda one: one["seq"] > seen[-1]["seq"] and one["children"])]
    gate.touch()
    assert_only_rises([*seen, last_of(root)])
    check_against_sql(last_of(root))


def lose(redis: RedisServer) -> None:
    """Lose what the store knows; the broker, which may be the same Redis, keeps its messages."""
    with redis.client() as client:
        client.delete(*client.keys("headway:*"))


def shown(root: str, condition: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    """Wait until a root's state is as it should be."""
    found: dict[str, Any] = wait_until(
        lambda: (one := read_one(root)) and condition(one) and one, f"it, got {read_one(root)}"
    )
    return found
