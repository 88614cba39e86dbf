"""A link for people without an account, by hand: two browsers, real server, worker and Redis."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, BrowserContext, Page, expect

import realtime
from tests import tasks
from tests.browser.double import AXE
from tests.browser.test_inbox import LOOKS, PICTURES, ana, context, picture, signed_in, web
from tests.browser.test_journey import browser, database_beside_playwright
from tests.browser.test_tray import gate
from tests.processes import Child

__all__ = ["ana", "browser", "context", "database_beside_playwright", "gate", "web"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

ENDED = re.compile("succeeded|failed")


def shared_by(context: BrowserContext, gate: Path, owner: User) -> tuple[Page, str]:
    """Start a job, share it from its page, and return the page with the link."""
    job = realtime.start(tasks.count, 50, str(gate), 20, owner=owner, title="Pictures of the sea")
    page = context.new_page()
    page.goto(f"/jobs/{job.pk}/")
    page.get_by_role("button", name="Make a link").press("Enter")
    return page, page.get_by_label("Whoever has this link").input_value()


def test_a_guest_watches_until_the_link_is_taken_back(
    browser: Browser, context: BrowserContext, web: Child, ana: User, gate: Path
) -> None:
    """Live, without buttons; a reload says that it is shared no longer."""
    page, link = shared_by(context, gate, ana)
    picture(page, "share")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("#share").get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == link
    with browser.new_context() as other:
        guest = other.new_page()
        guest.goto(link)
        expect(guest.get_by_role("heading", name="Pictures of the sea")).to_be_visible()
        bar = guest.locator("job-progress")
        expect(bar).to_have_attribute("connection", "live")
        expect(guest.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "40")
        expect(guest.get_by_role("button", name="Cancel")).to_have_count(0)
        expect(guest.get_by_role("link", name="Your jobs")).to_have_count(0)
        picture(guest, "shared")
        gate.touch()
        expect(bar).to_have_attribute("status", "succeeded", timeout=20_000)
        page.get_by_role("button", name="Take the link back").click()
        expect(page.get_by_role("button", name="Make a link")).to_be_visible()
        expect(bar).to_have_attribute("connection", "offline", timeout=20_000)
        guest.reload()
        expect(guest.get_by_role("heading", name="No longer shared")).to_be_visible()


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[0]}-{look[1]['width']}")
def test_everybody_can_use_it(
    browser: Browser, web: Child, ana: User, gate: Path, look: Any
) -> None:
    """The owner's page and the guest's, here with a tree, have no fault and fit."""
    scheme, size = look
    more: Any = {"color_scheme": scheme, "viewport": size, "bypass_csp": True}
    name = f"{scheme}-{size['width']}"
    with signed_in(browser, web, ana, **more) as own, browser.new_context(**more) as other:
        page, _ = shared_by(own, gate, ana)
        examine(page, f"share-{name}")
        parts = [1, 3, 5]
        many = realtime.start(tasks.replace_by_many, parts, owner=ana, share=True, title="Three")
        guest = other.new_page()
        guest.goto(f"{web.url}/shared/?token={many.share_token}")
        expect(guest.locator("job-progress")).to_have_attribute("status", ENDED, timeout=20_000)
        guest.reload()
        expect(guest.get_by_role("treeitem")).to_have_count(3)
        examine(guest, f"shared-tree-{name}")
        guest.goto(f"{web.url}/shared/?token=x")
        examine(guest, f"not-shared-{name}")


def examine(page: Page, name: str) -> None:
    """Hold a page to axe and to the window's width."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)
    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run()")
    assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1]
