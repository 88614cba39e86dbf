"""Four tabs of one browser and their one socket: a real browser, server, worker and Redis."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, BrowserContext, Page, expect

import realtime
from tests import tasks
from tests.browser.test_inbox import ana, bell, fail, has_unread, panel, signed_in, web
from tests.browser.test_journey import browser, database_beside_playwright
from tests.processes import Child
from tests.services import wait_until

__all__ = ["ana", "browser", "database_beside_playwright", "web"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

SPOKEN = """() => {
  window.spoken = [];
  const client = document.querySelector('job-progress');
  client.addEventListener('headway-state', ({ detail }) => window.spoken.push(detail.seq));
}"""


@pytest.fixture
def context(browser: Browser, web: Child, ana: User) -> Iterator[BrowserContext]:
    """Sign Ana in."""
    with signed_in(browser, web, ana) as one:
        yield one


def sockets_of(pages: list[Page]) -> list[int]:
    """Return how many sockets each of the tabs has open."""
    return [page.evaluate("window.open_sockets") for page in pages]


COUNTED = """
window.open_sockets = 0;
window.WebSocket = class extends WebSocket {
  constructor(...given) {
    super(...given);
    window.open_sockets += 1;
    this.addEventListener('close', () => { window.open_sockets -= 1; });
  }
};
"""


def test_four_tabs_have_one_socket(context: BrowserContext, ana: User, tmp_path: Path) -> None:
    """All bars move; when the tab with the socket is closed another one goes on in its place."""
    context.add_init_script(COUNTED)
    gates = [tmp_path / "one", tmp_path / "two"]
    jobs = [realtime.start(tasks.count, 50, str(gate), 20, owner=ana) for gate in gates]
    pages = [context.new_page() for _ in range(4)]
    for page in pages:
        page.goto(f"/jobs/{jobs[0].pk}/")
        expect(page.locator("job-progress").first).to_have_attribute("connection", "live")
    assert sockets_of(pages) == [1, 0, 0, 0]
    gates[0].touch()
    for page in pages:
        expect(page.locator("job-progress").first).to_have_attribute("status", "succeeded")
    for page in pages[1:]:
        page.goto(f"/jobs/{jobs[1].pk}/")
        expect(page.locator("job-progress").first).to_have_attribute("connection", "live")
    pages.pop(0).close()
    wait_until(lambda: sum(sockets_of(pages)) == 1, "another tab to open a socket")
    gates[1].touch()
    for page in pages:
        expect(page.locator("job-progress").first).to_have_attribute("status", "succeeded")
    assert sum(sockets_of(pages)) == 1


def test_a_notice_read_in_one_tab_is_read_in_all(context: BrowserContext, ana: User) -> None:
    """They hear of it over the one socket."""
    pages = [context.new_page() for _ in range(3)]
    for page in pages:
        page.goto("/")
    fail(ana, "The first")
    for page in pages:
        has_unread(page, 1)
    bell(pages[2]).click()
    panel(pages[2]).get_by_role("button", name="Mark all as read").click()
    for page in pages:
        has_unread(page, 0)
