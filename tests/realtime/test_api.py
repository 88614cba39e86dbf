"""State over HTTP, and files; unknown and forbidden look the same."""

from __future__ import annotations

import base64
import gc
import io
import logging
import re
import uuid
import weakref
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from realtime import files, publish
from realtime.errors import BadFile
from realtime.events import JobState, Status, timestamp
from realtime.models import File, Job
from realtime.store import Report, Store

pytestmark = pytest.mark.django_db(transaction=True)

NONE: dict[str, Any] = {"jobs": [], "next": None, "searched_to": None}


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
            root=more.pop("root", job),
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
    assert state["actions"] == ["cancel", "pause"]
    log = client.get(f"/headway/api/jobs/{job}/log").json()
    assert [(line["n"], line["text"]) for line in log["lines"]] == [(1, "one")]
    assert client.get(f"/headway/api/jobs/{job}/log?after=1").json()["lines"] == []


def test_unknown_and_forbidden_look_the_same(job_of: Any, ana: Any, ben: Any) -> None:
    """Each address of somebody else's job answers as one that never was."""
    job, never = job_of(ana), str(uuid.uuid4())
    client = client_of(ben)
    for path in ("", "/log", "/files/a.txt", "/tree"):
        answers = [client.get(f"/headway/api/jobs/{one}{path}") for one in (job, never)]
        assert {answer.status_code for answer in answers} == {404}
        assert answers[0].content == answers[1].content
        assert answers[0]["Content-Type"] == "application/problem+json"
    answers = [client.post(f"/headway/api/jobs/{one}/cancel") for one in (job, never)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert Client().get(f"/headway/api/jobs/{job}").status_code == 401


def test_a_tree_is_paged_and_holds_nothing_else(job_of: Any, ana: Any, ben: Any) -> None:
    """From any of its jobs; what belongs to others is left out."""
    root = job_of(ana)
    below = {job_of(ana, root=root, parent=root) for _ in range(60)}
    job_of(ben, root=root, parent=root)
    job_of(ana)
    client, address = client_of(ana), f"/headway/api/jobs/{min(below)}/tree"
    first = client.get(address).json()
    assert (len(first["jobs"]), {state["root"] for state in first["jobs"]}) == (50, {root})
    second = client.get(address, {"cursor": first["next"]}).json()
    assert second["next"] is None
    found = [state["id"] for state in first["jobs"] + second["jobs"]]
    assert (len(found), set(found)) == (61, {root, *below})
    assert client.get(address, {"status": "failed"}).json() == NONE
    assert client.get(address, {"q": "x"}).status_code == 400


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
        "statsu=running",
        "__proto__=1",
    ],
)
def test_a_bad_query_is_told_what_was_expected(ana: Any, query: str, store: Store) -> None:
    """400 with a sentence which says what was expected, and what came."""
    answer = client_of(ana).get(f"/headway/api/jobs?{query}")
    assert answer.status_code == 400
    assert re.fullmatch("expected .+ to be .+, got: .+", answer.json()["detail"])


@pytest.mark.parametrize(
    "query",
    ["after=-1", "after=x", "limit=x", "limit=0", "limit=1001", "after=" + "9" * 50, "after=²"],
)
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
    assert kept[0].wants == "cancel"


def test_actions_need_the_sessions_token(job_of: Any, ana: Any) -> None:
    """Another site cannot cancel, and a link cannot either."""
    job = job_of(ana)
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(ana)
    address = f"/headway/api/jobs/{job}/cancel"
    refused = careful.post(address)
    assert (refused.status_code, refused.json()["status"]) == (403, 403)
    assert "X-CSRFToken" in refused.json()["detail"]
    assert client_of(ana).get(address).status_code == 405
    careful.cookies["csrftoken"] = token = "a" * 32
    assert careful.post(address, headers={"X-CSRFToken": token}).status_code == 202


PATHS = ["api/jobs", "api/jobs/{job}", "api/jobs/{job}/log", "healthz", "readyz", ""]


