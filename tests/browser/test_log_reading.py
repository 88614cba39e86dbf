"""What the reader of a `<job-log>` may do, in a real browser, under a strict policy."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.double import Double, wait_until
from tests.browser.test_element import JOB, RUNNING, browser, double, fresh, page, wait_for
from tests.browser.test_log import (
    ROWS,
    TEXTS,
    drawn,
    first_in_sight,
    line,
    log,
    opened,
    some,
    written,
)

__all__ = ["browser", "double", "page"]

pytestmark = pytest.mark.browser


def pasted(field: Locator) -> str:
    """Return what is pasted into a field."""
    field.fill("")
    field.press("Control+v")
    return field.input_value()


def test_lines_are_shown_by_level(double: Double, page: Page) -> None:
    """What is as grave, now and later; a gap is told at each level."""
    opened(double, page, 30)
    double.write(JOB, {"text": "beware", "level": "warning"}, {"text": "broken", "level": "error"})
    double.say(
        {
            "type": "log",
            "job": JOB,
            "after": 32,
            "lost": 40,
            "lines": [{"n": 73, "at": "", "level": "debug", "text": "again"}],
        }
    )
    gap = "… 40 lines are no longer kept"
    expect(page.get_by_text("again", exact=True)).to_be_visible()
    page.get_by_label("Level").select_option("Warnings and above")
    wait_for(page, f"{TEXTS}.length === 3")
    assert page.evaluate(ROWS) == ["beware", "broken", gap]
    double.logs[JOB] += [{"n": 73}]
    double.write(JOB, {"text": "info"}, {"text": "worse", "level": "critical"})
    wait_for(page, f"{TEXTS}.length === 4")
    page.get_by_label("Level").select_option("Errors only")
    wait_for(page, f"{TEXTS}.length === 3")
    assert page.evaluate(ROWS) == ["broken", gap, "worse"]
    page.get_by_label("Level").select_option("All levels")
    expect(page.get_by_text("info", exact=True).first).to_be_visible()


def test_all_of_it_is_searched(double: Double, page: Page) -> None:
    """Also what was not here yet; from the keyboard forth and back, and out again."""
    box = opened(double, page, 3_200)
    box.press("Control+f")
    field = page.get_by_label("Search the log")
    expect(field).to_be_focused()
    field.fill("LINE 31")
    expect(page.get_by_text(" of 111")).to_be_visible()  # 31, 310 to 319, 3100 to 3199
    before = page.locator(".count").inner_text()
    field.press("Enter")
    expect(page.locator(".count")).not_to_have_text(before)
    field.press("Shift+Enter")
    expect(page.locator(".count")).to_have_text(before)
    field.fill("line 31")
    field.press("Enter")
    expect(page.locator(".row.marked mark")).to_be_in_viewport()
    field.fill("nowhere")
    expect(page.get_by_text("Not found")).to_be_visible()
    field.press("Escape")
    expect(box).to_be_focused()
    expect(field).to_have_value("")
    expect(page.locator("mark")).to_have_count(0)


def test_what_is_on_its_way_is_found_when_it_comes(double: Double, page: Page) -> None:
    """Enter was pressed before: nobody has to press it again."""
    opened(double, page, 50)
    double.states[JOB] = fresh(RUNNING, seq=99, log=900)
    double.say({"type": "jobs", "jobs": [double.states[JOB]]})
    field = page.get_by_label("Search the log")
    field.fill("line 44")
    field.press("Enter")
    expect(page.get_by_text("1 of 1", exact=True)).to_be_visible()
    field.fill("line 88")
    field.press("Enter")
    expect(page.get_by_text("Not found")).to_be_visible()
    double.write(JOB, *some(51, 900))
    expect(page.locator(".row.marked .text")).to_have_text("line 88")
    expect(page.get_by_text("1 of 11", exact=True)).to_be_visible()
    expect(line(page, 88)).to_be_in_viewport()


def test_a_link_leads_to_its_line(double: Double, page: Page) -> None:
    """It is marked, in sight, and stays so; the page's address may name another one later."""
    opened(double, page, 3_000, link="#L120")
    expect(line(page, 120)).to_be_in_viewport()
    expect(page.locator("[aria-current=true] .text")).to_have_text("line 120")
    double.write(JOB, *some(3_001, 3_010))
    expect(page.get_by_role("button", name="Jump to latest")).to_be_visible()
    expect(line(page, 120)).to_be_in_viewport()
    page.evaluate("location.hash = '#L2990'")
    expect(line(page, 2_990)).to_be_in_viewport()
    expect(page.locator("[aria-current=true] .text")).to_have_text("line 2990")


