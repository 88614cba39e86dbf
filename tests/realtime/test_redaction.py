"""What is hidden from whom: secrets from everybody, tracebacks and arguments from owners."""

from __future__ import annotations

import math
import time
import uuid
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

import realtime
from realtime import failure, permissions, records
from realtime.calls import call_of
from realtime.confidential import confidential
from realtime.errors import JobError
from realtime.events import JobState, Status, timestamp
from realtime.failure import error_of
from realtime.models import Job
from realtime.permissions import Role
from realtime.records import Row
from realtime.redaction import MASK, value_without_secrets, without_secrets
from realtime.states import read_one
from tests import tasks
from tests.processes import Child
from tests.services import wait_until


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("password=hunter2", "password=[hidden]"),
        ("DB_PASSWORD: 'hunter2 x', host=db", "DB_PASSWORD: [hidden], host=db"),
        ('{"api-key": "abc", "user": "ana"}', '{"api-key": [hidden], "user": "ana"}'),
        ("connect(token=abc, port=1)", "connect(token=[hidden], port=1)"),
        ("Authorization: Bearer abc.def", "Authorization: [hidden]"),
        ("sent Bearer abcdefgh.ij", "sent Bearer [hidden]"),
        ("redis://:hunter2@host/0", "redis://:[hidden]@host/0"),
        ("postgres://ana:hunter2@host/db", "postgres://ana:[hidden]@host/db"),
        ("https://x/?access_token=abc&page=2", "https://x/?access_token=[hidden]&page=2"),
        ("card 4242 4242 4242 4242 refused", "card [hidden] refused"),
        ("order 4242424242424241 refused", "order 4242424242424241 refused"),
        ("the password is missing", "the password is missing"),
        ("client_secret_name=x", "client_secret_name=[hidden]"),
        ("at 2026-11-26 12:00:00.123456789", "at 2026-11-26 12:00:00.123456789"),
    ],
)
def test_values_with_secret_names_are_hidden(said: str, shown: str) -> None:
    """What stands around them stays readable."""
    assert without_secrets(said) == shown


def test_arguments_are_hidden_by_their_names() -> None:
    """However deep, and however the name is written."""
    given = {"userApiKey": 1, "rows": [{"Pass-Word": "x", "name": "Ana"}], "url": "a://b:c@d"}
    assert value_without_secrets(given) == {
        "userApiKey": MASK,
        "rows": [{"Pass-Word": MASK, "name": "Ana"}],
        "url": f"a://b:{MASK}@d",
    }
    assert value_without_secrets([4242424242424242, 7, None]) == [MASK, 7, None]


def test_the_words_are_a_setting(settings: Any) -> None:
    """Others may be secret elsewhere."""
    settings.HEADWAY = {"REDACT": ["maiden name"]}
    assert without_secrets("maiden_name=x password=y") == "maiden_name=[hidden] password=y"
    settings.HEADWAY = {"REDACT": []}
    assert without_secrets("password=y") == "password=y"


@given(st.text(max_size=200))
def test_any_text_can_be_looked_at(said: str) -> None:
    """No error, whatever it holds."""
    without_secrets(said)


