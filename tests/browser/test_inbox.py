"""The bell, by hand: a real browser, server, worker and Redis."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, BrowserContext, Page, expect

import realtime
from realtime import ways
from realtime.events import JobState, Status
from realtime.publish import Change
from realtime.reporter import get_reporter
from realtime.states import read_one
from realtime.transition import Transition
from tests import tasks
from tests.browser.double import AXE
from tests.browser.test_journey import browser, database_beside_playwright
from tests.processes import Child, web_server, worker
from tests.realtime.test_notices import question, state
from tests.services import RedisServer, wait_until
from tests.sockets import sign_in

__all__ = ["browser", "database_beside_playwright"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

DESKTOP, PHONE = {"width": 1200, "height": 800}, {"width": 360, "height": 740}
LOOKS = [(scheme, size) for scheme in ("light", "dark") for size in (DESKTOP, PHONE)]
PICTURES = os.environ.get("PICTURES", "")
"""A folder for pictures of what was tried, to look at."""


HEARD = """async () => {
  const { connect } = await import(document.querySelector("script[data-headway-src]").src);
  await new Promise((heard) => connect().watch("notices", () => {}, { notices: heard }));
}"""
"""Waits until the tab's client has its notices, over its own socket or another tab's."""


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
    with signed_in(browser, web, ana) as one:
        one.on("weberror", lambda error: complaints.append(str(error.error)))
        one.on(
            "console", lambda said: complaints.append(said.text) if said.type == "error" else None
        )
        yield one
    assert complaints == []


def signed_in(browser: Browser, web: Child, user: User, **more: Any) -> BrowserContext:
    """Return a browser of its own in which a user is signed in."""
    context = browser.new_context(base_url=web.url, **more)
    name, _, value = sign_in(user).partition("=")
    context.add_cookies([{"name": name, "value": value, "url": web.url}])
    return context


def opened(context: BrowserContext, path: str = "/") -> Page:
    """Return a new tab that shows a page, and has heard of its notices."""
    page = context.new_page()
    page.goto(path)
    page.evaluate(HEARD)
    return page


def bell(page: Page) -> Any:
    """Return the bell."""
    return page.get_by_role("button", name="Notices")


def panel(page: Page) -> Any:
    """Return the list that the bell opens."""
    return page.get_by_role("dialog", name="Notices")


def has_unread(page: Page, count: int) -> None:
    """Wait until the bell tells of so many unread notices."""
    name = f"Notices, {count} unread" if count else "Notices"
    expect(page.get_by_role("button", name=name, exact=True)).to_be_visible()


def tell(*states: JobState) -> None:
    """Let jobs be told of as by a worker: in the reporter's thread, which has no event loop."""
    for one in states:
        made = partial(Change, state=one, order=1, transition=True)
        assert get_reporter().put(Transition(made)).wait(10)


def fail(owner: User, *titles: str) -> None:
    """Let jobs fail."""
    tell(*(state(owner, Status.FAILED, title=title) for title in titles))


def test_a_question_is_answered_from_the_bell(
    context: BrowserContext, browser: Browser, web: Child, ana: User, tmp_path: Path
) -> None:
    """With the keyboard, on any page; the task goes on, and every tab knows that it is over."""
    first, second = opened(context), opened(context)
    with signed_in(browser, web, User.objects.create_user("ben")) as other:
        stranger = opened(other)
        job = realtime.start(tasks.asks, str(tmp_path / "told"), owner=ana, title="Import prices")
        for page in (first, second):
            has_unread(page, 1)
        has_unread(stranger, 0)
    bell(first).focus()
    first.keyboard.press("Enter")
    expect(panel(first).get_by_role("link", name="Unread: Import prices")).to_be_focused()
    choices = panel(first).get_by_role("group", name="Replace them?")
    assert choices.get_by_role("button").all_inner_texts() == ["Yes", "No"]
    picture(first, "asks")
    first.keyboard.press("Tab")
    first.keyboard.press("Tab")
    expect(choices.get_by_role("button", name="No")).to_be_focused()
    first.keyboard.press("Enter")
    wait_until(lambda: (read_one(str(job.pk)) or {})["status"] == "succeeded", "the task's end")
    assert (tmp_path / "told").read_text().split()[-1] == "No"
    for page in (first, second):
        has_unread(page, 0)
    expect(choices).to_have_count(0)
    expect(panel(first)).to_be_focused()
    first.keyboard.press("Escape")
    expect(panel(first)).not_to_be_visible()
    expect(bell(first)).to_be_focused()


