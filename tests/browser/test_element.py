"""`<job-progress>` in a real browser, under a strict policy, without Django."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from html import escape
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.double import AXE, ROOT, Double, Frame, wait_until
from tests.services import CHROMIUM_FLAGS, chromium

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.browser

CONTRACT = json.loads((ROOT / "tests" / "contract" / "frames.json").read_text("utf-8"))
STATES: dict[str, Frame] = {
    example["name"].removeprefix("jobs: "): example["frame"]["jobs"][0]
    for example in CONTRACT["server"]["valid"]
    if example["name"].startswith("jobs: ") and len(example["frame"]["jobs"]) == 1
}
RUNNING = STATES["running with total"]
ENDS = {"succeeded", "failed", "cancelled", "lost"}
GROUNDS = {"light": "#ffffff", "dark": "#0b1120"}
JOB = RUNNING["id"]
NOBODYS = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the system's Chromium, or the one that Playwright brings."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def double() -> Iterator[Double]:
    """Start a service that knows every example of the contract."""
    double = Double()
    double.states = {state["id"]: fresh(state) for state in STATES.values()}
    yield double
    double.stop()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Open a page on which nothing may be complained about."""
    context = browser.new_context(viewport={"width": 800, "height": 600})
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def fresh(state: Frame, **values: Any) -> Frame:
    """Return the state as if it had changed right now."""
    now = datetime.now(UTC)
    state = {**state, "updated_at": stamp(now), **values}
    return {**state, "retry_at": stamp(now + timedelta(seconds=28)) if state["retry_at"] else None}


