"""A job is run again as it was, or with its failed items alone; or it is said why not."""

from __future__ import annotations

import subprocess
import sys
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from celery import shared_task
from django.test import Client
from kombu.exceptions import OperationalError

import realtime
from realtime import calls, records
from realtime.errors import HeadwayError, Refused
from realtime.events import JobState, Status, timestamp
from realtime.models import Job
from realtime.records import Items, Outcome, Row
from realtime.repeats import arguments_of
from realtime.states import read_one
from tests import tasks
from tests.processes import Child, environment
from tests.services import RedisServer, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def ended(job: Any) -> dict[str, Any] | None:
    """Return the last state of a job once SQL knows that it has ended."""
    row = Job.objects.filter(pk=job).first()
    return row.state() if row and row.ended else None


def client_of(user: Any) -> Client:
    """Return a browser in which this user is signed in."""
    client = Client()
    client.force_login(user)
    return client


def test_a_job_is_run_again_as_it_was(threads_worker: Child, ana: Any, ben: Any) -> None:
    """The same arguments, title, tags and owner; it names the job that it repeats."""
    first = realtime.start(tasks.count, 3, owner=ana, title="Mine", tags=["a"])
    wait_until(lambda: ended(first.pk), "the first job to end")
    address = f"/headway/api/jobs/{first.pk}"
    assert client_of(ana).get(address).json()["actions"] == ["again"]
    assert client_of(ben).post(f"{address}/again").status_code == 404
    answer = client_of(ana).post(f"{address}/again")
    assert answer.status_code == 202
    fresh = answer.json()["id"]
    last = wait_until(lambda: ended(fresh), "the second job to end")
    assert (last["status"], last["total"], last["title"], last["tags"]) == (
        "succeeded",
        3,
        "Mine",
        ["a"],
    )
    assert (last["owner"], last["again_of"], last["root"]) == (str(ana.pk), str(first.pk), fresh)


def test_only_failed_items_are_run_again(threads_worker: Child, ana: Any) -> None:
    """As the task says which of its arguments is its list of items."""
    first = realtime.start(tasks.halve, [1, 2, 3, 4, 5], odd="is strange", owner=ana)
    last = wait_until(lambda: ended(first.pk), "the first job to end")
    assert (last["ok"], last["failed"]) == (2, 3)
    client, address = client_of(ana), f"/headway/api/jobs/{first.pk}"
    assert client.get(address).json()["actions"] == ["again", "again_failed"]
    body = {"only_failed": True}
    answer = client.post(f"{address}/again", body, content_type="application/json")
    again = wait_until(lambda: ended(answer.json()["id"]), "the second job to end")
    assert (again["total"], again["ok"], again["failed"]) == (3, 0, 3)
    assert calls.read_call(Job.objects.get(pk=again["id"]).call) == (
        [[1, 3, 5]],
        {"odd": "is strange"},
    ) or calls.read_call(Job.objects.get(pk=again["id"]).call) == ([[1, 3, 5], "is strange"], {})


def queued(task: Any, *args: Any, **kwargs: Any) -> JobState:
    """Queue a job that nobody runs, and return its state."""
    state = read_one(str(realtime.start(task, *args, **kwargs).pk))
    assert state is not None
    return JobState.from_dict(state)


def end(state: JobState, *failed: str, count: int | None = None) -> str:
    """Let a job end with items that failed, each as JSON."""
    count = len(failed) if count is None else count
    last = state.changed(status=Status.SUCCEEDED, finished_at=timestamp(), failed=count)
    items = tuple(Outcome("failed", timestamp(), item, "why") for item in failed)
    assert records.try_record([Row(last, 1, 0, Items("one", items))]) == []
    return state.id


