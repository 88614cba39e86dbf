"""The log on a job's page, by hand: a real browser, server, worker and Redis."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, BrowserContext, Page, expect

import realtime
from realtime.models import Job
from tests import tasks
from tests.browser.double import AXE
from tests.browser.test_inbox import DESKTOP, LOOKS, picture, signed_in
from tests.browser.test_journey import browser, database_beside_playwright
from tests.processes import Child, web_server, worker
from tests.services import RedisServer

__all__ = ["browser", "database_beside_playwright"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

LINES = 1_200
NUMBERS = """() => [...document.querySelector("job-log").shadowRoot.querySelectorAll(".number")]
  .map(one => Number(one.textContent))"""


@pytest.fixture(scope="module")
def web(redis: RedisServer, django_db_setup: None) -> Iterator[Child]:
    """Run the service: web and worker, for whom no other test has left anything in the queue."""
    with redis.client() as client:
        client.flushdb()
    with web_server("uvicorn", DEBUG="1") as one, worker("threads"):
        yield one


@pytest.fixture
def ana(web: Child, transactional_db: None) -> User:
    """Return a user."""
    return User.objects.create_user("ana", password="correct horse")


@pytest.fixture
def context(browser: Browser, web: Child, ana: User) -> Iterator[BrowserContext]:
    """Sign Ana in, in a browser in which nothing may be complained about."""
    complaints: list[str] = []
    with signed_in(browser, web, ana, viewport=DESKTOP, accept_downloads=True) as one:
        one.on("weberror", lambda error: complaints.append(str(error.error)))
        one.on(
            "console", lambda said: complaints.append(said.text) if said.type == "error" else None
        )
        yield one
    assert complaints == []


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Path]:
    """Return whose presence lets jobs go on; at the end none waits."""
    gate = tmp_path / "gate"
    yield gate
    gate.touch()


def writing(ana: User, gate: Path, lines: int = LINES) -> Job:
    """Start a job that writes lines, and as many again when the gate is open."""
    job: Job = realtime.start(tasks.talk_on, lines, str(gate), owner=ana, title="Import prices")
    return job


def opened(context: BrowserContext, job: Job, link: str = "") -> Page:
    """Open the job's page, and wait for its log."""
    page = context.new_page()
    page.goto(f"/jobs/{job.pk}/{link}")
    expect(page.locator("job-log")).to_have_attribute("connection", "live")
    return page


def line(page: Page, number: int) -> Any:
    """Return a line of the element's log."""
    return page.get_by_role("log").get_by_text(f"line {number}", exact=True)


def ends(page: Page) -> None:
    """Wait for the job's end."""
    expect(page.locator("job-log")).to_have_attribute("status", "succeeded", timeout=30_000)


def test_it_is_followed_left_and_come_back_to(
    context: BrowserContext, ana: User, gate: Path
) -> None:
    """The end stays in sight, until its reader goes up; then one press leads back."""
    job = writing(ana, gate)
    page = opened(context, job)
    expect(line(page, LINES)).to_be_in_viewport(timeout=15_000)
    box = page.get_by_role("log")
    box.press("PageUp")
    expect(line(page, LINES)).not_to_be_in_viewport()
    page.wait_for_timeout(300)
    before = page.evaluate(NUMBERS)
    gate.touch()
    ends(page)
    jump = page.get_by_role("button", name=f"Jump to latest {LINES:,} new")
    expect(jump).to_be_visible(timeout=15_000)
    assert page.evaluate(NUMBERS) == before
    jump.click()
    expect(line(page, 2 * LINES)).to_be_in_viewport()


def test_a_reload_in_the_middle_loses_nothing(
    context: BrowserContext, ana: User, gate: Path, tmp_path: Path
) -> None:
    """Every line is there, once; the file has the same, in the same words."""
    job = writing(ana, gate)
    page = opened(context, job)
    expect(line(page, LINES)).to_be_in_viewport(timeout=15_000)
    gate.touch()
    page.reload()
    ends(page)
    expect(line(page, 2 * LINES)).to_be_in_viewport(timeout=15_000)
    page.get_by_label("Search the log").fill("line")
    expect(page.get_by_text(f" of {2 * LINES:,}")).to_be_visible(timeout=15_000)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_text("Copied.")).to_be_attached()
    copied = page.evaluate("navigator.clipboard.readText()")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download", exact=True).click()
    download.value.save_as(tmp_path / "log.txt")
    assert download.value.suggested_filename == f"log-{job.pk}.txt"
    saved = (tmp_path / "log.txt").read_text().splitlines()
    assert [one.rpartition(" ")[2] for one in saved] == [str(n + 1) for n in range(2 * LINES)]
    assert copied.splitlines() == saved


