"""The dashboard's page of notices, by hand: a real browser, server, worker and Redis."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.double import AXE
from tests.browser.test_dashboard import at, begun, context, operator
from tests.browser.test_inbox import LOOKS, ana, fail, is_faultless, picture, signed_in, web
from tests.browser.test_journey import browser, database_beside_playwright
from tests.browser.test_tray import gate
from tests.processes import Child

__all__ = [
    "ana",
    "begun",
    "browser",
    "context",
    "database_beside_playwright",
    "gate",
    "operator",
    "web",
]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def has_read(page: Page, title: str) -> None:
    """Expect a notice in the list to be read."""
    main = page.get_by_role("main", name="Inbox")
    expect(main.get_by_role("link", name=title, exact=True)).to_be_visible()


def test_it_is_read_on_a_page_of_its_own(context: BrowserContext, operator: User) -> None:
    """By keyboard alone: what came is there, what comes joins it; it leads to the job's page."""
    fail(operator, "First")
    page = at(context)
    page.keyboard.press("g")
    page.keyboard.press("i")
    page.wait_for_url("**/dashboard/inbox")
    notices = page.get_by_role("main", name="Inbox")
    expect(notices.get_by_role("link", name="Unread: First")).to_be_visible()
    fail(operator, "Second")
    expect(notices.get_by_role("link", name="Unread: Second")).to_be_visible()
    notices.get_by_role("link", name="Unread: Second").focus()
    page.keyboard.press("j")
    expect(notices.get_by_role("link", name="Unread: First")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/dashboard/jobs/*")
    expect(page.get_by_role("heading", name="First")).to_be_visible()
    page.go_back()
    has_read(page, "First")
    notices.get_by_role("button", name="Mark all as read").click()
    has_read(page, "Second")
    expect(page.get_by_role("button", name="Notices", exact=True)).to_be_visible()
    notices.get_by_role("button", name="Undo").click()
    expect(notices.get_by_role("link", name="Unread: Second")).to_be_visible()


def test_it_leads_to_how_one_is_told(context: BrowserContext, operator: User) -> None:
    """To the page that the service has for it."""
    page = at(context, "inbox")
    notices = page.get_by_role("main", name="Inbox")
    expect(notices.get_by_text("No notices yet.")).to_be_visible()
    picture(page, "inbox-page-empty")
    notices.get_by_role("link", name="How you are told").click()
    page.wait_for_url("**/notices/preferences/")


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[0]}-{look[1]['width']}")
def test_everybody_can_use_it(
    browser: Browser, web: Child, operator: User, begun: None, look: Any
) -> None:
    """A question, a failure and what has finished: no fault in either scheme, on either device."""
    scheme, size = look
    fail(operator, *(f"Import prices {number}" for number in range(6)))
    more: Any = {"color_scheme": scheme, "viewport": size, "bypass_csp": True}
    with signed_in(browser, web, operator, **more) as one:
        page = at(one, "inbox")
        page.add_script_tag(path=AXE)
        notices = page.get_by_role("main", name="Inbox")
        expect(notices.get_by_role("link", name="Unread: Import prices 5")).to_be_visible()
        expect(notices.get_by_role("group", name="Replace them?")).to_be_visible()
        is_faultless(page, notices, size, f"{scheme}-{size['width']}-inbox-page")
