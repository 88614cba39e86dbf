"""The dashboard's queues and workers, by hand: a real browser, server, workers and Redis."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.contrib.auth.models import Permission, User
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

import realtime
from realtime import records
from realtime.events import JobState, Status, timestamp
from realtime.models import Job, PausedQueue
from tests import tasks
from tests.browser.double import AXE
from tests.browser.test_dashboard import DASHBOARD, at, context, operator
from tests.browser.test_inbox import LOOKS, ana, is_faultless, picture, signed_in, web
from tests.browser.test_journey import browser, database_beside_playwright
from tests.browser.test_tray import gate
from tests.processes import Child, web_server, worker
from tests.services import wait_until

__all__ = ["ana", "browser", "context", "database_beside_playwright", "gate", "operator", "web"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

QUICK = '{"LEASE": 1.0}'


@pytest.fixture
def queue() -> Iterator[str]:
    """Return the name of a queue of its own."""
    name = f"shop-{uuid.uuid4().hex[:6]}"
    yield name
    current_app.amqp.queues.pop(name, None)


@contextmanager
def shop(queue: str, name: str = "shop", **more: Any) -> Iterator[Child]:
    """Run a worker that takes from this queue alone, and says often how it is."""
    options: dict[str, Any] = {"pool": "prefork", "concurrency": 2, "HEADWAY_MORE": QUICK, **more}
    with worker(name=name, queues=queue, **options) as one:
        yield one


@pytest.fixture
def occupy(gate: Path, queue: str, operator: User) -> Callable[[str], str]:
    """Return what starts a job of this title that waits in the queue, then for the gate."""

    def start(title: str) -> str:
        given: Any = {"title": title, "owner": str(operator.pk), "tags": []}
        called = (str(gate), f"{gate}-told")
        sent = tasks.occupy.apply_async(called, queue=queue, headers={"headway": given})
        return str(sent.id)

    return start


def name_of(worker: str = "shop") -> str:
    """Return how a worker of ours is called."""
    return f"{worker}-{os.getpid()}@tests"


def row(page: Page, name: str) -> Locator:
    """Return the row of a queue or a worker."""
    return page.locator(f'#rows > [data-name="{name}"]')


def said(page: Page, text: str) -> None:
    """Wait until something is said."""
    expect(page.get_by_role("status").filter(has_text=text)).to_be_visible()


def press(page: Page, button: Locator) -> None:
    """Go to a button with the Tab key, and press it."""
    for _ in range(80):
        if button.evaluate("one => one.matches(':focus')"):
            break
        page.keyboard.press("Tab")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")


def statuses(*jobs: str) -> set[str]:
    """Return where jobs stand in SQL."""
    return set(Job.objects.filter(pk__in=jobs).values_list("status", flat=True))


def test_a_queue_rests_and_goes_on(
    context: BrowserContext, queue: str, occupy: Callable[[str], str], gate: Path
) -> None:
    """Paused and resumed by the keyboard alone: what is queued meanwhile waits, and is done."""
    gate.touch()
    with shop(queue):
        page = at(context)
        page.keyboard.press("g")
        page.keyboard.press("q")
        page.wait_for_url("**/dashboard/queues")
        expect(row(page, queue)).to_contain_text("Open")
        press(page, page.get_by_role("button", name=f"Pause {queue}"))
        sure = page.get_by_role("dialog", name=f"Pause {queue}?")
        expect(sure).to_contain_text("What they have taken is finished.")
        picture(page, "pause")
        expect(sure.get_by_role("button", name="Pause", exact=True)).to_be_focused()
        page.keyboard.press("Enter")
        said(page, f"{queue}: Workers take nothing from it any more")
        expect(row(page, queue)).to_contain_text("Paused by ana")
        resume = page.get_by_role("button", name=f"Resume {queue}")
        expect(resume).to_be_focused()
        expect(row(page, queue).locator("td.number").last).to_have_text("0")
        jobs = [occupy(f"Rest {n}") for n in range(3)]
        expect(row(page, queue).locator("td.number").first).to_have_text("3")
        expect(row(page, queue).locator("td.when time")).to_contain_text("ago")
        assert statuses(*jobs) == {"queued"}
        expect(resume).to_be_focused()
        picture(page, "paused")
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog", name=f"Resume {queue}?")).to_contain_text("3 jobs wait")
        page.keyboard.press("Enter")
        said(page, "take from it again")
        wait_until(lambda: statuses(*jobs) == {"succeeded"}, "the jobs to be done", 40)
        expect(row(page, queue).locator("td.number").first).to_have_text("0")
        expect(row(page, queue).locator("td.number").last).to_have_text("1")
        row(page, queue).get_by_role("link", name=queue).click()
        page.wait_for_url(f"**/jobs?q=queue:{queue}+status:unfinished")
        page.get_by_role("combobox").fill(f"queue:{queue}")
        expect(page.locator("#rows > [data-id]")).to_have_count(3)


def test_a_worker_is_stopped_and_finishes_what_runs(
    context: BrowserContext, queue: str, occupy: Callable[[str], str], gate: Path
) -> None:
    """It is shown what runs there; who presses Enter at once stops nothing."""
    with shop(queue) as one:
        job = occupy("Rebuild the index")
        page = at(context, "workers")
        mine = row(page, name_of())
        expect(mine).to_contain_text("Here")
        expect(mine.get_by_role("meter")).to_have_attribute("aria-valuetext", "1 of 2 busy")
        link = mine.get_by_role("link", name="Rebuild the index")
        expect(link).to_be_visible()
        stop = mine.get_by_role("button", name=f"Stop {name_of()}")
        stop.focus()
        page.keyboard.press("Enter")
        sure = page.get_by_role("dialog", name=f"Stop {name_of()}?")
        expect(sure).to_contain_text("1 job runs there now.")
        picture(page, "stop")
        expect(sure.get_by_role("button", name="Leave it as it is")).to_be_focused()
        page.keyboard.press("Enter")
        expect(sure).to_have_count(0)
        expect(stop).to_be_focused()
        stop.click()
        sure.get_by_role("button", name="Stop", exact=True).click()
        said(page, f"{name_of()}: It takes nothing any more")
        expect(mine).to_contain_text("Stopping")
        expect(mine.get_by_role("button")).to_have_count(0)
        picture(page, "stopping")
        assert statuses(job) == {"running"}
        gate.touch()
        assert one.process.wait(40) == 0
        assert statuses(job) == {"succeeded"}
        expect(mine).to_contain_text("Stopped")
        expect(mine).to_contain_text("last heard")


def test_a_worker_does_more_at_once(
    context: BrowserContext, queue: str, occupy: Callable[[str], str], gate: Path
) -> None:
    """By a number and Enter; a number that is none is not sent; then so many run."""
    with shop(queue):
        jobs = [occupy(f"Job {n}") for n in range(4)]
        page = at(context, "workers")
        mine = row(page, name_of())
        expect(mine).to_contain_text("2 of 2 busy")
        mine.get_by_role("button", name=f"Set the concurrency of {name_of()}").click()
        sure = page.get_by_role("dialog", name=f"How much may {name_of()} do at once?")
        field = sure.get_by_label("Tasks at once")
        expect(field).to_be_focused()
        expect(field).to_have_value("2")
        picture(page, "concurrency")
        field.fill("0")
        page.keyboard.press("Enter")
        expect(sure).to_be_visible()
        assert field.evaluate("one => one.validity.rangeUnderflow")
        field.fill("4")
        page.keyboard.press("Enter")
        said(page, f"{name_of()}: It runs so many tasks at once.")
        expect(mine).to_contain_text("4 of 4 busy")
        assert statuses(*jobs) == {"running"}
        picture(page, "resized")
        gate.touch()
        wait_until(lambda: statuses(*jobs) == {"succeeded"}, "all to be done", 40)


def test_what_is_refused_says_why(
    context: BrowserContext, queue: str, occupy: Callable[[str], str]
) -> None:
    """In the dialog, which stays; a worker that is gone meanwhile cannot be stopped."""
    with shop(queue) as one:
        page = at(context, "workers")
        mine = row(page, name_of())
        expect(mine).to_contain_text("Here")
        mine.get_by_role("button", name=f"Stop {name_of()}").click()
        sure = page.get_by_role("dialog")
        one.end()
        expect(mine).to_contain_text("Stopped")
        sure.get_by_role("button", name="Stop", exact=True).click()
        expect(sure.get_by_role("alert")).to_contain_text("This worker runs no more")
        picture(page, "refused")
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)


def test_nothing_moves_below_the_pointer_or_the_focus(
    context: BrowserContext, queue: str, occupy: Callable[[str], str], gate: Path
) -> None:
    """A new worker, and jobs that come and go, wait until nobody is at the rows."""
    with shop(queue, "middle"):
        page = at(context, "workers")
        mine = row(page, name_of("middle"))
        stop = mine.get_by_role("button", name=f"Stop {name_of('middle')}")
        stop.focus()
        mine.hover()
        place = mine.bounding_box()
        with shop(queue, "a-first"):
            jobs = [occupy(f"Job {n}") for n in range(4)]
            newest = page.locator("#rows > [data-name]").last
            expect(newest).to_have_attribute("data-name", name_of("a-first"))
            expect(mine).to_contain_text("2 of 2 busy")
            assert mine.bounding_box() == place
            expect(stop).to_be_focused()
            page.mouse.move(0, 0)
            stop.blur()
            first = page.locator("#rows > [data-name]").first
            expect(first).to_have_attribute("data-name", name_of("a-first"))
            expect(mine.get_by_role("link")).to_have_count(2)
            gate.touch()
            wait_until(lambda: statuses(*jobs) == {"succeeded"}, "all to be done", 40)


def test_who_may_only_look_sees_no_buttons(
    browser: Browser, web: Child, ana: User, queue: str, occupy: Callable[[str], str]
) -> None:
    """They are told so, on both pages."""
    ana.is_superuser = False
    ana.save()
    ana.user_permissions.add(Permission.objects.get(codename="view_all_jobs"))
    with shop(queue), signed_in(browser, web, ana) as one:
        page = at(one, "queues")
        expect(row(page, queue)).to_contain_text("Open")
        for name in ("Queues", "Workers"):
            page.get_by_role("link", name=name, exact=True).click()
            tag = page.get_by_title("You may see workers and queues, but not steer them.")
            expect(tag).to_have_text("Read-only")
            expect(page.locator("#rows").get_by_role("button")).to_have_count(0)
        expect(row(page, name_of())).to_contain_text("Here")
        picture(page, "read-only")


def test_who_may_steer_workers_but_not_jobs(
    browser: Browser, web: Child, ana: User, queue: str
) -> None:
    """Each right is one of its own: the jobs are read-only, the workers are not."""
    rights = ("view_all_jobs", "control_workers")
    ana.user_permissions.set(Permission.objects.filter(codename__in=rights))
    with signed_in(browser, web, ana) as one:
        page = at(one, "jobs")
        expect(page.get_by_text("Read-only")).to_be_visible()
        page.get_by_role("link", name="Queues", exact=True).click()
        expect(page.get_by_role("button", name="Pause celery")).to_be_visible()
        expect(page.get_by_text("Read-only")).to_have_count(0)


def test_others_find_no_way_there(browser: Browser, web: Child, ana: User) -> None:
    """Neither in the navigation nor by keys; the address says whom it is for, and asks nothing."""
    with signed_in(browser, web, ana) as one:
        asked: list[str] = []
        one.on("request", lambda request: asked.append(request.url))
        page = at(one)
        for name in ("Queues", "Workers"):
            expect(page.get_by_role("link", name=name, exact=True)).to_have_count(0)
        page.keyboard.press("g")
        page.keyboard.press("w")
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_contain_text("Go to the settings")
        expect(page.get_by_role("dialog")).not_to_contain_text("Go to the workers")
        assert page.url.endswith("/jobs")
        for path in ("queues", "workers"):
            page.goto(DASHBOARD + path)
            expect(page.get_by_role("heading", name="This page is for operators")).to_be_visible()
        picture(page, "forbidden")
        assert not [url for url in asked if "api/workers" in url]


def test_a_right_that_is_taken_away(context: BrowserContext, operator: User) -> None:
    """What was shown is shown no more, with the service's reason."""
    page = at(context, "workers")
    expect(page.locator("#rows > [data-name]").first).to_be_visible()
    operator.is_superuser = False
    operator.save()
    expect(page.get_by_role("heading", name="This page is for operators")).to_be_visible()
    expect(page.get_by_text("ask for the right to see all jobs")).to_be_visible()


