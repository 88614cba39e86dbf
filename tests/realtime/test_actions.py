"""Steering over HTTP: what is taken, what is refused and why."""

from __future__ import annotations

import json
import uuid
from functools import partial
from typing import Any

import pytest
from celery import Celery, current_app
from django.test import Client

from realtime import control, pools, publish
from realtime.errors import Refused
from realtime.events import JobState, Status, timestamp
from realtime.models import Job
from realtime.states import read_one
from realtime.store import Store

pytestmark = pytest.mark.django_db(transaction=True)

QUESTION = {
    "id": "q1",
    "text": "Replace them?",
    "choices": ["Yes", "No"],
    "asked_at": timestamp(),
    "expires_at": None,
}


@pytest.fixture
def ana(django_user_model: Any) -> Any:
    """Return a user."""
    return django_user_model.objects.create_user("ana", password="x")


@pytest.fixture
def ben(django_user_model: Any) -> Any:
    """Return another user."""
    return django_user_model.objects.create_user("ben", password="x")


@pytest.fixture
def job_of(store: Store, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what makes a job with a state, through the waist."""
    monkeypatch.setattr("realtime.announcer.announce", lambda shards: None)
    monkeypatch.setattr(current_app.control, "revoke", lambda *_, **__: None)

    def make(owner: Any, status: Status = Status.RUNNING, **more: Any) -> str:
        job = str(uuid.uuid4())
        given = {
            "root": job,
            "name": "tests.work",
            "title": "Work",
            "owner": str(owner.pk),
            "queued_at": timestamp(),
            "question": QUESTION if status is Status.WAITING else None,
            "finished_at": timestamp() if status is Status.SUCCEEDED else None,
        }
        state = JobState(id=job, status=status, **{**given, **more})
        publish.publish([publish.Change(state=state, order=1, transition=True)])
        return job

    return make


def post(user: Any, path: str, said: Any = None) -> Any:
    """Send a request as this user."""
    client = Client()
    client.force_login(user)
    body = "" if said is None else json.dumps(said)
    return client.post(f"/headway/api/jobs/{path}", body, content_type="application/json")


ALLOWED = {
    "cancel": {"queued", "running", "paused", "waiting", "retrying", "cancelling"},
    "pause": {"running"},
    "resume": {"paused"},
    "answer": {"waiting"},
}


@pytest.mark.parametrize("status", [one for one in Status if one not in {"failed", "lost"}])
@pytest.mark.parametrize("action", list(ALLOWED))
def test_what_a_status_allows(job_of: Any, ana: Any, action: str, status: Status) -> None:
    """202 and the state, or 409 and the reason; the state's actions say the same."""
    if status is Status.CANCELLED:
        job = job_of(ana, status, finished_at=timestamp(), wants="cancel")
    else:
        job = job_of(ana, status, wants="pause" if status is Status.PAUSED else "")
    offered = Client()
    offered.force_login(ana)
    actions = offered.get(f"/headway/api/jobs/{job}").json()["actions"]
    answer = post(ana, f"{job}/{action}", {"answer": "Yes"} if action == "answer" else None)
    said = answer.json()
    if status in ALLOWED[action]:
        assert (answer.status_code, said["id"]) == (202, job)
        assert said["note"]
        assert "wants" not in said
        assert action in actions or status is Status.CANCELLING
    else:
        assert (answer.status_code, said["title"]) == (409, "Not possible now")
        assert said["detail"]
        assert action not in actions


def test_a_cancelled_job_that_waited_has_ended(job_of: Any, ana: Any) -> None:
    """The state says so at once, and SQL as well."""
    job = job_of(ana, Status.QUEUED)
    answer = post(ana, f"{job}/cancel").json()
    assert (answer["status"], answer["note"]) == ("cancelled", control.NEVER_STARTS)
    assert Job.objects.get(pk=job).status == "cancelled"


def test_a_pause_that_is_not_there_yet_can_be_taken_back(
    job_of: Any, ana: Any, store: Store
) -> None:
    """Also before its worker has heard of it."""
    job = job_of(ana)
    assert post(ana, f"{job}/pause").json()["actions"] == ["cancel", "resume"]
    assert store.standing(job).wants == "pause"
    assert post(ana, f"{job}/resume").json()["actions"] == ["cancel", "pause"]
    assert store.standing(job).wants == "resume"
    assert post(ana, f"{job}/resume").status_code == 409


@pytest.mark.parametrize(
    ("said", "got"),
    [
        ({"answer": "Perhaps"}, "expected answer to be one of Yes, No, got: Perhaps"),
        ({"answer": None}, "expected answer to be one of Yes, No, got: None"),
        ({}, "expected answer to be one of the choices, or a text, got: nothing"),
        ({"answer": "Yes", "reply": 1}, "expected each key of the body to be one of answer,"),
        ([], "expected the body to be a JSON object, got: []"),
    ],
)
def test_an_answer_that_is_none(job_of: Any, ana: Any, said: Any, got: str) -> None:
    """It is told what could be said; the question is still open."""
    job = job_of(ana, Status.WAITING)
    answer = post(ana, f"{job}/answer", said)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["detail"].startswith(got)
    assert post(ana, f"{job}/answer", {"answer": "No", "question": "q1"}).status_code == 202


@pytest.mark.parametrize("said", ["", " \n", "x" * 2_001, 5, ["x"]])
def test_a_free_answer_is_a_text(job_of: Any, ana: Any, said: Any) -> None:
    """Neither nothing nor a book."""
    job = job_of(ana, Status.WAITING, question={**QUESTION, "choices": None})
    answer = post(ana, f"{job}/answer", {"answer": said})
    wanted = "expected answer to be a text of 1 to 2000 characters, got: "
    assert (answer.status_code, answer.json()["detail"][: len(wanted)]) == (400, wanted)
    assert post(ana, f"{job}/answer", {"answer": "B\x00\ud800"}).status_code == 202


def test_the_second_answer_is_told_the_first(job_of: Any, ana: Any, django_user_model: Any) -> None:
    """By whom, and what."""
    job = job_of(ana, Status.WAITING)
    chief = django_user_model.objects.create_superuser("chief", password="x")
    assert post(chief, f"{job}/answer", {"answer": "No"}).status_code == 202
    late = post(ana, f"{job}/answer", {"answer": "Yes"})
    assert late.status_code == 409
    assert late.json()["detail"] == "It was answered already, by chief: No"
    other = post(ana, f"{job}/answer", {"answer": "Yes", "question": "q0"})
    assert (other.status_code, other.json()["detail"]) == (409, control.NOT_ASKED)


def test_a_tree_is_steered_by_who_may(job_of: Any, ana: Any, ben: Any, store: Store) -> None:
    """A job's cancel reaches what it has started, and what that has started; not others' jobs."""
    root = job_of(ana)
    child = job_of(ana, root=root, parent=root)
    grandchild = job_of(ana, Status.QUEUED, root=root, parent=child)
    bens = job_of(ben, root=root, parent=root)
    done = job_of(ana, Status.SUCCEEDED, root=root, parent=root)
    sibling = job_of(ana, root=root, parent=root)
    assert "same goes for 1 " in post(ana, f"{child}/cancel").json()["note"]
    assert [store.standing(one).wants for one in (child, grandchild)] == ["cancel"] * 2
    assert (read_one(grandchild) or {})["status"] == "cancelled"
    alone = post(ana, f"{root}/cancel", {"tree": False}).json()["note"]
    assert "same goes" not in alone
    assert store.standing(sibling).wants == ""
    assert "same goes for 2 " in post(ana, f"{root}/cancel").json()["note"]
    assert store.standing(sibling).wants == "cancel"
    assert [store.standing(one).wants for one in (bens, done)] == ["", ""]


def test_many_at_once(job_of: Any, ana: Any, ben: Any) -> None:
    """Those that take it and those that do not are told apart."""
    runs, over, bens = job_of(ana), job_of(ana, Status.SUCCEEDED), job_of(ben)
    never = str(uuid.uuid4())
    said = {"action": "pause", "ids": [runs, over, bens, never, "x", runs]}
    answer = post(ana, "actions", said)
    told = answer.json()
    assert answer.status_code == 202
    assert [one["id"] for one in told["jobs"]] == [runs]
    statuses = {one["id"]: one["status"] for one in told["refused"]}
    assert statuses == {over: 409, bens: 404, never: 404, "x": 404}
    assert post(ana, "actions", {"action": "cancel", "ids": [runs]}).json()["refused"] == []


@pytest.mark.parametrize("path", ["cancel", "pause", "resume", "answer"])
def test_who_may_not_steer(
    job_of: Any, ana: Any, ben: Any, django_user_model: Any, path: str
) -> None:
    """Others see no job; who may only look at everything is told so; a link changes nothing."""
    from django.contrib.auth.models import Permission

    job = job_of(ana, Status.WAITING)
    looks = django_user_model.objects.create_user("looks", password="x")
    looks.user_permissions.add(Permission.objects.get(codename="view_all_jobs"))
    assert post(ben, f"{job}/{path}").status_code == 404
    assert post(looks, f"{job}/{path}").status_code == 403
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ana)
    assert strict.post(f"/headway/api/jobs/{job}/{path}").status_code == 403
    assert strict.get(f"/headway/api/jobs/{job}/{path}").status_code == 405


def test_force_is_refused_while_the_broker_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can say then whether the job's worker can do it."""
    away = partial(current_app.connection, "redis://127.0.0.1:1/0")
    monkeypatch.setattr(Celery, "connection_for_read", staticmethod(away))
    running = {"status": "running", "worker": "one@somewhere"}
    with pytest.raises(Refused, match="got: no answer from the worker"):
        pools.check([running])
