"""The dashboard, by hand: a real browser, server, worker and Redis."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

import realtime
from realtime import control
from realtime.models import Job
from tests import tasks
from tests.browser.double import AXE
from tests.browser.test_inbox import LOOKS, ana, is_faultless, picture, signed_in, web
from tests.browser.test_journey import browser, database_beside_playwright
from tests.browser.test_tray import gate, occupy
from tests.processes import Child
from tests.services import wait_until

__all__ = ["ana", "browser", "context", "database_beside_playwright", "gate", "web"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

DASHBOARD = "/headway/dashboard/"
BEGINNINGS = """() => {
  const root = document.querySelector("job-dashboard").shadowRoot;
  const begin = (cell) => {
    const { paddingInlineStart: padding } = getComputedStyle(cell);
    return cell.getBoundingClientRect().x + parseFloat(padding);
  };
  const of = (row) => [...root.querySelector(row).children].map(begin);
  return [of("thead tr"), of("#rows > [data-id]")];
}"""
"""Where what each head says begins, and what each cell of a row says."""


@pytest.fixture
def operator(ana: User) -> User:
    """Return Ana, who may see and steer everybody's jobs."""
    ana.is_superuser = True
    ana.save()
    return ana


@pytest.fixture
def context(browser: Browser, web: Child, operator: User) -> Iterator[BrowserContext]:
    """Sign Ana in, in a browser in which nothing fails but what the service has refused."""
    problems: list[str] = []
    with signed_in(browser, web, operator) as one:
        one.on("weberror", lambda error: problems.append(str(error.error)))
        one.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
        yield one
    assert [text for text in problems if "Failed to load resource" not in text] == []


@pytest.fixture
def begun(operator: User, gate: Path) -> Iterator[None]:
    """Start one job of each kind with a real worker."""
    ended(realtime.start(tasks.replace_by_many, [1, 3, 5], owner=operator, title="Resize"))
    ended(realtime.start(tasks.leave_file, "Text", owner=operator, title="Export customers"))
    ended(realtime.start(tasks.halve, [1, 2, 3], owner=operator, title="Halve numbers"))
    fails(operator, "Import prices")
    occupy(operator, gate, "Rebuild the search index")
    asked = realtime.start(tasks.asks, f"{gate}-asked", owner=operator, title="Replace prices")
    yield
    control.cancel(str(asked.pk))


def ended(job: Job) -> Job:
    """Wait until a job has ended."""
    wait_until(lambda: Job.objects.get(pk=job.pk).ended, "the job to end", seconds=60)
    return job


def fails(owner: User, *titles: str) -> list[Job]:
    """Let jobs fail."""
    queued = [
        realtime.start(tasks.fail, "The disk is full", owner=owner, title=title) for title in titles
    ]
    return [ended(job) for job in queued]


def rows(page: Page) -> Locator:
    """Return the rows that are there."""
    return page.locator("#rows > [data-id]")


def row(page: Page, title: str) -> Locator:
    """Return the row of a job."""
    return rows(page).filter(has=page.get_by_role("link", name=title, exact=True))


def box(page: Page, title: str) -> Locator:
    """Return what selects a job."""
    return page.get_by_role("checkbox", name=f"Select {title}", exact=True)


def at(context: BrowserContext, path: str = "jobs") -> Page:
    """Return a new tab that shows a page of the dashboard and hears of the jobs."""
    page = context.new_page()
    page.goto(DASHBOARD + path)
    page.locator("job-dashboard[connection=live]").wait_for(state="attached")
    return page


def test_a_list_that_lives_and_stays_where_it_is(
    context: BrowserContext, operator: User, gate: Path
) -> None:
    """A new job comes by itself to who is at nothing, as a pill to who is; rows change in place."""
    fails(operator, "First", "Second")
    page = at(context)
    expect(rows(page)).to_have_count(2)
    occupy(operator, gate, "Index")
    expect(row(page, "Index")).to_contain_text("40%")
    expect(page.get_by_role("progressbar", name="Index")).to_have_attribute("aria-valuenow", "40")
    row(page, "First").hover()
    place = row(page, "First").bounding_box()
    fails(operator, "Third", "Fourth")
    expect(page.get_by_role("button", name="2 new jobs")).to_be_visible()
    gate.touch()
    expect(row(page, "Index")).to_contain_text("Succeeded")
    assert row(page, "First").bounding_box() == place
    page.get_by_role("button", name="2 new jobs").click()
    expect(rows(page).first).to_contain_text("Fourth")
    expect(rows(page)).to_have_count(5)