@pytest.mark.parametrize("part", ["password", "password=", "a", "1", "1 ", "://a:", '"', "token: "])
def test_a_long_text_takes_no_longer_than_its_length(part: str) -> None:
    """Tracebacks come from anywhere, and a worker waits for this."""
    said = part * (16_000 // len(part))
    before = time.perf_counter()
    without_secrets(said)
    assert time.perf_counter() - before < 1


class Info:
    """What Celery knows of an error."""

    traceback = "Traceback\n" + "x" * 10_000 + "\n  login(password='hunter2')\nValueError: no"


def test_an_error_is_kept_without_secrets_and_cut(settings: Any) -> None:
    """Of a traceback the end; of what is meant for the owner none."""
    error = error_of(ValueError(f"{'x' * 490} password=hunter2 {'y' * 100}"), Info)
    assert error is not None
    assert "hunter2" not in str(error)
    assert len(error["traceback"]) == 4_000
    assert error["traceback"].endswith("login(password=[hidden])\nValueError: no")
    assert error_of(JobError("The file is empty."), Info) == {
        "kind": "JobError",
        "text": "The file is empty.",
        "public": True,
    }


def failed_job(owner: Any) -> str:
    """Return a job that failed, with a traceback and arguments."""
    job = str(uuid.uuid4())
    state = JobState(
        id=job,
        root=job,
        name="tests.tasks.fail",
        title="T",
        owner=str(owner.pk),
        queued_at=timestamp(),
        repeats="whole",
    )
    body: Any = (
        ["The text"],
        {"public": {"password": "hunter2", "at": uuid.UUID(int=7), "n": math.nan, "h": "\ud800"}},
        {},
    )
    records.create(state, call_of(state.name, body).kept)
    error = error_of(ValueError("internal"), Info)
    ended = state.changed(status=Status.FAILED, finished_at=timestamp(), error=error)
    assert records.try_record([Row(ended, 1, 0)]) == []
    return job


def client_of(user: Any) -> Client:
    """Return a browser in which this user is signed in."""
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("store", ["memory"], indirect=True)
def test_owners_learn_the_kind_alone_and_operators_where_it_came_from(
    store: Any, ana: Any, operator: Any
) -> None:
    """Over HTTP; a state as it is sent over sockets has neither, for nobody."""
    job = failed_job(ana)
    address = f"/headway/api/jobs/{job}"
    seen = client_of(ana).get(address)
    assert seen.json()["error"] == {"kind": "ValueError", "text": failure.SAFE_TEXT}
    for inside in (b"Traceback", b"internal", b"hunter2", b"The text", b"arguments", b"repeats"):
        assert inside not in seen.content + client_of(ana).get("/headway/api/jobs").content
    told = client_of(operator).get(address).json()
    assert told["error"] == {"kind": "ValueError", "text": "internal"}
    assert told["traceback"].endswith("login(password=[hidden])\nValueError: no")
    assert told["arguments"] == {
        "text": "The text",
        "public": {"password": MASK, "at": str(uuid.UUID(int=7)), "n": "nan", "h": "\ud800"},
    }
    known = read_one(job)
    assert known is not None
    for role in Role:
        assert "Traceback" not in str(permissions.view(known, role))


@pytest.mark.parametrize("store", ["memory"], indirect=True)
def test_the_admin_shows_them_to_operators_alone(
    store: Any, ana: Any, operator: Any, ben: Any
) -> None:
    """Who may only look at jobs in the admin reads what owners read."""
    address = f"/admin/realtime/job/{failed_job(ana)}/change/"
    page = client_of(operator).get(address).content.decode()
    assert "login(password=[hidden])" in page
    assert "The text" in page
    ben.is_staff = True
    ben.save()
    ben.user_permissions.add(Permission.objects.get(codename="view_job"))
    page = client_of(ben).get(address).content.decode()
    assert "ValueError" in page
    for inside in ("Traceback", "internal", "The text", "hunter2"):
        assert inside not in page


@pytest.mark.django_db
@pytest.mark.parametrize("store", ["memory"], indirect=True)
def test_arguments_of_a_task_that_is_not_known_here_are_shown_by_their_places(store: Any) -> None:
    """A web process need not import every task."""
    job = str(uuid.uuid4())
    state = JobState(id=job, root=job, name="elsewhere.work", queued_at=timestamp())
    records.create(state, call_of(state.name, ([1], {"token": "x"}, {})).kept)
    known = read_one(job)
    assert known is not None
    assert confidential(known)["arguments"] == {"0": 1, "token": MASK}


@pytest.mark.django_db(transaction=True)
def test_a_real_worker_keeps_a_traceback_without_secrets(
    threads_worker: Child, ana: Any, operator: Any
) -> None:
    """With the place in the task's code."""
    job = realtime.start(tasks.fail, "token=abc", owner=ana)
    wait_until(Job.objects.filter(pk=job.pk, status="failed").exists, "the end")
    told = client_of(operator).get(f"/headway/api/jobs/{job.pk}").json()
    assert "tasks.py" in told["traceback"]
    assert told["traceback"].endswith("ValueError: token=[hidden]\n")
    assert b"abc" not in client_of(ana).get(f"/headway/api/jobs/{job.pk}").content
