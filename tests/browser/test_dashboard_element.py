"""`<job-dashboard>` in a real browser, under a strict policy, without Django."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.double import Double, Frame
from tests.browser.test_element import browser, page, stamp
from tests.browser.test_tree_element import double, id_of, job, knows

__all__ = ["browser", "double", "page"]

pytestmark = pytest.mark.browser

FOCUSED = """() => {
  const { activeElement } = document.querySelector("job-dashboard").shadowRoot;
  return activeElement?.closest("[data-id]")?.dataset.id ?? "";
}"""


def running(number: int, **values: Any) -> Frame:
    """Return a job that was queued so many seconds ago, and runs."""
    at = stamp(datetime.now(UTC) - timedelta(seconds=number))
    times = {"queued_at": at, "started_at": at}
    return job(number, **{"root": id_of(number), "title": f"Job {number}", **times, **values})


def opened(double: Double, page: Page, tmp_path: Path, *jobs: Frame) -> Locator:
    """Show a dashboard that is answered these jobs, newest first; returns its rows."""
    answer = tmp_path / "jobs.json"
    answer.write_text(json.dumps({"jobs": jobs, "next": None}))
    double.files["/headway/api/jobs"] = answer
    count = tmp_path / "count.json"
    count.write_text(json.dumps({"count": len(jobs), "more": False}))
    double.files["/headway/api/jobs/count"] = count
    views = tmp_path / "views.json"
    views.write_text(json.dumps({"views": []}))
    double.files["/headway/api/views"] = views
    knows(double, *jobs)
    base = f"/page-{len(double.pages)}"
    body = f'<job-dashboard base="{base}" operator steers person="7"></job-dashboard>'
    head = '<script type=module src="/static/dashboard.js"></script>'
    address = double.page(body, head=head)
    double.pages[f"{base}jobs"] = double.pages[base]
    page.goto(f"{address}jobs")
    page.locator("job-dashboard[connection=live]").wait_for(state="attached")
    return page.locator("#rows > [data-id]")


def test_a_thousand_rows_are_a_few_nodes(double: Double, page: Page, tmp_path: Path) -> None:
    """Those in sight; the one that has the focus stays, wherever it is scrolled to."""
    rows = opened(double, page, tmp_path, *(running(number) for number in range(1, 1001)))
    expect(rows.first).to_contain_text("Job 1")
    assert rows.count() < 40
    table = page.get_by_role("table", name="Jobs, newest first")
    expect(table).to_have_attribute("aria-rowcount", "1001")
    page.get_by_role("link", name="Job 3", exact=True).focus()
    scroller = page.locator("#scroller")
    scroller.evaluate("box => { box.scrollTop = box.scrollHeight; }")
    expect(page.get_by_role("row", name="Job 1000")).to_have_attribute("aria-rowindex", "1001")
    assert rows.count() < 40
    assert page.evaluate(FOCUSED) == id_of(3)
    double.change(running(1000, seq=9, fraction=0.99))
    expect(page.get_by_role("progressbar", name="Job 1000")).to_have_attribute(
        "aria-valuenow", "99"
    )
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Job 4", exact=True)).to_be_focused()
    expect(page.get_by_role("link", name="Job 4", exact=True)).to_be_in_viewport()


def test_a_row_stays_the_node_that_it_is(double: Double, page: Page, tmp_path: Path) -> None:
    """While it scrolls, while others come: a node that is moved loses selection and focus."""
    rows = opened(double, page, tmp_path, *(running(number) for number in range(1, 101)))
    link = page.get_by_role("link", name="Job 12", exact=True)
    link.focus()
    row = rows.filter(has=link)
    row.evaluate("node => { window.before = node; }")
    for top in (112, 336, 1200, 5000, 400, 0):
        page.locator("#scroller").evaluate("(box, top) => { box.scrollTop = top; }", top)
        page.evaluate("() => new Promise(requestAnimationFrame)")
    double.change(running(0, seq=1))
    expect(page.get_by_role("button", name="1 new job")).to_be_visible()
    page.get_by_role("button", name="1 new job").click()
    expect(rows.first).to_contain_text("Job 0")
    assert row.evaluate("node => node === window.before")


def test_what_one_chooses_is_kept_in_this_browser(
    double: Double, page: Page, tmp_path: Path
) -> None:
    """Dense rows: more of them are in sight, the task beside the title; updates all come."""
    rows = opened(double, page, tmp_path, *(running(number) for number in range(1, 101)))
    expect(rows.first).to_contain_text("Job 1")
    assert height(rows.first) == 56
    before = rows.count()
    page.get_by_role("link", name="Settings").click()
    page.get_by_label("Dense rows").check()
    page.get_by_label("Every five seconds").check()
    page.get_by_label("Screen readers say what has been done").uncheck()
    page.get_by_role("link", name="Jobs", exact=True).click()
    expect(page.locator("job-dashboard")).to_have_attribute("density", "dense")
    expect(rows.first).to_contain_text("Job 1")
    assert height(rows.first) == 40
    expect(rows.nth(before)).to_be_attached()
    assert page.locator("#rows").evaluate("rows => rows.offsetHeight") == 100 * 40
    title, task = rows.first.evaluate(
        """row => [row.querySelector(".title").getClientRects()[0].right,
                   row.querySelector(".task").getBoundingClientRect().left]"""
    )
    assert task >= title
    expect(page.locator(".said")).to_have_attribute("aria-live", "off")
    for seq, fraction in ((8, 0.4), (9, 0.9)):
        double.change(running(1, seq=seq, fraction=fraction))
    bar = page.get_by_role("progressbar", name="Job 1", exact=True)
    expect(bar).to_have_attribute("aria-valuenow", "90", timeout=20_000)
    for chosen in ("Roomy rows", "As they come"):
        page.get_by_role("link", name="Settings").click()
        page.get_by_label(chosen).check()
    page.get_by_role("link", name="Jobs", exact=True).click()
    assert height(rows.first) == 56
    assert page.evaluate("Object.keys(localStorage)") == ["headway-voice"]


def height(row: Locator) -> float:
    """Return how high a row is, in pixels."""
    box = row.bounding_box()
    assert box
    return box["height"]