def test_what_is_read_in_one_tab_is_read_in_all(context: BrowserContext, ana: User) -> None:
    """One by one, all, and not after all; older ones come by pages."""
    fail(ana, *(f"Job {number}" for number in range(25)))
    first, second = opened(context), opened(context)
    has_unread(first, 25)
    bell(first).click()
    expect(panel(first).get_by_role("link", name="Unread: Job 24")).to_be_focused()
    first.keyboard.press("ArrowDown")
    expect(panel(first).get_by_role("link", name="Unread: Job 23")).to_be_focused()
    first.get_by_role("button", name="Mark as read: Job 23").click()
    for page in (first, second):
        has_unread(page, 24)
    expect(panel(first).get_by_role("listitem")).to_have_count(20)
    first.get_by_role("button", name="Show older notices").click()
    expect(panel(first).get_by_role("listitem")).to_have_count(25)
    expect(panel(first).get_by_role("link", name="Unread: Job 4")).to_be_focused()
    expect(first.get_by_role("button", name="Show older notices")).to_have_count(0)
    first.get_by_role("button", name="Mark all as read").click()
    for page in (first, second):
        has_unread(page, 0)
    expect(panel(first).get_by_role("button", name="Mark as read")).to_have_count(0)
    undo = first.get_by_role("button", name="Undo")
    undo.click()
    for page in (first, second):
        has_unread(page, 24)
    fail(ana, "One more")
    for page in (first, second):
        has_unread(page, 25)
    expect(panel(first).get_by_role("listitem")).to_have_count(26)


def test_a_notice_leads_to_its_job_and_is_read_then(context: BrowserContext, ana: User) -> None:
    """On its page the bell counts it no more; a page of its own may keep the click to itself."""
    fail(ana, "Prices")
    page = opened(context)
    page.evaluate(
        """() => document.addEventListener("notice-click", event => {
          event.preventDefault(); document.title = event.detail.notice.title; }, {once: true})"""
    )
    bell(page).click()
    panel(page).get_by_role("link", name="Unread: Prices").click()
    has_unread(page, 0)
    assert page.title() == "Prices"
    fail(ana, "Letters")
    has_unread(page, 1)
    panel(page).get_by_role("link", name="Unread: Letters").press("Enter")
    page.wait_for_url("**/jobs/*/")
    expect(page.get_by_role("heading", name="Letters")).to_be_visible()
    has_unread(page, 0)


def toasts(page: Page) -> Any:
    """Return the toasts."""
    return page.get_by_role("region", name="Notifications").get_by_role("listitem")


def test_what_is_new_is_a_toast(context: BrowserContext, ana: User) -> None:
    """Three at once; failures stay until they are closed, and then they are read."""
    fail(ana, "Before")
    page = opened(context)
    expect(toasts(page)).to_have_count(0)
    fail(ana, "One", "Two", "Three", "Four")
    expect(toasts(page)).to_have_text([re.compile(name) for name in ("Four", "Three", "Two")])
    picture(page, "toasts")
    page.keyboard.press("Alt+t")
    expect(toasts(page).get_by_role("link", name="Unread: Four")).to_be_focused()
    page.keyboard.press("Escape")
    expect(toasts(page)).to_have_text([re.compile(name) for name in ("Three", "Two", "One")])
    expect(toasts(page).get_by_role("link", name="Unread: Three")).to_be_focused()
    has_unread(page, 4)
    page.get_by_role("button", name="Close: Two").click()
    has_unread(page, 3)
    bell(page).click()
    page.get_by_role("button", name="Mark all as read").click()
    expect(toasts(page)).to_have_count(0)


