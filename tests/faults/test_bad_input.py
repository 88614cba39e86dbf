"""Everything bad that can be sent is refused in words; the process stays up and serves the next."""

from __future__ import annotations

import json
import re
import uuid
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

import pytest
from django.middleware.csrf import _get_new_csrf_string

from realtime.events import JobState, Status, timestamp
from realtime.models import File, Job
from realtime.publish import Change, publish
from tests.faults import uploads, wire
from tests.faults.corpus import Case, cases, made, one_of
from tests.processes import Child, web_server, worker
from tests.services import RedisServer, wait_until
from tests.sockets import sign_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

UVICORNS_OWN = "Invalid UTF-8 sequence received from client."
"""It logs this with a traceback before any of our code is asked."""
MARK = '{"type": "watch", "topics": {"marker": {}}}'


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def server(
    request: pytest.FixtureRequest, redis: RedisServer, django_db_setup: None
) -> Iterator[tuple[str, Child]]:
    """Run one web process for all cases."""
    with web_server(request.param) as web:
        yield request.param, web


@pytest.fixture
def known(
    server: tuple[str, Child], transactional_db: None, django_user_model: Any
) -> dict[str, Any]:
    """Return the words that cases know: who is signed in, whose job is which."""
    _, web = server
    ana, ben = (django_user_model.objects.create_user(name) for name in ("ana", "ben"))
    operator = django_user_model.objects.create_superuser("op")
    token = _get_new_csrf_string()
    return {
        "job": ended_job(ana),
        "other": ended_job(ben),
        "never": str(uuid.uuid4()),
        "host": f"127.0.0.1:{web.port}",
        "origin": web.url,
        "token": token,
        "cookie": f"{sign_in(ana)}; csrftoken={token}",
        "operator": sign_in(operator),
    }


def ended_job(owner: Any) -> str:
    """Return the id of a job that has ended."""
    job, at = str(uuid.uuid4()), timestamp()
    state = JobState(
        id=job,
        root=job,
        name="tests.work",
        status=Status.SUCCEEDED,
        owner=str(owner.pk),
        queued_at=at,
        finished_at=at,
    )
    publish([Change(state=state, order=1, transition=True)])
    return job


def judge(
    server: tuple[str, Child], name: str, known: dict[str, Any], wrong: Callable[[Case], Any]
) -> None:
    """Try every case, and after each one whether the process serves the next request."""
    _, web = server
    found: list[str] = []
    for case in cases(name):
        before = len(web.printed())
        try:
            complaint = wrong({key: made(value, known) for key, value in case.items()})
        except (TimeoutError, OSError) as error:
            complaint = f"no answer: {error!r}"
        said = web.printed()[before:]
        if "Traceback" in said and UVICORNS_OWN not in said:
            complaint = f"{complaint or ''} a traceback: {said[-300:]}"
        if not serves(web, known):
            complaint = f"{complaint or ''} and the process does not serve the next request"
        if complaint:
            found.append(f"{case['name']}: {complaint}")
    assert not found, "\n".join(found)
    assert web.process.poll() is None


def serves(web: Child, known: dict[str, Any]) -> bool:
    """Tell whether an ordinary request is answered."""
    return request(web, known, {"method": "GET", "path": "/headway/api/jobs"}).status == 200


def request(web: Child, known: dict[str, Any], case: Case) -> wire.Answer:
    """Send one HTTP request on a connection of its own."""
    body = case.get("body", "")
    body = body if isinstance(body, bytes) else body.encode()
    usual = {"Host": known["host"], "Cookie": known["cookie"], "Connection": "close"}
    if case["method"] not in {"GET", "HEAD"}:
        usual |= {"Origin": known["origin"], "Content-Length": str(len(body))}
    with wire.wire(web.port) as one:
        head = wire.head(case["method"], case["path"], usual, case.get("headers", {}))
        return one.ask(head, body)


def test_frames(server: tuple[str, Child], known: dict[str, Any]) -> None:
    """What is no frame closes its socket with a code that says so; what is odd is answered."""
    name, web = server
    known |= vars(wire)

    def wrong(case: Case) -> str | None:
        with wire.wire(web.port) as one:
            opened = wire.handshake(web.port) | {"Cookie": known["cookie"]}
            assert one.ask(wire.head("GET", "/headway/ws", opened, {})).status == 101
            one.send(case["bytes"] if "bytes" in case else wire.frame(1, text_of(case)))
            one.send(wire.frame(wire.TEXT, MARK.encode()))
            types, code = read(one)
        if "close" in case:
            return None if code in one_of(case["close"], name) else f"closed with {code}, {types}"
        return None if (types, code) == (case["says"], None) else f"{types}, {code}"

    judge(server, "frames", known, wrong)


def text_of(case: Case) -> bytes:
    """Return a case's text as it is sent."""
    return str(case["text"]).encode()


def read(one: wire.Wire) -> tuple[list[str], int | None]:
    """Return the types of the answers up to the marker's refusal or the close, and its code."""
    types: list[str] = []
    for said in one.messages():
        if isinstance(said, int):
            return types, said
        frame = json.loads(said)
        if frame.get("topic") == "marker":
            return types, None
        if frame["type"] not in {"welcome", "jobs"}:
            types.append(frame["type"])
    return types, None


