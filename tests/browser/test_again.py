"""The buttons that run a job again, and the bar that follows the new one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.double import Double, Frame
from tests.browser.test_element import STATES, bar, browser, double, fresh, page, shown, text_of
from tests.browser.test_steering import came

__all__ = ["browser", "double", "page"]

pytestmark = pytest.mark.browser

ENDED = {
    **STATES["succeeded with warnings and files"],
    "title": "Holiday pictures",
    "failed": 3,
    "actions": ["again", "again_failed"],
}
OLD = ENDED["id"]
NEW = "0b9d3aff-51c4-4e2b-8a7f-3c6e9d21ffff"
FRESH = {**STATES["queued"], "id": NEW, "root": NEW, "title": "Holiday pictures", "again_of": OLD}


def answers(page: Page, double: Double, status: int = 202, body: Frame = FRESH) -> list[Any]:
    """Let a job be run again, or refuse it; return the requests as they come."""
    requests: list[Any] = []

    def answer(route: Route) -> None:
        requests.append(route.request)
        double.states[NEW] = fresh(FRESH)
        route.fulfill(status=status, json=body)

    page.route("**/headway/api/jobs/*/again", answer)
    return requests


def held(page: Page) -> list[Route]:
    """Let requests wait until the test answers them; return them as they come."""
    routes: list[Route] = []

    def hold(route: Route) -> None:
        routes.append(route)

    page.route("**/headway/api/jobs/*/again", hold)
    return routes


def opened(double: Double, page: Page, attributes: str = "actions") -> None:
    """Open a page with the bar of a job that has ended with failed items."""
    double.states[OLD] = ENDED
    page.goto(double.page(bar(OLD, attributes)))
    shown(page, "job-progress[status=succeeded]")


def test_a_job_is_run_again_with_the_keyboard(double: Double, page: Page) -> None:
    """The bar says so, follows the new job and names the old one; the focus stays with it."""
    requests = answers(page, double)
    opened(double, page)
    again = page.get_by_role("button", name="Run again: Holiday pictures")
    again.focus()
    page.keyboard.press("Enter")
    shown(page, f"job-progress[job='{NEW}'][status=queued]")
    assert json.loads(requests[0].post_data or "{}") == {}
    assert requests[0].url.endswith(f"/headway/api/jobs/{OLD}/again")
    assert "runs 0b9d3a0c again" in text_of(page, ".more")
    assert page.evaluate("document.activeElement.localName") == "job-progress"
    running = fresh({**STATES["running with total"], "id": NEW, "again_of": OLD}, seq=2**20)
    double.change(running)
    page.locator("job-progress[status=running] .value", has_text="31%").wait_for()
    expect(page.locator("[role=status]")).to_have_text("Holiday pictures: Queued")


def test_only_the_failed_items_are_run_again(double: Double, page: Page) -> None:
    """The button says how many, and the request says so."""
    requests = answers(page, double)
    opened(double, page)
    page.get_by_role("button", name="Run 3 failed again: Holiday pictures").click()
    shown(page, f"job-progress[job='{NEW}']")
    assert json.loads(requests[0].post_data) == {"only_failed": True}


def test_who_presses_twice_asks_once(double: Double, page: Page) -> None:
    """The same button before the next painting, and the other one after it."""
    requests = held(page)
    opened(double, page)
    again = page.get_by_role("button", name="Run again")
    again.evaluate("one => { one.click(); one.nextElementSibling.click(); one.click(); }")
    starting = page.get_by_role("button", name="Starting…")
    expect(starting).to_have_attribute("aria-disabled", "true")
    failed = page.get_by_role("button", name="Run 3 failed again")
    expect(failed).to_have_attribute("aria-disabled", "true")
    failed.evaluate("one => one.click()")
    came(page, requests)
    assert len(requests) == 1
    requests[0].fulfill(status=202, json=FRESH)
    shown(page, f"job-progress[job='{NEW}']")


def test_what_cannot_be_run_again_says_why(double: Double, browser: Browser) -> None:
    """The reason is told, and the bar still shows the job that has ended."""
    context = browser.new_context()
    page = context.new_page()  # the refused request itself is an error on the console
    answers(page, double, 409, {"detail": "Its arguments were not kept."})
    opened(double, page)
    page.get_by_role("button", name="Run 3 failed again").click()
    expect(page.get_by_role("alert")).to_have_text(
        "Could not run the failed items again: Its arguments were not kept."
    )
    expect(page.get_by_role("button", name="Run 3 failed again")).to_be_enabled()
    assert page.locator(f"job-progress[job='{OLD}'][status=succeeded]").count() == 1
    context.close()


def test_a_page_may_go_elsewhere_instead(double: Double, page: Page) -> None:
    """It is told of the new job first; then the bar stays where it is."""
    answers(page, double)
    opened(double, page)
    page.evaluate(
        """() => document.addEventListener("job-again", event => {
          event.preventDefault();
          document.title = `${event.detail.state.again_of} ${event.detail.state.id}`;
        })"""
    )
    page.get_by_role("button", name="Run again").click()
    expect(page).to_have_title(f"{OLD} {NEW}")
    assert page.locator(f"job-progress[job='{OLD}']").count() == 1


def test_an_answer_that_comes_late_changes_no_other_bar(double: Double, page: Page) -> None:
    """The page shows another job in this bar meanwhile."""
    routes = held(page)
    opened(double, page)
    page.get_by_role("button", name="Run again").click()
    came(page, routes)
    other = STATES["paused"]["id"]
    page.evaluate(f"document.querySelector('job-progress').job = '{other}'")
    shown(page, "job-progress[status=paused]")
    with page.expect_response("**/again"):
        routes[0].fulfill(status=202, json=FRESH)
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.locator(f"job-progress[job='{other}'][status=paused]").count() == 1


@pytest.mark.parametrize(
    ("state", "attributes"),
    [(ENDED, ""), ({**ENDED, "actions": []}, "actions")],
)
def test_nobody_is_offered_what_may_not_be_done(
    double: Double, page: Page, state: Frame, attributes: str
) -> None:
    """Neither without `actions` on the element, nor where the server's state does not say so."""
    double.states[OLD] = state
    page.goto(double.page(bar(OLD, attributes)))
    shown(page, "job-progress[status=succeeded]")
    assert page.get_by_role("button").count() == 0