def test_many_are_cancelled_at_once(context: BrowserContext, operator: User, gate: Path) -> None:
    """Those that have ended are left out; it is asked before, and told afterwards."""
    fails(operator, "Over")
    for number in range(3):
        told = f"{gate}-{number}"
        realtime.start(tasks.until_cancelled, told, owner=operator, title=f"Job {number}")
    page = at(context)
    expect(rows(page)).to_have_count(4)
    box(page, "Job 2").click()
    box(page, "Over").click(modifiers=["Shift"])
    chosen = page.get_by_role("group", name="4 selected")
    picture(page, "selected")
    chosen.get_by_role("button", name="Cancel jobs").click()
    sure = page.get_by_role("dialog", name="Cancel 3 jobs?")
    expect(sure).to_contain_text("Left out, for this cannot be done to them now: 1")
    picture(page, "sure")
    sure.get_by_role("button", name="Cancel jobs").click()
    expect(page.get_by_role("status").filter(has_text="3 jobs were asked.")).to_be_visible()
    expect(sure).to_have_count(0)
    expect(rows(page).filter(has_text="Cancelled")).to_have_count(3)


def test_all_that_match_are_cancelled_by_a_job(
    context: BrowserContext, operator: User, gate: Path
) -> None:
    """Also those that are not shown: of 60 that wait a page has 50; the job tells of itself."""
    for number in range(2):
        occupy(operator, gate, f"Before {number}")
    for number in range(60):
        realtime.start(tasks.nothing, owner=operator, title=f"Wait {number}")
    page = at(context, "jobs?q=status:queued")
    expect(page.get_by_text("60 jobs")).to_be_visible()
    page.get_by_role("checkbox", name="Select all that are shown").click()
    page.get_by_role("button", name="Select all 60 that match").click()
    page.get_by_role("button", name="Cancel jobs").click()
    sure = page.get_by_role("dialog", name="Cancel 60 jobs?")
    expect(sure).to_contain_text("status:queued")
    sure.get_by_role("button", name="Cancel jobs").click()
    done = page.get_by_role("dialog", name="Cancel jobs")
    expect(done.locator("job-progress[status=succeeded]")).to_be_visible(timeout=60_000)
    picture(page, "by-job")
    assert Job.objects.filter(name="tests.tasks.nothing", status="cancelled").count() == 60
    done.get_by_role("link").click()
    expect(page.get_by_role("heading", name="Cancel all: status:queued")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_list_says_what_it_is(browser: Browser, web: Child, operator: User, gate: Path) -> None:
    """A table with a caption, heads and numbered rows; on a phone a list."""
    fails(operator, "First", "Second")
    with signed_in(browser, web, operator) as one:
        page = at(one)
        table = page.get_by_role("table", name="Jobs, newest first")
        expect(table).to_have_attribute("aria-rowcount", "3")
        heads = table.locator("th[scope=col]")
        expect(heads).to_have_text(["Status", "Job", "Progress", "Worker", "Duration", "Started"])
        expect(table.locator("th[scope=row]")).to_have_count(2)
        numbers = [row.get_attribute("aria-rowindex") for row in rows(page).all()]
        assert numbers == ["2", "3"]
        heads_at, cells_at = page.evaluate(BEGINNINGS)
        assert cells_at == pytest.approx(heads_at, abs=1)
    with signed_in(browser, web, operator, viewport={"width": 360, "height": 740}) as phone:
        page = at(phone)
        expect(page.get_by_role("list", name="Jobs, newest first")).to_be_visible()
        expect(page.get_by_role("table")).to_have_count(0)
        assert rows(page).first.evaluate("row => row.localName") == "li"


def test_who_does_not_want_it_after_all_is_where_they_were(
    context: BrowserContext, operator: User, gate: Path
) -> None:
    """What many would lose is asked first; Escape leaves all as it was, with the focus."""
    occupy(operator, gate, "Index")
    page = at(context)
    box(page, "Index").click()
    cancel = page.get_by_role("button", name="Cancel jobs")
    cancel.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Cancel 1 job?")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(cancel).to_be_focused()
    expect(row(page, "Index")).to_contain_text("Running")


def test_what_went_wrong_is_found_read_and_run_again(
    context: BrowserContext, operator: User
) -> None:
    """By the keyboard alone: filter, select, open, read the traceback, back, run again, watch."""
    fails(operator, "Import 1", "Import 2")
    ended(realtime.start(tasks.leave_file, "Text", owner=operator, title="Export"))
    page = at(context)
    expect(rows(page)).to_have_count(3)
    page.keyboard.press("/")
    expect(page.get_by_role("combobox", name="Filter jobs")).to_be_focused()
    page.keyboard.type("status:fa")
    choice = page.get_by_role("option", name="failed")
    expect(choice).to_be_visible()
    picture(page, "completions")
    page.keyboard.press("ArrowDown")
    expect(choice).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    page.keyboard.type("task:tests.tasks.f")
    expect(page.get_by_role("option", name="tests.tasks.fail")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.type("age:<1h")
    page.keyboard.press("Enter")
    page.wait_for_url("**/jobs?q=status:failed+task:tests.tasks.fail+age:%3C1h")
    expect(rows(page)).to_have_count(2)
    page.get_by_role("combobox").blur()
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Import 1", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/dashboard/jobs/*-*")
    expect(page.get_by_role("region", name="Traceback")).to_contain_text("ValueError")
    page.keyboard.press("k")
    expect(page.get_by_role("heading", name="Import 2")).to_be_visible()
    page.keyboard.press("u")
    page.wait_for_url("**/jobs?q=status:failed+*")
    expect(page.get_by_role("link", name="Import 2", exact=True)).to_be_focused()
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("r")
    sure = page.get_by_role("dialog", name="Run 2 jobs again?")
    expect(sure.get_by_role("button", name="Run again")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="2 jobs were started")).to_be_visible()
    expect(page.get_by_role("button", name="2 new jobs")).to_be_visible()
    page.keyboard.press("n")
    expect(rows(page)).to_have_count(4)
    expect(rows(page).filter(has_text="Failed")).to_have_count(4)
    assert Job.objects.filter(name="tests.tasks.fail").count() == 4


