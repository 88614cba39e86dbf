"""Share tokens: what guests see, over HTTP, sockets and streams, and what they never do."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from unittest.mock import ANY
from urllib.parse import urlencode

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser
from django.core.signing import Signer
from django.template import Context, Template
from django.test import Client, RequestFactory
from websockets.exceptions import ConnectionClosed, InvalidStatus

import realtime
from realtime import share_tokens, shares
from realtime.errors import HeadwayError
from realtime.events import Status
from realtime.models import Job
from realtime.permissions import NOT_FOR_GUESTS
from realtime.share_tokens import Claim
from tests import tasks
from tests.browser.recipes import recipe
from tests.processes import Child, web_server
from tests.realtime.conftest import Lazy
from tests.realtime.test_api import ana, ben, client_of, job_of
from tests.services import RedisServer
from tests.sockets import sign_in, viewer
from tests.streams import EVENTS, Stream, asked, of_type, polled, state_in, watching

__all__ = ["ana", "ben", "job_of"]

pytestmark = pytest.mark.django_db(transaction=True)

LIMITS = {"RIGHTS_INTERVAL": 0.2, "SOCKETS_PER_SHARE": 2}


def read(token: str, job: str, part: str = "", **query: str) -> Any:
    """Ask for a part of a job as somebody without an account."""
    return Client().get(f"/headway/api/jobs/{job}{part}", {"token": token, **query})


# Tokens


def test_a_token_shows_its_job_until_it_expires_or_is_taken_back(
    job_of: Any, ana: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call gives one that is good; all of them end with `unshare`, also when shared anew."""
    job = job_of(ana)
    first, second = realtime.share(job), realtime.share(Job.objects.get(pk=job), seconds=60)
    assert shares.shared([first, second, "x"]) == {first: job, second: job}
    monkeypatch.setattr("realtime.share_tokens.time.time", lambda: 4e9)
    assert shares.shared([first, second]) == {}
    monkeypatch.undo()
    realtime.unshare(job)
    assert shares.shared([first]) == {}
    anew = realtime.share(job)
    assert shares.shared([first, second, anew]) == {anew: job}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: token.replace(".", ".0", 1),
        lambda token: token.rpartition(":")[0],
        lambda token: token * 9,
        lambda token: token + "\x00",
        lambda token: "",
        lambda token: Signer(salt="another").sign(token.rpartition(":")[0]),
        lambda token: Signer(salt=share_tokens.SALT).sign("no claim"),
    ],
)
def test_no_other_token_shows_anything(job_of: Any, ana: Any, spoil: Any) -> None:
    """Neither one that was changed, nor one that was signed for something else."""
    job = job_of(ana)
    token = spoil(realtime.share(job))
    assert shares.shared([token]) == {}
    assert read(token, job).status_code == 401


def test_what_cannot_be_shared_is_said() -> None:
    """There must be a job, and some time."""
    with pytest.raises(HeadwayError, match="expected a job that is known, got: "):
        realtime.share(uuid.uuid4())
    with pytest.raises(HeadwayError, match="expected a job or its id, got: 'x'"):
        realtime.share("x")
    for seconds in (0, -1, float("nan")):
        with pytest.raises(ValueError, match="expected seconds to be more than 0"):
            realtime.share(uuid.uuid4(), seconds=seconds)


def test_a_job_is_started_shared(threads_worker: Child, ana: Any) -> None:
    """The token is there at once; a job of which nobody has said so has none."""
    job = realtime.start(tasks.nothing, owner=ana, share=True)
    assert shares.shared([job.share_token]) == {job.share_token: str(job.pk)}
    assert realtime.start(tasks.nothing, owner=ana).share_token == ""
    assert not shares.shared([share_tokens.sign(Claim(uuid.uuid4(), ""), 60)])


# HTTP


