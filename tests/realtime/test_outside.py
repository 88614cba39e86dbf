"""Jobs that run outside Celery: what scripts tell of them, and what becomes of silent ones."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from realtime import control, limits, outside, tokens
from realtime.errors import Refused, StoreAway
from realtime.events import Status
from realtime.models import Item, Job
from realtime.reaper import Reaper
from realtime.states import read_one
from realtime.store import RedisStore, Store
from tests.services import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

JOBS = "/headway/api/jobs"


@pytest.fixture(autouse=True)
def nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep announcements to ourselves, and begin to count anew."""
    monkeypatch.setattr("realtime.announcer.announce", lambda shards: None)
    monkeypatch.setattr("realtime.limits._reports", limits.Reports())


@pytest.fixture
def script(store: Store, ana: Any) -> Any:
    """Return what sends a POST with a token of Ana's."""
    _, said = tokens.create(ana, "cron", ["report"])

    def post(path: str = "", body: Any = None, token: str = said) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        told = json.dumps({} if body is None else body)
        client = Client(enforce_csrf_checks=True)
        return client.post(f"{JOBS}{path}", told, content_type="application/json", headers=headers)

    return post


@pytest.fixture
def job(script: Any) -> str:
    """Return a job of Ana's with a total of 10."""
    found: str = script("", {"name": "backup", "total": 10}).json()["id"]
    return found


def told(script: Any, job: str, **body: Any) -> dict[str, Any]:
    """Send a report that is taken, and return the answer."""
    answer = script(f"/{job}/report", body)
    assert answer.status_code == 200, answer.content
    said: dict[str, Any] = answer.json()
    return said


def test_a_job_is_begun(script: Any, ana: Any) -> None:
    """201 with its state; store and SQL know it, and it is its owner's."""
    given = {"name": "backup", "title": "Nightly", "total": 5, "unit": "disk", "tags": ["db"]}
    stages = {"stages": [{"name": "Copy", "weight": 3}, {"name": "Check"}]}
    answer = script("", {**given, **stages, "message": "Begins"})
    said = answer.json()
    assert (answer.status_code, answer["Location"]) == (201, f"{JOBS}/{said['id']}")
    assert said | given | {"status": "running", "owner": str(ana.pk), "message": "Begins"} == said
    assert [(one["name"], one["weight"]) for one in said["stages"]] == [("Copy", 3), ("Check", 1)]
    assert said["actions"] == ["cancel", "pause"]
    row = Job.objects.get(pk=said["id"])
    assert (row.status, row.ttl, row.owner) == ("running", 60, ana)
    client = Client()
    client.force_login(ana)
    details = client.get(f"{JOBS}/{said['id']}").json()
    assert details == {**said, "usual": None, "began_at": said["started_at"]}


def test_reports_move_the_bar(script: Any, job: str) -> None:
    """Each has a higher seq; what is not said stays; the fraction never goes back."""
    first = told(script, job, current=4, message="disk 4", unit="disk")
    assert (first["current"], first["fraction"], first["message"]) == (4, 0.4, "disk 4")
    second = told(script, job, advance=1)
    assert (second["current"], second["message"], second["unit"]) == (5, "disk 4", "disk")
    assert second["seq"] > first["seq"]
    assert told(script, job, total=100)["fraction"] == 0.5


def test_stages_follow_one_another(script: Any) -> None:
    """The one before is done when the next one begins; the whole is weighted."""
    stages = [{"name": "Copy", "weight": 3}, {"name": "Check"}]
    job = script("", {"name": "backup", "stages": stages}).json()["id"]
    assert told(script, job, stage="Copy", current=1, total=2)["fraction"] == 0.375
    assert told(script, job, current=2)["fraction"] == 0.75
    said = told(script, job, stage="Check", total=4, current=1)
    assert (said["fraction"], said["current"], said["total"]) == (0.8125, 1, 4)
    assert [one["status"] for one in said["stages"]] == ["succeeded", "running"]
    assert told(script, job, stage="Check", current=2)["fraction"] == 0.875
    ended = told(script, job, status="succeeded")
    assert (ended["fraction"], [one["status"] for one in ended["stages"]]) == (1, ["succeeded"] * 2)


def test_the_times_of_its_stages_go_on_from_report_to_report(script: Any) -> None:
    """Each is told by another process: a stage began when it was entered, not with each report."""
    job = script("", {"name": "backup"}).json()["id"]
    [first] = told(script, job, stage="Copy")["stages"]
    [again] = told(script, job, stage="Copy", current=1)["stages"]
    assert again["began_at"] == first["began_at"]
    assert "seconds" not in again
    copied, checked = told(script, job, stage="Check")["stages"]
    assert "began_at" not in copied
    since = datetime.fromisoformat(checked["began_at"]) - datetime.fromisoformat(first["began_at"])
    assert copied["seconds"] == pytest.approx(since.total_seconds(), abs=0.5)
    ended = told(script, job, status="failed")["stages"]
    assert ended[0]["seconds"] == copied["seconds"]
    assert ended[1]["seconds"] >= 0
    assert "began_at" not in ended[1]