def stamp(moment: datetime) -> str:
    """Return the moment as the service writes it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def bar(job: str = JOB, attributes: str = "") -> str:
    """Return an element as somebody writes it by hand."""
    return f'<job-progress job="{job}" {attributes}></job-progress>'


def rendered(state: Frame, attributes: str = "") -> str:
    """Return what the template tag renders."""
    return (
        f'<job-progress job="{state["id"]}" {attributes} data-seq="{state["seq"]}"'
        f' data-state="{escape(json.dumps(state))}"><div class="headway-fallback">'
        f"<span>{escape(state['title'])}</span> <span>{state['status']}</span>"
        f' <progress max="100" value="31" aria-label="x"></progress> <small>31</small>'
        "</div></job-progress>"
    )


def text_of(page: Page, part: str) -> str:
    """Return what a part of the first bar says."""
    return page.locator(f"job-progress {part}").first.inner_text()


def shown(page: Page, selector: str) -> None:
    """Wait until a bar is there and drawn: its attributes are set a frame before."""
    page.locator(selector).wait_for()
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def scale(page: Page) -> str:
    """Return how far the first bar is drawn."""
    return str(
        page.evaluate(
            "document.querySelector('job-progress').shadowRoot"
            ".querySelector('.fill').style.transform"
        )
    )


def wait_for(page: Page, condition: str) -> None:
    """Wait until a script says yes; Playwright's own polling breaks the page's policy."""
    wait_until(lambda: page.evaluate(condition))


def progressbars(page: Page) -> list[dict[str, Any]]:
    """Return every progress bar as the accessibility tree shows it."""
    session = page.context.new_cdp_session(page)
    session.send("Accessibility.enable")
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    return [
        {
            "name": node["name"]["value"],
            **{prop["name"]: prop["value"].get("value") for prop in node["properties"]},
            "value": node.get("value", {}).get("value"),
        }
        for node in nodes
        if node.get("role", {}).get("value") == "progressbar"
    ]


def test_a_bar_goes_on_by_itself(double: Double, page: Page) -> None:
    """The first state comes with the watch, later ones as they are announced."""
    page.goto(double.page(bar()))
    shown(page, "job-progress[status=running][connection=live]")
    assert text_of(page, ".title") == "Holiday pictures"
    assert text_of(page, ".value") == "31%"
    assert text_of(page, ".count") == "31 / 100 images"
    assert text_of(page, ".bad") == "1 failed"
    double.change(fresh(RUNNING, seq=43, current=62, fraction=0.62))
    page.locator("job-progress .value", has_text="62%").wait_for()
    assert scale(page) == "scaleX(0.62)"
    assert double.frames("watch") == [{"type": "watch", "topics": {f"job:{JOB}": {"seq": 0}}}]
    for seq in range(44, 100):
        double.say({"type": "jobs", "jobs": [{**RUNNING, "seq": seq}]})
    wait_until(lambda: double.frames("ack"))


def test_an_older_state_is_not_shown(double: Double, page: Page) -> None:
    """A seq that is lower than the one on the page is ignored."""
    page.goto(double.page(bar()))
    shown(page, "job-progress[status=running]")
    double.say({"type": "jobs", "jobs": [{**RUNNING, "seq": 41, "title": "Old"}]})
    double.say({"type": "jobs", "jobs": [{**RUNNING, "seq": 44, "title": "New"}]})
    page.locator("job-progress .title", has_text="New").wait_for()


def test_the_server_s_bar_is_taken_over_in_place(double: Double, page: Page) -> None:
    """What the template tag drew is drawn again without a jump, and only news are asked for."""
    # Without the time left: it is told anew as time goes on.
    page.goto(double.page(rendered(fresh(RUNNING, eta=None)) + "<p id=after>After</p>"))
    shown(page, "job-progress[connection=live]")
    assert text_of(page, ".value") == "31%"
    wait_until(lambda: double.frames("watch"))
    assert double.frames("watch") == [{"type": "watch", "topics": {f"job:{JOB}": {"seq": 42}}}]
    shift = page.evaluate(
        """new Promise(done => {
          let sum = 0;
          new PerformanceObserver(list => {
            for (const entry of list.getEntries()) sum += entry.value;
          }).observe({ type: "layout-shift", buffered: true });
          setTimeout(() => done(sum), 200);
        })"""
    )
    assert shift == 0


@pytest.mark.parametrize("width", [800, 360])
@pytest.mark.parametrize("look", ["", "compact"])
def test_it_takes_the_room_that_was_kept(
    double: Double, browser: Browser, width: int, look: str
) -> None:
    """Before the script and after it the element is equally high."""
    heights = []
    for scripts in (False, True):
        context = browser.new_context(
            viewport={"width": width, "height": 600}, java_script_enabled=scripts
        )
        page = context.new_page()
        page.goto(double.page(rendered(fresh(RUNNING), look)))
        if scripts:
            shown(page, "job-progress[connection=live]")
        box = page.locator("job-progress").bounding_box()
        heights.append(box and box["height"])
        context.close()
    assert heights[0] == heights[1]


def test_what_had_ended_needs_no_socket(double: Double, page: Page) -> None:
    """A finished job is drawn from the page, and tells of no end that is long past."""
    page.goto(double.page(rendered(STATES["failed with error"])))
    page.locator("job-progress[status=failed] .message", has_text="OSError").wait_for()
    assert double.sockets == []


@pytest.mark.parametrize("name", STATES)
def test_each_state_has_its_words_and_its_bar(double: Double, page: Page, name: str) -> None:
    """Every status says its word, is a named progress bar, and never shows more than it knows."""
    state = STATES[name]
    page.goto(double.page(bar(state["id"])))
    shown(page, f"job-progress[status={state['status']}]")
    page.locator("job-progress .word").wait_for()
    [found] = progressbars(page)
    assert found["name"] == state["title"]
    expected = 1 if state["status"] == "succeeded" else state["fraction"]
    valuenow = page.locator("job-progress .track").get_attribute("aria-valuenow")
    assert valuenow == (None if expected is None else str(int(expected * 100 + 1e-9)))
    assert page.locator("job-progress .track").bounding_box()
    moving = page.locator("job-progress .unknown").count() == 1
    assert moving == (name == "running without total")
    if state["status"] in ENDS:
        assert text_of(page, ".time").endswith("took 2 min 4 sec")


def test_markup_stays_text(double: Double, page: Page) -> None:
    """Nothing that a job says is read as markup, and no link runs a script."""
    evil = "<img src=x onerror=alert(1)>"
    files = [{"name": evil, "size": 1, "url": "javascript:alert(1)"}]
    error = {"kind": evil, "text": evil}
    double.states[JOB] = {
        **RUNNING, "title": evil, "message": evil, "unit": evil, "files": files, "error": error
    }  # fmt: skip
    page.goto(double.page(bar()))
    shown(page, "job-progress[status=running]")
    assert text_of(page, ".title") == evil
    assert page.locator("job-progress img, job-progress a").count() == 0


def test_files_are_links(double: Double, page: Page) -> None:
    """What a job leaves can be downloaded, with a target that a finger hits."""
    state = STATES["succeeded with warnings and files"]
    page.goto(double.page(bar(state["id"])))
    link = page.get_by_role("link", name="pictures.zip")
    link.wait_for()
    assert link.get_attribute("href") == state["files"][0]["url"]
    assert link.get_attribute("download") is not None
    box = link.bounding_box()
    assert box
    assert box["height"] >= 24
    assert text_of(page, ".word") == "Succeeded with warnings"


def test_a_job_that_may_not_be_seen_says_so(double: Double, page: Page) -> None:
    """Unknown and forbidden look the same."""
    page.goto(double.page(bar(NOBODYS)))
    page.get_by_text("This job is not available.").wait_for()


@pytest.mark.parametrize(
    "make",
    [
        "host.append(Object.assign(document.createElement('job-progress'), {job: id}))",
        "host.append(document.querySelector('template').content.cloneNode(true))",
        "host.append(document.importNode(document.querySelector('template').content, true))",
        "host.replaceChildren(new DOMParser().parseFromString(markup, 'text/html').body)",
    ],
)
def test_it_can_be_made_by_script(double: Double, page: Page, make: str) -> None:
    """However an element comes into the page, it lives."""
    policy = "trustedTypes.createPolicy('test', {createHTML: text => text})"
    page.goto(double.page(f"<template>{bar()}</template><div id=host></div>"))
    wait_for(page, "Boolean(customElements.get('job-progress'))")
    page.evaluate(
        f"""([id, text]) => {{
          const host = document.getElementById('host');
          const markup = {policy}.createHTML(text);
          {make};
        }}""",
        [JOB, bar()],
    )
    page.locator("#host job-progress[status=running]").wait_for()


def test_it_can_be_made_by_the_host_s_inner_html(double: Double, page: Page) -> None:
    """A page that swaps in markup, as htmx does, gets living bars."""
    page.goto(double.page("<div id=host></div>"))
    wait_for(page, "Boolean(customElements.get('job-progress'))")
    page.evaluate(
        """text => {
          const policy = trustedTypes.createPolicy('swap', {createHTML: text => text});
          document.getElementById('host').innerHTML = policy.createHTML(text);
        }""",
        bar(),
    )
    page.locator("#host job-progress[status=running]").wait_for()


def test_a_property_set_before_the_script_is_kept(double: Double, page: Page) -> None:
    """A framework may write properties before the element is known."""
    address = double.page("<job-progress></job-progress>")
    page.route(
        "**/embed.js",
        lambda route: (
            page.evaluate(f"document.querySelector('job-progress').job = '{JOB}'"),
            route.continue_(),
        ),
    )
    page.goto(address)
    shown(page, "job-progress[status=running]")


def test_a_move_asks_for_nothing_again(double: Double, page: Page) -> None:
    """An element that is moved within a task keeps its watch; one that is removed gives it up."""
    page.goto(double.page(f"<div id=a>{bar()}</div><div id=b></div>"))
    shown(page, "job-progress[status=running]")
    page.evaluate("document.getElementById('b').append(document.querySelector('job-progress'))")
    double.change(fresh(RUNNING, seq=50, fraction=0.5))
    page.locator("#b job-progress .value", has_text="50%").wait_for()
    page.evaluate("document.querySelector('job-progress').remove()")
    wait_until(lambda: double.frames("unwatch"))
    assert len(double.frames("watch")) == 1


def test_many_bars_share_a_socket_and_a_watch(double: Double, page: Page) -> None:
    """Ten bars are one socket, and the same job twice is asked for once."""
    bars = "".join(bar(state["id"]) for state in list(STATES.values())[:5])
    page.goto(double.page(bars + bars))
    wait_for(page, "document.querySelectorAll('job-progress[status]').length === 10")
    assert len(double.sockets) == 1
    assert [len(frame["topics"]) for frame in double.frames("watch")] == [5]


def test_a_second_copy_of_the_script_does_no_harm(double: Double, page: Page) -> None:
    """Two packages may bring the element; the first one stays."""
    copy = '<script type=module src="/static/embed.js?copy"></script>'
    page.goto(double.page(bar(), head=copy))
    shown(page, "job-progress[status=running]")


def test_it_comes_back_and_catches_up(double: Double, page: Page) -> None:
    """After a restart the watch is repeated, and what was missed is shown."""
    page.goto(double.page(bar()))
    shown(page, "job-progress[connection=live][status=running]")
    double.states[JOB] = fresh(RUNNING, seq=60, fraction=0.9)
    double.close_sockets(4000, "after=0;spread=0")
    page.locator("job-progress .value", has_text="90%").wait_for()
    assert double.frames("watch")[-1]["topics"] == {f"job:{JOB}": {"seq": 42}}


def test_trouble_is_shown_only_when_it_lasts(double: Double, page: Page) -> None:
    """For three seconds nothing is said, then the status gives way to what is going on."""
    page.goto(double.page(bar()))
    shown(page, "job-progress[status=running]")
    double.close_sockets(4000, "after=30;spread=0")
    shown(page, "job-progress[connection=stale]")
    assert text_of(page, ".word") == "Running"
    page.locator("job-progress .word", has_text="Reconnecting…").wait_for(timeout=6000)
    assert page.locator("job-progress .troubled").count() == 1


def test_a_sign_out_is_said(double: Double, page: Page) -> None:
    """A socket that is closed for good says what to do."""
    page.goto(double.page(bar()))
    shown(page, "job-progress[status=running]")
    double.close_sockets(4501)
    page.get_by_text("Signed out.").wait_for()


def test_events_tell_of_changes_and_one_end(double: Double, page: Page) -> None:
    """Events bubble with the state; the end is told once."""
    page.goto(double.page(bar()))
    page.evaluate(
        """() => {
          window.seen = [];
          for (const type of ['job-change', 'job-end'])
            document.addEventListener(type, e => seen.push(`${type} ${e.detail.state.status}`));
        }"""
    )
    shown(page, "job-progress[status=running]")
    page.evaluate("seen.length = 0")
    double.change(fresh(RUNNING, seq=70))
    double.change({**STATES["succeeded"], "id": JOB, "seq": 71})
    double.change({**STATES["succeeded"], "id": JOB, "seq": 72})
    wait_for(page, "seen.length === 4")
    assert page.evaluate("seen") == [
        "job-change running",
        "job-change succeeded",
        "job-end succeeded",
        "job-change succeeded",
    ]
    assert page.evaluate("document.querySelector('job-progress').snapshot.seq") == 72


def test_progress_changes_no_attribute_of_the_host(double: Double, page: Page) -> None:
    """Others may observe the host: what comes ten times a second stays inside."""
    page.goto(double.page(bar()))
    shown(page, "job-progress[connection=live][status=running]")
    page.evaluate(
        """() => {
          window.mutations = 0;
          new MutationObserver(list => { mutations += list.length }).observe(document.body,
            { attributes: true, childList: true, subtree: true });
        }"""
    )
    for step in range(1, 11):
        double.change(fresh(RUNNING, seq=100 + step, fraction=0.31 + step / 1000))
    wait_for(page, "document.querySelector('job-progress').snapshot.seq === 110")
    page.wait_for_timeout(100)
    assert page.evaluate("mutations") == 0


def answer_cancel(page: Page, status: int, body: Frame, *, hold: bool = False) -> list[Any]:
    """Let requests to cancel be answered like this; return them as they come."""
    requests: list[Any] = []

    def answer(route: Any) -> None:
        requests.append(route.request)
        if not hold:
            route.fulfill(status=status, json=body)

    page.route("**/headway/api/jobs/*/cancel", answer)
    return requests


def test_cancel_is_shown_at_once(double: Double, page: Page) -> None:
    """Before any answer the bar says that it is being cancelled, and never that it was."""
    requests = answer_cancel(page, 202, {}, hold=True)
    page.goto(double.page(bar(attributes="actions")))
    button = page.get_by_role("button", name="Cancel Holiday pictures")
    button.click()
    page.locator("job-progress .word", has_text="Cancelling…").wait_for()
    assert button.count() == 0
    wait_until(lambda: requests)
    assert requests[0].url == f"{double.address}/headway/api/jobs/{JOB}/cancel"
    double.change({**STATES["cancelled"], "id": JOB, "seq": 90})
    page.locator("job-progress[status=cancelled] .word", has_text="Cancelled").wait_for()


def test_a_cancel_that_was_accepted_waits_for_the_job(double: Double, page: Page) -> None:
    """A task may be long in a step; until it has noticed, the bar goes on being cancelled."""
    answer_cancel(page, 202, {**RUNNING, "status": "cancelling"})
    page.clock.install()
    page.goto(double.page(bar(attributes="actions")))
    page.get_by_role("button", name="Cancel").click()
    page.locator("job-progress .word", has_text="Cancelling…").wait_for()
    page.wait_for_timeout(100)
    page.clock.run_for(20_000)
    double.change(fresh(RUNNING, seq=90, fraction=0.5))
    page.clock.run_for(1000)
    page.locator("job-progress .value", has_text="50%").wait_for()
    assert text_of(page, ".word") == "Cancelling…"


def test_a_cancel_that_nobody_answers_is_taken_back(double: Double, page: Page) -> None:
    """After ten seconds without an answer the bar is as it was, and says why."""
    answer_cancel(page, 202, {}, hold=True)
    page.clock.install()
    page.goto(double.page(bar(attributes="actions")))
    page.get_by_role("button", name="Cancel").click()
    page.locator("job-progress .word", has_text="Cancelling…").wait_for()
    page.clock.run_for(10_500)
    assert page.get_by_role("alert").inner_text() == (
        "Could not cancel: the server did not answer."
    )
    assert text_of(page, ".word") == "Running"


def test_a_cancel_that_is_refused_is_taken_back_with_the_reason(
    double: Double, page: Page, browser: Browser
) -> None:
    """409 brings the bar back as it was, the reason, and the button."""
    context = browser.new_context()
    page = context.new_page()  # the refused request itself is an error on the console
    answer_cancel(page, 409, {"title": "Conflict", "detail": "The job has already finished."})
    page.goto(double.page(bar(attributes="actions")))
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("alert").wait_for()
    assert page.get_by_role("alert").inner_text() == (
        "Could not cancel: The job has already finished."
    )
    assert text_of(page, ".word") == "Running"
    assert page.get_by_role("button", name="Cancel").count() == 1
    context.close()


def test_a_request_carries_the_csrf_token(double: Double, page: Page) -> None:
    """The script's tag says where the token is; it goes into the header that Django reads."""
    requests = answer_cancel(page, 202, fresh(RUNNING, seq=80, status="cancelling", actions=[]))
    address = double.page(bar(attributes="actions"))
    page.context.add_cookies([{"name": "csrftoken", "value": "abc", "url": double.address}])
    page.goto(address)
    page.get_by_role("button", name="Cancel").click()
    shown(page, "job-progress[status=cancelling]")
    assert requests[0].headers["x-csrftoken"] == "abc"


