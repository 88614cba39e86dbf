"""The whole journey without a mouse: start, watch, download, cancel, be told."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from zipfile import ZipFile

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import BrowserContext, Page, expect

import realtime
from realtime.marking import mark
from tests import tasks
from tests.browser.test_inbox import ana, context, fail, web
from tests.browser.test_journey import browser, database_beside_playwright
from tests.browser.test_tray import gate

__all__ = ["ana", "browser", "context", "database_beside_playwright", "gate", "web"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

Role = Literal["button", "link"]
STOPS = 150
"""So often is Tab pressed at most: a page has fewer stops."""
FOCUSED = """(wanted) => {
  let here = document.activeElement;
  while (here?.shadowRoot?.activeElement) here = here.shadowRoot.activeElement;
  const name = here?.ariaLabel || here?.textContent?.trim() || "";
  const action = here?.closest("form")?.getAttribute("action") ?? "";
  return [name, action].some((one) => one.startsWith(wanted));
}"""
"""Whether the name of what has the focus begins so, or the address of its form."""


def tab_to(page: Page, wanted: str, role: Role | None = None) -> None:
    """Press Tab until the focus is on what has this name, or is in a form with this address.

    What has a role is drawn by an element: it is waited for first.
    """
    if role:
        expect(page.get_by_role(role, name=wanted)).to_be_visible()
    for _ in range(STOPS):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED, wanted):
            return
    raise AssertionError(f"expected Tab to come to {wanted}")


def test_the_whole_journey_by_keyboard_alone(
    context: BrowserContext, ana: User, gate: Path
) -> None:
    """Each step from the page's beginning, in the order of its stops."""
    page = context.new_page()
    page.goto("/")
    tab_to(page, "/try/pictures/")
    page.keyboard.press("Enter")
    page.wait_for_url("**/jobs/*/")
    bar = page.locator("job-progress")
    expect(bar).to_have_attribute("status", "succeeded", timeout=60_000)
    tab_to(page, "pictures.zip", "link")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    with ZipFile(download.value.path()) as archive:
        assert archive.testzip() is None

    job = realtime.start(tasks.count, 50, str(gate), 20, owner=ana, title="Counting")
    page.goto("/")
    tab_to(page, "Details: Counting")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/jobs/{job.pk}/")
    expect(page.get_by_role("progressbar").first).to_have_attribute("aria-valuenow", "40")
    tab_to(page, "Cancel Counting", "button")
    page.keyboard.press("Enter")
    expect(bar).to_have_attribute("status", "cancelling")
    gate.touch()
    expect(bar).to_have_attribute("status", "cancelled")

    # Pictures that took their time have told that they are done.
    mark(str(ana.pk), read=True)
    fail(ana, "Broken")
    expect(page.get_by_role("button", name="Notices")).to_have_accessible_name("Notices, 1 unread")
    page.goto("/")
    tab_to(page, "Notices, 1 unread", "button")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Unread: Broken")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/jobs/*/")
    expect(page.get_by_role("heading", name="Broken")).to_be_visible()
    expect(bar).to_have_attribute("status", "failed")
