"""What the template tags render."""

from __future__ import annotations

import json
import re
from html import unescape
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template
from django.test import RequestFactory

from realtime.models import Job
from realtime.store import Lines
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


def test_what_stands_below_a_bar_is_there_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stages, files and the reason, for who has no script; compact there is none of it."""
    show(monkeypatch, example("running with stages"))
    page = render("{% job_progress job %}")
    assert re.findall("<li[^>]*>([^<]+)</li>", page) == [
        "Read orders",
        "Add up",
        "By month",
        "By customer",
        "Draw charts",
        "Write PDF",
    ]
    files = [{"name": "a.zip", "size": 1, "url": "/a.zip"}]
    evil = [{"name": "b.zip", "size": 1, "url": "javascript:alert(1)"}]
    show(monkeypatch, {**example("failed with error"), "files": files + evil})
    page = render("{% job_progress job %}")
    assert '<p dir="auto">OSError: No space left' in page
    assert Elements(page).found["a"] == {"href": "/a.zip", "download": None}
    assert page.partition("headway-fallback")[2].count("zip") == 2
    assert "<ul>" not in render("{% job_progress job compact=True %}")


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


def test_the_page_knows_the_files_of_elements_that_it_may_have() -> None:
    """One of them that is written by hand needs no tag of its own."""
    (told,) = re.findall(r'data-headway-elements="([^"]*)"', render("{% headway_scripts %}"))
    files = json.loads(unescape(told))
    assert files["job-inbox"] == files["job-toasts"] == "/static/realtime/inbox.js"


def scope_of(user: Any = None, key: str = "") -> str:
    """Return what a page says of whose tabs may share its socket."""
    session = type("Session", (dict,), {"session_key": key})()
    page = render("{% headway_scripts %}", user=user, session=session)
    (scope,) = re.findall(r'data-headway-scope="(\w*)"', page)
    return str(scope)


def test_tabs_share_a_socket_within_one_session() -> None:
    """Another person, or another session, must not hear what this one's socket brings."""
    assert scope_of() == ""
    assert scope_of(Person(), "a") == scope_of(Person(), "a") != ""
    assert scope_of(Person(), "b") != scope_of(Person(), "a")
    other = type("Other", (Person,), {"pk": 99})
    assert scope_of(other(), "a") != scope_of(Person(), "a")


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


def test_the_bell_is_a_link_before_its_script_is_there() -> None:
    """With the address of jobs' pages, and for nobody who is not signed in."""
    tag = '{% job_inbox "/notices/" page="/jobs/1" nonce="abc" %}'
    found = Elements(render(tag, user=Person())).found
    assert found["job-inbox"] == {"page": "/jobs/1"}
    assert found["a"]["href"] == "/notices/"
    assert (found["script"]["src"], found["script"]["nonce"]) == (
        "/static/realtime/inbox.js",
        "abc",
    )
    assert render(tag).strip() == ""


def test_a_tree_knows_its_root_and_where_jobs_have_pages() -> None:
    """By its id, or by its `Job`, which knows also what it is a part of."""
    found = Elements(render('{% job_tree job page="/jobs/1" nonce="abc" %}')).found
    assert found["job-tree"] == {"root": JOB, "page": "/jobs/1"}
    assert found["script"]["src"] == "/static/realtime/tree.js"
    assert found["script"]["nonce"] == "abc"
    whole, part = Job(pk=UUID(JOB), root=UUID(JOB)), Job(pk=UUID(int=5), root=UUID(JOB))
    for one, attributes in ((whole, {}), (part, {"job": str(part.pk)})):
        page = Template("{% load headway %}{% job_tree one %}").render(Context({"one": one}))
        assert Elements(page).found["job-tree"] == {"root": JOB, **attributes}


def test_the_tray_is_for_who_is_signed_in() -> None:
    """With the address of jobs' pages."""
    tag = '{% job_tray "/jobs/1" %}'
    found = Elements(render(tag, user=Person())).found
    assert found["job-tray"] == {"page": "/jobs/1"}
    assert found["script"]["src"] == "/static/realtime/tray.js"
    assert render(tag).strip() == ""


def test_toasts_come_with_the_same_script() -> None:
    """Which a browser runs once, however often a page names it."""
    tag = '{% job_toasts "/jobs/1" position="top-end" %}'
    found = Elements(render(tag, user=Person())).found
    assert found["job-toasts"] == {"page": "/jobs/1", "position": "top-end"}
    assert found["script"]["src"] == "/static/realtime/inbox.js"
    assert render(tag).strip() == ""


def test_the_last_lines_of_a_log_are_there_before_its_script(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As text, with their levels; the element is told where they end."""
    show(monkeypatch, {**example("running with total"), "id": JOB, "log": 240})
    evil = {"n": 240, "at": "2026-11-22T10:00:00.000Z", "level": "error", "text": "<b>x</b>"}
    asked: list[tuple[Any, ...]] = []

    def read(*said: Any) -> Lines:
        asked.append(said)
        return Lines(lines=[evil], lost=0)

    monkeypatch.setattr("realtime.reading.log", read)
    page = render("{% job_log job %}")
    assert asked == [(JOB, 140, 100, 240)]
    element = Elements(page).found["job-log"]
    assert (element["data-log"], element["status"]) == ("240", "running")
    assert "follow" in element
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert '<div class="error"><time datetime="2026-11-22T10:00:00.000Z">' in page
    assert f'href="/headway/api/jobs/{JOB}/log?format=text"' in page
    assert "follow" not in Elements(render("{% job_log job follow=False %}")).found["job-log"]


def test_a_log_that_may_not_be_seen_is_not_available(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown and forbidden render the same, without a line."""
    show(monkeypatch, None)
    page = render("{% job_log job %}")
    assert "This log is not available." in page
    assert "data-log" not in page
