"""Pictures whose worker is killed in the middle, and that are cancelled in the middle."""

from __future__ import annotations

import signal
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.conf import settings
from django.contrib.auth.models import User

from core import uploads
from core.pictures.picture import Options
from core.starting import start_pictures
from realtime import control
from realtime.models import File, Job
from realtime.states import read_one
from tests.core.drawn import corners, saved
from tests.processes import Child, worker
from tests.services import RedisServer, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.jobs]

COUNT = 16


@pytest.fixture
def job(transactional_db: None, redis: RedisServer, tmp_path: Path) -> str:
    """Return a job with so many pictures, without a worker so far."""
    ana = User.objects.create_user("ana")
    paths = [tmp_path / f"{n:02}.png" for n in range(COUNT)]
    for path in paths:
        path.write_bytes(saved(corners((2400, 1600)), "PNG"))
    kept = [uploads.keep_path(ana, path) for path in paths]
    return str(start_pictures(ana, kept, Options((400, 1200, 2400), "PNG")).pk)


@pytest.fixture
def one_worker(job: str) -> Iterator[Child]:
    """Run a worker that has begun, and made some of the pictures."""
    with worker("prefork", VISIBILITY="8") as one:
        wait_until(lambda: made(job) >= 3, "three pictures", seconds=60)
        yield one


def made(job: str) -> int:
    """Return how many pictures are made."""
    return Job.objects.filter(root=job, status="succeeded").exclude(pk=job).count()


def ended(job: str) -> dict[str, Any]:
    """Return the job's last state, once SQL has it too."""
    row = Job.objects.filter(pk=job, finished_at__isnull=False)
    wait_until(row.exists, "the job to end", seconds=180)
    return read_one(job) or {}


def kill(one: Child, job: str, redis: RedisServer) -> None:
    """Kill a worker at a moment in which Redis knows of all that is not made.

    Kombu takes a message first and notes second that it has it: what it takes in between is lost
    with it, here and without Headway. What becomes of such a job is another test's.
    """
    unmade = Job.objects.filter(root=job, finished_at=None).exclude(pk=job)
    while settings.CELERY_BROKER_URL.startswith("redis"):
        one.signal(signal.SIGSTOP, group=True)
        known = messages(redis)
        if all(str(pk) in known for pk in unmade.values_list("pk", flat=True)):
            break
        one.signal(signal.SIGCONT, group=True)
    one.signal(signal.SIGKILL, group=True)


def messages(redis: RedisServer) -> str:
    """Return all messages that wait, or are with a worker."""
    with redis.client() as client:
        lists = [key for key in client.scan_iter(_type="list") if "headway:" not in key]
        waiting = [text for key in lists for text in client.lrange(key, 0, -1)]
        return "".join([*waiting, *client.hvals("unacked")])


def test_a_killed_worker_loses_and_doubles_no_picture(
    job: str, one_worker: Child, redis: RedisServer
) -> None:
    """What it had begun is delivered again, to the next one; the ZIP holds each picture once."""
    kill(one_worker, job, redis)
    one_worker.process.wait()
    assert made(job) < COUNT
    with worker("prefork", VISIBILITY="8", name="second"):
        state = ended(job)
    assert (state["status"], state["ok"], state["failed"]) == ("succeeded", COUNT, 0)
    assert (state["children"]["total"], state["children"]["succeeded"]) == (COUNT, COUNT)
    kept = File.objects.get(job_id=job)
    with kept.content.open("rb") as file, zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        assert len(set(archive.namelist())) == len(archive.namelist()) == 3 * COUNT
    assert File.objects.exclude(job_id=job).count() == COUNT
    assert not uploads.work_folder(job).exists()


def test_a_cancel_stops_all_pictures_and_leaves_nothing(job: str, one_worker: Child) -> None:
    """Those that run stop at their next step, the others never start; there is no ZIP."""
    control.cancel(job)
    state = ended(job)
    assert (state["status"], state["files"]) == ("cancelled", [])
    below = Job.objects.filter(root=job).exclude(pk=job)
    assert set(below.values_list("status", flat=True)) <= {"succeeded", "cancelled"}
    assert made(job) < COUNT
    wait_until(lambda: not uploads.work_folder(job).exists(), "what was made to be gone", 60)


def test_a_cancel_in_a_moment_in_which_no_picture_is_made_leaves_nothing(
    job: str, one_worker: Child
) -> None:
    """None of them is there to take away what was made; those that are not begun any more do."""
    worker_of: Any = current_app.control
    for queue in current_app.amqp.queues:
        worker_of.cancel_consumer(queue)

    def rests() -> bool:
        asked = worker_of.inspect(timeout=1)
        found = [
            tasks for answer in (asked.active(), asked.reserved()) for tasks in answer.values()
        ]
        return len(found) == 2 and not any(found)

    wait_until(rests, "the worker to rest", 60)
    assert made(job) < COUNT
    assert uploads.work_folder(job).exists()
    control.cancel(job)
    for queue in current_app.amqp.queues:
        worker_of.add_consumer(queue)
    assert ended(job)["status"] == "cancelled"
    wait_until(lambda: not uploads.work_folder(job).exists(), "what was made to be gone", 60)
