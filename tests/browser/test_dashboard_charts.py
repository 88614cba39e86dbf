"""The dashboard's figures, by hand: jobs of a known time, counted by what counts in earnest."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from realtime import series
from realtime.events import JobState, Status, timestamp
from realtime.models import Interval, Job
from tests.browser.double import AXE
from tests.browser.test_dashboard import DASHBOARD, at
from tests.browser.test_inbox import LOOKS, is_faultless, picture, signed_in
from tests.browser.test_journey import browser, database_beside_playwright
from tests.browser.test_tray import gate, occupy
from tests.processes import Child, web_server, worker
from tests.realtime.counted import count, job, keep, numbers, right, tally
from tests.services import RedisServer, wait_until

__all__ = ["browser", "database_beside_playwright", "gate"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

KEPT = {"KEEP_SERIES": 90 * 86_400, "CATCH_UP": 12 * 60}
"""No more than twelve minutes are made up for: what lies before is a gap."""


@pytest.fixture(scope="module")
def web(redis: RedisServer, django_db_setup: None) -> Iterator[Child]:
    """Run the service with a series: web and worker."""
    with redis.client() as client:
        client.flushdb()
    more = json.dumps(KEPT)
    with (
        web_server("uvicorn", DEBUG="1", HEADWAY_MORE=more) as one,
        worker("threads", HEADWAY_MORE=more),
    ):
        yield one


@pytest.fixture(autouse=True)
def keeps(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process count as the service's would."""
    monkeypatch.setattr(series, "SECONDS", 600.0)
    settings.HEADWAY = {**settings.HEADWAY, **KEPT}


@pytest.fixture
def operator(web: Child, transactional_db: None) -> User:
    """Return Ana, who may see and steer everybody's jobs."""
    return User.objects.create_superuser("ana")


@pytest.fixture
def context(browser: Browser, web: Child, operator: User) -> Iterator[BrowserContext]:
    """Sign Ana in, in a browser in which nothing fails but what the service has refused."""
    problems: list[str] = []
    with signed_in(browser, web, operator) as one:
        one.on("weberror", lambda error: problems.append(str(error.error)))
        one.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
        yield one
    assert [text for text in problems if "Failed to load resource" not in text] == []


def minutes_ago(now: datetime, number: float) -> datetime:
    """Return a moment in the past: so long before the minute that has begun."""
    return now.replace(second=0, microsecond=0) - timedelta(minutes=number)


def told(one: Job) -> Job:
    """Return a job's row with the state that lists show."""
    state = JobState(
        id=str(one.pk),
        root=str(one.root),
        name=one.name,
        title=one.title,
        status=Status(one.status),
        attempt=one.attempt,
        queued_at=timestamp(one.queued_at),
        finished_at=timestamp(one.finished_at),
    )
    one.last = state.values()
    return one


def some_jobs(now: datetime) -> list[Job]:
    """Return what happened in an hour: three tasks in three queues, some of it went wrong."""
    jobs = []
    for minute in range(2, 56):
        began = minutes_ago(now, minute)
        for n in range(3 + minute % 5):
            queued = began + timedelta(seconds=n)
            started = queued + timedelta(seconds=0.2 + n * 0.3 + minute % 7 * 0.4)
            ended = started + timedelta(seconds=1 + n * 2 + minute % 11)
            name, queue = (
                ("shop.resize_pictures", "pictures"),
                ("shop.import_prices", "transfer"),
            )[n % 2]
            status = "failed" if n == 1 and minute % 4 == 0 else "succeeded"
            made = partial(job, name, queue=queue, status=status)
            jobs.append(made(queued=queued, began=started, ended=ended))
        if minute % 9 == 0:
            sent = partial(job, "mail.send", queue="mail", queued=began, began=began)
            ended = began + timedelta(seconds=50)
            jobs.append(sent(status="lost", attempt=3, ended=ended))
            jobs.append(sent(status="cancelled", ended=ended))
    return [told(one) for one in jobs]


def minutes() -> list[datetime]:
    """Return which minutes were counted."""
    return [*Interval.objects.filter(step=60).values_list("start", flat=True)]