def test_addresses_are_links_that_lead_back(context: BrowserContext, operator: User) -> None:
    """Each page has its own; Back, a reload and a link that was passed on show the same."""
    (job,) = fails(operator, "Import")
    ended(realtime.start(tasks.leave_file, "Text", owner=operator, title="Export"))
    page = at(context, "jobs?q=Import")
    expect(rows(page)).to_have_count(1)
    row(page, "Import").get_by_role("link").click()
    page.wait_for_url(f"**/dashboard/jobs/{job.pk}")
    page.reload()
    expect(page.get_by_role("heading", name="Import")).to_be_visible()
    page.go_back()
    page.wait_for_url("**/jobs?q=Import")
    expect(rows(page)).to_have_count(1)
    expect(page.get_by_role("combobox")).to_have_value("Import")
    page.get_by_role("link", name="All jobs").click()
    expect(rows(page)).to_have_count(2)
    page.go_back()
    expect(rows(page)).to_have_count(1)
    page.goto(f"{DASHBOARD}jobs/00000000-0000-0000-0000-000000000000")
    expect(page.get_by_role("heading", name="There is no such job")).to_be_visible()
    page.goto(f"{DASHBOARD}elsewhere")
    page.get_by_role("link", name="To the jobs").click()
    expect(rows(page)).to_have_count(2)


def test_others_see_their_own_alone(
    browser: Browser, web: Child, operator: User, gate: Path
) -> None:
    """The same pages with less in them: what is not theirs looks as if there were none."""
    ben = User.objects.create_user("ben")
    (theirs,) = fails(operator, "Not for Ben")
    with signed_in(browser, web, ben) as one:
        page = at(one)
        expect(page.get_by_role("heading", name="No jobs yet")).to_be_visible()
        picture(page, "empty")
        occupy(ben, gate, "For Ben")
        expect(row(page, "For Ben")).to_contain_text("40%")
        fails(operator, "Nor this")
        gate.touch()
        expect(row(page, "For Ben")).to_contain_text("Succeeded")
        expect(rows(page)).to_have_count(1)
        expect(page.get_by_role("button", name="Mine")).to_have_count(0)
        row(page, "For Ben").get_by_role("link").click()
        expect(page.get_by_role("heading", name="Details")).to_be_visible()
        expect(page.get_by_role("heading", name="Arguments")).to_have_count(0)
        page.goto(f"{DASHBOARD}jobs/{theirs.pk}")
        expect(page.get_by_role("heading", name="There is no such job")).to_be_visible()


