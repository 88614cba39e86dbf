"""`<job-tray>` in a real browser, under a strict policy, without Django."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.double import AXE, Double, Frame, wait_until
from tests.browser.test_element import bar, browser, page, stamp
from tests.browser.test_tree_element import LOOKS, PAGE, double, id_of, job, knows

__all__ = ["browser", "double", "page"]

pytestmark = pytest.mark.browser

TRAY = f'<job-tray page="{PAGE}"></job-tray>'
LINES = "".join(f"<p><button>Button {number}</button></p>" for number in range(60))


def own(number: int, **values: Any) -> Frame:
    """Return a job of the person's own that was started so many seconds ago, and runs."""
    at = datetime.now(UTC) - timedelta(seconds=number)
    return job(number, **{"root": id_of(number), "queued_at": stamp(at), **values})


def over(number: int, seconds: float = 5, **values: Any) -> Frame:
    """Return one that ended so many seconds ago."""
    at = stamp(datetime.now(UTC) - timedelta(seconds=seconds))
    return own(number, **{"status": "succeeded", "fraction": 1, "finished_at": at, **values})


def opened(double: Double, page: Page, body: str = "", **more: Any) -> Locator:
    """Show a page with the tray; returns its button."""
    page.goto(double.page(body + TRAY, **more))
    page.locator("job-tray[connection=live]").wait_for(state="attached")
    return button(page)


def button(page: Page) -> Locator:
    """Return the button that opens the tray."""
    return page.get_by_role("region", name="Your jobs").locator("[aria-expanded]")


def rows(page: Page) -> Locator:
    """Return the tray's rows."""
    return page.get_by_role("list", name="Your jobs").locator("> li")


def test_it_is_there_only_while_there_is_something(double: Double, page: Page) -> None:
    """What runs, what has just ended; nothing else, nor what the page shows with its own bar."""
    knows(double, over(700, 601), own(1, fraction=0.4), own(2, fraction=0.6), own(3, owner="8"))
    knows(double, own(4, root=id_of(1), fraction=0.1))
    pill = opened(double, page)
    expect(pill).to_have_text("2 running")
    whole = page.get_by_role("progressbar", name="All of them together")
    expect(whole).to_have_attribute("aria-valuenow", "50")
    page.evaluate("document.body.append(document.createElement('job-progress'))")
    page.evaluate(f"document.querySelector('job-progress').setAttribute('job', '{id_of(1)}')")
    double.change(own(2, seq=2, fraction=0.7))
    expect(pill).to_have_text("1 running")
    expect(whole).to_have_attribute("aria-valuenow", "70")
    ended = stamp(datetime.now(UTC))
    double.change(own(2, seq=3, status="failed", finished_at=ended))
    expect(pill).to_have_text("1 failed")
    expect(whole).to_have_count(0)
    double.states.clear()
    opened(double, page)
    page.wait_for_timeout(100)
    expect(page.get_by_role("region", name="Your jobs")).to_have_count(0)


def test_by_the_keyboard(double: Double, page: Page) -> None:
    """Opened and closed by its button, closed by Escape, with the focus where it belongs."""
    files = [{"name": "people.xlsx", "size": 3, "url": "/x", "expires_at": None}]
    knows(double, own(1, title="Pictures", actions=["cancel", "pause"]))
    knows(double, over(2, title="Export", files=files), over(3, title="Report"))
    pill = opened(double, page, "<button>Before</button>")
    expect(rows(page)).to_have_count(0)
    page.get_by_role("button", name="Before").focus()
    page.keyboard.press("Tab")
    expect(pill).to_be_focused()
    page.keyboard.press("Enter")
    expect(pill).to_have_attribute("aria-expanded", "true")
    expect(rows(page)).to_have_count(3)
    expect(rows(page).first).to_contain_text("Pictures")
    expect(page.get_by_role("progressbar", name="Pictures")).to_have_attribute(
        "aria-valuenow", "31"
    )
    names = ["Clear finished", "Pictures", "Cancel Pictures", "Export", "people.xlsx"]
    for name in [*names, "Dismiss: Export"]:
        page.keyboard.press("Tab")
        link = page.get_by_role("link", name=name, exact=True)
        expect(link.or_(page.get_by_role("button", name=name, exact=True))).to_be_focused()
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(2)
    expect(page.get_by_role("button", name="Dismiss: Report")).to_be_focused()
    page.keyboard.press("Escape")
    expect(pill).to_be_focused()
    expect(pill).to_have_attribute("aria-expanded", "false")


def test_what_is_put_away_stays_away(double: Double, page: Page) -> None:
    """After a reload, in another tab at once, for this person alone; so does whether it is open."""
    knows(double, over(1, title="One"), over(2, title="Two"), own(3, title="Three"))
    opened(double, page).click()
    other = page.context.new_page()
    other.goto(page.url)
    expect(rows(other)).to_have_count(3)
    page.get_by_role("button", name="Dismiss: One").click()
    for tab in (page, other):
        expect(rows(tab)).to_have_count(2)
    page.reload()
    expect(rows(page)).to_have_count(2)
    button(page).click()
    page.reload()
    expect(button(page)).to_have_attribute("aria-expanded", "false")
    assert page.evaluate("Object.keys(localStorage)") == ["headway-tray 7"]


