"""Every right: each role against each request that is described, and each topic of a socket."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from celery import current_app
from django.contrib.auth.models import Permission
from django.core.files.base import ContentFile
from django.test import Client
from websockets.exceptions import ConnectionClosedError

import realtime
from realtime import commands, tokens, workshop
from realtime.events import JobState, Status, timestamp
from realtime.models import AlertRule, File, Job
from realtime.publish import Change, publish
from realtime.store import get_store
from tests.processes import Child
from tests.realtime.test_workshop import ABOUT
from tests.services import RedisServer
from tests.sockets import Viewer, sign_in, viewer
from tests.tenants import join

pytestmark = pytest.mark.django_db(transaction=True)

ALL_RIGHTS = ("view_all_jobs", "control_all_jobs", "control_workers", "manage_alerts")
RIGHTS = {
    "stranger": (),
    "owner": (),
    "onlooker": ("view_all_jobs",),
    "operator": ("view_all_jobs", "control_all_jobs"),
    "steerer": ("control_all_jobs",),
    "foreman": ("control_workers",),
    "watchman": ("view_all_jobs", "manage_alerts"),
    "blind watchman": ("manage_alerts",),
    "confined operator": ALL_RIGHTS,
    "other tenant's operator": ALL_RIGHTS,
}
"""What the accounts may do, by Django's permissions."""
ROLES = (
    *("anonymous", "guest", *RIGHTS, "chief"),
    *("reading token", "acting token", "reporting token"),
)
"""Who asks: a guest has a share token, a chief is a superuser, API tokens are the owner's."""
TENANTS = {"confined operator": "tenant:a", "other tenant's operator": "tenant:b"}
"""Who sees the jobs of one tag alone; the job has the first."""
SEES_ALL = {"onlooker", "operator", "watchman", "chief"}
SEES = SEES_ALL | {"confined operator"}
STEERS_ALL = {"operator", "steerer", "chief", "confined operator"}
CONTROLS = {"foreman", "chief"}
MANAGES = {"watchman", "chief"}
OWNERS = {"owner", "reading token", "acting token"}


def of_public(role: str) -> int:
    """Everybody may."""
    del role
    return 200


def of_own(role: str) -> int:
    """Whoever is signed in is told what is theirs."""
    wrong = dict.fromkeys(("acting token", "reporting token"), 403)
    return {"anonymous": 401, "guest": 401, **wrong}.get(role, 200)


def of_own_act(role: str) -> int:
    """Whoever is signed in may change what is theirs; a token must be for it."""
    return {"reading token": 403, "acting token": 200}.get(role, of_own(role))


def of_job(role: str) -> int:
    """Who may see the job; for all others there is none."""
    told = of_own(role)
    return told if told != 200 or role in OWNERS | SEES else 404


def of_shared_job(role: str) -> int:
    """And who was given its share token."""
    return 200 if role == "guest" else of_job(role)


def of_steering(role: str) -> int:
    """Who may see the job and steer it."""
    told = of_own_act(role)
    if told != 200:
        return told
    seen = role in OWNERS | SEES
    return 404 if not seen else 200 if role in OWNERS | STEERS_ALL else 403


def of_reporting(role: str) -> int:
    """Who may tell of the job from outside Celery: its owner, or a token that is for it."""
    if role in {"reading token", "acting token"}:
        return 403
    if role in {"anonymous", "guest"}:
        return 401
    if role in SEES:
        return 403
    return 200 if role in {"owner", "reporting token"} else 404


def of_operators(role: str) -> int:
    """Who may see everybody's jobs; to others there is nothing."""
    if role in {"anonymous", "guest"}:
        return 404
    return 200 if role in SEES_ALL else 403 if role in TENANTS else 404


def of_dashboard(role: str) -> int:
    """Who may see everybody's jobs; to others who are signed in there is nothing."""
    told = of_own(role)
    if role in TENANTS:
        return 403
    return told if told != 200 or role in SEES_ALL else 404


def of_workshop(role: str) -> int:
    """Who may see everybody's jobs; others are told whom to ask."""
    told = of_own(role)
    return told if told != 200 or role in SEES_ALL else 403


def of_view(role: str) -> int:
    """Nobody has the view that is asked for."""
    told = of_own_act(role)
    return told if told != 200 else 404


def of_controlling(role: str) -> int:
    """Who may pause queues, and stop workers; who may only see them does not."""
    told = of_own_act(role)
    return told if told != 200 or role in CONTROLS else 403


def of_alerts(role: str) -> int:
    """Who may manage alerts, and see everybody's jobs, of which they tell."""
    told = of_own(role)
    return told if told != 200 or role in MANAGES else 403


def of_managing(role: str) -> int:
    """Say the same of what changes them: a token must be for it."""
    told = of_own_act(role)
    return told if told != 200 or role in MANAGES else 403


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """Who may ask for something, and how it is asked for."""

    answer: Callable[[str], int]
    """The status for each role; 200 stands for whatever is no refusal of a right."""
    body: dict[str, Any] | None = None
    """What is sent."""
    query: dict[str, str] = field(default_factory=dict)
    """And what stands in its address."""


