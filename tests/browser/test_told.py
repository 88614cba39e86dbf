"""Notices that the browser shows while its tabs are hidden, and the page that asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, BrowserContext, Page, expect

from realtime import marking, ways
from realtime.events import Status
from tests.browser.double import AXE
from tests.browser.test_inbox import (
    LOOKS,
    PHONE,
    ana,
    browser,
    database_beside_playwright,
    fail,
    has_unread,
    is_faultless,
    opened,
    signed_in,
    tell,
    toasts,
    web,
)
from tests.processes import Child
from tests.realtime.test_notices import state
from tests.services import wait_until

__all__ = ["ana", "browser", "database_beside_playwright", "web"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

ADDRESS = "/notices/preferences/"
WATCHED = """
let isHidden = true;
Object.defineProperty(document, "hidden", { get: () => isHidden });
Object.defineProperty(document, "visibilityState", { get: () => isHidden ? "hidden" : "visible" });
window.turn = (hidden) => {
  isHidden = hidden;
  document.dispatchEvent(new Event("visibilitychange"));
};
window.shown = [];
window.Notification = class extends Notification {
  constructor(title, more) { super(title, more); window.shown.push(this); }
};
"""
"""Hides a page, for headless browsers show all of them, and keeps what it lets the browser show."""
VISIBLE = """navigator.locks.query().then(
  ({ held }) => held.filter(({ name }) => name.endsWith(" visible")).length)"""
"""How many tabs say that they are visible."""


@pytest.fixture
def hidden(browser: Browser, web: Child, ana: User) -> Iterator[BrowserContext]:
    """Sign Ana in, who wants to be told by the browser too, with all tabs hidden."""
    every = ["toast", "inbox", "browser"]
    ways.choose(str(ana.pk), {"finished": every, "failed": every, "asks": every})
    with signed_in(browser, web, ana, permissions=["notifications"]) as context:
        context.add_init_script(WATCHED)
        yield context


def shown(*pages: Page) -> list[str]:
    """Return what the pages have let the browser show."""
    return [title for page in pages for title in page.evaluate("shown.map(one => one.title)")]


def test_of_four_hidden_tabs_one_tells(hidden: BrowserContext, ana: User) -> None:
    """Once, also when the tab that told is closed, and a toast in none of them afterwards."""
    tabs = [opened(hidden) for _ in range(4)]
    fail(ana, "First")
    wait_until(lambda: shown(*tabs), "a notification")
    teller = next(page for page in tabs if shown(page))
    body, tag = teller.evaluate("[shown[0].body, shown[0].tag]")
    assert (body, tag.isdecimal()) == ("Failed · It failed.", True)
    teller.close()
    rest = [page for page in tabs if page is not teller]
    fail(ana, "Second")
    wait_until(lambda: shown(*rest), "another one")
    fail(ana, "Third")
    wait_until(lambda: "Third" in shown(*rest), "the third one")
    assert shown(*rest) == ["Second", "Third"]
    for page in rest:
        has_unread(page, 3)
        page.evaluate("turn(false)")
        expect(toasts(page)).to_have_count(0)


def test_a_click_leads_to_the_job(hidden: BrowserContext, ana: User) -> None:
    """In the tab that has told of it; it is read then, and gone when it was read elsewhere."""
    page = opened(hidden)
    fail(ana, "Prices", "Letters")
    wait_until(lambda: len(shown(page)) == 2, "both notifications")
    page.evaluate("shown[1].onclose = () => { document.title = 'closed' }")
    [newest] = page.evaluate("shown.filter(one => one.title === 'Letters').map(one => one.tag)")
    marking.mark(str(ana.pk), read=True, ids=[newest])
    wait_until(lambda: page.title() == "closed", "the one that was read to be closed")
    page.evaluate("shown.find(one => one.title === 'Prices').dispatchEvent(new Event('click'))")
    page.wait_for_url("**/jobs/*/")
    expect(page.get_by_role("heading", name="Prices")).to_be_visible()
    has_unread(page, 0)


def test_while_a_tab_is_visible_it_is_a_toast(hidden: BrowserContext, ana: User) -> None:
    """There, and in no tab that is turned to afterwards."""
    first, second = opened(hidden), opened(hidden)
    second.evaluate("turn(false)")
    wait_until(lambda: second.evaluate(VISIBLE) == 1, "all tabs to know that one is visible")
    fail(ana, "Prices")
    expect(toasts(second)).to_have_count(1)
    second.evaluate("turn(true)")
    wait_until(lambda: second.evaluate(VISIBLE) == 0, "all tabs to know that none is")
    fail(ana, "Letters")
    wait_until(lambda: shown(first, second), "the next one")
    assert shown(first, second) == ["Letters"]
    first.evaluate("turn(false)")
    expect(toasts(first)).to_have_count(0)


def test_who_does_not_want_it_is_not_told(hidden: BrowserContext, ana: User) -> None:
    """By that way; the toast waits for the tab to be looked at."""
    ways.choose(str(ana.pk), {"finished": ["toast"]})
    page = opened(hidden)
    tell(state(ana, Status.SUCCEEDED, title="Silent"))
    fail(ana, "Told")
    wait_until(lambda: shown(page), "the notification")
    assert shown(page) == ["Told"]
    page.evaluate("turn(false)")
    expect(toasts(page)).to_have_count(1)


STATES = {
    "default": "This browser has not been allowed to show them yet.",
    "denied": "This browser was told not to show them.",
    "granted": "This browser shows them.",
    "unsupported": "This browser cannot show them.",
    "insecure": "only where the address begins with https://",
}
FAKED = {
    "denied": "Object.defineProperty(Notification, 'permission', { value: 'denied' })",
    "unsupported": "delete window.Notification",
    "insecure": "Object.defineProperty(window, 'isSecureContext', { value: false })",
}


@pytest.mark.parametrize("name", STATES)
def test_the_page_says_whether_the_browser_tells(
    browser: Browser, web: Child, ana: User, name: str
) -> None:
    """In words, and it offers to ask only where that can help."""
    allowed: Any = {"permissions": ["notifications"]} if name == "granted" else {}
    with signed_in(browser, web, ana, **allowed) as context:
        context.add_init_script(FAKED.get(name, ""))
        page = context.new_page()
        page.goto(ADDRESS)
        expect(page.get_by_text(STATES[name])).to_be_visible()
        expect(page.locator("[data-state]:not([hidden])")).to_have_count(1 + (name == "default"))
        expect(page.get_by_role("button", name="Allow it")).to_have_count(int(name == "default"))


def test_it_is_asked_for_by_a_click_alone(browser: Browser, web: Child, ana: User) -> None:
    """No page asks by itself; the answer is told at once."""
    with signed_in(browser, web, ana) as context:
        context.add_init_script(
            "window.asked = 0; Notification.requestPermission = async () => { window.asked++; "
            "Object.defineProperty(Notification, 'permission', { value: 'granted' }) }"
        )
        page = opened(context, ADDRESS)
        assert page.evaluate("asked") == 0
        page.get_by_role("button", name="Allow it").click()
        expect(page.get_by_text(STATES["granted"])).to_be_visible()
        assert page.evaluate("asked") == 1


def test_it_works_without_a_script(browser: Browser, web: Child, ana: User) -> None:
    """What is ticked is kept, and the browser's part says what it needs."""
    with signed_in(browser, web, ana, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(ADDRESS)
        expect(page.get_by_text("Without a script the browser cannot")).to_be_visible()
        group = page.get_by_role("group", name="When a job has failed")
        group.get_by_label("By mail").check()
        group.get_by_label("On the page").uncheck()
        page.get_by_role("button", name="Keep").click()
        expect(page.get_by_text("It is kept.")).to_be_visible()
        expect(group.get_by_label("By mail")).to_be_checked()
    assert ways.of(str(ana.pk))["failed"] == ["inbox", "mail"]


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[0]}-{look[1]['width']}")
def test_everybody_can_use_the_page(browser: Browser, web: Child, ana: User, look: Any) -> None:
    """It has no fault and fits, in both languages on a phone."""
    scheme, size = look
    more: Any = {"color_scheme": scheme, "viewport": size, "bypass_csp": True}
    if size is PHONE:
        more["locale"] = "zh-CN"
    with signed_in(browser, web, ana, **more) as context:
        page = opened(context, ADDRESS)
        page.add_script_tag(path=AXE)
        tall = {**size, "height": 10_000}
        is_faultless(page, page.locator("main"), tall, f"{scheme}-{size['width']}-preferences")
