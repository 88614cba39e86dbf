"""Django's own tasks as jobs: run at once, and by a real worker of the database."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from realtime import broker, control, progress, reading, starts
from realtime.conf import conf
from realtime.contrib.django_tasks import job_id, start
from realtime.errors import Refused
from realtime.models import Job
from realtime.orphans import Orphans
from realtime.owners import requester
from realtime.reaper import Reaper
from realtime.states import read_one
from tests import later
from tests.processes import Child, child
from tests.realtime.conftest import Lazy
from tests.services import RedisServer, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

WORKER = ("manage.py", "db_worker", "--backend", "database", "--interval", "0.05")
OPTIONS = ("--no-startup-delay", "--no-reload", "--worker-id", "tests", "-v", "2")
PATIENCE = 60
"""Seconds; a process is started first, perhaps beside many others."""
COUNTS = [later.count, later.count_in_a_loop]


@pytest.fixture(scope="module")
def kept(redis: RedisServer, django_db_setup: None) -> Iterator[Lazy]:
    """Keep one worker of the database for all tests; it ends when its task's row goes away."""
    with ExitStack() as stack:
        yield Lazy(lambda _: stack.enter_context(child(sys.executable, *WORKER, *OPTIONS)))


@pytest.fixture
def db_worker(kept: Lazy, transactional_db: None) -> Child:
    """Return the worker."""
    return kept.running("database")


@pytest.fixture
def by_ana(ana: Any) -> Iterator[Any]:
    """Answer a request of hers."""
    token = requester.set(lambda: str(ana.pk))
    yield ana
    requester.reset(token)


def ended(job: str) -> Any:
    """Return the last state of a job that has ended, None before."""
    row = Job.objects.filter(pk=job, finished_at__isnull=False).first()
    return row.last if row else None


def finished(job: str) -> Any:
    """Wait for the end of a job and return its last state."""
    return wait_until(lambda: ended(job), "the end", PATIENCE)


def has_failed(result: Any) -> bool:
    """Tell whether a task has failed as its backend sees it: a cancelled one has."""
    result.refresh()
    return bool(result.status == "FAILED")


def running(job: str) -> bool:
    """Tell whether a job is seen at its half."""
    state = read_one(job) or {}
    return (state.get("status"), state.get("current")) == ("running", 5)


@pytest.mark.parametrize("task", COUNTS, ids=["sync", "async"])
def test_what_is_run_at_once_is_a_job(task: Any, by_ana: Any) -> None:
    """Its end is recorded before who has enqueued it goes on."""
    result = task.enqueue(10)
    assert result.return_value == 10
    last = ended(job_id(result))
    assert (last["status"], last["current"], last["total"]) == ("succeeded", 10, 10)
    assert (last["unit"], last["message"], last["log"]) == ("item", "counts", 1)
    assert (last["owner"], last["attempt"]) == (str(by_ana.pk), 1)
    assert last["name"] == f"tests.later.{task.func.__name__}"
    assert progress.current() is None


@pytest.mark.parametrize("task", COUNTS, ids=["sync", "async"])
def test_a_worker_of_the_database_is_followed(
    task: Any, by_ana: Any, db_worker: Child, tmp_path: Path
) -> None:
    """Queued here, running and ended there, with the owner of the request."""
    gate = tmp_path / "gate"
    result = task.using(backend="database").enqueue(10, str(gate))
    job = job_id(result)
    assert job == str(result.id)
    wait_until(lambda: running(job), "the half", PATIENCE)
    state = read_one(job)
    assert state
    assert (state["owner"], state["worker"], state["unit"]) == (str(by_ana.pk), "tests", "item")
    gate.touch()
    last = finished(job)
    assert (last["status"], last["fraction"], last["owner"]) == ("succeeded", 1, str(by_ana.pk))
    assert [line["text"] for line in reading.log(job, 0).lines] == ["counted"]


@pytest.mark.parametrize("backend", ["default", "database"])
@pytest.mark.parametrize(
    ("public", "kind"), [(False, "ValueError"), (True, "JobError")], ids=["secret", "public"]
)
def test_a_failure_is_told(backend: str, public: Any, kind: str, db_worker: Child) -> None:
    """Owners learn its text where it is meant for them."""
    result = later.fail.using(backend=backend).enqueue("no password=abc", public=public)
    error = finished(job_id(result))["error"]
    assert (error["kind"], error["public"]) == (kind, public)
    assert "abc" not in str(error)
    assert ("traceback" in error) is not public


def test_a_cancel_reaches_a_running_task(db_worker: Child, tmp_path: Path) -> None:
    """At its next progress call."""
    gate = tmp_path / "gate"
    result = later.until_cancelled.using(backend="database").enqueue(str(gate))
    wait_until(gate.exists, "the first step", PATIENCE)
    control.cancel(job_id(result))
    assert finished(job_id(result))["status"] == "cancelled"
    # Not before: the next test's Redis would know nothing of it.
    wait_until(lambda: has_failed(result), "the task to have stopped", PATIENCE)