@pytest.mark.parametrize(
    ("args", "setting", "sentence"),
    [
        ((object(),), {}, "Its arguments are no JSON"),
        (("x" * 20_000,), {}, "Its arguments are too large to be kept: see ARGUMENTS_LENGTH"),
        ((1,), {"KEEP_ARGUMENTS": ["shop.*"]}, "The arguments of this task are not kept"),
    ],
)
def test_arguments_that_are_not_kept_are_told(
    ana: Any, settings: Any, args: Any, setting: Any, sentence: str
) -> None:
    """409 with the reason, and no such action."""
    settings.HEADWAY = {**settings.HEADWAY, "STORE": "memory", **setting}
    call = calls.call_of("tests.tasks.count", (args, {}, {}))
    assert call.kept == ""
    job = end(running(repeats=call.repeats, owner=str(ana.pk)))
    client = client_of(ana)
    assert client.get(f"/headway/api/jobs/{job}").json()["actions"] == []
    answer = client.post(f"/headway/api/jobs/{job}/again")
    assert (answer.status_code, answer["Content-Type"]) == (409, "application/problem+json")
    assert answer.json()["detail"].startswith(sentence)


def running(**more: Any) -> JobState:
    """Return the state of a job that runs."""
    job = str(uuid.uuid4())
    more = {"name": "tests.tasks.halve", "status": Status.RUNNING, **more}
    return JobState(id=job, root=job, queued_at=timestamp(), **more)


@pytest.mark.parametrize("store", ["memory"], indirect=True)
def test_a_job_that_has_not_ended_is_not_run_again(store: Any, ana: Any) -> None:
    """409, whatever is asked for; and what is no body is told."""
    state = running(owner=str(ana.pk), repeats="whole")
    records.record([Row(state, 1, 0)])
    address = f"/headway/api/jobs/{state.id}/again"
    answer = client_of(ana).post(address)
    assert answer.json()["detail"] == "The job has not ended yet: running."
    for body in ("{", "[]", '{"only_failed": 1}', '{"only": true}'):
        answer = client_of(ana).post(address, body, content_type="application/json")
        assert answer.status_code == 400, body
    assert client_of(ana).post(address, {"only_failed": "true"}).status_code == 400


@pytest.mark.parametrize("store", ["memory"], indirect=True)
@pytest.mark.parametrize(
    ("failed", "count", "sentence"),
    [
        ((), 0, "None of its items failed."),
        (("1",), 2, "Only 1 of 2 failed items were kept, at most 10,000 are: run all"),
        (("7", '"x"'), 2, "to be elements of numbers, got: 2 that are none"),
    ],
)
def test_failed_items_that_cannot_be_told_are_refused(
    store: Any, failed: Any, count: int, sentence: str
) -> None:
    """With the reason; nothing is queued."""
    state = running(repeats="items", failed=count)
    records.create(state, calls.call_of(state.name, ([[1, 2, 3]], {}, {})).kept)
    end(state, *failed, count=count)
    with pytest.raises(Refused, match=sentence):
        realtime.again(state.id, only_failed=True)
    assert Job.objects.count() == 1


@pytest.mark.parametrize("store", ["memory"], indirect=True)
def test_a_task_that_does_not_say_what_its_items_are_is_refused(store: Any) -> None:
    """All of it can be run again."""
    state = running(name="tests.tasks.count", repeats="whole")
    records.create(state, calls.call_of(state.name, ([3], {}, {})).kept)
    end(state, "1")
    with pytest.raises(Refused, match="does not say which argument is its list of items"):
        realtime.again(state.id, only_failed=True)


@pytest.mark.parametrize("store", ["memory"], indirect=True)
def test_a_task_that_is_not_known_here_is_refused(store: Any) -> None:
    """Its failed items alone: the web process cannot tell which argument they are of."""
    state = running(name="gone.task", repeats="items", failed=1)
    records.create(state, calls.call_of(state.name, ([[1]], {}, {})).kept)
    end(state, "1")
    with pytest.raises(Refused, match=r"cannot import gone\.task"):
        realtime.again(state.id, only_failed=True)