def test_a_guest_reads_the_state_and_nothing_else(job_of: Any, ana: Any) -> None:
    """What is hidden has the form it has otherwise; all other addresses want a sign-in."""
    more = {"tags": ["secret"], "worker": "w", "message": "Half", "current": 3, "total": 4}
    job = job_of(ana, **more, error={"kind": "E", "text": "path /secret", "spoken": False})
    token = realtime.share(job)
    told = read(token, job).json()
    assert {**told, **NOT_FOR_GUESTS} == told
    assert (told["title"], told["message"], told["current"]) == ("Work", "Half", 3)
    assert "secret" not in json.dumps(told)
    own = client_of(ana).get(f"/headway/api/jobs/{job}").json()
    assert own.keys() - told.keys() == {"usual", "began_at"}
    assert told.keys() <= own.keys()
    for part in ("/log", "/items", "/files/a.txt"):
        assert read(token, job, part).status_code == 401
    for action in ("cancel", "pause", "again", "answer"):
        address = f"/headway/api/jobs/{job}/{action}?token={token}"
        assert Client().post(address).status_code == 401
    for address in ("jobs", "notices", "jobs/actions"):
        assert Client().get(f"/headway/api/{address}", {"token": token}).status_code == 401
    assert read(token, job_of(ana)).status_code == 404


def test_a_guest_reads_the_whole_tree_below_a_root(job_of: Any, ana: Any, ben: Any) -> None:
    """Whoever its jobs belong to; a job below shows itself alone."""
    root = job_of(ana)
    below = {job_of(owner, root=root, parent=root) for owner in (ana, ben)}
    whole = read(realtime.share(root), root, "/tree").json()
    assert {one["id"] for one in whole["jobs"]} == {root, *below}
    assert {one["owner"] for one in whole["jobs"]} == {None}
    one = min(below)
    token = realtime.share(one)
    assert read(token, one).json()["id"] == one
    assert read(token, one, "/tree").json()["jobs"] == []
    for other in {root, *below} - {one}:
        assert read(token, other).status_code == 404


def test_who_brings_a_token_is_a_guest_whoever_they_are(job_of: Any, ana: Any, ben: Any) -> None:
    """So its owner sees what others will; a bad token is not made good by a session."""
    job = job_of(ana)
    token = realtime.share(job)
    for person in (ana, ben):
        answer = client_of(person).get(f"/headway/api/jobs/{job}", {"token": token})
        assert (answer.status_code, answer.json()["actions"]) == (200, [])
    assert client_of(ana).get(f"/headway/api/jobs/{job}?token=x").status_code == 401


def test_a_bar_is_there_for_a_guest_before_any_script(job_of: Any, ana: Any) -> None:
    """With the address at which the element goes on with the same token."""
    job = job_of(ana, current=3, total=4, fraction=0.75)
    token = realtime.share(job)
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    page = "{% load headway %}{% job_progress job token=token %}{% job_tree job token=token %}"
    values = {"job": job, "token": token, "request": request}
    drawn = Template(page).render(Context(values))
    assert drawn.count(f'src="/headway/?token={token.replace(":", "%3A")}"') == 2
    assert 'value="75"' in drawn
    other = Template(page).render(Context({**values, "job": job_of(ana)}))
    assert "This job is not available." in other


def test_the_recipe_of_a_link(threads_worker: Child, ana: Any) -> None:
    """What EMBEDDING.md says makes a link, and shows the bar to who follows it."""
    found = recipe("A link for people without an account")
    names: dict[str, Any] = {"realtime": realtime, "resize": tasks.leave_file, "paths": "text"}
    names |= {"urlencode": urlencode, "reverse": lambda name, args: f"/{name}/{args[0]}/"}
    exec(found["python"], names)
    request = RequestFactory().get(names["link"])
    request.user = AnonymousUser()
    job = request.path.split("/")[2]
    drawn = Template(found["django"]).render(Context({"job": job, "request": request}))
    assert f'<job-progress job="{job}" in-tab src="/headway/?token=' in drawn
    assert "Holiday pictures" in drawn


# Sockets and streams


@pytest.fixture(scope="module")
def watchful(redis: RedisServer, django_db_setup: None) -> Iterator[Lazy]:
    """Keep web servers that look at rights often."""
    with ExitStack() as stack:
        more = json.dumps(LIMITS)
        yield Lazy(lambda name: stack.enter_context(web_server(name, HEADWAY_MORE=more)))


@pytest.fixture(params=["daphne", "uvicorn"])
def web(request: pytest.FixtureRequest, watchful: Lazy, transactional_db: None) -> Child:
    """Return the service under each server."""
    return watchful.running(request.param)


def guest(web: Child, token: str, cookie: str = "") -> Any:
    """Open a socket with a token."""
    return viewer(web, cookie, query=f"?token={token}")


async def shared_job(owner: Any, *args: Any, task: Any = tasks.nothing) -> tuple[str, str]:
    """Start a shared job, and return its id and token."""
    job = await sync_to_async(realtime.start)(task, *args, owner=owner, share=True)
    return str(job.pk), job.share_token