REPORTS: dict[str, int] = {
    "anonymous": 401,
    "guest": 401,
    "reading token": 403,
    "acting token": 403,
}
RIGHT: dict[str, Right] = {
    "GET healthz": Right(answer=of_public),
    "GET readyz": Right(answer=of_public),
    "GET asyncapi.json": Right(answer=of_public),
    "GET api/openapi.json": Right(answer=of_public),
    "GET metrics": Right(answer=of_operators),
    "GET api/jobs": Right(answer=of_own),
    "POST api/jobs": Right(answer=lambda role: REPORTS.get(role, 200), body={"name": "script"}),
    "GET api/jobs/count": Right(answer=of_own),
    "GET api/jobs/words": Right(answer=of_own, query={"key": "task"}),
    "POST api/jobs/actions": Right(answer=of_own_act, body={"action": "cancel", "ids": ["x"]}),
    "GET api/acts": Right(answer=of_own),
    "GET api/views": Right(answer=of_own),
    "POST api/views": Right(answer=of_own_act, body={"name": "Mine", "q": "status:failed"}),
    "DELETE api/views/{view}": Right(answer=of_view),
    "GET api/schedule": Right(answer=of_workshop),
    "GET api/workers": Right(answer=of_workshop),
    "GET api/alerts": Right(answer=of_alerts),
    "GET api/alerts/rules": Right(answer=of_alerts),
    "POST api/alerts/rules": Right(
        answer=of_managing, body={"name": "N", "kind": "job_stalled", "inbox": "operators"}
    ),
    "PATCH api/alerts/rules/{rule}": Right(answer=of_managing, body={"minutes": 5}),
    "POST api/alerts/rules/{rule}/try": Right(answer=of_managing),
    "DELETE api/alerts/rules/{rule}": Right(answer=of_managing),
    "POST api/queues/{name}/pause": Right(answer=of_controlling),
    "POST api/queues/{name}/resume": Right(answer=of_controlling),
    "POST api/workers/{name}/stop": Right(answer=of_controlling),
    "POST api/workers/{name}/concurrency": Right(answer=of_controlling, body={"processes": 2}),
    "GET api/notices": Right(answer=of_own),
    "POST api/notices/read": Right(answer=of_own_act, body={"all": True}),
    "GET api/notices/preferences": Right(answer=of_own),
    "PUT api/notices/preferences": Right(answer=of_own_act, body={"finished": ["inbox"]}),
    "GET api/metrics/series": Right(answer=of_dashboard),
    "GET api/metrics/tasks": Right(answer=of_dashboard),
    "GET api/metrics/now": Right(answer=of_dashboard),
    "GET api/jobs/{job}": Right(answer=of_shared_job),
    "GET api/jobs/{job}/tree": Right(answer=of_shared_job),
    "GET api/jobs/{job}/log": Right(answer=of_job),
    "GET api/jobs/{job}/items": Right(answer=of_job),
    "GET api/jobs/{job}/acts": Right(answer=of_job),
    "GET api/jobs/{job}/files/{name}": Right(answer=of_job),
    "POST api/jobs/{job}/report": Right(answer=of_reporting, body={"current": 1}),
    "POST api/jobs/{job}/cancel": Right(answer=of_steering, body={}),
    "POST api/jobs/{job}/pause": Right(answer=of_steering, body={}),
    "POST api/jobs/{job}/resume": Right(answer=of_steering, body={}),
    "POST api/jobs/{job}/again": Right(answer=of_steering, body={}),
    "POST api/jobs/{job}/answer": Right(answer=of_steering, body={"answer": "Yes"}),
}
"""What each request that is described is answered, by role."""
REFUSALS = {401, 403, 404}
CONFINED = {"REACH": "tests.tenants.reach"}


@pytest.fixture
def web(tenants_web: Child) -> Child:
    """Return the service under each server."""
    return tenants_web