def test_stages_that_nobody_declared_leave_room(script: Any) -> None:
    """As in a task: nobody knows how many are to come, and the bar is not full before the end."""
    job = script("", {"name": "backup"}).json()["id"]
    seen = [told(script, job, stage=name, current=1, total=1)["fraction"] for name in "abc"]
    assert seen == sorted(set(seen))
    assert seen[-1] < 1
    assert told(script, job, status="succeeded")["fraction"] == 1


def test_the_log_and_the_items_are_kept(script: Any, job: str, store: Store) -> None:
    """With their levels and reasons, in order, each once; the numbers count them."""
    told(script, job, log=[{"text": "one"}, {"text": "two", "level": "warning"}], ok=3)
    said = told(script, job, failed=[{"item": {"disk": 4}, "reason": "broken"}], ok=2)
    assert told(script, job, skipped=[{"item": 5, "reason": "empty"}])["skipped"] == 1
    assert (said["ok"], said["failed"], said["log"]) == (5, 1, 3)
    lines = [(line["n"], line["level"], line["text"]) for line in store.log(job, 0).lines]
    assert lines[:2] == [(1, "info", "one"), (2, "warning", "two")]
    found = Item.objects.filter(job_id=job).values_list("n", "outcome", "item", "reason")
    assert list(found) == [(1, "failed", {"disk": 4}, "broken"), (2, "skipped", 5, "empty")]


@pytest.mark.parametrize("end", ["succeeded", "failed", "cancelled"])
def test_an_end_is_in_sql_when_it_is_answered(script: Any, job: str, end: str) -> None:
    """Told twice it is no other end; nothing comes after it."""
    more = {"error": {"kind": "DiskFull", "text": "No room."}} if end == "failed" else {}
    said = told(script, job, status=end, current=7, **more)
    row = Job.objects.get(pk=job)
    assert (row.status, row.seq, row.ended) == (end, said["seq"], True)
    assert said["error"] == (more.get("error") if more else None)
    assert said["finished_at"]
    assert said["actions"] == []
    assert told(script, job, status=end)["seq"] == said["seq"]
    late = script(f"/{job}/report", {"current": 8})
    assert (late.status_code, late.json()["detail"]) == (409, f"The job has already ended: {end}.")


def test_the_answer_says_what_people_want(script: Any, job: str) -> None:
    """So that a script can wait, go on or stop; the bar shows what it does."""
    assert told(script, job)["wants"] is None
    control.pause(job)
    assert (told(script, job)["wants"], told(script, job)["status"]) == ("pause", "running")
    assert told(script, job, status="paused")["actions"] == ["cancel", "resume"]
    control.resume(job)
    assert told(script, job, status="running")["wants"] is None
    control.cancel(job)
    said = told(script, job, message="Tidying up")
    assert (said["wants"], said["status"], said["message"]) == (
        "cancel",
        "cancelling",
        "Tidying up",
    )
    assert Job.objects.get(pk=job).status == "cancelling"
    assert told(script, job, status="cancelled")["status"] == "cancelled"


def test_only_the_owner_tells_of_a_job(script: Any, job: str, ben: Any, operator: Any) -> None:
    """To others it is not there; who may see it is told why not."""
    for user, status in ((ben, 404), (operator, 403)):
        _, said = tokens.create(user, "cron")
        assert script(f"/{job}/report", {"current": 1}, token=said).status_code == status
    state = read_one(job)
    assert state is not None
    assert state["current"] == 0


def test_nobody_tells_of_a_job_that_a_worker_runs(script: Any, job: str) -> None:
    """Its task does."""
    Job.objects.filter(pk=job).update(ttl=0)
    Job.objects.filter(pk=job).update(last={**Job.objects.get(pk=job).last, "ttl": 0}, seq=2**40)
    answer = script(f"/{job}/report", {"current": 1})
    assert (answer.status_code, answer.json()["detail"]) == (409, outside.WORKED)


def test_neither_force_nor_a_second_run(script: Any, job: str, ana: Any) -> None:
    """What runs elsewhere is neither stopped by force nor started again from here."""
    client = Client()
    client.force_login(ana)
    body = json.dumps({"terminate": True})
    answer = client.post(f"{JOBS}/{job}/cancel", body, content_type="application/json")
    assert (answer.status_code, "outside Celery" in answer.json()["detail"]) == (409, True)
    told(script, job, status="failed")
    answer = client.post(f"{JOBS}/{job}/again")
    assert (answer.status_code, "where it runs" in answer.json()["detail"]) == (409, True)


def test_reports_that_come_together_are_all_counted(script: Any, job: str, store: Store) -> None:
    """None takes away what another one has said."""

    def send(_: int) -> None:
        from django.db import connection

        try:
            while True:
                try:
                    outside.report(job, {"advance": 1, "log": [{"text": "x"}]})
                except Refused:
                    continue
                return
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send, range(20)))
    state = read_one(job)
    assert state is not None
    assert (state["current"], state["log"]) == (20, 20)