@pytest.fixture
def counted(operator: User) -> list[Job]:
    """Count an hour of jobs, but for nearly half an hour in its middle; return them."""
    now = timezone.now()
    jobs = some_jobs(now)
    keep(*jobs)

    def is_right() -> bool:
        # The service, too, may have counted some minutes while there was no job.
        Interval.objects.all().delete()
        for before in (51, 39):
            count(minutes_ago(now, before) + timedelta(seconds=3))
        count(now)
        return all(numbers(tally(60, start)) == right(jobs, start, 60) for start in minutes())

    wait_until(is_right, "the minutes to be counted", seconds=60)
    return jobs


def chart(page: Page, title: str) -> Locator:
    """Return a chart with all that belongs to it."""
    return page.get_by_role("figure", name=title, exact=True)


def drawn(page: Page, title: str) -> Locator:
    """Return a chart once it is drawn."""
    one = chart(page, title).locator("headway-chart")
    expect(one.locator("canvas")).to_be_visible()
    return one


def reader(page: Page, title: str) -> Locator:
    """Return what reads a chart's values to keys."""
    return drawn(page, title).get_by_role("slider")


def starts(one: Locator) -> list[datetime]:
    """Return when the points of a chart begin."""
    found: list[float] = one.evaluate("one => one.chart.starts")
    return [datetime.fromtimestamp(second, UTC) for second in found]


PAINTED = """(one, part) => {
  const { shadowRoot: root, chart } = one;
  const canvas = root.querySelector("canvas");
  const [box, over] = [canvas, root.querySelector(".u-over")].map((n) => n.getBoundingClientRect());
  const scale = canvas.width / box.width;
  const at = (time) =>
    (over.left - box.left + ((time - chart.from) / (chart.to - chart.from)) * over.width) * scale;
  const [from, to] = part === "gap" ? chart.gaps[0] : [chart.from, chart.gaps[0][0]];
  const left = Math.ceil(at(from)) + 2;
  const [width, top] = [Math.floor(at(to)) - left - 2, (over.top - box.top) * scale];
  const { data } = canvas.getContext("2d").getImageData(left, top, width, over.height * scale);
  const wanted = getComputedStyle(root.querySelector(".ink-good")).color.match(/\\d+/g).map(Number);
  const found = { all: data.length / 4, painted: 0, good: 0 };
  for (let n = 0; n < data.length; n += 4) {
    if (data[n + 3] > 0) found.painted += 1;
    const isWanted = wanted.every((value, channel) => data[n + channel] === value);
    if (data[n + 3] === 255 && isWanted) found.good += 1;
  }
  return found;
}"""
"""How many pixels of a part of a chart are painted, and how many in the colour of successes."""


def test_a_chart_is_read_by_keys_and_as_a_table(
    context: BrowserContext, counted: list[Job]
) -> None:
    """A sentence says what it shows; arrows read point by point; the table has the same numbers."""
    page = at(context, "overview")
    ends = chart(page, "Ended jobs")
    expect(ends).to_contain_text(re.compile(r"of them badly. For 2\d min of it nobody counted"))
    page.get_by_role("button", name="Pause").click()
    one = reader(page, "Ended jobs")
    times = starts(drawn(page, "Ended jobs"))
    is_counted = {*minutes()}
    one.focus()
    page.keyboard.press("End")
    for start in (times[-1], times[-2], times[-3]):
        expect(one).to_have_attribute("aria-valuetext", re.compile(_said(counted, start)))
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("Home")
    expect(one).to_have_attribute("aria-valuenow", "0")
    page.keyboard.press("Escape")
    expect(one).to_have_attribute("aria-valuenow", str(len(times) - 1))
    page.keyboard.press("Shift+Tab")
    button = ends.get_by_role("button", name="Ended jobs: as table")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    table = ends.get_by_role("table", name="Ended jobs")
    expect(table.locator("th[scope=col]")).to_have_text(
        ["Time", "Succeeded", "Failed", "Cancelled"]
    )
    shown = [row.locator("td").all_inner_texts() for row in table.locator("tbody tr").all()]
    wanted = [_row(counted, start) for start in reversed(times) if start in is_counted]
    assert [row for row in shown if len(row) > 1] == wanted
    assert [row for row in shown if len(row) == 1] == [["Nobody counted"]]
    picture(page, "as-table")
    expect(button).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Enter")
    expect(drawn(page, "Ended jobs")).to_be_visible()