def test_handshakes(server: tuple[str, Child], known: dict[str, Any]) -> None:
    """Only pages of ours, with somebody signed in, open a socket."""
    name, web = server

    def wrong(case: Case) -> str | None:
        with wire.wire(web.port) as one:
            usual = wire.handshake(web.port) | {"Cookie": known["cookie"]}
            status = one.ask(wire.head("GET", case["path"], usual, case["headers"])).status
            if status not in one_of(case["status"], name):
                return f"status {status}"
            if status != 101 or "close" not in case:
                return None
            code = next((said for said in one.messages() if isinstance(said, int)), None)
        return None if code == case["close"] else f"closed with {code}"

    judge(server, "handshakes", known, wrong)


def test_requests(server: tuple[str, Child], known: dict[str, Any]) -> None:
    """Each refusal of the interface is a problem document with the status that is documented."""
    name, web = server

    def wrong(case: Case) -> str | None:
        answer = request(web, known, case)
        if answer.status not in one_of(case["status"], name):
            return f"status {answer.status}, {answer.body[:300]!r}"
        refused = answer.status >= 400 and case["path"].startswith("/headway/")
        if refused and "/ws" not in case["path"]:
            return fault_of(case, answer)
        return None

    judge(server, "requests", known, wrong)


def fault_of(case: Case, answer: wire.Answer) -> str | None:
    """Return what is wrong with a problem document."""
    if answer.headers.get("content-type") != "application/problem+json":
        return f"the type {answer.headers.get('content-type')}"
    if case["method"] == "HEAD":
        return f"a body: {answer.body[:80]!r}" if answer.body else None
    with suppress(ValueError):
        problem = json.loads(answer.body)
        if problem["status"] == answer.status and problem["title"] and problem["detail"]:
            return None
    return f"the document {answer.body[:200]!r}"


@pytest.fixture(scope="module")
def a_worker(redis: RedisServer, django_db_setup: None) -> Iterator[Child]:
    """Run one worker for all uploads."""
    with worker("threads", name="uploads") as one:
        yield one


def test_uploads(server: tuple[str, Child], a_worker: Child, known: dict[str, Any]) -> None:
    """A file that cannot be used is refused by the form or by the job, in words for its owner."""
    _, web = server
    known |= uploads.WORDS

    def wrong(case: Case) -> str | None:
        before = len(a_worker.printed())
        said, left = outcome(web, known, case)
        printed = a_worker.printed()[before:]
        if re.search(r"raised unexpected: (?!JobError)", printed):
            return f"the task broke: {printed[-600:]}"
        wanted = [made(name, known) for name in case.get("leaves", [])]
        if sorted(left) != sorted(wanted):
            return f"left {left}"
        return None if case.get("says", "") in said else said[-300:]

    judge(server, "uploads", known, wrong)
    assert a_worker.process.poll() is None


def outcome(web: Child, known: dict[str, Any], case: Case) -> tuple[str, list[str]]:
    """Return what is said of an upload, by the form or by its job, and what the job leaves."""
    answer = posted(web, known, case["to"], *form(case))
    if answer.status == 422:
        return " ".join(json.loads(answer.body)["errors"]), []
    assert answer.status == 200, f"{answer.status}: {answer.body[:300]!r}"
    address = json.loads(answer.body)["next"]
    if "then" in case:
        kind = "application/x-www-form-urlencoded"
        chosen = posted(web, known, address, urlencode(case["then"]).encode(), kind)
        if chosen.status != 302:
            return chosen.body.decode(), []
        address = chosen.headers["location"]
    return told(web, known, address.split("/")[2]) if address.startswith("/jobs/") else ("", [])


def told(web: Child, known: dict[str, Any], job: str) -> tuple[str, list[str]]:
    """Return what a job's state and its log say at its end, and the names in the ZIP it leaves."""
    row = Job.objects.filter(pk=job, finished_at__isnull=False)
    wait_until(row.exists, "the job to end", seconds=30)
    pages = [
        request(web, known, {"method": "GET", "path": f"/headway/api/jobs/{job}{part}"})
        for part in ("", "/log")
    ]
    kept = File.objects.filter(job_id=job, name="pictures.zip").first()
    names: list[str] = []
    if kept:
        with kept.content.open("rb") as file, zipfile.ZipFile(file) as archive:
            names = archive.namelist()
    return " ".join(json.dumps(json.loads(page.body), ensure_ascii=False) for page in pages), names


def form(case: Case) -> tuple[bytes, str]:
    """Return a form with a file as a browser sends it, and its type."""
    file = case["file"] if isinstance(case["file"], bytes) else case["file"].encode()
    field = "pictures" if case["to"] == "/pictures/" else "file"
    escaped = case["filename"].replace('"', "%22").replace("\\", "\\\\")
    fields = {"widths": "320", "own_widths": "", "format": "keep", "quality": "82"}
    parts = [f'Content-Disposition: form-data; name="{k}"\r\n\r\n{v}' for k, v in fields.items()]
    about = f'Content-Disposition: form-data; name="{field}"; filename="{escaped}"\r\n\r\n'
    body = b"".join(b"--hw\r\n" + part.encode() + b"\r\n" for part in parts)
    body += b"--hw\r\n" + about.encode() + file + b"\r\n--hw--\r\n"
    return body, "multipart/form-data; boundary=hw"


def posted(web: Child, known: dict[str, Any], path: str, body: bytes, kind: str) -> wire.Answer:
    """Send a form of a page of ours, as its script does."""
    headers = {"X-CSRFToken": known["token"], "Content-Type": kind, "Accept": "application/json"}
    return request(web, known, {"method": "POST", "path": path, "headers": headers, "body": body})


def test_the_corpus_is_as_large_as_it_should_be() -> None:
    """Somebody who thins it out is told."""
    total = sum(len(cases(name)) for name in ("frames", "handshakes", "requests", "uploads"))
    assert total >= 400