def test_who_may_only_look_is_told_so(
    browser: Browser, web: Child, ana: User, gate: Path, tmp_path: Path
) -> None:
    """They see everybody's jobs and can do nothing to them."""
    ana.user_permissions.add(Permission.objects.get(codename="view_all_jobs"))
    occupy(User.objects.create_user("ben"), gate, "Ben's")
    with signed_in(browser, web, ana) as one:
        page = at(one)
        expect(page.get_by_text("Read-only")).to_be_visible()
        box(page, "Ben's").click()
        expect(page.get_by_role("group", name="1 selected")).to_be_visible()
        expect(page.get_by_role("button", name="Cancel jobs")).to_have_count(0)
        row(page, "Ben's").get_by_role("link").click()
        expect(page.locator("job-progress[status=running]")).to_be_visible()
        expect(page.get_by_role("button", name="Cancel")).to_have_count(0)


def test_what_is_shown_stays_while_nobody_answers(
    context: BrowserContext, operator: User, gate: Path
) -> None:
    """Offline the rows freeze and say so; afterwards they are what has become of them."""
    occupy(operator, gate, "Index")
    page = at(context)
    expect(row(page, "Index")).to_contain_text("40%")
    page.get_by_role("button", name="Pause").click()
    gate.touch()
    expect(page.get_by_text("1 job has changed since")).to_be_visible()
    expect(row(page, "Index")).to_contain_text("Running")
    page.get_by_role("button", name="Go on").click()
    expect(row(page, "Index")).to_contain_text("Succeeded")
    page.route("**/api/jobs?q=*", lambda route: route.fulfill(status=503, json={"detail": "Away."}))
    page.get_by_role("combobox").fill("Index")
    expect(page.get_by_role("alert")).to_contain_text("The jobs could not be loaded: Away.")
    picture(page, "failure")
    page.unroute("**/api/jobs?q=*")
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_role("combobox").fill("status:over")
    expect(page.get_by_role("alert")).to_contain_text("expected status to be one of queued, ")
    expect(page.get_by_role("combobox")).to_have_attribute("aria-invalid", "true")
    picture(page, "refused")
    page.get_by_role("combobox").fill("no such job")
    expect(page.get_by_role("heading", name="No job matches this filter")).to_be_visible()
    picture(page, "no-match")
    page.get_by_role("link", name="Clear the filter").click()
    expect(rows(page)).to_have_count(1)


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[0]}-{look[1]['width']}")
def test_everybody_can_use_it(
    browser: Browser, web: Child, operator: User, begun: None, look: Any
) -> None:
    """The list, a job that failed, the settings: no fault in either scheme, on either device."""
    scheme, size = look
    more: Any = {"color_scheme": scheme, "viewport": size, "bypass_csp": True}
    with signed_in(browser, web, operator, **more) as one:
        page = at(one)
        page.add_script_tag(path=AXE)
        expect(row(page, "Import prices")).to_contain_text("Failed")
        name = f"{scheme}-{size['width']}"
        is_faultless(page, page.get_by_role("main"), size, f"{name}-jobs")
        box(page, "Import prices").click()
        page.get_by_role("button", name="Run again").click()
        is_faultless(page, page.get_by_role("dialog"), size, f"{name}-sure")
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        is_faultless(page, page.get_by_role("dialog"), size, f"{name}-keys")
        page.keyboard.press("Escape")
        row(page, "Import prices").get_by_role("link").click()
        expect(page.get_by_role("region", name="Traceback")).to_contain_text("ValueError")
        is_faultless(page, page.get_by_role("main"), size, f"{name}-job")
        page.get_by_role("link", name="Settings").click()
        expect(page.get_by_role("radio", name="Dark")).to_be_visible()
        is_faultless(page, page.get_by_role("main"), size, f"{name}-settings")
