"""State over HTTP, and files; unknown and forbidden look the same."""

from __future__ import annotations

import base64
import io
import uuid
from typing import Any

import pytest
from django.test import Client

from realtime import files, publish
from realtime.events import JobState, Status, timestamp
from realtime.models import Job
from realtime.store import Report, Store

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ana(django_user_model: Any) -> Any:
    """Return a user."""
    return django_user_model.objects.create_user("ana", password="x")


@pytest.fixture
def ben(django_user_model: Any) -> Any:
    """Return another user."""
    return django_user_model.objects.create_user("ben", password="x")


def client_of(user: Any) -> Client:
    """Return a browser in which this user is signed in."""
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def job_of(store: Store, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what makes a job with a state, through the waist."""
    monkeypatch.setattr("realtime.announcer.announce", lambda shards: None)

    def make(owner: Any, status: Status = Status.RUNNING, **more: Any) -> str:
        job = str(uuid.uuid4())
        state = JobState(
            id=job,
            root=job,
            name="tests.work",
            title="Work",
            status=status,
            owner=str(owner.pk),
            queued_at=timestamp(),
            finished_at=timestamp() if status is Status.SUCCEEDED else None,
            **more,
        )
        lines = ('{"at":"","level":"info","text":"one"}',)
        change = publish.Change(state=state, order=1, lines=lines, transition=True)
        publish.publish([change])
        return job

    return make


def test_the_owner_reads_the_state_and_the_log(job_of: Any, ana: Any) -> None:
    """The same state as over the socket, with what its viewer may do."""
    job = job_of(ana, current=3, total=4)
    client = client_of(ana)
    state = client.get(f"/headway/api/jobs/{job}").json()
    assert (state["id"], state["current"], state["seq"]) == (job, 3, 1)
    assert state["actions"] == ["cancel"]
    log = client.get(f"/headway/api/jobs/{job}/log").json()
    assert [(line["n"], line["text"]) for line in log["lines"]] == [(1, "one")]
    assert client.get(f"/headway/api/jobs/{job}/log?after=1").json()["lines"] == []


def test_unknown_and_forbidden_look_the_same(job_of: Any, ana: Any, ben: Any) -> None:
    """Each address of somebody else's job answers as one that never was."""
    job, never = job_of(ana), str(uuid.uuid4())
    client = client_of(ben)
    for path in ("", "/log", "/files/a.txt"):
        answers = [client.get(f"/headway/api/jobs/{one}{path}") for one in (job, never)]
        assert {answer.status_code for answer in answers} == {404}
        assert answers[0].content == answers[1].content
        assert answers[0]["Content-Type"] == "application/problem+json"
    answers = [client.post(f"/headway/api/jobs/{one}/cancel") for one in (job, never)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert Client().get(f"/headway/api/jobs/{job}").status_code == 401


def test_a_list_is_paged_and_holds_ones_own_jobs(job_of: Any, ana: Any, ben: Any) -> None:
    """Newest first, each once, by cursor; an operator sees everybody's."""
    mine = [job_of(ana) for _ in range(60)]
    job_of(ben)
    client = client_of(ana)
    first = client.get("/headway/api/jobs").json()
    second = client.get("/headway/api/jobs", {"cursor": first["next"]}).json()
    ids = [state["id"] for page in (first, second) for state in page["jobs"]]
    assert (len(first["jobs"]), second["next"]) == (50, None)
    assert sorted(ids) == sorted(mine)
    ben.is_superuser = ben.is_staff = True
    ben.save()
    page = client_of(ben).get("/headway/api/jobs", {"status": "running", "q": "wor"}).json()
    assert len(page["jobs"]) == 50


def page_after(moment: str) -> str:
    """Return a cursor such as pages have, for a moment that none of them names."""
    return base64.urlsafe_b64encode(f"{moment} {uuid.uuid4()}".encode()).decode()


@pytest.mark.parametrize("query", ["owner=" + "9" * 30, "owner=%00", "owner=x", "name=a%00b"])
def test_what_no_row_can_hold_finds_nothing(job_of: Any, ana: Any, query: str) -> None:
    """Numbers that are too large and texts with NUL are searched for, in vain."""
    job_of(ana)
    answer = client_of(ana).get(f"/headway/api/jobs?{query}")
    assert (answer.status_code, answer.json()["jobs"]) == (200, [])


@pytest.mark.parametrize(
    "query",
    [
        "status=gone",
        "since=yesterday",
        "since=2026-13-45T00:00:00Z",
        "since=0001-01-01T00:00:00%2B14:00",
        "cursor=x",
        "cursor=%00",
        "cursor=" + page_after("0001-01-01T00:00:00+14:00"),
        "cursor=" + page_after("2026-11-22T10:00:00"),
    ],
)
def test_a_bad_query_is_told_what_was_expected(ana: Any, query: str, store: Store) -> None:
    """400 with a sentence."""
    answer = client_of(ana).get(f"/headway/api/jobs?{query}")
    assert answer.status_code == 400
    assert "expected" in answer.json()["detail"]


@pytest.mark.parametrize("query", ["after=-1", "after=x", "limit=x", "after=" + "9" * 50])
def test_a_bad_line_number_is_refused(job_of: Any, ana: Any, query: str) -> None:
    """Numbers are checked before anything is asked."""
    job = job_of(ana)
    assert client_of(ana).get(f"/headway/api/jobs/{job}/log?{query}").status_code == 400


def test_a_job_that_has_ended_cannot_be_cancelled(job_of: Any, ana: Any) -> None:
    """409 with the reason; the state stays."""
    job = job_of(ana, Status.SUCCEEDED)
    answer = client_of(ana).post(f"/headway/api/jobs/{job}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (409, 409)
    assert Job.objects.get(pk=job).status == "succeeded"


def test_a_running_job_is_asked_to_stop(job_of: Any, ana: Any, store: Store) -> None:
    """202, and the next report brings the request to the task."""
    job = job_of(ana)
    answer = client_of(ana).post(f"/headway/api/jobs/{job}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (202, "cancelling")
    kept = store.remember([Report(job=job, order=1)])
    assert kept[0].asks == "cancel"


def test_actions_need_the_sessions_token(job_of: Any, ana: Any) -> None:
    """Another site cannot cancel, and a link cannot either."""
    job = job_of(ana)
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(ana)
    assert careful.post(f"/headway/api/jobs/{job}/cancel").status_code == 403
    assert client_of(ana).get(f"/headway/api/jobs/{job}/cancel").status_code == 405


def test_files_are_downloads_for_those_who_may_see_the_job(
    job_of: Any, ana: Any, ben: Any, settings: Any, tmp_path: Any
) -> None:
    """Attached, never shown; a second file of the name replaces the first."""
    settings.MEDIA_ROOT = tmp_path
    job = job_of(ana)
    name = "../../bad <name>.html"
    files.keep(job, name, io.BytesIO(b"first"), None)
    kept = files.keep(job, name, io.BytesIO(b"<script>"), None)
    assert kept["name"] == "bad <name>.html"
    answer = client_of(ana).get(kept["url"])
    assert answer.getvalue() == b"<script>"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert client_of(ben).get(kept["url"]).status_code == 404
    stored = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(stored) == 1


@pytest.mark.parametrize(
    "name", ["", ".", "..", " ", "???", "字" * 200 + ".csv", "a\r\nb", "\ud800", "\u202egpj.exe"]
)
def test_a_file_of_any_name_can_be_kept_and_fetched(
    job_of: Any, ana: Any, settings: Any, tmp_path: Any, name: str
) -> None:
    """No name makes the task fail, and no name or type makes the download fail."""
    settings.MEDIA_ROOT = tmp_path
    kept = files.keep(job_of(ana), name, io.BytesIO(b"text"), "text/plain\r\nX-Odd: 1")
    answer = client_of(ana).get(kept["url"])
    assert answer.getvalue() == b"text"
    assert answer["Content-Type"] == "application/octet-stream"


def test_a_file_name_that_no_row_can_hold_is_not_found(job_of: Any, ana: Any) -> None:
    """404, on every database."""
    assert client_of(ana).get(f"/headway/api/jobs/{job_of(ana)}/files/a%00b").status_code == 404


def test_signs_of_life(store: Store) -> None:
    """Alive is one thing, ready another."""
    assert Client().get("/headway/healthz").json() == {"status": "ok"}
    assert Client().get("/headway/readyz").json()["status"] == "ok"


def test_not_ready_without_redis(settings: Any, db: None) -> None:
    """503 names what is away."""
    settings.HEADWAY = {"REDIS_URL": "redis://127.0.0.1:1/0"}
    answer = Client().get("/headway/readyz")
    assert (answer.status_code, answer.json()["store"]) == (503, "away")