def forget(store: Store) -> None:
    """Lose everything, as FLUSHALL does."""
    if isinstance(store, RedisStore):
        store._redis.flushdb()
    else:
        store._records.clear()  # type: ignore[attr-defined]


def test_a_store_that_lost_everything_has_it_back(script: Any, job: str, store: Store) -> None:
    """With the next report, above all that anybody may have seen."""
    before = told(script, job, current=4)
    forget(store)
    after = told(script, job, current=5)
    assert after["seq"] > before["seq"] + 2**31
    assert told(script, job, current=6)["seq"] == after["seq"] + 1
    assert Job.objects.get(pk=job).seq == after["seq"]


def test_without_the_store_an_end_is_recorded(
    script: Any, job: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And other reports are to be sent again."""

    def away(*_: Any) -> Any:
        raise StoreAway

    with monkeypatch.context() as broken:
        for name in ("states", "remember", "standing"):
            broken.setattr(store, name, away)
        answer = script(f"/{job}/report", {"current": 5})
        assert (answer.status_code, answer.json()["title"]) == (503, "Try again")
        assert told(script, job, status="succeeded")["status"] == "succeeded"
        assert Job.objects.get(pk=job).status == "succeeded"
    wait_until(lambda: "succeeded" in store.states([job]).get(job, ""), "the store to be told")


@pytest.mark.parametrize(
    ("body", "got"),
    [
        ({}, "expected name to be a text of 1 to 255 characters, got: nothing"),
        ({"name": "x", "ttl": 1}, "expected ttl to be a whole number from 5 to 86400, got: 1"),
        ({"name": "x", "total": -1}, "expected total to be a number from 0 to"),
        ({"name": "x", "total": True}, "expected total to be a number from 0 to"),
        ({"name": "x", "tags": "a"}, "expected tags to be a list of 0 to 20, got:"),
        ({"name": "x", "tags": [1]}, "expected tags[0] to be a text, got: 1"),
        ({"name": "x", "stages": [{}]}, "expected name to be a text, got: nothing"),
        ({"name": "x", "stages": [{"name": "a", "n": 1}]}, "expected each key of stages[0] to be"),
        ({"nam": "x"}, "expected each key of the body to be one of name, title,"),
    ],
)
def test_what_cannot_be_understood_is_told(script: Any, body: Any, got: str) -> None:
    """With what was expected and what came; nothing is begun."""
    answer = script("", body)
    assert (answer.status_code, answer.json()["detail"][: len(got)]) == (400, got)
    assert not Job.objects.exists()


def test_what_is_said_is_cleaned(script: Any, job: str) -> None:
    """As what a task says."""
    said = told(script, job, message="a\x00\ud800" + "x" * 999, unit="u" * 99, ok=2**53 - 1)
    assert said["message"].startswith("a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}x")
    assert (len(said["message"]), len(said["unit"])) == (500, 50)
    body = '{"current": NaN}'
    answer = script(f"/{job}/report", json.loads(body))
    assert answer.status_code == 400


def test_too_many_reports_are_told_when_to_come_back(script: Any, job: str, settings: Any) -> None:
    """429 with the seconds to wait; too many jobs that have not ended likewise."""
    settings.HEADWAY = {**settings.HEADWAY, "OUTSIDE_JOBS": 1}
    answer = script("", {"name": "another"})
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")
    settings.HEADWAY = {**settings.HEADWAY, "REPORT_RATE": 1}
    # More than pass when a window ends in the middle.
    answers = [script(f"/{job}/report") for _ in range(25)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert all(1 <= int(answer["Retry-After"]) <= 10 for answer in refused)


def test_a_window_of_reports_passes() -> None:
    """Whoever waits as long as they were told is heard again; others never had to wait."""
    reports = limits.Reports()
    waits = [reports.count("ana", 100.5) for _ in range(201)]
    assert (waits[199], waits[200]) == (0, 10)
    assert reports.count("ben", 100.5) == 0
    assert reports.count("ana", 100.5 + waits[200]) == 0


def test_a_silent_job_is_lost(script: Any, store: Store, settings: Any, alone: None) -> None:
    """After its own time, not after a worker's; its owner is told why, and a script too."""
    settings.HEADWAY = {**settings.HEADWAY, "LEASE": 0.3}
    job = script("", {"name": "backup", "ttl": 5}).json()["id"]
    other = script("", {"name": "backup"}).json()["id"]
    Job.objects.filter(pk=job).update(ttl=1)
    reaper = Reaper()

    def is_lost() -> bool:
        reaper.look()
        return Job.objects.get(pk=job).status == "lost"

    state = read_one(job)
    assert state is not None
    wait_until(is_lost, "the job to be lost", seconds=15)
    lost = read_one(job)
    assert lost is not None
    assert lost["error"] == {
        "kind": "Unheard",
        "text": "It was not heard of for 5 s.",
        "public": True,
    }
    assert script(f"/{job}/report", {"current": 1}).status_code == 409
    assert Job.objects.get(pk=other).status == Status.RUNNING