def test_a_link_may_name_which_of_two_logs(double: Double, page: Page) -> None:
    """By the element's own id."""
    written(double, 900)
    page.goto(double.page(f"<div>{log('id=other')}{log('id=import')}</div>") + "#import-L20")
    here = page.locator("#import")
    expect(here.get_by_text("line 20", exact=True)).to_be_in_viewport()
    expect(here.locator("[aria-current=true]")).to_have_count(1)
    expect(page.locator("#other [aria-current=true]")).to_have_count(0)


def test_a_link_that_leads_beyond_the_end_harms_nothing(double: Double, page: Page) -> None:
    """Nor one that is none."""
    for link in ("#L99999", "#Lx", "#L-5", "#L1e400"):
        opened(double, page, 50, link=link)
        expect(line(page, 50)).to_be_in_viewport()


def test_a_line_is_linked_with_the_keyboard_alone(double: Double, page: Page) -> None:
    """Enter marks the first one in sight, Shift with arrows others; the link is copied below."""
    box = opened(double, page, 400)
    box.focus()
    box.press("Home")
    expect(line(page, 1)).to_be_in_viewport()
    page.wait_for_timeout(200)
    box.press("Enter")
    expect(page.get_by_text("Line 1", exact=True)).to_be_visible()
    box.press("Shift+ArrowDown")
    box.press("Shift+ArrowDown")
    box.press("Shift+ArrowUp")
    expect(page.get_by_text("Line 2", exact=True)).to_be_visible()
    assert page.evaluate("location.hash") == "#L2"
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Jump to latest")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Copy link")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Copied.")).to_be_attached()
    expect(page.get_by_role("button", name="Copy link")).to_be_focused()


@pytest.mark.parametrize("secure", [True, False])
def test_it_is_copied_on_plain_http_too(double: Double, page: Page, secure: bool) -> None:  # noqa: FBT001
    """A page that is not secure has no clipboard to write to."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    if not secure:
        page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    opened(double, page, 30)
    page.get_by_role("link", name="12", exact=True).click()
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_text("Copied.")).to_be_attached()
    field = page.get_by_label("Search the log")
    assert pasted(field) == page.url
    assert page.url.endswith("#L12")
    page.get_by_label("Level").select_option("Warnings and above")
    double.write(JOB, {"text": "beware", "level": "warning"})
    expect(page.get_by_text("beware")).to_be_visible()
    page.get_by_role("button", name="Copy", exact=True).click()
    wait_until(lambda: pasted(field) == "2026-11-22T12:00:00.000Z warning  beware")


def test_long_lines_are_wrapped_on_demand(double: Double, page: Page) -> None:
    """With all that they say; the first one in sight stays so, and so does the end."""
    opened(double, page, 200)
    double.write(JOB, {"text": "one\n two " + "x" * 400}, *some(202, 300))
    expect(line(page, 300)).to_be_in_viewport()
    page.get_by_role("button", name="Wrap lines").click()
    expect(line(page, 300)).to_be_in_viewport()
    page.evaluate("location.hash = '#L201'")
    long = page.locator("[aria-current=true]")
    expect(long).to_be_in_viewport()
    assert long.bounding_box()["height"] > 60  # type: ignore[index]
    assert page.get_by_role("log").evaluate("box => box.scrollWidth <= box.clientWidth")
    drawn(page)
    before = first_in_sight(page)
    page.get_by_role("button", name="Wrap lines").click()
    expect(long).to_contain_text("one ⏎ two")
    assert long.bounding_box()["height"] < 30  # type: ignore[index]
    assert first_in_sight(page) == before


def test_times_are_shown_or_not(double: Double, page: Page) -> None:
    """The exact one of the marked line is always told."""
    opened(double, page, 20)
    times = page.locator(".row time")
    expect(times.first).to_be_visible()
    page.get_by_role("button", name="Times").click()
    expect(times.first).to_be_hidden()
    page.get_by_role("link", name="7", exact=True).click()
    expect(page.get_by_text("2026-11-22T12:00:00.000Z")).to_be_visible()


def test_new_lines_are_announced_where_that_is_wanted(double: Double, page: Page) -> None:
    """Few as they are, of many the last ones; the log itself is no live region."""
    box = opened(double, page, 20)
    expect(box).to_have_attribute("aria-live", "off")
    news = page.locator("job-log .news")
    double.write(JOB, *some(21, 21))
    page.get_by_role("button", name="Announce new lines").click()
    double.write(JOB, *some(22, 23))
    expect(news).to_have_text("line 22 line 23", timeout=8_000)
    double.write(JOB, *some(24, 33))
    expect(news).to_have_text("10 new lines: line 31 line 32 line 33", timeout=8_000)
