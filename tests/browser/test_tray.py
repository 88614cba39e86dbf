"""The tray, by hand: a real browser, server, worker and Redis."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, BrowserContext, expect

import realtime
from tests import tasks
from tests.browser.double import AXE
from tests.browser.test_inbox import LOOKS, ana, context, is_faultless, picture, signed_in, web
from tests.browser.test_journey import browser, database_beside_playwright
from tests.browser.test_tray_element import button, rows
from tests.browser.test_tree import at
from tests.processes import Child

__all__ = ["ana", "browser", "context", "database_beside_playwright", "web"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Path]:
    """Return a gate that is open at the latest when the test is over."""
    path = tmp_path / "gate"
    yield path
    path.touch()


def occupy(owner: User, gate: Path, title: str) -> None:
    """Start a job that goes on until the gate opens, and leaves a file."""
    realtime.start(tasks.occupy, str(gate), f"{gate}-told", owner=owner, title=title)


def test_two_jobs_from_start_to_end(context: BrowserContext, ana: User, gate: Path) -> None:
    """One is cancelled from the tray, the other one's file fetched, both dismissed, in two tabs."""
    first, second = (at(context, path) for path in ("/people/", "/send"))
    expect(button(first)).to_have_count(0)
    counting = realtime.start(tasks.until_cancelled, f"{gate}-begun", owner=ana, title="A")
    occupy(ana, gate, "B")
    for page in (first, second):
        expect(button(page)).to_have_text("2 running")
    button(first).press("Enter")
    picture(first, "tray")
    first.get_by_role("button", name="Cancel A").press("Enter")
    expect(rows(first).filter(has_text="Cancelled")).to_have_count(1, timeout=20_000)
    expect(button(second)).to_have_text("1 running")
    first.reload()
    expect(rows(first)).to_have_count(2)
    gate.touch()
    expect(button(first)).to_have_text("2 finished", timeout=20_000)
    with first.expect_download() as download:
        rows(first).get_by_role("link", name="after.txt").click()
    assert Path(download.value.path()).read_bytes() == b"after"
    first.get_by_role("button", name="Dismiss: B").click()
    expect(button(second)).to_have_text("1 finished")
    first.goto(f"/jobs/{counting.pk}/")
    expect(first.locator("job-progress")).to_have_attribute("status", "cancelled")
    expect(button(first)).to_have_count(0)  # The page itself shows it.
    second.reload()
    second.get_by_role("button", name="Dismiss: A").click()
    expect(button(second)).to_have_count(0)
    second.reload()
    expect(second.locator("job-tray")).to_have_attribute("connection", "live")
    expect(button(second)).to_have_count(0)


def test_nobody_sees_another_ones_tray(
    context: BrowserContext, browser: Browser, web: Child, ana: User, gate: Path
) -> None:
    """What has just ended is in it on any device of its owner."""
    realtime.start(tasks.leave_file, "Text", owner=ana, title="Letter")
    page = at(context, "/people/")
    expect(button(page)).to_have_text("1 finished", timeout=20_000)
    button(page).click()
    page.get_by_role("button", name="Dismiss: Letter").click()
    expect(button(page)).to_have_count(0)
    with signed_in(browser, web, ana) as device:
        expect(button(at(device, "/people/"))).to_have_text("1 finished")
    with signed_in(browser, web, User.objects.create_user("ben")) as other:
        page = at(other, "/people/")
        expect(page.locator("job-tray")).to_have_attribute("connection", "live")
        occupy(ana, gate, "Pictures")
        expect(button(page)).to_have_count(0)


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[0]}-{look[1]['width']}")
def test_everybody_can_use_them(
    browser: Browser, web: Child, ana: User, gate: Path, look: Any
) -> None:
    """A tree and the open tray on one page of the service have no fault and fit."""
    scheme, size = look
    more: Any = {"color_scheme": scheme, "viewport": size, "bypass_csp": True}
    many = realtime.start(tasks.replace_by_many, [1, 3, 5], owner=ana, title="Three of a kind")
    occupy(ana, gate, "Pictures")
    realtime.start(tasks.leave_file, "Text", owner=ana, title="A letter to all whom we know")
    with signed_in(browser, web, ana, **more) as one:
        page = at(one, f"/jobs/{many.pk}/")
        page.add_script_tag(path=AXE)
        expect(page.get_by_role("treeitem", name="Failed")).to_have_count(1, timeout=20_000)
        expect(button(page)).to_have_text("1 running")
        button(page).click()
        expect(rows(page)).to_have_count(2)
        name = f"{scheme}-{size['width']}-tray"
        is_faultless(page, page.get_by_role("region", name="Your jobs"), size, name)
        page.keyboard.press("Escape")
        page.get_by_role("tree").scroll_into_view_if_needed()
        picture(page, f"{scheme}-{size['width']}-tree")