def test_a_success_goes_by_itself_unless_somebody_is_at_it(
    context: BrowserContext, ana: User
) -> None:
    """With the pointer or the focus; the inbox keeps it."""
    page = opened(context)
    page.clock.install()
    page.locator("job-toasts").evaluate("one => one.setAttribute('seconds', '10')")
    bell(page).hover()
    tell(state(ana, Status.SUCCEEDED, title="Pictures"))
    expect(toasts(page)).to_have_count(1)
    page.clock.run_for(12_000)
    expect(toasts(page)).to_have_count(0)
    tell(state(ana, Status.SUCCEEDED, title="Letters"))
    toasts(page).hover()
    page.clock.run_for(12_000)
    expect(toasts(page)).to_have_count(1)
    bell(page).hover()
    page.clock.run_for(12_000)
    expect(toasts(page)).to_have_count(0)
    has_unread(page, 2)


def test_who_looks_at_the_bar_gets_no_toast(
    context: BrowserContext, browser: Browser, web: Child, ana: User, tmp_path: Path
) -> None:
    """Elsewhere it is a toast, which can be answered; that takes the toast away everywhere."""
    with signed_in(browser, web, ana) as device:
        elsewhere = opened(device)
        job = realtime.start(tasks.asks, str(tmp_path / "told"), owner=ana, title="Import prices")
        watching = context.new_page()
        watching.goto(f"/jobs/{job.pk}/")
        yes = toasts(elsewhere).get_by_role("button", name="Yes")
        expect(yes).to_be_visible()
        expect(watching.get_by_role("button", name="Yes")).to_be_visible()
        expect(toasts(watching)).to_have_count(0)
        yes.click()
        expect(toasts(elsewhere)).to_have_count(0)
        has_unread(watching, 0)


def test_who_looks_at_the_bar_in_one_window_gets_no_toast_in_another(
    context: BrowserContext, ana: User
) -> None:
    """Of that job; of others there is one in both."""
    watched, other = (state(ana, Status.RUNNING, title=title) for title in ("Watched", "Other"))
    tell(watched, other)
    elsewhere, watching = opened(context, "/send"), opened(context, f"/jobs/{watched.id}/")
    expect(watching.locator("job-progress[status=running]")).to_be_visible()
    tell(*(one.changed(status=Status.FAILED) for one in (watched, other)))
    for page in (elsewhere, watching):
        has_unread(page, 2)
        expect(toasts(page)).to_have_count(1)
        expect(toasts(page)).to_have_text(re.compile("Other"))


def test_keys_move_open_and_mark(context: BrowserContext, ana: User) -> None:
    """While the list has the focus; each has a button, and none takes a letter from a field."""
    fail(ana, "One", "Two", "Three")
    page, other = opened(context), opened(context)
    page.keyboard.press("e")
    has_unread(page, 3)
    bell(page).focus()
    page.keyboard.press("Enter")
    three, two = (panel(page).get_by_role("link", name=name) for name in ("Three", "Two"))
    expect(three).to_be_focused()
    for key in ("Control+j", "Alt+j", "x"):
        page.keyboard.press(key)
    expect(three).to_be_focused()
    page.keyboard.press("j")
    expect(two).to_be_focused()
    page.keyboard.press("e")
    has_unread(other, 2)
    expect(two).to_be_focused()
    page.keyboard.press("e")
    page.keyboard.press("u")
    has_unread(other, 3)
    page.keyboard.press("K")
    expect(three).to_be_focused()
    page.get_by_role("button", name="Mark as read: Two").click()
    has_unread(other, 2)
    page.get_by_role("button", name="Mark as unread: Two").click()
    has_unread(other, 3)
    three.press("Enter")
    page.wait_for_url("**/jobs/*/")
    has_unread(page, 2)


def test_the_exact_time_is_there_for_pointer_and_focus(context: BrowserContext, ana: User) -> None:
    """In the row itself, which grows no higher, and without a tooltip."""
    fail(ana, "One", "Two")
    page = opened(context)
    bell(page).press("Enter")
    two, one = (
        panel(page).get_by_role("listitem").filter(has_text=text) for text in ("Two", "One")
    )
    exact = re.compile(r"^\w+ \d+, 20\d\d, \d+:\d\d\s[AP]M$")
    expect(two.locator(".exact")).to_be_visible()
    expect(one.locator(".exact")).to_be_hidden()
    before = one.bounding_box()
    one.hover()
    expect(one.locator(".exact")).to_be_visible()
    expect(one.locator(".exact")).to_have_text(exact)
    assert one.bounding_box() == before
    assert page.locator("job-inbox time[title]").count() == 0