def _row(jobs: list[Job], start: datetime) -> list[str]:
    found = right(jobs, start, 60)
    ends = (found["succeeded"], found["failed"] + found["lost"], found["cancelled"])
    return [str(number) for number in ends]


def _said(jobs: list[Job], start: datetime) -> str:
    succeeded, failed, cancelled = _row(jobs, start)
    return f": Succeeded {succeeded}, Failed {failed}, Cancelled {cancelled}$"


def test_a_pointer_reads_all_charts_at_once(context: BrowserContext, counted: list[Job]) -> None:
    """What is below it, and of the same moment in the others."""
    page = at(context, "overview")
    one, other = drawn(page, "Ended jobs"), drawn(page, "Time run")
    before = other.locator(".moment").inner_text()
    box = one.locator(".u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 3, box["y"] + 20)
    expect(one.locator(".u-cursor-x")).to_be_visible()
    expect(other.locator(".moment")).not_to_have_text(before)
    assert other.locator(".moment").inner_text() == one.locator(".moment").inner_text()
    picture(page, "pointer")
    page.mouse.move(5, 5)
    expect(other.locator(".moment")).to_have_text(before)


def test_what_nobody_counted_is_a_gap(context: BrowserContext, counted: list[Job]) -> None:
    """It is hatched, and no line or column goes through it; what was counted is not."""
    page = at(context, "overview")
    one = drawn(page, "Ended jobs")
    expect(one.get_by_text("Nobody counted")).to_be_visible()
    gap, beside = (one.evaluate(PAINTED, part) for part in ("gap", "beside"))
    assert gap["good"] == 0
    assert 0.05 < gap["painted"] / gap["all"] < 0.6
    assert beside["good"] > 1_000
    reads = reader(page, "Ended jobs")
    reads.focus()
    middle = len(starts(one)) // 2
    for _ in range(len(starts(one)) - 1 - middle):
        page.keyboard.press("ArrowLeft")
    expect(reads).to_have_attribute("aria-valuetext", re.compile("Nobody counted$"))


def test_it_follows_the_look_of_the_page(context: BrowserContext, counted: list[Job]) -> None:
    """A canvas keeps its colours: it is drawn anew in another theme, and for who forces theirs."""
    page = at(context, "overview")
    one = drawn(page, "Ended jobs")
    assert one.evaluate(PAINTED, "beside")["good"] > 1_000
    page.get_by_role("button", name="Pause").click()
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    expect(one.locator(".ink-good")).to_have_css("color", "rgb(122, 251, 182)")
    wait_until(
        lambda: one.evaluate(PAINTED, "beside")["good"] > 1_000, "the dark colours", seconds=20
    )
    page.emulate_media(forced_colors="active")
    expect(one.locator(".ink-good")).to_have_css("color", "rgb(0, 0, 0)")
    wait_until(lambda: one.evaluate(PAINTED, "beside")["good"] > 1_000, "forced ones", seconds=20)
    picture(page, "forced-colours")
    page.emulate_media(forced_colors="none")
    width = one.locator("canvas").bounding_box()
    page.set_viewport_size({"width": 700, "height": 800})
    expect(one.locator("canvas")).to_be_visible()
    wait_until(lambda: one.locator("canvas").bounding_box() != width, "another size", seconds=20)
    assert page.evaluate("document.documentElement.scrollWidth") <= 700


def test_what_is_shown_is_in_the_address(context: BrowserContext, counted: list[Job]) -> None:
    """Spans are links, task and queue are chosen; a number leads to the jobs that it counts."""
    page = at(context, "")
    page.wait_for_url("**/dashboard/overview")
    page.get_by_label("Task").select_option("mail.send")
    page.wait_for_url("**/overview?task=mail.send")
    lost = sum(right(counted, start, 60)["lost"] for start in minutes())
    expect(chart(page, "Failures")).to_contain_text(f"0 failed, {lost} were lost")
    page.get_by_role("link", name="6 hours").click()
    page.wait_for_url("**/overview?span=6h&task=mail.send")
    expect(page.get_by_role("link", name="6 hours")).to_have_attribute("aria-current", "true")
    page.reload()
    expect(page.get_by_label("Task")).to_have_value("mail.send")
    expect(chart(page, "Failures")).to_contain_text(f"0 failed, {lost} were lost")
    page.go_back()
    page.wait_for_url("**/overview?task=mail.send")
    expect(page.get_by_role("link", name="1 hour")).to_have_attribute("aria-current", "true")
    fails = page.get_by_role("region", name="What fails: 1 hour").get_by_role("listitem")
    fails.filter(has_text="mail.send").get_by_role("link", name="failed").click()
    page.wait_for_url("**/jobs?q=status:failed,lost+task:mail.send+age:%3C1h")
    of_mail = sum(one.status == "lost" for one in counted)
    expect(page.locator("#rows > [data-id]")).to_have_count(of_mail)


def test_how_things_stand_now(context: BrowserContext, operator: User, gate: Path) -> None:
    """A real job that runs, and a worker that has it; where nothing was counted, it says so."""
    occupy(operator, gate, "Index")
    page = at(context, "overview")
    expect(page.locator("dt:text-is('Running') + dd")).to_have_text("1")
    expect(page.get_by_role("region", name="Workers")).to_contain_text("1 worker is here")
    expect(page.get_by_role("region", name="Workers")).to_contain_text("1 job runs")
    expect(drawn(page, "Ended jobs")).to_be_visible()
    picture(page, "nothing-counted")
    page.locator("dt:text-is('Running') + dd").get_by_role("link").click()
    page.wait_for_url("**/jobs?q=status:running")
    expect(page.get_by_role("link", name="Index", exact=True)).to_be_visible()


def test_tasks_side_by_side(context: BrowserContext, counted: list[Job]) -> None:
    """Sorted by any column; a name leads to its charts, failures to the jobs that have failed."""
    page = at(context, "tasks")
    table = page.get_by_role("table", name="Tasks")
    names = table.locator("tbody th")
    expect(names).to_have_text(["mail.send", "shop.import_prices", "shop.resize_pictures"])
    failed = table.get_by_role("columnheader", name="Failed")
    expect(failed).to_have_attribute("aria-sort", "descending")
    table.get_by_role("button", name="Failed").click()
    expect(failed).to_have_attribute("aria-sort", "ascending")
    expect(names.first).to_have_text("shop.resize_pictures")
    table.get_by_role("button", name="Ended").click()
    expect(failed).not_to_have_attribute("aria-sort", re.compile("."))
    expect(names.last).to_have_text("mail.send")
    row = table.get_by_role("row").filter(has_text="mail.send")
    ended = sum(right(counted, start, 60)["lost"] * 2 for start in minutes())
    expect(row.locator("td").nth(1)).to_have_text(str(ended))
    expect(row.locator("td").nth(2)).to_have_text("50%")
    row.get_by_role("link", name="50%").click()
    page.wait_for_url("**/jobs?q=status:failed,lost+task:mail.send+age:%3C1h")
    page.go_back()
    page.get_by_role("link", name="By queue").click()
    page.wait_for_url("**/tasks?by=queue")
    page.get_by_role("table", name="Queues").get_by_role("link", name="pictures").click()
    page.wait_for_url("**/overview?queue=pictures")
    expect(chart(page, "Failures")).to_contain_text("Nothing failed in this time.")


def test_a_failure_keeps_what_is_shown(context: BrowserContext, counted: list[Job]) -> None:
    """It says so, and asks again when it is told to."""
    page = at(context, "overview")
    drawn(page, "Ended jobs")
    page.route(
        "**/metrics/series?*", lambda route: route.fulfill(status=503, json={"detail": "Away."})
    )
    page.get_by_role("link", name="6 hours").click()
    expect(page.get_by_role("alert")).to_contain_text("some of it is older: Away.")
    expect(chart(page, "Ended jobs")).to_be_visible()
    picture(page, "older")
    page.unroute("**/metrics/series?*")
    page.get_by_role("button", name="Retry", exact=True).click()
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(chart(page, "Ended jobs")).to_contain_text("nobody counted")


def test_it_is_asked_for_while_somebody_looks(context: BrowserContext, counted: list[Job]) -> None:
    """Every few seconds; never while it is paused or hidden."""
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if "/metrics/now" in one.url else None)
    page.clock.install()
    page.goto(f"{DASHBOARD}overview")
    drawn(page, "Ended jobs")
    wait_until(lambda: len(asked) == 1, "the first question", seconds=20)
    _passes(page, 20_000)
    wait_until(lambda: len(asked) == 2, "the second question", seconds=20)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused", exact=True)).to_be_visible()
    _passes(page, 60_000)
    assert len(asked) == 2
    page.evaluate(
        "Object.defineProperty(document, 'hidden', { get: () => true, configurable: true })"
    )
    page.get_by_role("button", name="Go on").click()
    _passes(page, 60_000)
    assert len(asked) == 2
    page.evaluate("delete document.hidden")
    _passes(page, 2_000)
    wait_until(lambda: len(asked) == 3, "the third question", seconds=20)


