"""A job on its page's tab: in the title, and in the icon while nobody looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.double import POLICY, wait_until
from tests.browser.test_element import (
    JOB,
    RUNNING,
    STATES,
    bar,
    browser,
    double,
    fresh,
    page,
    wait_for,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.browser.double import Double

__all__ = ["browser", "double", "page"]

pytestmark = pytest.mark.browser

SCRIPT = '<script type=module src="/static/sign.js"></script>'
ICONS = "document.querySelectorAll('link[rel=icon]').length"


@pytest.fixture(autouse=True)
def pictures(double: Double) -> None:
    """Let pages have pictures of their own, as the icon is."""
    double.policy += "; img-src data:"


def look_away(page: Page, hidden: str = "true") -> None:
    """Let the page be one that nobody sees, or sees again."""
    page.evaluate(
        "hidden => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true"
        " }); document.dispatchEvent(new Event('visibilitychange')); }",
        hidden == "true",
    )


def titled(page: Page, title: str) -> None:
    """Wait for a title."""
    wait_for(page, f"document.title === {title!r}")


def test_the_title_tells_how_far_it_is_and_how_it_ended(double: Double, page: Page) -> None:
    """Until somebody has seen that, then the page has its own title again."""
    page.clock.install()
    page.goto(double.page(bar(attributes="in-tab"), head=SCRIPT))
    wait_for(page, "document.querySelector('job-progress').snapshot !== null")
    page.clock.run_for(1_100)
    titled(page, "(31%) Test")
    double.change(fresh(RUNNING, seq=RUNNING["seq"] + 1, fraction=0.5))
    wait_for(page, "document.querySelector('job-progress').snapshot.fraction === 0.5")
    page.clock.run_for(1_100)
    titled(page, "(50%) Test")
    look_away(page)
    end = {**STATES["succeeded"], "id": JOB, "root": JOB, "failed": 0}
    double.change(fresh(end, seq=RUNNING["seq"] + 2))
    wait_for(page, "document.querySelector('job-progress').snapshot.status === 'succeeded'")
    page.clock.run_for(20_000)
    titled(page, "✓ Test")
    look_away(page, "false")
    page.clock.run_for(100)
    titled(page, "✓ Test")
    page.clock.run_for(6_000)
    titled(page, "Test")


def test_the_icon_is_a_ring_while_nobody_looks(double: Double, page: Page) -> None:
    """The page's own comes back with whoever looks at it."""
    page.goto(double.page(bar(attributes="in-tab"), head=SCRIPT))
    titled(page, "(31%) Test")
    assert page.evaluate(ICONS) == 0
    look_away(page)
    wait_for(page, f"{ICONS} === 1")
    assert page.evaluate("document.querySelector('link[rel=icon]').href").startswith("data:image")
    look_away(page, "false")
    wait_for(page, f"{ICONS} === 0")


def test_a_page_that_does_not_ask_keeps_its_title(double: Double, page: Page) -> None:
    """As does one whose bar was over before."""
    over = {**STATES["succeeded"], "id": JOB, "root": JOB}
    page.goto(double.page(bar(), head=SCRIPT))
    wait_for(page, "document.querySelector('job-progress').snapshot !== null")
    double.states[JOB] = fresh(over)
    assert page.title() == "Test"


def test_a_title_that_the_page_changes_meanwhile_is_kept(double: Double, page: Page) -> None:
    """And gets the next sign."""
    page.goto(double.page(bar(attributes="in-tab"), head=SCRIPT))
    titled(page, "(31%) Test")
    page.evaluate("document.title = 'Another'")
    double.change(fresh(RUNNING, seq=RUNNING["seq"] + 1, fraction=0.75))
    titled(page, "(75%) Another")
    page.evaluate("document.querySelector('job-progress').remove()")
    look_away(page)
    titled(page, "Another")


def test_a_policy_without_pictures_is_asked_once(double: Double, browser: Browser) -> None:
    """Then the title alone tells it."""
    double.policy = POLICY
    refused: list[str] = []
    page = browser.new_page()
    page.on("console", lambda message: refused.append(message.text))
    page.goto(double.page(bar(attributes="in-tab"), head=SCRIPT))
    titled(page, "(31%) Test")
    for _ in range(3):
        look_away(page)
        wait_until(lambda: page.evaluate("true") and refused)
        wait_for(page, f"{ICONS} === 0")
        look_away(page, "false")
    titled(page, "(31%) Test")
    assert len(refused) == 1
    page.close()