def test_letters_typed_into_an_answer_are_letters(context: BrowserContext, ana: User) -> None:
    """Also while they are composed, as Chinese is."""
    asked = question(choices=None)
    tell(state(ana, Status.WAITING, title="Import", question=asked))
    page = opened(context)
    bell(page).click()
    field = panel(page).get_by_role("textbox", name="Replace them?")
    field.press_sequentially("juke")
    expect(field).to_have_value("juke")
    expect(field).to_be_focused()
    has_unread(page, 1)
    title = panel(page).get_by_role("link", name="Import")
    title.evaluate(
        "one => one.dispatchEvent(new KeyboardEvent('keydown', "
        "{key: 'e', isComposing: true, bubbles: true, composed: true}))"
    )
    has_unread(page, 1)
    title.press("e")
    has_unread(page, 0)


def test_a_toast_that_was_closed_can_come_back(context: BrowserContext, ana: User) -> None:
    """For some seconds, with a button to which Alt+T leads too; a question needs none."""
    page = opened(context)
    fail(ana, "Prices")
    page.get_by_role("button", name="Close: Prices").click()
    has_unread(page, 0)
    expect(toasts(page)).to_have_count(0)
    page.keyboard.press("Alt+t")
    undo = page.get_by_role("region", name="Notifications").get_by_role("button", name="Undo")
    expect(undo).to_be_focused()
    page.keyboard.press("Enter")
    expect(toasts(page)).to_have_text(re.compile("Prices"))
    has_unread(page, 1)
    expect(undo).to_have_count(0)
    tell(state(ana, Status.WAITING, title="Import"))
    page.get_by_role("button", name="Close: Import").click()
    expect(toasts(page)).to_have_count(1)
    expect(undo).to_have_count(0)
    has_unread(page, 2)


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_a_toast_is_thrown_out_with_a_finger(
    browser: Browser, web: Child, ana: User, direction: str
) -> None:
    """Towards the end of the line, far or fast enough; then it is read, as by its button."""
    forward = 1 if direction == "ltr" else -1
    with signed_in(browser, web, ana, has_touch=True, viewport=PHONE) as one:
        page = opened(one)
        page.evaluate("way => { document.documentElement.dir = way }", direction)
        fail(ana, "Far", "Fast")
        expect(toasts(page)).to_have_text(re.compile("Fast"))
        for way, milliseconds in ((-80 * forward, 20), (30 * forward, 1000), (5 * forward, 1)):
            dragged(page, way, milliseconds)
            expect(toasts(page)).to_have_text(re.compile("Fast"))
        has_unread(page, 2)
        dragged(page, 30 * forward, 20)
        expect(toasts(page)).to_have_text(re.compile("Far"))
        dragged(page, 60 * forward, 2000)
        expect(toasts(page)).to_have_count(0)
        has_unread(page, 0)
        assert page.url == f"{web.url}/"


def dragged(page: Page, way: int, milliseconds: int) -> None:
    """Draw a finger over the first toast, by so many pixels in so much time.

    By events of our own, whose times are told: a busy machine would make fast fingers slow.
    """
    page.evaluate(
        """([way, milliseconds]) => {
          const list = document.querySelector("job-toasts").shadowRoot;
          const toast = list.querySelector("li");
          toast.setPointerCapture = () => {};
          for (const [type, x, at] of [
            ["pointerdown", 0, 0], ["pointermove", way, milliseconds],
            ["pointerup", way, milliseconds],
          ]) {
            const event = new PointerEvent(type, {
              pointerType: "touch", clientX: 100 + x, bubbles: true, composed: true });
            Object.defineProperty(event, "timeStamp", { value: 5000 + at });
            toast.querySelector(".title").dispatchEvent(event);
          } }""",
        [way, milliseconds],
    )