async def test_a_guest_watches_a_job_to_its_end(
    web: Child, threads_worker: Child, ana: Any, tmp_path: Any
) -> None:
    """Live, as the owner does, without the owner's things; what else there is is not found."""
    gate = tmp_path / "gate"
    job, token = await shared_job(ana, 50, str(gate), 20, task=tasks.count)
    other, _ = await shared_job(ana)
    async with guest(web, token) as one:
        await one.watch(f"job:{job}", f"tree:{job}")
        await one.until(lambda: one.states.get(job, {}).get("current") == 20)
        assert one.of_type("welcome")[0]["user"] is None
        refused = [f"log:{job}", f"job:{other}", f"tree:{other}", "mine", "all", "notices"]
        await one.watch(*refused)
        await one.until(lambda: len(one.of_type("refused")) == len(refused))
        assert {(frame["topic"], frame["code"]) for frame in one.of_type("refused")} == {
            (topic, "not_found") for topic in refused
        }
        gate.touch()
        state = await one.ended(job)
        assert state["status"] == Status.SUCCEEDED
        assert {**state, **NOT_FOR_GUESTS} == state
        assert set(one.states) == {job}


async def test_a_guest_watches_what_a_shared_job_starts(
    web: Child, threads_worker: Child, ana: Any
) -> None:
    """Each job of the tree, as a guest."""
    root, token = await shared_job(ana, [1, 2], task=tasks.replace_by_many)
    async with guest(web, token) as one:
        await one.watch(f"tree:{root}")
        await one.ended(root)
        below = [state for job, state in one.states.items() if job != root]
        assert below
        assert {(state["root"], state["owner"], state["log"]) for state in below} == {
            (root, None, 0)
        }


async def test_a_link_that_is_taken_back_ends_its_sockets(web: Child, ana: Any) -> None:
    """Within seconds; and lets in nobody more, signed in or not."""
    job, token = await shared_job(ana)
    cookie = await sync_to_async(sign_in)(ana)
    async with guest(web, token) as one, guest(web, token, cookie) as two:
        for each in (one, two):
            await each.watch(f"job:{job}")
            await each.until(lambda each=each: each.of_type("watching"))
        await sync_to_async(realtime.unshare)(job)
        for each in (one, two):
            with pytest.raises(ConnectionClosed):
                await each.until(lambda: False)
            assert each.socket.close_code == 4501
            assert each.socket.close_reason == "expected a link that is still good"
    for bad in (token, "x", "%00", "a" * 5000):
        with pytest.raises(InvalidStatus) as refusal:
            async with guest(web, bad, cookie):
                pass
        assert refusal.value.response.status_code == 403


async def test_a_crowd_of_guests_is_limited_by_the_job(web: Child, ana: Any) -> None:
    """Not by a person that they are not; its owner comes in besides."""
    job, token = await shared_job(ana)
    async with guest(web, token) as one, guest(web, token) as two:
        for each in (one, two):
            await each.read()
        async with guest(web, token) as three:
            with pytest.raises(ConnectionClosed):
                await three.until(lambda: False)
            reason = "expected at most 2 sockets of one shared job: close other pages"
            assert (three.socket.close_code, three.socket.close_reason) == (4502, reason)
        async with viewer(web, await sync_to_async(sign_in)(ana)) as owner:
            await owner.watch(f"job:{job}")
            await owner.until(lambda: owner.of_type("watching"))


def test_guests_come_where_no_socket_gets_through(
    web: Child, threads_worker: Child, ana: Any
) -> None:
    """By events, and by polls."""
    job = realtime.start(tasks.nothing, owner=ana, share=True)
    pk, query = str(job.pk), f"?token={job.share_token}"
    with asked(web, watching(f"job:{pk}"), "POST", query, **EVENTS) as answer:
        seen = Stream(answer)
        seen.until(lambda: seen.state(pk).get("status") == "succeeded")
        assert seen.state(pk)["owner"] is None
    frames = polled(web, watching(f"job:{pk}", "mine"), "", query)
    assert state_in(frames, pk)["actions"] == []
    assert of_type(frames, "refused") == [
        {"type": "refused", "topic": "mine", "code": "not_found", "text": ANY}
    ]
    with asked(web, watching(f"job:{pk}"), "POST", "?token=x", **EVENTS) as answer:
        assert answer.status == 401