def test_a_cancel_is_shown_at_once_and_taken_back(double: Double, page: Page) -> None:
    """With the reason; the service of this test has none of it."""
    knows(double, own(1, title="Pictures", actions=["cancel", "pause", "again"]))
    page = page.context.new_page()  # one that may say that the service refuses
    opened(double, page).click()
    line = rows(page).first
    expect(line.get_by_role("button")).to_have_text(["Cancel"])
    page.route("**/cancel", lambda route: route.fulfill(status=409, json={"detail": "Too late."}))
    line.get_by_role("button", name="Cancel Pictures").click()
    expect(line.get_by_role("alert")).to_have_text("Could not cancel: Too late.")
    expect(line).to_contain_text("Running")


def test_nothing_is_hidden_by_it(double: Double, page: Page) -> None:
    """What gets the focus comes from below it, the page's end and toasts stay clear of it."""
    knows(double, own(1), own(2), own(3))
    pill = opened(double, page, LINES)
    pill.click()
    expect(rows(page)).to_have_count(3)
    assert page.evaluate(
        "getComputedStyle(document.documentElement).getPropertyValue('--headway-tray-inline')"
    )
    page.get_by_role("button", name="Button 0", exact=True).focus()
    for number in range(1, 60):
        page.keyboard.press("Tab")
        assert not overlaps(page.get_by_role("button", name=f"Button {number}", exact=True), pill)
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    assert not overlaps(page.get_by_role("button", name="Button 59"), pill)
    double.states.clear()
    page.reload()
    page.locator("job-tray[connection=live]").wait_for(state="attached")
    assert page.evaluate("getComputedStyle(document.documentElement).paddingBottom") == "0px"


def overlaps(one: Locator, other: Locator) -> bool:
    """Tell whether two parts of a page lie over each other."""
    a, b = one.bounding_box(), other.bounding_box()
    assert a
    assert b
    across = a["x"] < b["x"] + b["width"] and b["x"] < a["x"] + a["width"]
    return across and a["y"] < b["y"] + b["height"] and b["y"] < a["y"] + a["height"]


def test_rows_stay_below_the_pointer(double: Double, page: Page) -> None:
    """A new job comes last until nobody is at the rows, and many are told in numbers."""
    knows(double, *(own(number) for number in range(10, 70)))
    opened(double, page).click()
    expect(rows(page)).to_have_count(50)
    expect(page.get_by_text("and 10 more")).to_be_attached()
    first = rows(page).first
    first.hover()
    double.change(own(1, title="New"))
    expect(page.get_by_text("and 11 more")).to_be_attached()
    assert "Job 10" in first.inner_text()
    page.mouse.move(0, 0)
    expect(first).to_contain_text("New")


def test_a_trouble_is_told(double: Double, page: Page) -> None:
    """In the one line, in the place of the numbers."""
    knows(double, own(1))
    pill = opened(double, page)
    expect(pill).to_have_text("1 running")
    double.close_sockets(4501)
    expect(pill).to_have_text("Signed out. Reload the page to go on.")


def test_roots_that_were_not_sent_are_asked_for(double: Double, page: Page) -> None:
    """The newest of one's own jobs may all be parts of one that is older."""
    knows(double, own(5, root=id_of(9)), own(6, root=id_of(9)))
    page.goto(double.page(bar() + TRAY))
    asked = f"job:{id_of(9)}"
    wait_until(lambda: any(asked in frame["topics"] for frame in double.frames("watch")))
    double.change(own(9, title="The whole"))
    expect(button(page)).to_have_text("1 running")


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def test_axe_finds_nothing(double: Double, browser: Browser, look: tuple[Any, int]) -> None:
    """Closed and open, and it fits into the window."""
    scheme, width = look
    question = {"id": "q", "text": "Replace them?", "choices": ["Yes", "No"]}
    asked = {**question, "asked_at": stamp(datetime.now(UTC)), "expires_at": None}
    files = [{"name": "people.xlsx", "size": 3, "url": "/x", "expires_at": None}]
    knows(double, own(1, actions=["cancel"]), own(2, status="queued", fraction=None))
    knows(double, own(3, status="waiting", question=asked, actions=["answer", "cancel"]))
    knows(double, over(4, files=files), over(5, status="failed", title="A long title " * 9))
    with browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme) as one:
        page = one.new_page()
        script = "<script src=/static/axe.js></script>" if AXE.exists() else ""
        pill = opened(double, page, LINES, head=script)
        for open_ in ("false", "true"):
            expect(pill).to_have_attribute("aria-expanded", open_)
            found = page.evaluate("axe.run()") if script else {"violations": []}
            assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found["violations"]] == []
            box = page.locator("job-tray").bounding_box()
            assert box
            assert min(box["x"], box["y"]) >= 0
            assert box["x"] + box["width"] <= width
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            pill.click()
