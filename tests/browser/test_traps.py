"""Traps of browsers that other tests do not come by; CONTRIBUTING names the test of each trap."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.double import Double, wait_until
from tests.browser.test_element import (
    JOB,
    RUNNING,
    STATES,
    bar,
    browser,
    double,
    fresh,
    page,
    shown,
    wait_for,
)

__all__ = ["browser", "double", "page"]

pytestmark = pytest.mark.browser

TABS = '<script type=module src="/static/tabs.js" data-headway-scope="somebody"></script>'
INSECURE = """
delete Navigator.prototype.locks;
delete Navigator.prototype.clipboard;
delete Crypto.prototype.randomUUID;
"""
"""What a page over plain HTTP lacks, as in many an intranet."""
NEWS = """() => {
  window.news = [];
  for (const type of ["job-change", "job-end"])
    document.addEventListener(type, ({ detail }) => news.push(`${type} ${detail.state.status}`));
}"""


def test_news_needs_no_animation_frame(double: Double, page: Page) -> None:
    """A hidden tab is given none: its events and announcements come all the same."""
    page.add_init_script("globalThis.requestAnimationFrame = () => 1")
    page.goto(double.page(bar()))
    page.evaluate(NEWS)
    wait_for(page, "document.querySelector('job-progress').snapshot !== null")
    double.change({**STATES["succeeded"], "id": JOB, "seq": 90})
    wait_for(page, "news.includes('job-end succeeded')")
    wait_for(page, "document.querySelector('[role=status]').textContent.includes('Succeeded')")


@pytest.mark.parametrize(
    "sign",
    [
        "document.dispatchEvent(new Event('resume'))",
        "document.dispatchEvent(new Event('visibilitychange'))",
        "dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))",
        "dispatchEvent(new Event('online'))",
    ],
)
def test_whoever_comes_back_waits_for_nothing(double: Double, page: Page, sign: str) -> None:
    """Each sign that a page is looked at again connects it at once: no one of them is certain."""
    page.goto(double.page(bar()))
    shown(page, "job-progress[connection=live]")
    double.close_sockets(4000, "after=300;spread=0")
    shown(page, "job-progress[connection=stale]")
    double.states[JOB] = fresh(RUNNING, seq=60, fraction=0.9)
    page.evaluate(sign)
    shown(page, "job-progress[connection=live]")
    page.locator("job-progress .value", has_text="90%").wait_for()


def test_a_page_over_plain_http_has_all_but_the_shared_socket(double: Double, page: Page) -> None:
    """Without locks each tab has a socket of its own; nothing else is missing."""
    page.add_init_script(INSECURE)
    address = double.page(bar(attributes="actions"), head=TABS)
    page.goto(address)
    shown(page, "job-progress[connection=live][status=running]")
    other = page.context.new_page()
    other.add_init_script(INSECURE)
    other.goto(address)
    shown(other, "job-progress[connection=live][status=running]")
    wait_until(lambda: len(double.sockets) == 2)
    double.change(fresh(RUNNING, seq=70, fraction=0.7))
    for one in (page, other):
        one.locator("job-progress .value", has_text="70%").wait_for()
