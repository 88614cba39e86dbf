"""Failed and skipped items: each kept once, bounded, in SQL, for those who may see the job."""

from __future__ import annotations

import csv
import io
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import DatabaseError, connection
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext

from realtime import outcomes, progress, records, reporter
from realtime.events import JobState, Status, timestamp
from realtime.models import Item, Job
from realtime.records import Items, Outcome, Row
from realtime.running import RunningJob
from realtime.states import read_one
from realtime.store import Store
from realtime.transition import Transition
from realtime.watched import Watched
from tests import tasks
from tests.processes import Child
from tests.services import RedisServer, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let items wait for nobody."""
    monkeypatch.setattr(outcomes, "PATIENCE", 0)
    monkeypatch.setattr("realtime.announcer.announce", lambda shards: None)


@pytest.fixture
def job(store: Store) -> Iterator[RunningJob]:
    """Bind a running job to this test."""
    one = RunningJob(id=str(uuid.uuid4()), name="tests.work", title="Work")
    token = progress.bound.set(one)
    yield one
    progress.bound.reset(token)


def end(watched: Watched, status: Status = Status.SUCCEEDED) -> None:
    """Let an attempt end, and wait until that is recorded."""
    transition = Transition(lambda: watched.snapshots.last(0, watched.known, status), ends=watched)
    assert reporter.get_reporter().put(transition).wait(5)


def kept(job: str) -> list[tuple[int, str, Any]]:
    """Return the items that SQL has."""
    return list(Item.objects.filter(job_id=job).values_list("n", "outcome", "item"))


def outcome(item: object) -> Outcome:
    """Return a failed item."""
    return Outcome("failed", timestamp(), json.dumps(item), "why")


def test_items_are_there_while_the_job_runs_and_after_it(job: RunningJob) -> None:
    """JSON stays what it is, anything else becomes text."""
    watched = reporter.get_reporter().watch(job)
    progress.failed({"id": 7, "tags": ["a"]}, "it is damaged")
    wait_until(lambda: kept(job.id), "the first item")
    progress.skipped(Path("b.txt"), ValueError("no picture"))
    end(watched)
    assert kept(job.id) == [(1, "failed", {"id": 7, "tags": ["a"]}), (2, "skipped", "b.txt")]
    assert Item.objects.get(n=2).reason == "no picture"


def test_no_more_items_are_kept_than_the_bound(job: RunningJob, settings: Any) -> None:
    """Further ones are counted; each is cut to its length."""
    settings.HEADWAY = {**settings.HEADWAY, "ITEMS": 1_200, "ITEM_LENGTH": 20}
    watched = reporter.get_reporter().watch(job)
    for number in range(1_300):
        progress.failed(f"{number} {'x' * 1_000}", "it is too long")
    end(watched)
    assert [n for n, _, _ in kept(job.id)] == list(range(1, 1_201))
    assert max(len(item) for _, _, item in kept(job.id)) == 20
    state = read_one(job.id)
    assert state is not None
    assert state["failed"] == 1_300


def test_items_wait_while_the_database_is_away(
    job: RunningJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are told again, each is kept once, and none is missing."""
    watched = reporter.get_reporter().watch(job)
    progress.failed("a", "early")
    wait_until(lambda: kept(job.id), "the first item")
    tried = []

    def away(rows: list[Row]) -> list[Row]:
        tried.append(rows)
        raise DatabaseError("away")

    with monkeypatch.context() as patch:
        patch.setattr(records, "record", away)
        progress.failed("b", "while it is away")
        wait_until(lambda: len(tried) > 1, "a second try")
        progress.failed("c", "later")
    end(watched)
    assert [item for _, _, item in kept(job.id)] == ["a", "b", "c"]


def test_items_told_twice_are_kept_once(store: Store) -> None:
    """The database has written them, and its answer was lost."""
    state = running()
    run = Items("one", (outcome("a"), outcome("b")))
    assert records.try_record([Row(state, 5, 0, run)]) == []
    again = Items("one", (outcome("b"), outcome("c")), told=1)
    assert records.try_record([Row(state, 6, 0, again)]) == []
    assert [(n, item) for n, _, item in kept(state.id)] == [(1, "a"), (2, "b"), (3, "c")]


def running() -> JobState:
    """Return the state of a job that runs."""
    job = str(uuid.uuid4())
    return JobState(id=job, root=job, name="t", status=Status.RUNNING, queued_at=timestamp())


def test_another_run_takes_the_place_and_the_older_one_is_refused(store: Store) -> None:
    """What a run says that was taken for dead, or that comes after the end, is not kept."""
    state = running()
    records.record([Row(state, 5, 0, Items("one", (outcome("a"), outcome("b"))))])
    records.record([Row(state, 2**32, 0, Items("two"))])
    assert kept(state.id) == []
    records.record([Row(state, 2**32 + 1, 0, Items("two", (outcome("c"),)))])
    records.record([Row(state, 1_005, 0, Items("one", (outcome("d"),), told=2))])
    ended = state.changed(status=Status.SUCCEEDED, finished_at=timestamp())
    records.record([Row(ended, 2**32 + 2, 0, Items("two", (outcome("e"),), told=1))])
    records.record([Row(state, 2**32 + 9, 0, Items("two", (outcome("f"),), told=2))])
    assert [item for _, _, item in kept(state.id)] == ["c", "e"]


