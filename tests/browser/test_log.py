"""`<job-log>` in a real browser, under a strict policy, without Django."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.double import Double, wait_until
from tests.browser.test_element import JOB, RUNNING, browser, double, fresh, page, wait_for

__all__ = ["browser", "double", "page"]

pytestmark = pytest.mark.browser

TEXTS = "[...document.querySelector('job-log').shadowRoot.querySelectorAll('.row .text')]"
ROWS = f"{TEXTS}.map(row => row.textContent)"


def log(attributes: str = "follow") -> str:
    """Return an element as somebody writes it by hand."""
    return f'<job-log job="{JOB}" {attributes}></job-log>'


def some(first: int, last: int, **more: Any) -> list[dict[str, Any]]:
    """Return lines with these numbers in their text."""
    return [{"text": f"line {n}", **more} for n in range(first, last + 1)]


def written(double: Double, count: int, **more: Any) -> None:
    """Let the job have written so many lines."""
    double.states[JOB] = fresh(RUNNING, log=count, **more)
    double.logs[JOB] = []
    double.write(JOB, *some(1, count))


def opened(
    double: Double, page: Page, count: int, link: str = "", attributes: str = "follow"
) -> Any:
    """Open a page with a log of so many lines, and wait until it is there."""
    written(double, count)
    page.goto(double.page(log(attributes)) + link)
    page.locator("job-log[connection=live]").wait_for()
    box = page.get_by_role("log")
    expect(box).to_be_visible()
    wait_for(page, f"{TEXTS}.length > 0")
    return box


def line(page: Page, number: int) -> Locator:
    """Return a line."""
    return page.get_by_role("log").get_by_text(f"line {number}", exact=True)


def first_in_sight(page: Page) -> str:
    """Return the text of the first line that is in sight."""
    return str(
        page.evaluate(
            f"""() => {{
              const root = document.querySelector("job-log").shadowRoot;
              const {{ top }} = root.querySelector(".lines").getBoundingClientRect();
              const rows = {TEXTS}.filter(row => row.getBoundingClientRect().bottom > top + 1);
              return rows[0].textContent; }}"""
        )
    )


def drawn(page: Page) -> None:
    """Wait until what has happened is drawn."""
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def test_it_stays_at_the_end_while_lines_come(double: Double, page: Page) -> None:
    """Only what is in sight, and a little more, is in the document."""
    opened(double, page, 3_000)
    expect(line(page, 3_000)).to_be_in_viewport()
    for number in range(3_001, 3_060):
        double.write(JOB, *some(number, number))
    expect(line(page, 3_059)).to_be_in_viewport()
    assert page.evaluate(f"{TEXTS}.length") < 60
    expect(page.get_by_text("3,059 lines · Following")).to_be_visible()
    expect(page.get_by_role("button", name="Jump to latest")).to_have_count(0)


@pytest.mark.parametrize("way", ["wheel", "ArrowUp", "PageUp", "Home", "selection"])
def test_any_way_up_stops_it(double: Double, page: Page, way: str) -> None:
    """What is read stays; how much has come meanwhile is told, and one press leads there."""
    box = opened(double, page, 900)
    expect(line(page, 900)).to_be_in_viewport()
    box.hover()
    if way == "wheel":
        page.mouse.wheel(0, -30)
    elif way == "selection":
        line(page, 899).dblclick()
    else:
        box.press(way)
    expect(page.get_by_text("Following")).to_have_count(0)
    page.wait_for_timeout(300)  # A browser may glide there.
    before = first_in_sight(page)
    double.write(JOB, *some(901, 1_024))
    jump = page.get_by_role("button", name="Jump to latest 124 new")
    expect(jump).to_be_visible()
    assert first_in_sight(page) == before
    jump.click()
    expect(line(page, 1_024)).to_be_in_viewport()
    expect(page.get_by_text("Following")).to_be_visible()
    expect(box).to_be_focused()
    double.write(JOB, *some(1_025, 1_025))
    expect(line(page, 1_025)).to_be_in_viewport()


def test_the_end_key_leads_to_the_end_and_stays_there(double: Double, page: Page) -> None:
    """Also while lines come faster than the browser glides."""
    box = opened(double, page, 2_000)
    latest = page.get_by_role("button", name="Jump to latest")
    box.press("Home")
    expect(latest).to_be_visible()
    box.press("End")
    for number in range(2_001, 2_040):
        double.write(JOB, *some(number, number))
    expect(line(page, 2_039)).to_be_in_viewport()
    expect(page.get_by_text("Following")).to_be_visible()


def test_without_follow_it_stays_where_it_is(double: Double, page: Page) -> None:
    """Until its reader goes to the end."""
    box = opened(double, page, 500, attributes="")
    before = first_in_sight(page)
    double.write(JOB, *some(501, 520))
    expect(page.get_by_role("button", name="Jump to latest 20 new")).to_be_visible()
    assert first_in_sight(page) == before
    box.press("End")
    expect(line(page, 520)).to_be_in_viewport()


def test_earlier_lines_come_when_they_are_near(double: Double, page: Page) -> None:
    """Those that are read stay where they are meanwhile."""
    box = opened(double, page, 2_500)
    assert double.frames("watch")[-1]["topics"][f"log:{JOB}"] == {"after": 1_500}
    box.press("Home")
    expect(line(page, 1)).to_be_in_viewport()


def test_the_oldest_go_and_what_is_read_stays(double: Double, page: Page) -> None:
    """Of more than 20,000 lines the newest are kept."""
    box = opened(double, page, 20_000, link="#L1")
    expect(page.get_by_text("20,000 lines")).to_be_visible(timeout=20_000)
    box.press("Home")
    expect(line(page, 1)).to_be_in_viewport()
    page.evaluate("location.hash = '#L300'")
    expect(line(page, 300)).to_be_in_viewport()
    drawn(page)
    before = first_in_sight(page)
    for part in range(20):
        double.write(JOB, *some(20_001 + part * 5, 20_005 + part * 5))
    expect(page.get_by_role("button", name="Jump to latest 100 new")).to_be_visible()
    assert first_in_sight(page) == before
    box.press("Home")
    expect(line(page, 101)).to_be_in_viewport()
    expect(line(page, 100)).to_have_count(0)


def test_what_may_not_be_seen_is_not_available(double: Double, page: Page) -> None:
    """And what was seen before goes, when one may no longer."""
    opened(double, page, 20)
    double.say({"type": "refused", "topic": f"job:{JOB}", "code": "not_found", "text": "No."})
    expect(page.get_by_text("This log is not available.")).to_be_visible()
    expect(page.locator(".row")).to_have_count(0)


def test_a_log_without_lines_says_so(double: Double, page: Page) -> None:
    """While there may be some, and when there will be none."""
    written(double, 0)
    page.goto(double.page(log()))
    expect(page.get_by_text("No lines yet. They appear here while the job runs.")).to_be_visible()
    double.write(JOB, *some(1, 1))
    expect(line(page, 1)).to_be_visible()
    written(double, 0, status="succeeded", finished_at=RUNNING["updated_at"])
    page.goto(double.page(log()))
    expect(page.get_by_text("The job has written no lines.")).to_be_visible()


def test_trouble_is_told_when_it_lasts(double: Double, page: Page) -> None:
    """With the line at which it stands; what was missed comes afterwards, each line once."""
    opened(double, page, 118)
    double.close_sockets(4000, "after=5;spread=0")
    page.locator("job-log[connection=stale]").wait_for()
    expect(page.get_by_text("Paused at line 118 · Reconnecting…")).to_be_visible(timeout=8_000)
    double.logs[JOB] += [{**double.logs[JOB][-1], "n": n, "text": f"line {n}"} for n in (119, 120)]
    page.locator("job-log[connection=live]").wait_for(timeout=15_000)
    expect(line(page, 120)).to_be_in_viewport()
    expect(line(page, 119)).to_have_count(1)
    assert double.frames("watch")[-1]["topics"][f"log:{JOB}"] == {"after": 118}


@pytest.mark.parametrize(
    "make",
    [
        "return Object.assign(document.createElement('job-log'), { job, follow: true })",
        "return document.querySelector('template').content.cloneNode(true)",
    ],
    ids=["created", "cloned"],
)
def test_it_can_be_made_in_any_way(double: Double, page: Page, make: str) -> None:
    """A framework creates, clones and writes properties before the element is known."""
    written(double, 40)
    page.goto(double.page(f"<template>{log()}</template>"))
    script = f"job => document.querySelector('main').append((() => {{ {make} }})())"
    page.evaluate(script, JOB)
    expect(line(page, 40)).to_be_visible()
    assert page.evaluate("document.querySelector('job-log').follow") is True


def test_it_may_be_moved_and_be_given_another_job(double: Double, page: Page) -> None:
    """A move asks for nothing again; another job's log takes the place of all."""
    opened(double, page, 40)
    asked = len(double.frames("watch"))
    page.evaluate("document.body.append(document.querySelector('job-log'))")
    double.write(JOB, *some(41, 41))
    expect(line(page, 41)).to_be_in_viewport()
    assert len(double.frames("watch")) == asked
    other = next(state for state in double.states.values() if state["id"] != JOB)
    double.states[other["id"]] = {**other, "log": 2}
    double.logs[other["id"]] = []
    double.write(other["id"], *some(7, 8))
    page.evaluate("job => { document.querySelector('job-log').job = job }", other["id"])
    wait_for(page, f"{TEXTS}.length === 2")
    assert page.evaluate(ROWS) == ["line 7", "line 8"]
    wait_until(lambda: f"log:{JOB}" in double.frames("unwatch")[-1]["topics"])


def test_it_fits_a_narrow_page(double: Double, page: Page) -> None:
    """Of 320 pixels: long lines scroll within the log, and times make room."""
    page.set_viewport_size({"width": 320, "height": 640})
    opened(double, page, 40)
    double.write(JOB, {"text": "x" * 300})
    expect(page.get_by_text("x" * 300)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.get_by_role("log").evaluate("box => box.scrollWidth > box.clientWidth")
    expect(page.locator(".row time").first).to_be_hidden()