def test_only_what_is_allowed_has_a_button(double: Double, page: Page) -> None:
    """Without `actions` on the element or cancel in the state there is none."""
    cancelling = STATES["cancelling"]["id"]
    page.goto(double.page(bar() + bar(cancelling, "actions")))
    wait_for(page, "document.querySelectorAll('job-progress[status]').length === 2")
    assert page.get_by_role("button").count() == 0


def test_the_button_can_be_reached_hit_and_seen(double: Double, page: Page) -> None:
    """By keyboard, with a ring, and at least 24 pixels high; focus stays near when it goes."""
    answer_cancel(page, 202, fresh(RUNNING, seq=80, status="cancelling", actions=[]))
    page.goto(double.page(bar(attributes="actions")))
    button = page.get_by_role("button", name="Cancel")
    button.wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert button.evaluate("node => getComputedStyle(node).outlineWidth") == "2px"
    box = button.bounding_box()
    assert box
    assert min(box["height"], box["width"]) >= 24
    page.keyboard.press("Enter")
    shown(page, "job-progress[status=cancelling]")
    assert page.evaluate("document.activeElement.localName") == "job-progress"


def test_the_end_is_announced_once_in_one_region(double: Double, page: Page) -> None:
    """One polite region for the page; it says nothing of how things were at first."""
    page.goto(double.page(bar() + bar(STATES["paused"]["id"])))
    shown(page, "job-progress[status=running]")
    region = page.locator("[role=status]")
    assert region.count() == 1
    assert region.inner_text() == ""
    double.change({**STATES["succeeded"], "id": JOB, "seq": 90, "title": "Holiday pictures"})
    wait_for(page, "document.querySelector('[role=status]').textContent")
    assert region.text_content() == "Holiday pictures: Succeeded"