def test_what_is_run_again_can_be_so_again(redis: RedisServer, ana: Any) -> None:
    """Its failed items, too, though this process does not know the task."""
    queue = f"again-{uuid.uuid4()}"
    state = running(name="elsewhere.task", repeats="items", queue=queue, owner=str(ana.pk))
    records.create(state, calls.call_of(state.name, ([[1]], {}, {})).kept)
    end(state, "1")
    fresh = realtime.again(state.id)
    assert fresh.last["repeats"] == "items"


def test_a_web_process_finds_a_task_that_only_workers_have_imported(db: None) -> None:
    """As the application of Celery names it; Celery itself imports tasks in workers alone."""
    lines = (
        "import django; django.setup()",
        "from core.celery import app",
        "from realtime.repeats import task_of",
        "name = 'core.jobs.images.resize'",
        "print(name in app.tasks, task_of(name).name == name)",
    )
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], env=environment(), capture_output=True, check=True
    )
    assert done.stdout.split() == [b"False", b"True"]


@pytest.mark.parametrize("store", ["memory"], indirect=True)
def test_a_task_that_knows_its_failed_items_is_told_to_do_those(store: Any) -> None:
    """However many there are, and whether or not they were kept."""
    state = running(name="tests.tasks.remember", repeats="items", failed=20_000)
    call = calls.call_of(state.name, (["here"], {}, {}))
    assert call.repeats == "items"
    records.create(state, call.kept)
    end(state, count=20_000)
    known = read_one(state.id)
    assert known is not None
    assert arguments_of(known, only_failed=True) == (["here"], {"only_failed": True})
    assert arguments_of(known, only_failed=False) == (["here"], {})


@pytest.mark.parametrize("store", ["memory"], indirect=True)
def test_elements_that_are_no_json_are_found_as_they_were_given(store: Any) -> None:
    """Identifiers and moments travel through the broker as themselves, and so they come back."""
    at, one, two = datetime(2026, 11, 26, tzinfo=UTC), uuid.uuid4(), uuid.uuid4()
    state = running(repeats="items", failed=2)
    records.create(state, calls.call_of(state.name, ([[one, two, at]], {}, {})).kept)
    end(state, f'"{two}"', f'"{at}"')
    known = read_one(state.id)
    assert known is not None
    assert arguments_of(known, only_failed=True) == ([[two, at]], {})


@pytest.mark.parametrize("store", ["memory"], indirect=True)
def test_a_broker_that_is_away_is_told(
    store: Any, ana: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503, to be tried again."""

    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("away")

    state = running(name="tests.tasks.count", repeats="whole", owner=str(ana.pk))
    records.create(state, calls.call_of(state.name, ([3], {}, {})).kept)
    monkeypatch.setattr(tasks.count, "apply_async", away)
    answer = client_of(ana).post(f"/headway/api/jobs/{end(state)}/again")
    assert (answer.status_code, answer.json()["title"]) == (503, "Try again")


def test_items_are_declared_by_their_name() -> None:
    """Above or below the task's own decorator; a name that is none is told at once."""

    def work(files: list[str], size: int) -> None:
        """Do nothing."""

    below = shared_task(name="tests.below")(calls.items("files")(work))
    above = calls.items("files")(shared_task(name="tests.above")(work))
    assert calls.items_argument(below) == calls.items_argument(above) == "files"
    assert calls.items_argument(tasks.count) == ""
    with pytest.raises(HeadwayError, match="to be given one of files, size, got: 'paths'"):
        calls.items("paths")(work)


def test_arguments_are_read_only_when_they_are_needed(ana: Any) -> None:
    """A list of jobs does not carry what each was called with."""
    state = running(owner=str(ana.pk))
    records.create(state, "[[1], {}]")
    job = Job.objects.get(pk=state.id)
    assert "call" in job.get_deferred_fields()
    assert job.call == "[[1], {}]"