def test_a_link_is_opened_by_somebody_else_later(
    context: BrowserContext, ana: User, gate: Path
) -> None:
    """When the job has ended: that line is in sight and marked, far from the end."""
    gate.touch()
    job = writing(ana, gate)
    first = opened(context, job)
    ends(first)
    page = opened(context, job, "#L120")
    expect(line(page, 120)).to_be_in_viewport(timeout=15_000)
    expect(page.locator("[aria-current=true] .text")).to_have_text("line 120")
    page.get_by_label("Level").select_option("Errors only")
    page.get_by_label("Search the log").fill("line 22")
    page.keyboard.press("Enter")
    expect(page.locator(".row.marked .grade")).to_have_text("error")


def test_without_a_script_its_last_lines_are_there(
    browser: Browser, web: Child, ana: User, gate: Path, context: BrowserContext
) -> None:
    """And all of them as a file; in the room that the element takes."""
    gate.touch()
    job = writing(ana, gate)
    page = opened(context, job)
    ends(page)
    room = page.locator("job-log").bounding_box()
    with signed_in(browser, web, ana, java_script_enabled=False, viewport=DESKTOP) as plain:
        still = plain.new_page()
        still.goto(f"/jobs/{job.pk}/")
        still.locator("job-log .headway-fallback").scroll_into_view_if_needed()
        expect(line(still, 2 * LINES)).to_be_in_viewport()
        expect(line(still, 2 * LINES - 100)).to_have_count(0)
        assert still.locator("job-log .headway-fallback").bounding_box()["height"] == room["height"]  # type: ignore[index]
        picture(still, "log-plain")
        with still.expect_download() as download:
            still.get_by_role("link", name="Download the whole log").click()
        assert len(download.value.path().read_text().splitlines()) == 2 * LINES


def test_operators_read_it_in_the_admin(
    browser: Browser, web: Child, ana: User, gate: Path
) -> None:
    """Live, under the admin's own looks."""
    job = writing(ana, gate, 50)
    operator = User.objects.create_superuser("root", password="correct horse")
    with signed_in(browser, web, operator, viewport=DESKTOP) as one:
        page = one.new_page()
        page.goto(f"/admin/realtime/job/{job.pk}/change/")
        expect(page.locator("job-log")).to_have_attribute("connection", "live")
        line(page, 50).wait_for()
        page.locator("job-log").scroll_into_view_if_needed()
        picture(page, "log-admin")
        gate.touch()
        ends(page)
        line(page, 100).wait_for()


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[0]}-{look[1]['width']}")
def test_everybody_can_use_it(
    browser: Browser, web: Child, ana: User, gate: Path, look: Any
) -> None:
    """With a line marked, something sought and the end out of sight, it has no fault and fits."""
    scheme, size = look
    gate.touch()
    job = writing(ana, gate, 300)
    more: Any = {"color_scheme": scheme, "viewport": size, "bypass_csp": True}
    with signed_in(browser, web, ana, **more) as one:
        page = opened(one, job)
        ends(page)
        page.add_script_tag(path=AXE)
        name = f"log-{scheme}-{size['width']}"
        is_faultless(page, size, f"{name}-end")
        page.get_by_label("Search the log").fill("line 5")
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Wrap lines").click()
        expect(page.locator(".row.marked")).to_be_visible()
        is_faultless(page, size, name)


def is_faultless(page: Page, size: dict[str, int], name: str) -> None:
    """Hold the page to axe and to the window."""
    page.locator("job-log").scroll_into_view_if_needed()
    picture(page, name)
    found = page.evaluate("axe.run()")
    assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