def _passes(page: Page, milliseconds: int) -> None:
    """Let time pass in a page, and its frames be painted."""
    page.clock.run_for(milliseconds)
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def test_others_have_none_of_it(browser: Browser, web: Child, counted: list[Job]) -> None:
    """Neither in the navigation nor at its addresses, nor the script that draws."""
    with signed_in(browser, web, User.objects.create_user("ben")) as one:
        page = at(one, "")
        page.wait_for_url("**/dashboard/jobs")
        loaded: list[str] = []
        page.on("request", lambda asked: loaded.append(asked.url))
        pages = page.get_by_role("navigation", name="Dashboard").locator(".pages")
        expect(pages.get_by_role("link")).to_have_text(["Jobs", "Inbox", "Settings"])
        page.keyboard.press("g")
        page.keyboard.press("o")
        expect(page.get_by_role("heading", name="Jobs", exact=True)).to_be_visible()
        for path in ("overview", "tasks"):
            page.goto(DASHBOARD + path)
            expect(page.get_by_role("heading", name="This page is for operators")).to_be_visible()
            picture(page, "others")
        page.get_by_role("link", name="To the jobs").click()
        page.wait_for_url("**/dashboard/jobs")
        assert [url for url in loaded if "metrics" in url or "charts" in url] == []