def test_a_cancelled_task_never_starts(db_worker: Child, tmp_path: Path) -> None:
    """Though it makes no progress call, and its worker was told nothing."""
    trace, soon = tmp_path / "trace", timezone.now() + timedelta(seconds=2)
    task = later.touch.using(backend="database", run_after=soon)
    result = task.enqueue(str(trace))
    control.cancel(job_id(result))
    assert ended(job_id(result))["status"] == "cancelled"

    wait_until(lambda: has_failed(result), "the worker to take it", PATIENCE)
    assert not trace.exists()
    assert result.errors[0].exception_class_path == "realtime.errors.Cancelled"
    assert ended(job_id(result))["status"] == "cancelled"


def test_a_job_whose_worker_dies_is_lost(alone: None, settings: Any, tmp_path: Path) -> None:
    """Nobody delivers it again."""
    settings.HEADWAY = {**settings.HEADWAY, "LEASE": 1.5}
    reaper = Reaper()
    task = later.count.using(backend="database", queue_name="dying")
    with child(sys.executable, *WORKER, *OPTIONS, "--queue-name", "dying") as worker:
        job = job_id(task.enqueue(10, str(tmp_path / "gate")))
        wait_until(lambda: running(job), "the half", PATIENCE)
        for _ in range(3):
            reaper.look()
        assert ended(job) is None
        worker.signal(signal.SIGKILL)

        def lost() -> Any:
            reaper.look()
            return ended(job)

        assert wait_until(lost, "the verdict", PATIENCE)["status"] == "lost"


@pytest.mark.parametrize("backend", ["default", "database"])
def test_what_a_task_enqueues_is_its_child(backend: str, by_ana: Any, db_worker: Child) -> None:
    """Run at once inside it, the child's calls are the child's alone."""
    parent = job_id(later.start_child.using(backend=backend).enqueue())
    last = finished(parent)
    assert (last["current"], last["total"]) == (1, 1)
    assert (last["status"], last["fraction"], last["children"]["total"]) == ("succeeded", 1, 1)
    child = Job.objects.get(parent=parent)
    assert (child.last["current"], child.last["total"]) == (2, 2)
    assert (str(child.root), child.last["owner"]) == (parent, str(by_ana.pk))


def test_it_may_have_a_title_and_another_owner(by_ana: Any, ben: Any) -> None:
    """What it enqueues itself has not."""
    result = start(later.start_child, title="Holidays", owner=ben, tags=("a",))
    last = finished(job_id(result))
    assert (last["title"], last["owner"], last["tags"]) == ("Holidays", str(ben.pk), ["a"])
    child = Job.objects.get(parent=job_id(result)).last
    assert (child["title"], child["owner"]) == ("Count", str(ben.pk))


def test_it_is_not_waited_for_inside_a_transaction() -> None:
    """Which alone could let the end be recorded."""
    with transaction.atomic():
        before = timezone.now()
        result = later.count.enqueue(3)
        assert (timezone.now() - before).total_seconds() < conf.END_TIMEOUT / 2
    assert finished(job_id(result))["status"] == "succeeded"


async def test_it_may_be_enqueued_in_a_coroutine(by_ana: Any) -> None:
    """The calls before and after are of no job."""
    result = await later.count_in_a_loop.aenqueue(4)
    assert progress.current() is None
    from asgiref.sync import sync_to_async

    last = await sync_to_async(ended)(job_id(result))
    assert (last["status"], last["current"], last["owner"]) == ("succeeded", 4, str(by_ana.pk))


def test_what_waits_elsewhere_is_no_orphan(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is in no broker, and that means nothing."""
    settings.HEADWAY = {**settings.HEADWAY, "ORPHAN": 0.0}
    asked: list[Any] = []

    def astray(jobs: Any, claimed: Any) -> broker.Astray:
        asked.append((jobs, claimed))
        return broker.Astray(set(jobs), {})

    monkeypatch.setattr(broker, "astray", astray)
    task = later.touch.using(backend="database", run_after=timezone.now() + timedelta(hours=1))
    job = job_id(task.enqueue("nowhere"))
    assert Job.objects.get(pk=job).status == "queued"
    Orphans()._look()
    assert asked == []


def test_it_cannot_be_run_again_by_celery() -> None:
    """The reason is told."""
    job = job_id(later.count.enqueue(1))
    with pytest.raises(Refused, match="not run by Celery"):
        starts.again(job)


def test_tasks_that_are_not_tracked_are_left_alone(settings: Any) -> None:
    """By the same patterns as Celery's."""
    settings.HEADWAY = {**settings.HEADWAY, "IGNORE": ["tests.later.*"]}
    assert later.count.enqueue(3).return_value == 3
    assert not Job.objects.exists()