def test_a_job_without_a_row_gets_it_with_its_items(store: Store) -> None:
    """Its request was rolled back, or it was shorter than a report."""
    ended = running().changed(status=Status.FAILED, finished_at=timestamp())
    assert records.try_record([Row(ended, 5, 0, Items("one", (outcome("a"),)))]) == []
    assert [item for _, _, item in kept(ended.id)] == ["a"]


def test_an_item_that_no_row_can_hold_costs_no_job_its_end(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end is written without it."""
    ended = running().changed(status=Status.FAILED, finished_at=timestamp())
    broken = Items("one", (Outcome("failed", timestamp(), "no JSON", "why"),))
    assert records.try_record([Row(ended, 5, 0, broken)]) == []
    assert Job.objects.get(pk=ended.id).status == "failed"


def test_a_job_without_items_asks_the_database_for_nothing_more(job: RunningJob) -> None:
    """Its end is one statement, as before."""
    watched = Watched(job)
    change = watched.snapshots.last(0, 0, Status.SUCCEEDED)
    records.record([Row(change.state, 1, 0, change.items)])
    other = change.state.changed(status=Status.SUCCEEDED)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        records.record([Row(other, 1, 0, change.items)])
    assert change.items is None
    assert not [one for one in asked.captured_queries if "item" in one["sql"]]


@pytest.fixture
def failed_job(ana: Any, store: Store) -> str:
    """Return an ended job of Ana's with items, of which one is not kept."""
    ended = running().changed(
        status=Status.SUCCEEDED, finished_at=timestamp(), owner=str(ana.pk), failed=4, skipped=1
    )
    found = tuple(outcome(item) for item in ("=1+1", {"id": 7}, "c"))
    skipped = Outcome("skipped", timestamp(), '"d"', "not \N{SNOWMAN}\nneeded")
    records.record([Row(ended, 5, 0, Items("one", (*found, skipped)))])
    return ended.id


def client_of(user: Any) -> Client:
    """Return a browser in which this user is signed in."""
    client = Client()
    client.force_login(user)
    return client


def test_items_are_read_in_pages(failed_job: str, ana: Any) -> None:
    """By number, those of one outcome or all, with how many are not kept."""
    client, address = client_of(ana), f"/headway/api/jobs/{failed_job}/items"
    first = client.get(f"{address}?outcome=failed&limit=2").json()
    assert [item["item"] for item in first["items"]] == ["=1+1", {"id": 7}]
    assert (first["next"], first["lost"]) == (2, 1)
    second = client.get(f"{address}?outcome=failed&limit=2&after=2").json()
    assert [item["item"] for item in second["items"]] == ["c"]
    assert second["next"] is None
    assert len(client.get(address).json()["items"]) == 4
    answer = client.get(address, {"outcome": "ok"})
    assert (answer.status_code, answer.json()["detail"]) == (
        400,
        "expected outcome to be one of failed, skipped, got: ok",
    )


def test_items_are_downloaded_as_a_table(failed_job: str, ana: Any) -> None:
    """UTF-8 with its mark; no cell is a formula; what is not kept is said."""
    answer = client_of(ana).get(f"/headway/api/jobs/{failed_job}/items?format=csv")
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert text.startswith("\ufeff")
    assert answer["Content-Disposition"] == f'attachment; filename="items-{failed_job}.csv"'
    rows = list(csv.DictReader(io.StringIO(text[1:])))
    assert [row["item"] for row in rows] == ["'=1+1", '{"id": 7}', "c", "d", ""]
    assert rows[3]["reason"] == "not \N{SNOWMAN}\nneeded"
    assert rows[4]["reason"] == "(1 more were counted and not kept)"


async def test_a_table_is_streamed_by_asynchronous_servers(failed_job: str, ana: Any) -> None:
    """In parts, without Django's warning that it reads everything first."""
    client = AsyncClient()
    await sync_to_async(client.force_login)(ana)
    answer = await client.get(f"/headway/api/jobs/{failed_job}/items?format=csv&outcome=skipped")
    parts = [part async for part in answer.streaming_content]  # type: ignore[attr-defined]
    assert len(parts) == 2
    assert b"needed" in parts[1]


def test_items_of_others_are_not_found(failed_job: str, ben: Any) -> None:
    """In either format, as those of a job that never was."""
    for more in ("", "?format=csv"):
        answers = [
            client_of(ben).get(f"/headway/api/jobs/{job}/items{more}")
            for job in (failed_job, uuid.uuid4())
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].content == answers[1].content


def test_items_go_with_their_job(failed_job: str) -> None:
    """Who deletes the job deletes them."""
    Job.objects.filter(pk=failed_job).delete()
    assert not Item.objects.exists()


def test_items_of_a_real_worker_outlive_redis(
    threads_worker: Child, redis: RedisServer, tmp_path: Path
) -> None:
    """Redis forgets everything in the middle; each item of the last attempt is there once."""
    gate = tmp_path / "gate"
    job = tasks.fail_items.delay(["a", {"b": 1}], str(gate), tries=2).id
    wait_until(lambda: len(kept(job)) == 3, "the first attempt's items")
    with redis.client() as client:
        client.delete(*client.keys("*:job:*"))
    gate.touch()
    row = wait_until(lambda: Job.objects.filter(pk=job, status="succeeded").first(), "the end")
    assert row.attempt == 2
    assert [item for _, _, item in kept(job)] == ["a", {"b": 1}, "the rest"]
    assert set(Item.objects.filter(outcome="failed").values_list("reason", flat=True)) == {
        "attempt 2"
    }
