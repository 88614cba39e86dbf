"""What the template tags render."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template
from django.test import RequestFactory

from realtime.templatetags import headway
from tests.browser.double import ROOT

JOB = "6f0e1c52-8d3b-4f6a-9f0e-2b7d5a1c9e44"


class Elements(HTMLParser):
    """Collects the start tags of a page with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, dict[str, str | None]] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the last one of each name."""
        self.found[tag] = dict(attrs)


class Person(AnonymousUser):
    """Somebody who is signed in, without a database."""

    @property
    def is_authenticated(self) -> Any:
        """Say yes."""
        return True


def render(text: str, *, user: Any = None, **request_values: Any) -> str:
    """Return what a template of this text renders for this person."""
    request = RequestFactory().get("/")
    request.user = user or AnonymousUser()
    for name, value in request_values.items():
        setattr(request, name, value)
    context = Context({"request": request, "job": JOB})
    return Template("{% load headway %}" + text).render(context)


def example(name: str) -> dict[str, Any]:
    """Return a state of the contract."""
    frames = json.loads((ROOT / "tests" / "contract" / "frames.json").read_text("utf-8"))
    state: dict[str, Any]
    [state] = [
        example["frame"]["jobs"][0]
        for example in frames["server"]["valid"]
        if example["name"] == f"jobs: {name}"
    ]
    return state


def show(monkeypatch: pytest.MonkeyPatch, state: dict[str, Any] | None) -> None:
    """Let everybody see this state of every job."""
    monkeypatch.setattr(headway, "visible_state", lambda user, job: state)


def test_a_bar_stands_there_before_any_script(monkeypatch: pytest.MonkeyPatch) -> None:
    """The native bar has a name and a value, the element the state to go on from."""
    state = example("running with total")
    show(monkeypatch, state)
    found = Elements(render("{% job_progress job %}")).found
    assert found["progress"] == {"max": "100", "value": "31", "aria-label": "Holiday pictures"}
    element = found["job-progress"]
    assert (element["job"], element["status"], element["data-seq"]) == (
        state["id"],
        "running",
        "42",
    )
    assert json.loads(element["data-state"] or "") == state
    assert "compact" not in element


def test_what_a_job_says_is_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    """Titles and messages end neither attributes nor elements."""
    evil = "\"><script>alert('1')</script>"
    state = {**example("running with total"), "title": evil, "message": evil}
    show(monkeypatch, state)
    found = Elements(render("{% job_progress job %}")).found
    assert "script" not in found
    assert json.loads(found["job-progress"]["data-state"] or "")["message"] == evil


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("queued", "0"),
        ("running at zero", "0"),
        ("running without total", None),
        ("failed with error", "77"),
        ("succeeded", "100"),
    ],
)
def test_the_native_bar_says_no_more_than_is_known(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str | None
) -> None:
    """Without a total it has no value; at an end it keeps the last one."""
    show(monkeypatch, example(name))
    assert Elements(render("{% job_progress job %}")).found["progress"].get("value") == value


def test_a_job_that_may_not_be_seen_is_not_available(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown and forbidden render the same, without a bar."""
    show(monkeypatch, None)
    page = render("{% job_progress job %}")
    assert "This job is not available." in page
    assert "progress" not in Elements(page).found


@pytest.mark.parametrize("job", ["", "garbage", None, "\x00", 5, "<script>", "6f0e"])
def test_what_is_no_job_is_not_available(job: Any) -> None:
    """A page that takes the id from its address does not break on what people type there."""
    request = RequestFactory().get("/")
    request.user = Person()
    context = Context({"request": request, "job": job})
    page = Template("{% load headway %}{% job_progress job %}").render(context)
    assert "not available" in page


def test_options_become_attributes(monkeypatch: pytest.MonkeyPatch) -> None:
    """`compact` and `actions` are what the element reads."""
    show(monkeypatch, example("queued"))
    found = Elements(render("{% job_progress job compact=True actions=True %}")).found
    assert {"compact", "actions"} <= found["job-progress"].keys()


def test_the_script_knows_the_address_and_the_cookie() -> None:
    """For who is not signed in nothing varies by cookie."""
    script = Elements(render("{% headway_scripts %}")).found["script"]
    assert script["type"] == "module"
    assert script["src"] == "/static/realtime/embed.js"
    assert script["data-headway-src"] == "/headway/"
    assert script["data-headway-csrf-cookie"] == "csrftoken"
    assert script["data-headway-csrf-header"] == "X-CSRFTOKEN"
    assert "nonce" not in script


@pytest.mark.parametrize("tag", ["{% headway_scripts %}", '{% headway_scripts nonce="abc" %}'])
def test_script_and_style_carry_the_nonce(tag: str) -> None:
    """The page's policy names it on the request, or the template hands it in."""
    found = Elements(render(tag, csp_nonce="abc")).found
    assert found["script"]["nonce"] == found["link"]["nonce"] == "abc"


@pytest.mark.parametrize("setting", ["CSRF_USE_SESSIONS", "CSRF_COOKIE_HTTPONLY"])
def test_the_token_is_in_the_page_where_no_script_can_read_the_cookie(
    settings: Any, setting: str
) -> None:
    """Both of Django's ways of hiding the cookie are served."""
    setattr(settings, setting, True)
    script = Elements(render("{% headway_scripts %}", user=Person(), session={})).found["script"]
    assert len(script["data-headway-csrf"] or "") == 64
    assert "data-headway-csrf-cookie" not in script
