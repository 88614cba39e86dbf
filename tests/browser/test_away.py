"""A page that was without a network, or whose machine slept: right again 2 s after it is back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.browser.double import wait_until
from tests.browser.test_element import (
    JOB,
    RUNNING,
    STATES,
    bar,
    browser,
    double,
    fresh,
    shown,
    wait_for,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.browser.double import Double

__all__ = ["browser", "double"]

pytestmark = pytest.mark.browser

BAR = "document.querySelector('job-progress')"
SOON = 2_000
"""Milliseconds within which a page that is back must be right."""


@pytest.fixture
def page(browser: Browser, double: Double) -> Iterator[Page]:
    """Open a page with a live bar, whose clock goes on only when it is told to."""
    context = browser.new_context()
    page = context.new_page()
    page.clock.install()
    page.goto(double.page(bar()))
    page.clock.run_for(500)
    shown(page, "job-progress[connection=live]")
    page.clock.pause_at(datetime.now(UTC) + timedelta(seconds=2))
    yield page
    context.close()


def change_unheard(double: Double) -> None:
    """Let the job end without a word to anybody."""
    end = {**STATES["succeeded"], "id": JOB, "root": JOB}
    double.states[JOB] = fresh(end, seq=RUNNING["seq"] + 7)


def is_right_soon(page: Page) -> None:
    """Let 2 s go by on its clock, in small steps, for answers take real time."""
    for _ in range(20):
        page.clock.run_for(SOON // 20)
        page.evaluate("fetch('/page.css')")
    wait_for(page, f"{BAR}.getAttribute('status') === 'succeeded'")


def test_a_minute_without_a_network(double: Double, page: Page) -> None:
    """The bar says so meanwhile."""
    page.context.set_offline(True)
    wait_until(lambda: page.evaluate("true") and not double.sockets)
    page.clock.run_for(60_000)
    wait_for(page, f"{BAR}.getAttribute('connection') !== 'live'")
    change_unheard(double)
    page.context.set_offline(False)
    is_right_soon(page)


def test_ten_minutes_asleep(double: Double, page: Page) -> None:
    """The socket is dead without a word, and no timer has run."""
    change_unheard(double)
    page.clock.fast_forward(600_000)
    page.evaluate("document.dispatchEvent(new Event('resume'))")
    is_right_soon(page)


def test_asleep_and_no_event_tells_that_it_is_over(double: Double, page: Page) -> None:
    """The timer that comes late does."""
    change_unheard(double)
    page.clock.fast_forward(600_000)
    is_right_soon(page)
