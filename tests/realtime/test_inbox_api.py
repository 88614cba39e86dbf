"""A person's notices over HTTP: pages, what is read, and that others' are nobody's."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from django.test import Client

from realtime import notice_views, replies, tokens
from realtime.events import Status
from tests.realtime.test_notices import quiet, state, tell  # noqa: F401  a fixture

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "/headway/api/notices"


@pytest.fixture(autouse=True)
def unheard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Announce nothing, and return whose sockets would hear."""
    told: list[str] = []

    class Silent:
        """Stands for the reporter."""

        call = told.append

    monkeypatch.setattr("realtime.marking.get_reporter", Silent)
    return told


def client_of(user: Any, **more: Any) -> Client:
    """Return a browser in which this user is signed in."""
    client = Client(**more)
    client.force_login(user)
    return client


def get(user: Any, query: str = "") -> dict[str, Any]:
    """Return a page, held to its description."""
    answer = client_of(user).get(f"{ADDRESS}?{query}")
    assert answer.status_code == 200, answer.content
    return held(answer.json(), replies.NOTICES)


def mark(user: Any, **said: Any) -> dict[str, Any]:
    """Mark notices, and return the answer."""
    answer = client_of(user).post(f"{ADDRESS}/read", json.dumps(said), "application/json")
    assert answer.status_code == 200, answer.content
    return held(answer.json(), replies.MARKED)


def held(said: dict[str, Any], shape: dict[str, Any]) -> dict[str, Any]:
    """Hold an answer to its description."""
    jsonschema.Draft202012Validator(
        shape | {"components": {"schemas": replies.schemas()}}
    ).validate(said)
    return said


def test_the_newest_come_first_by_pages(ana: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each once, and `next` is null at the last; a question comes with its choices."""
    monkeypatch.setattr(notice_views, "PAGE", 2)
    for title in "abcd":
        tell(state(ana, Status.FAILED, title=title))
    tell(state(ana, Status.WAITING, title="e"))
    first = get(ana)
    assert (first["unread"], first["notices"][0]["question"]["choices"]) == (5, ["Yes", "No"])
    second = get(ana, f"cursor={first['next']}")
    last = get(ana, f"cursor={second['next']}")
    seen = [*first["notices"], *second["notices"], *last["notices"]]
    assert "".join(one["title"] for one in seen) == "edcba"
    assert last["next"] is None


def test_read_and_not_read_after_all(ana: Any, unheard: list[str]) -> None:
    """By their ids or all; what has changed is answered, so that it can be taken back."""
    for title in "abc":
        tell(state(ana, Status.FAILED, title=title))
    newest, _, oldest = (one["id"] for one in get(ana)["notices"])
    assert mark(ana, ids=[oldest, oldest, "x", "9" * 30]) == {"ids": [oldest], "unread": 2}
    assert mark(ana, ids=[oldest]) == {"ids": [], "unread": 2}
    assert [one["title"] for one in get(ana, "unread=true")["notices"]] == ["c", "b"]
    assert [one["title"] for one in get(ana, "unread=false")["notices"]] == ["a"]
    done = mark(ana, all=True)
    assert (len(done["ids"]), done["unread"]) == (2, 0)
    assert mark(ana, ids=done["ids"], read=False)["unread"] == 2
    assert get(ana)["notices"][0]["id"] == newest
    assert get(ana)["notices"][0]["read_at"] is None
    assert unheard == [str(ana.pk)] * 3


def test_what_came_after_the_look_stays_unread(ana: Any) -> None:
    """All are those up to the newest that the person has seen."""
    tell(state(ana, Status.FAILED))
    [seen] = get(ana)["notices"]
    tell(state(ana, Status.FAILED))
    assert mark(ana, all=True, until=seen["id"]) == {"ids": [seen["id"]], "unread": 1}


def test_others_notices_are_nobodys(ana: Any, ben: Any, operator: Any, unheard: list[str]) -> None:
    """Not shown, not counted, not marked; to an operator neither."""
    tell(state(ana, Status.FAILED))
    [notice] = get(ana)["notices"]
    for other in (ben, operator):
        assert get(other) == {"notices": [], "unread": 0, "next": None}
        assert mark(other, ids=[notice["id"]]) == {"ids": [], "unread": 0}
        assert mark(other, all=True) == {"ids": [], "unread": 0}
    assert get(ana)["unread"] == 1
    assert unheard == []


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({}, "expected the body to be one with either ids or all"),
        ({"ids": ["1"], "all": True}, "expected the body to be one with either ids or all"),
        ({"all": False}, "expected the body to be one with either ids or all"),
        ({"ids": []}, "expected ids to be a list of 1 to 500"),
        ({"ids": [1]}, "expected ids[0] to be a text"),
        ({"id": "1"}, "expected each key of the body to be one of ids, all, until, read"),
    ],
)
def test_what_cannot_be_understood_is_told(ana: Any, said: Any, sentence: str) -> None:
    """As everywhere: a problem document with what was expected."""
    answer = client_of(ana).post(f"{ADDRESS}/read", json.dumps(said), "application/json")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert sentence in answer.json()["detail"]


@pytest.mark.parametrize("query", ["unread=maybe", "cursor=x", "cursor=-1", "job=1"])
def test_a_query_that_is_none_is_refused(ana: Any, query: str) -> None:
    """Also a cursor that no page has given."""
    answer = client_of(ana).get(f"{ADDRESS}?{query}")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


def test_who_may_ask(ana: Any) -> None:
    """Who is signed in, marking with the CSRF token; a program with a token for it."""
    assert Client().get(ADDRESS).status_code == 401
    careless = client_of(ana, enforce_csrf_checks=True)
    body = json.dumps({"all": True})
    assert careless.post(f"{ADDRESS}/read", body, "application/json").status_code == 403
    for scope, wanted in (("read", 403), ("act", 200)):
        said = {"Authorization": f"Bearer {tokens.create(ana, scope, scopes=[scope])[1]}"}
        answer = Client(enforce_csrf_checks=True).post(
            f"{ADDRESS}/read", body, "application/json", headers=said
        )
        assert answer.status_code == wanted
        assert Client().get(ADDRESS, headers=said).status_code == {403: 200, 200: 403}[wanted]
