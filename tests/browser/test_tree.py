"""The tree, by hand: a real browser, server, worker and Redis; real pictures."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.test_inbox import ana, context, picture, web
from tests.browser.test_journey import browser, database_beside_playwright

__all__ = ["ana", "browser", "context", "database_beside_playwright", "web"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def items(page: Page) -> Locator:
    """Return the rows of the tree."""
    return page.get_by_role("treeitem")


def at(context: BrowserContext, path: str) -> Page:
    """Return a new tab that shows a page."""
    page = context.new_page()
    page.goto(path)
    return page


def test_a_chord_of_pictures(context: BrowserContext) -> None:
    """Each picture is a row below the job, also after a reload; one of them leads to its page."""
    page = at(context, "/")
    expect(page.get_by_role("tree")).to_have_count(0)
    page.locator("form[action='/try/pictures/'] button").click()
    page.wait_for_url("**/jobs/*/")
    items(page).first.wait_for()
    page.reload()
    expect(page.locator("job-progress")).to_have_attribute("status", "succeeded", timeout=60_000)
    expect(items(page)).to_have_count(8)
    expect(page.get_by_role("tree")).to_have_accessible_description("8 succeeded")
    torn = items(page).filter(has_text="Succeeded with warnings")
    expect(torn).to_have_count(1)
    picture(page, "pictures")
    title = torn.locator(".title").inner_text()
    items(page).first.focus()
    for _ in range(8):
        if torn.evaluate("row => row.matches(':focus')"):
            break
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    expect(page.locator(".started")).to_have_count(0)