def test_a_real_finger_throws_a_toast_out(browser: Browser, web: Child, ana: User) -> None:
    """What is below the finger is not pressed by it."""
    with signed_in(browser, web, ana, has_touch=True, viewport=PHONE) as one:
        page = opened(one)
        fail(ana, "Prices")
        title = toasts(page).get_by_role("link", name="Unread: Prices")
        box = title.bounding_box()
        assert box
        hand = one.new_cdp_session(page)
        y = box["y"] + box["height"] / 2
        touch = [{"x": box["x"] + 5, "y": y}]
        hand.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": touch})
        for x in range(10, 121, 10):
            touch = [{"x": box["x"] + x, "y": y}]
            hand.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": touch})
        hand.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        expect(toasts(page)).to_have_count(0)
        has_unread(page, 0)
        assert page.url == f"{web.url}/"


def test_each_way_is_obeyed(context: BrowserContext, ana: User) -> None:
    """A toast that the inbox does not count, and the other way round."""
    page = opened(context)
    ways.choose(str(ana.pk), {"failed": ["toast"], "finished": ["inbox"], "asks": []})
    tell(state(ana, Status.SUCCEEDED, title="Kept"), state(ana, Status.WAITING, title="Silent"))
    fail(ana, "Shown")
    expect(toasts(page)).to_have_text(re.compile("Shown"))
    has_unread(page, 1)
    bell(page).click()
    expect(panel(page).get_by_role("listitem")).to_have_text(re.compile("Kept"))
    panel(page).get_by_role("link", name="How you are told").click()
    page.wait_for_url("**/notices/preferences/")


def test_without_a_script_there_is_a_page(browser: Browser, web: Child, ana: User) -> None:
    """The bell is a link then."""
    fail(ana, "Prices")
    with signed_in(browser, web, ana, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/")
        page.get_by_role("link", name="Notices").click()
        expect(page.get_by_role("link", name="Prices")).to_be_visible()
        expect(page.get_by_text("(unread)")).to_be_visible()


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[0]}-{look[1]['width']}")
def test_everybody_can_use_it(
    browser: Browser, web: Child, ana: User, look: Any, tmp_path: Path
) -> None:
    """The toasts, and the open inbox with all kinds of notices, have no fault and fit."""
    scheme, size = look
    more: Any = {"color_scheme": scheme, "viewport": size, "bypass_csp": True}
    with signed_in(browser, web, ana, **more) as one:
        page = opened(one, "/send")
        page.add_script_tag(path=AXE)
        files = [{"name": "holiday-pictures.zip", "size": 3, "url": "/x", "expires_at": None}]
        done: dict[str, Any] = {
            "title": "Holiday pictures",
            "current": 100,
            "unit": "picture",
            "failed": 3,
        }
        tell(state(ana, Status.SUCCEEDED, files=files, **done))
        fail(ana, "A letter to everybody in the long list of people whom we know by now")
        job = realtime.start(tasks.asks, str(tmp_path / "told"), owner=ana, title="Import prices")
        expect(toasts(page)).to_have_count(1 if size is PHONE else 3)
        name = f"{scheme}-{size['width']}"
        is_faultless(page, page.get_by_role("region", name="Notifications"), size, f"{name}-toasts")
        bell(page).click()
        yes = panel(page).get_by_role("button", name="Yes")
        expect(yes).to_be_visible()
        is_faultless(page, panel(page), size, name)
        yes.click()
        wait_until(lambda: (read_one(str(job.pk)) or {})["status"] == "succeeded", "its end")


def is_faultless(page: Page, part: Any, size: dict[str, int], name: str) -> None:
    """Hold a part of a page to axe and to the window."""
    picture(page, name)
    found = page.evaluate("axe.run()")
    assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []
    box = part.bounding_box()
    assert min(box["x"], box["y"]) >= 0
    assert box["x"] + box["width"] <= size["width"]
    assert box["y"] + box["height"] <= size["height"]
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def picture(page: Page, name: str) -> None:
    """Keep a picture, where pictures are wanted."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png")