@pytest.mark.parametrize("path", PATHS)
def test_head_goes_where_get_goes(job_of: Any, ana: Any, path: str) -> None:
    """The same status and headers, without the body; all other methods are refused by name."""
    address = "/headway/" + path.format(job=job_of(ana))
    client = client_of(ana)
    assert client.head(address).status_code == client.get(address).status_code
    assert client.head(address).content == b""
    begins = path == "api/jobs"
    allowed = "GET, HEAD, POST" if begins else "GET, HEAD"
    for method in ("put", "patch", "delete", "options", "trace", *(() if begins else ("post",))):
        refused = getattr(client, method)(address)
        assert (refused.status_code, refused["Allow"]) == (405, allowed)
        assert refused["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path",
    ["jobs/", "jobs/x", "jobs/%00", "jobs/{JOB}", "jobs/{job}x", "jobs/{job}/", "x", "jobs/../x"],
)
def test_an_address_that_is_none_is_a_problem_too(job_of: Any, ana: Any, path: str) -> None:
    """404 with a document for every method, 401 for who is not signed in."""
    job = job_of(ana)
    address = "/headway/api/" + path.format(job=job, JOB=job.upper())
    for answer in (client_of(ana).get(address), client_of(ana).post(address)):
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.status_code in {404, 405}
    assert client_of(ana).get(address).json()["status"] == 404
    assert Client().get(address).status_code == 401


@pytest.mark.parametrize("status", [Status.RUNNING, Status.SUCCEEDED])
def test_unknown_and_forbidden_take_the_same_steps(
    job_of: Any, ana: Any, ben: Any, status: Status
) -> None:
    """What the database is asked, and so the time it takes, does not tell them apart."""
    job, never = job_of(ana, status), str(uuid.uuid4())
    client = client_of(ben)
    steps = []
    for one in (job, never):
        with CaptureQueriesContext(connection) as asked:
            assert client.get(f"/headway/api/jobs/{one}").status_code == 404
        steps.append([query["sql"].partition(" FROM ")[2].split()[0] for query in asked])
    assert steps[0] == steps[1]
    assert steps[0][-1] == '"realtime_job"'


def test_refusals_leave_nothing_behind(ana: Any, store: Store) -> None:
    """An error that is raised again and again would keep each request in its traceback."""
    client = client_of(ana)
    paths = [f"/headway/api/jobs/{uuid.uuid4()}" for _ in range(3)]
    logging.disable(logging.CRITICAL)  # Pytest keeps records, and they their requests.
    try:
        requests = [weakref.ref(client.get(path).wsgi_request) for path in paths]
    finally:
        logging.disable(logging.NOTSET)
    gc.collect()
    assert [request() for request in requests] == [None, None, None]


def test_a_query_without_end_is_a_problem(ana: Any, store: Store) -> None:
    """What Django refuses to read is told like everything else."""
    answer = client_of(ana).get("/headway/api/jobs?" + "&".join(f"a{n}=1" for n in range(2000)))
    assert (answer.status_code, answer.json()["status"]) == (400, 400)


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


def test_a_job_leaves_so_many_files(job_of: Any, ana: Any, settings: Any, tmp_path: Any) -> None:
    """One too many is refused with what to do; one of the same name is none more."""
    settings.MEDIA_ROOT = tmp_path
    settings.HEADWAY = {**settings.HEADWAY, "FILES": 2}
    job = job_of(ana)
    for name in ("a", "b", "b"):
        files.keep(job, name, io.BytesIO(b"text"), None)
    with pytest.raises(BadFile, match="at most 2 files, got: one more"):
        files.keep(job, "c", io.BytesIO(b"text"), None)
    assert File.objects.count() == 2


@pytest.mark.parametrize("wrong", [7, None, b"bytes", object(), "a\x00b"])
def test_what_is_no_file_is_refused(job_of: Any, ana: Any, wrong: Any) -> None:
    """With what was expected; nothing is kept."""
    with pytest.raises(BadFile, match=r"expected .*path"):
        files.keep(job_of(ana), "name", wrong, None)
    assert not File.objects.exists()


def test_a_file_that_breaks_off_replaces_nothing(
    job_of: Any, ana: Any, settings: Any, tmp_path: Any
) -> None:
    """The older one of its name stays, and can be fetched."""
    settings.MEDIA_ROOT = tmp_path

    class Torn(io.BytesIO):
        def read(self, _: int | None = -1) -> bytes:
            raise OSError("torn")

    job = job_of(ana)
    kept = files.keep(job, "a.txt", io.BytesIO(b"whole"), None)
    with pytest.raises(OSError, match="torn"):
        files.keep(job, "a.txt", Torn(b"x"), None)
    assert client_of(ana).get(kept["url"]).getvalue() == b"whole"


def test_signs_of_life(store: Store) -> None:
    """Alive is one thing, ready another."""
    assert Client().get("/headway/healthz").json() == {"status": "ok"}
    assert Client().get("/headway/readyz").json()["status"] == "ok"


def test_not_ready_without_redis(settings: Any, db: None) -> None:
    """503 names what is away."""
    settings.HEADWAY = {"REDIS_URL": "redis://127.0.0.1:1/0"}
    answer = Client().get("/headway/readyz")
    assert (answer.status_code, answer.json()["store"]) == (503, "away")