def test_what_draws_is_loaded_where_it_is_drawn(context: BrowserContext) -> None:
    """No other page waits for it."""
    page = context.new_page()
    loaded: list[str] = []
    page.on("request", lambda asked: loaded.append(asked.url))
    page.goto(f"{DASHBOARD}jobs")
    expect(page.get_by_role("heading", name="No jobs yet")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("t")
    expect(page.get_by_role("heading", name="No job ended in this time.")).to_be_visible()
    picture(page, "no-tasks")
    assert [url for url in loaded if "charts" in url] == []
    page.keyboard.press("g")
    page.keyboard.press("o")
    drawn(page, "Ended jobs")
    assert len([url for url in loaded if "charts" in url]) == 1


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[0]}-{look[1]['width']}")
def test_everybody_can_use_it(
    browser: Browser, web: Child, operator: User, counted: list[Job], look: Any
) -> None:
    """Overview and tasks: no fault in either scheme, on either device, as charts and as tables."""
    scheme, size = look
    more: Any = {"color_scheme": scheme, "viewport": size, "bypass_csp": True}
    with signed_in(browser, web, operator, **more) as one:
        page = at(one, "overview")
        page.add_script_tag(path=AXE)
        main, name = page.get_by_role("main"), f"{scheme}-{size['width']}"
        for title in ("Ended jobs", "Failures", "Time waited", "Time run"):
            drawn(page, title)
        is_faultless(page, main, size, f"{name}-overview")
        page.locator("#failing").scroll_into_view_if_needed()
        picture(page, f"{name}-overview-below")
        for title in ("Ended jobs", "Time run"):
            chart(page, title).get_by_role("button").click()
        is_faultless(page, main, size, f"{name}-overview-tables")
        page.get_by_role("link", name="Tasks", exact=True).click()
        expect(page.get_by_role("link", name="mail.send")).to_be_visible()
        is_faultless(page, main, size, f"{name}-tasks")
