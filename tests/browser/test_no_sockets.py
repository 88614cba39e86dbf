"""Networks that let no WebSocket through, and those that keep events back: a real service."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, BrowserContext, Page, Route, WebSocketRoute, expect

import realtime
from tests import tasks
from tests.browser.recipes import recipe
from tests.browser.test_inbox import ana, signed_in, web
from tests.browser.test_journey import browser, database_beside_playwright
from tests.processes import Child
from tests.services import wait_until

__all__ = ["ana", "browser", "database_beside_playwright", "web"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

SOCKETS, STREAM = re.compile(r"/headway/ws"), re.compile(r"/headway/stream")
EVENTS, POLL = "text/event-stream", "application/json"


def held_back(route: Route) -> None:
    """Let a request for events wait for ever, as behind a proxy that wants their end first."""
    if route.request.headers["accept"] != EVENTS:
        route.continue_()


def silent(socket: WebSocketRoute) -> None:
    """Take a socket, and bring nothing."""
    del socket


def refused(socket: WebSocketRoute) -> None:
    """Let none be opened."""
    socket.close()


def sees_it_end(context: BrowserContext, owner: User, gate: Path) -> Page:
    """Look at a job that waits, let it go on, and see the bar reach the end."""
    job = realtime.start(tasks.count, 50, str(gate), 20, owner=owner)
    page = context.new_page()
    page.goto(f"/jobs/{job.pk}/")
    bar = page.locator("job-progress").first
    expect(bar).to_have_attribute("status", "running")
    expect(bar).to_have_attribute("connection", "live")
    gate.touch()
    expect(bar).to_have_attribute("status", "succeeded")
    return page


@pytest.mark.parametrize("network", [silent, refused])
def test_events_bring_what_sockets_do_not(
    browser: Browser, web: Child, ana: User, tmp_path: Path, network: object
) -> None:
    """And the next page of the tab does not try again what did not work."""
    with signed_in(browser, web, ana) as context:
        asked: list[str] = []
        context.on("request", lambda one: asked.append(one.url))
        context.route_web_socket(SOCKETS, network)  # type: ignore[arg-type]
        page = sees_it_end(context, ana, tmp_path / "gate")
        assert any(map(STREAM.search, asked))
        assert page.evaluate("JSON.parse(sessionStorage['headway-way'])[0]") == 1
        with page.expect_request(STREAM):
            page.goto("/")


def test_polls_bring_what_events_do_not(
    browser: Browser, web: Child, ana: User, tmp_path: Path
) -> None:
    """A proxy keeps events back without a word."""
    with signed_in(browser, web, ana) as context:
        context.route_web_socket(SOCKETS, refused)
        context.route(STREAM, held_back)
        page = sees_it_end(context, ana, tmp_path / "gate")
        assert page.evaluate("JSON.parse(sessionStorage['headway-way'])[0]") == 2


def test_the_recipe_for_server_sent_events(
    browser: Browser, web: Child, ana: User, tmp_path: Path
) -> None:
    """A program in the page hears of a job without a socket, from its first state to its end."""
    job = realtime.start(tasks.count, 50, str(tmp_path / "gate"), 20, owner=ana)
    with signed_in(browser, web, ana) as context:
        page = context.new_page()
        page.goto("/")
        listen = "for await (const one of frames(job)) heard.push(...(one.jobs ?? []))"
        code = recipe("Server-sent events")["js"]
        page.evaluate(
            f"(job) => {{ globalThis.heard = []; {code}; (async () => {{ {listen} }})() }}",
            str(job.pk),
        )
        heard = "heard.map(({ status }) => status)"
        wait_until(lambda: "running" in page.evaluate(heard), "the first states", 20)
        (tmp_path / "gate").touch()
        wait_until(lambda: page.evaluate(heard)[-1] == "succeeded", "the end", 20)