@pytest.fixture(autouse=True)
def quiet(redis: RedisServer, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Announce nothing, and tell no worker; let some operators see one tenant's jobs alone."""
    settings.HEADWAY = {**settings.HEADWAY, **CONFINED}
    monkeypatch.setattr("realtime.announcer.announce", lambda shards: None)
    monkeypatch.setattr(current_app.control, "revoke", lambda *_, **__: None)


@pytest.fixture
def people(django_user_model: Any) -> dict[str, Any]:
    """Return an account for each right."""
    found = {}
    for name, rights in RIGHTS.items():
        found[name] = django_user_model.objects.create_user(name, password="x")
        found[name].user_permissions.set(Permission.objects.filter(codename__in=rights))
    for name, tenant in TENANTS.items():
        join(found[name], tenant)
    found["chief"] = django_user_model.objects.create_superuser("chief", password="x")
    return found


@pytest.fixture
def job(people: dict[str, Any]) -> Iterator[str]:
    """Make the owner's job, which runs outside Celery and has a file."""
    pk = str(uuid.uuid4())
    owner = str(people["owner"].pk)
    files = [{"name": "a.txt", "size": 1, "url": "", "expires_at": None}]
    state = JobState(id=pk, root=pk, name="t", title="T", owner=owner, queued_at=timestamp())
    state = state.changed(tags=["tenant:a"])
    state = state.changed(status=Status.RUNNING, started_at=timestamp(), ttl=60, files=files)
    publish([Change(state=state, order=1, transition=True)])
    File.objects.create(
        job_id=pk,
        name="a.txt",
        content=ContentFile(b"x", "a.txt"),
        size=1,
        content_type="text/plain",
    )
    yield pk
    for file in File.objects.all():
        file.content.delete()


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let there be a queue and a worker, which does not answer, of the name that is asked for."""
    monkeypatch.setattr(commands, "ANSWER", 0.1)
    current_app.amqp.queues["a.txt"]
    get_store().introduce("a.txt", ABOUT)
    workshop.workshop.forget()
    yield
    current_app.amqp.queues.pop("a.txt")


@pytest.fixture
def rule() -> int:
    """Make a rule of alerts."""
    return AlertRule.objects.create(name="R", kind="job_stalled", inbox="operators").pk


@pytest.fixture
def ask(
    people: dict[str, Any], job: str, shop: None, rule: int
) -> Callable[[str, str, Right], int]:
    """Return what sends a request in a role."""
    scopes = {"reading token": "read", "acting token": "act", "reporting token": "report"}
    said = {
        name: tokens.create(people["owner"], name, [scope])[1] for name, scope in scopes.items()
    }
    share = realtime.share(Job.objects.get(pk=job))

    def send(role: str, operation: str, right: Right) -> int:
        method, _, path = operation.partition(" ")
        client, headers, query = Client(), dict[str, str](), dict(right.query)
        if role in people:
            client.force_login(people[role])
        elif role in said:
            headers["Authorization"] = f"Bearer {said[role]}"
        elif role == "guest":
            query["token"] = share
        address = "/headway/" + path.format(job=job, name="a.txt", view="0", rule=rule)
        body = "" if right.body is None else json.dumps(right.body)
        kind = "application/json"
        with closing(
            client.generic(method, address, body, kind, headers=headers, query_params=query)
        ) as answer:
            return answer.status_code

    return send


def operations() -> set[str]:
    """Return all that is described."""
    paths = Client().get("/headway/api/openapi.json").json()["paths"]
    return {
        f"{method.upper()} {path.removeprefix('/headway').lstrip('/')}"
        for path, methods in paths.items()
        for method in methods
        if method != "parameters"
    }


def test_each_request_has_its_right() -> None:
    """A new one says here who may ask."""
    assert operations() == set(RIGHT)


@pytest.mark.parametrize("role", ROLES)
def test_each_role_against_each_request(role: str, ask: Any) -> None:
    """What is refused is refused with the status that says why, and nothing else is."""
    for operation, right in RIGHT.items():
        wanted, got = right.answer(role), ask(role, operation, right)
        if wanted == 200:
            # A share token is no word of a query that takes none.
            assert got not in REFUSALS, operation
        else:
            assert got == wanted or (role == "guest" and got == 400), (operation, got)


TOPICS: dict[str, Callable[[str], bool]] = {
    "job:{job}": lambda role: role in {"owner", "guest"} | SEES,
    "tree:{job}": lambda role: role in {"owner", "guest"} | SEES,
    "log:{job}": lambda role: role in {"owner"} | SEES,
    "all": lambda role: role in SEES_ALL | TENANTS.keys(),
    "mine": lambda role: role != "guest",
    "notices": lambda role: role != "guest",
}
"""Who may watch."""


@pytest.mark.parametrize("role", ["guest", *RIGHTS, "chief"])
async def test_each_role_against_each_topic(
    role: str, web: Child, people: dict[str, Any], job: str
) -> None:
    """A topic is shown in full, or refused; a frame that would change something is no frame."""
    share = await sync_to_async(lambda: realtime.share(Job.objects.get(pk=job)))()
    cookie = "" if role == "guest" else await sync_to_async(sign_in)(people[role])
    query = f"?token={share}" if role == "guest" else ""
    topics = {topic.format(job=job): may(role) for topic, may in TOPICS.items()}
    hidden, sees = {topic for topic, may in topics.items() if not may}, topics[f"job:{job}"]

    def refused(one: Viewer) -> set[str]:
        return {frame["topic"] for frame in one.of_type("refused")}

    async with viewer(web, cookie, query) as one:
        await one.watch(*topics)
        await one.until(lambda: refused(one) >= hidden and (job in one.states) == sees)
        assert refused(one) == hidden
        await one.send(type="cancel", job=job)
        with pytest.raises(ConnectionClosedError) as closed:
            await one.until(lambda: False)
        assert closed.value.rcvd
        assert closed.value.rcvd.code == 4500
    state = await sync_to_async(Job.objects.get)(pk=job)
    assert state.status == "running"