def test_what_is_shown_stays_while_nobody_answers(context: BrowserContext) -> None:
    """With its age and a button; before anything was shown, the reason alone."""
    page = at(context, "queues")
    expect(row(page, "celery")).to_be_visible()
    away = {"status": 503, "json": {"detail": "The service restarts."}}
    page.route("**/api/workers", lambda route: route.fulfill(**away))
    retry = page.get_by_role("button", name="Retry", exact=True)
    expect(retry).to_be_visible()
    expect(page.get_by_text("seconds ago: The service restarts.")).to_be_visible()
    expect(row(page, "celery")).to_be_visible()
    picture(page, "stale")
    page.unroute("**/api/workers")
    retry.click()
    expect(retry).to_have_count(0)
    page.route("**/api/workers", lambda route: route.fulfill(**away))
    page.reload()
    alert = page.get_by_role("alert").filter(has_text="could not be loaded: The service restarts.")
    expect(alert).to_be_visible()
    picture(page, "failure")
    page.unroute("**/api/workers")
    alert.get_by_role("button", name="Retry").click()
    expect(row(page, "celery")).to_be_visible()


def test_a_page_that_nobody_sees_asks_nothing(context: BrowserContext) -> None:
    """In a window that is hidden; it asks at once when it is seen again."""
    page = at(context, "queues")
    expect(row(page, "celery")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    hide = """hidden => {
      Object.defineProperty(document, "visibilityState", {
        configurable: true, get: () => hidden ? "hidden" : "visible" });
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.clock.install()
    page.evaluate(hide, arg=True)
    asked.clear()
    page.clock.run_for(60_000)
    assert not [url for url in asked if "api/workers" in url]
    with page.expect_request("**/api/workers"):
        page.evaluate(hide, arg=False)


AWAY = {
    "broker": ({"CELERY_BROKER_URL": "redis://127.0.0.1:1/0"}, "The broker does not answer"),
    "store": (
        {"HEADWAY_MORE": '{"REDIS_URL": "redis://127.0.0.1:1/0"}'},
        "The store does not answer",
    ),
}


@pytest.mark.parametrize("what", AWAY)
def test_what_is_away_is_said(browser: Browser, web: Child, operator: User, what: str) -> None:
    """By a service that cannot reach it: what is not known is not told as nothing."""
    more, reason = AWAY[what]
    with (
        web_server("uvicorn", DEBUG="1", **more) as lonely,
        signed_in(browser, lonely, operator) as one,
    ):
        page = one.new_page()
        page.goto(f"{DASHBOARD}queues")
        expect(row(page, "celery")).to_be_visible()
        expect(page.get_by_role("status").filter(has_text=reason)).to_be_visible()
        unknown = row(page, "celery").locator("td.number")
        expect(unknown.first if what == "broker" else unknown.last).to_have_text("\u2013")
        picture(page, f"away-{what}")
        page.get_by_role("link", name="Workers", exact=True).click()
        if what == "store":
            expect(page.get_by_role("heading", name="Nobody knows")).to_be_visible()
            picture(page, "away-store-workers")


def test_where_there_is_no_worker_it_is_said_how_to_start_one(
    browser: Browser, web: Child, operator: User, redis: Any
) -> None:
    """With the command of this service, for a service whose store has heard of none."""
    url = redis.url.rsplit("/", 1)[0] + "/9"
    with (
        web_server("uvicorn", DEBUG="1", REDIS_URL=url, CELERY_BROKER_URL=url) as lonely,
        signed_in(browser, lonely, operator) as one,
    ):
        one.grant_permissions(["clipboard-read", "clipboard-write"])
        page = at(one, "workers")
        expect(page.get_by_role("heading", name="No worker seen")).to_be_visible()
        expect(page.locator("pre")).to_have_text("celery -A core worker")
        picture(page, "no-worker")
        page.get_by_role("button", name="Copy").click()
        said(page, "Copied.")
        assert page.evaluate("navigator.clipboard.readText()") == "celery -A core worker"
        page.get_by_role("link", name="Queues", exact=True).click()
        tasks_wait = row(page, "celery")
        expect(tasks_wait).to_contain_text("Open")


def earlier(name: str, seconds: float, stages: Any = ()) -> None:
    """Let a task have run ten times an hour ago, for so many seconds, as a worker writes it."""
    ended = timezone.now() - timedelta(hours=1)
    began = ended - timedelta(seconds=seconds)
    for _ in range(10):
        job, at, end = str(uuid.uuid4()), timestamp(began), timestamp(ended)
        state = JobState(id=job, root=job, name=name, queued_at=at, started_at=at)
        over = {"status": Status.SUCCEEDED, "finished_at": end, "stages": list(stages)}
        records.create(state.changed(**over))


def test_what_was_done_to_a_job_is_on_its_page(
    browser: Browser, web: Child, operator: User, gate: Path
) -> None:
    """Who, what and when, also what was refused; from where for operators alone."""
    ben = User.objects.create_user("ben")
    job = realtime.start(tasks.until_cancelled, f"{gate}-begun", owner=ben, title="Count")
    with signed_in(browser, web, ben) as one, signed_in(browser, web, operator) as two:
        page, chief = at(one, f"jobs/{job.pk}"), at(two, f"jobs/{job.pk}")
        expect(page.locator("job-progress[status=running]")).to_be_visible()
        expect(page.get_by_role("heading", name="Who did what")).to_have_count(0)
        page.get_by_role("button", name="Pause").click()
        acts = page.get_by_role("region", name="Who did what").get_by_role("listitem")
        expect(acts).to_have_count(1)
        expect(acts.first).to_contain_text("ben")
        expect(acts.first).to_contain_text("Pause")
        expect(acts.first).not_to_contain_text("127.0.0.1")
        told = chief.get_by_role("region", name="Who did what").get_by_role("listitem")
        expect(told.first).to_contain_text("from 127.0.0.1")
        chief.get_by_role("button", name="Cancel").click()
        expect(acts.filter(has_text="ana")).to_contain_text("Cancel")
        expect(page.locator("job-progress[status=cancelled]")).to_be_visible()
        refused = chief.evaluate(
            """async address => (await fetch(address, { method: "POST", headers: {
              "X-CSRFToken": document.querySelector("script[data-headway-src]").dataset.headwayCsrf
                || document.cookie.match(/csrftoken=([^;]*)/)[1] } })).status""",
            f"/headway/api/jobs/{job.pk}/pause",
        )
        assert refused == 409
        chief.reload()
        expect(told.filter(has_text="Refused")).to_have_count(1)
        picture(chief, "acts")


def test_a_job_is_compared_with_those_before_it(
    context: BrowserContext, operator: User, gate: Path
) -> None:
    """Slower, and it says so while it runs; each attempt has its beginning."""
    earlier("tests.tasks.occupy", 0.2)
    earlier("tests.tasks.leave_file", 30.0)
    slow = realtime.start(tasks.occupy, str(gate), f"{gate}-told", owner=operator, title="Slow")
    page = at(context, f"jobs/{slow.pk}")
    expect(page.get_by_text("times slower than usual (usually 200 ms)")).to_be_visible()
    picture(page, "slower")
    gate.touch()
    expect(page.locator("job-progress[status=succeeded]")).to_be_visible()
    expect(page.get_by_text("times slower than usual (usually 200 ms)")).to_be_visible()
    fast = realtime.start(tasks.leave_file, "Text", owner=operator, title="Fast")
    wait_until(lambda: Job.objects.get(pk=fast.pk).ended, "the job to end", 40)
    page.goto(f"{DASHBOARD}jobs/{fast.pk}")
    expect(page.get_by_text("times faster than usual (usually 30 sec)")).to_be_visible()
    again = realtime.start(tasks.fail_once, owner=operator, title="Second time lucky")
    wait_until(lambda: Job.objects.get(pk=again.pk).ended, "the job to end", 40)
    assert Job.objects.get(pk=again.pk).status == Status.SUCCEEDED
    page.goto(f"{DASHBOARD}jobs/{again.pk}")
    attempts = page.get_by_role("region", name="Attempts")
    expect(attempts).to_contain_text("Attempt2")
    expect(attempts).to_contain_text("First began")
    picture(page, "attempts")


@pytest.fixture
def busy(queue: str, occupy: Callable[[str], str], gate: Path) -> Iterator[str]:
    """Let there be a worker with five jobs, a paused queue, and one from which nobody takes."""
    PausedQueue.objects.create(name="paused-by-hand", by="ana")
    lonely = f"{queue}-lonely"
    with shop(queue, concurrency=6):
        jobs = [occupy(f"Import the prices of all shops, part {n}") for n in range(5)]
        tasks.nothing.apply_async(queue=lonely)
        yield lonely
        gate.touch()
        wait_until(lambda: statuses(*jobs) == {"succeeded"}, "all to be done", 40)
    current_app.amqp.queues.pop(lonely, None)


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[0]}-{look[1]['width']}")
def test_everybody_can_use_it(
    browser: Browser, web: Child, operator: User, busy: str, look: Any
) -> None:
    """Queues and workers, their dialogs, a job: no fault in either scheme, on either device."""
    scheme, size = look
    name = f"{scheme}-{size['width']}"
    more: Any = {"color_scheme": scheme, "viewport": size, "bypass_csp": True}
    with signed_in(browser, web, operator, **more) as one:
        page = at(one, "queues")
        page.add_script_tag(path=AXE)
        expect(row(page, busy)).to_contain_text("No worker")
        expect(row(page, "paused-by-hand")).to_contain_text("Paused by ana")
        is_faultless(page, page.get_by_role("main"), size, f"{name}-queues")
        page.get_by_role("button", name="Pause celery").click()
        is_faultless(page, page.get_by_role("dialog"), size, f"{name}-sure-pause")
        page.keyboard.press("Escape")
        page.get_by_role("link", name="Workers", exact=True).click()
        mine = row(page, name_of())
        expect(mine).to_contain_text("5 of 6 busy")
        expect(mine.get_by_role("link", name="Import")).to_have_count(3)
        expect(mine).to_contain_text("and 2 more")
        is_faultless(page, page.get_by_role("main"), size, f"{name}-workers")
        mine.get_by_role("button", name="Set the concurrency").click()
        is_faultless(page, page.get_by_role("dialog"), size, f"{name}-sure-size")
        page.keyboard.press("Escape")
        mine.get_by_role("link").first.click()
        page.get_by_role("button", name="Pause").click()
        acts = page.get_by_role("region", name="Who did what")
        expect(acts).to_contain_text("Pause")
        acts.scroll_into_view_if_needed()
        is_faultless(page, page.get_by_role("main"), size, f"{name}-job-acts")
        page.get_by_role("button", name="Resume").click()
        expect(acts.get_by_role("listitem")).to_have_count(2)