def test_announcements_can_be_switched_off(double: Double, page: Page) -> None:
    """Any ancestor may ask for silence."""
    page.goto(double.page(f'<div data-headway-announce="off">{bar()}</div>'))
    shown(page, "job-progress[status=running]")
    double.change({**STATES["succeeded"], "id": JOB, "seq": 90})
    shown(page, "job-progress[status=succeeded]")
    page.wait_for_timeout(200)
    assert page.locator("[role=status]").text_content() == ""


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("look", ["", "compact"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing(
    double: Double, browser: Browser, theme: str, look: str, width: int
) -> None:
    """No rule of WCAG 2.2 AA or best practice is broken, in any status."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: run npm ci in frontend/")
    context = browser.new_context(viewport={"width": width, "height": 3000})
    page = context.new_page()
    bars = "".join(bar(state["id"], f"actions {look}") for state in STATES.values())
    script = "<script src=/static/axe.js></script>"
    html = f'lang="en" data-theme="{theme}"'
    page.goto(double.page(bars, head=script, html=html))
    page.evaluate(f"document.documentElement.style.colorScheme = '{theme}'")
    page.evaluate(f"document.body.style.background = '{GROUNDS[theme]}'")  # axe takes it for white
    count = len(STATES)
    wait_for(page, f"document.querySelectorAll('job-progress[status]').length === {count}")
    page.wait_for_timeout(300)
    found = page.evaluate(
        """async () => {
          const tags = ['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa','best-practice'];
          const { violations, passes } = await axe.run({ runOnly: tags });
          const contrast = passes.find(({ id }) => id === 'color-contrast');
          return [violations.map(({ id, nodes }) => [id, nodes.map(n => n.html)]),
                  contrast ? contrast.nodes.length : 0];
        }"""
    )
    context.close()
    assert found[0] == []
    assert found[1] > count


def test_the_theme_of_an_ancestor_wins(double: Double, page: Page) -> None:
    """`data-theme` decides, whatever the system prefers, and can change while the page lives."""
    page.emulate_media(color_scheme="light")
    page.goto(double.page(f'<div id=host data-theme="dark">{bar()}</div>'))
    shown(page, "job-progress[status=running]")
    colour = "getComputedStyle(document.querySelector('job-progress')).color"
    assert page.evaluate(colour) == "rgb(230, 235, 243)"
    page.evaluate("document.getElementById('host').dataset.theme = 'light'")
    assert page.evaluate(colour) == "rgb(15, 23, 42)"


def test_reduced_motion_stands_still(double: Double, page: Page) -> None:
    """A bar that knows no end does not move for those who asked for that."""
    page.emulate_media(reduced_motion="reduce")
    page.goto(double.page(bar(STATES["running without total"]["id"])))
    page.locator("job-progress .unknown").wait_for()
    fill = page.locator("job-progress .fill")
    assert fill.evaluate("node => node.getAnimations().length") == 0
    box = fill.bounding_box()
    assert box
    assert box["width"] > 50


def test_right_to_left_fills_from_the_right(double: Double, page: Page) -> None:
    """The bar grows the way that the text runs."""
    page.goto(double.page(bar(), html='lang="ar" dir="rtl"'))
    shown(page, "job-progress[status=running]")
    wait_for(
        page,
        "document.querySelector('job-progress').shadowRoot.querySelector('.fill').style.transform",
    )
    page.wait_for_timeout(250)
    fill, track = (
        page.locator(f"job-progress .{name}").bounding_box() for name in ("fill", "track")
    )
    assert fill
    assert track
    assert fill["x"] + fill["width"] == pytest.approx(track["x"] + track["width"], abs=1)
    assert fill["width"] == pytest.approx(track["width"] * 0.31, abs=2)


def test_forced_colours_keep_the_bar_visible(double: Double, page: Page) -> None:
    """In high contrast the track has a border and the fill is the system's highlight."""
    page.emulate_media(forced_colors="active")
    page.goto(double.page(bar()))
    shown(page, "job-progress[status=running]")
    track = page.locator("job-progress .track")
    assert track.evaluate("node => getComputedStyle(node).borderTopWidth") == "1px"


def test_without_script_there_is_a_bar(double: Double, browser: Browser) -> None:
    """What the server rendered is a labelled native progress bar."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(double.page(rendered(RUNNING)))
    assert page.locator("job-progress progress").is_visible()
    context.close()


def test_nothing_scrolls_sideways_on_a_phone(double: Double, page: Page) -> None:
    """At 320 pixels, the width of 400 % zoom, everything wraps."""
    page.set_viewport_size({"width": 320, "height": 800})
    bars = "".join(bar(state["id"], "actions") for state in STATES.values())
    page.goto(double.page(bars))
    wait_for(page, "document.querySelectorAll('job-progress[status=lost]').length === 1")
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert page.evaluate(wide) is False


def test_a_part_shows_its_parts_until_it_is_over(double: Double, page: Page) -> None:
    """As a list in its list, each with what is done of it."""
    state = STATES["running with stages"]
    page.goto(double.page(bar(state["id"])))
    shown(page, "job-progress[status=running]")
    inner = page.locator("job-progress ol ol")
    assert inner.get_attribute("aria-label") == "Add up"
    assert [" ".join(one.split()) for one in inner.locator("li").all_inner_texts()] == [
        "By month 62%",
        "By customer",
    ]
    over = [{**one, "status": "succeeded"} for one in state["stages"]]
    double.change(fresh(state, seq=78, stages=over))
    inner.wait_for(state="detached")
