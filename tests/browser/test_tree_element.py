"""`<job-tree>` in a real browser, under a strict policy, without Django."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.double import AXE, Double, Frame, wait_until
from tests.browser.test_element import RUNNING, browser, page
from tests.services import CHROMIUM_FLAGS

__all__ = ["CHROMIUM_FLAGS", "browser", "page"]

pytestmark = pytest.mark.browser

PAGE = "/jobs/00000000-0000-0000-0000-000000000000/"
NONE = dict.fromkeys(
    ("total", "queued", "running", "retrying", "succeeded", "failed", "cancelled", "lost"), 0
)
LOOKS = [(scheme, width) for scheme in ("light", "dark") for width in (1200, 360)]


def id_of(number: int) -> str:
    """Return the id of the job of this number."""
    return f"00000000-0000-4000-8000-{number:012d}"


ROOT = id_of(0)


def job(number: int, parent: int = 0, **values: Any) -> Frame:
    """Return a job below the root, or another one, in the order of their numbers."""
    least: Frame = {
        **RUNNING,
        "id": id_of(number),
        "seq": 1,
        "root": ROOT,
        "parent": id_of(parent),
        "owner": "7",
        "title": f"Job {number}",
        "queued_at": f"2026-11-27T03:{number // 60:02}:",
        "stages": [],
        "failed": 0,
        "skipped": 0,
        "eta": None,
        "message": "",
        "files": [],
    }
    least["queued_at"] += f"{number % 60:02}.000Z"
    return {**least, "actions": [], "again_of": None, **values}


def root(**children: int) -> Frame:
    """Return the root, which counts what is below it."""
    sums = {**NONE, **children, "total": sum(children.values())}
    return job(0, parent=0, children=sums) | {"parent": None, "title": "All"}


@pytest.fixture
def double() -> Any:
    """Start a service that knows no job yet."""
    one = Double()
    yield one
    one.stop()


def knows(double: Double, *jobs: Frame) -> None:
    """Let the service know jobs."""
    double.states |= {one["id"]: one for one in jobs}


def opened(double: Double, page: Page, attributes: str = "", **more: Any) -> Locator:
    """Show the tree on a page; returns its rows."""
    tree = f'<job-tree root="{ROOT}" {attributes}></job-tree><button>After</button>'
    page.goto(double.page(f"<button>Before</button>{tree}", **more))
    return page.get_by_role("treeitem")


def titles(rows: Locator) -> list[str]:
    """Return the titles of the rows, from the first to the last."""
    return rows.locator("> .title").all_inner_texts()


def focused(page: Page) -> str:
    """Return the title of the row that has the focus."""
    return str(
        page.evaluate(
            "document.querySelector('job-tree').shadowRoot.activeElement"
            "?.querySelector('.title').textContent ?? ''"
        )
    )


def test_the_keys_of_a_tree(double: Double, page: Page) -> None:
    """One stop of the Tab key; arrows, Home, End, asterisk and letters within, as ARIA has it."""
    many = [job(number, title=f"Late {number}") for number in range(10, 45)]
    below = [job(50, parent=1, title="Below one"), job(51, parent=2, title="Below two")]
    knows(double, root(running=39), job(1, title="One"), job(2, title="Two"), *many, *below)
    rows = opened(double, page)
    expect(rows).to_have_count(37)
    tree = page.get_by_role("tree", name="Jobs it has started")
    expect(tree).to_have_accessible_description("39 running")
    page.get_by_role("button", name="Before").focus()
    steps = [
        *(("Tab", "One"), ("ArrowUp", "One"), ("ArrowDown", "Two"), ("ArrowRight", "Two")),
        *(("ArrowRight", "Below two"), ("ArrowLeft", "Two"), ("End", "Late 44"), ("Home", "One")),
        *(("t", "Two"), ("t", "Two"), ("l", "Late 10"), ("l", "Late 11"), ("*", "Late 11")),
        *(("Home", "One"), ("ArrowDown", "Below one"), ("ArrowLeft", "One"), ("ArrowLeft", "One")),
    ]
    for key, title in steps:
        page.keyboard.press(key)
        wait_until(lambda title=title: focused(page) == title)  # type: ignore[misc]
    expect(rows.first).to_have_attribute("aria-expanded", "false")
    expect(rows.nth(1)).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="After")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    assert focused(page) == "One"


def test_a_row_says_what_it_is(double: Double, page: Page) -> None:
    """Its name is title and status, without what moves; level, place and number are told."""
    failed: Frame = {"status": "failed", "error": {"kind": "JobError", "text": "It is torn."}}
    times: Frame = {"started_at": "2026-11-27T03:00:00Z", "finished_at": "2026-11-27T03:00:08Z"}
    knows(double, root(failed=1, succeeded=1), job(1, **failed, **times))
    knows(double, job(2, parent=1, status="succeeded", fraction=1, **times))
    rows = opened(double, page, f'page="{PAGE}"')
    expect(rows).to_have_count(2)
    one, two = rows.nth(0), rows.nth(1)
    expect(one).to_have_accessible_name("Job 1 Failed")
    expect(one).to_have_accessible_description("It is torn.")
    expect(two).to_have_accessible_description("took 8 sec")
    expect(page.get_by_role("group").get_by_role("treeitem")).to_have_count(1)
    for name, value in {"level": "2", "posinset": "1", "setsize": "1"}.items():
        expect(two).to_have_attribute(f"aria-{name}", value)
    two.focus()
    double.pages[f"/jobs/{id_of(2)}/"] = "<!doctype html><title>Its page</title>"
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{id_of(2)}/")


def test_rows_stay_below_the_pointer_and_the_focus(double: Double, page: Page) -> None:
    """What is new comes last meanwhile, and nothing opens; afterwards it finds its place."""
    knows(double, root(running=3), *(job(number) for number in (5, 6, 7)))
    rows = opened(double, page)
    expect(rows).to_have_count(3)
    rows.nth(1).hover()
    before = rows.nth(1).bounding_box()
    knows(double, job(1), job(2, parent=5))
    double.say({"type": "jobs", "jobs": [double.states[id_of(1)], double.states[id_of(2)]]})
    expect(rows).to_have_count(4)
    assert titles(rows) == ["Job 5", "Job 6", "Job 7", "Job 1"]
    assert rows.nth(1).bounding_box() == before
    page.mouse.move(0, 0)
    expect(rows).to_have_count(5)
    assert titles(rows) == ["Job 1", "Job 5", "Job 2", "Job 6", "Job 7"]
    rows.nth(4).focus()
    double.change(job(3))
    expect(rows).to_have_count(6)
    assert titles(rows)[-1] == "Job 3"
    assert focused(page) == "Job 7"


def test_many_are_shown_by_parts(double: Double, page: Page) -> None:
    """In numbers, then row by row: those that were sent, and those that a page brings."""
    ended: Frame = {"status": "succeeded", "fraction": 1}
    knows(double, root(succeeded=482, failed=3, running=15), job(200, status="failed"))
    knows(double, *(job(number, **ended) for number in range(1, 200)))
    rest = [job(number, **ended) for number in range(300, 520)]
    path = f"/headway/api/jobs/{ROOT}/tree"
    double.pages[path] = json.dumps({"jobs": rest, "next": None})
    rows = opened(double, page)
    page.locator("job-tree").get_by_text("482 succeeded · 3 failed · 15 running").wait_for()
    more = page.get_by_role("treeitem", name="and ")
    expect(more).to_have_text("and 449 more")
    expect(rows).to_have_count(52)
    assert titles(rows)[-2:] == ["Job 200", "and 449 more"]
    more.focus()
    page.keyboard.press("Enter")
    wait_until(lambda: focused(page) == "Job 51")
    expect(more).to_have_text("and 399 more")
    for _ in range(7):
        more.click()
    expect(more).to_have_text("and 80 more")
    double.pages[path] = "<p>"
    more.click()
    page.locator("job-tree").get_by_text("That did not work").wait_for()


def test_what_there_is_to_say_without_rows(double: Double, page: Page) -> None:
    """Nothing was started; it may not be seen; the service is away."""
    opened(double, page)
    tree = page.locator("job-tree")
    tree.get_by_text("This job is not available.").wait_for()
    assert tree.get_attribute("empty") is None
    knows(double, root())
    opened(double, page)
    tree.get_by_text("This job has started no others.").wait_for()
    assert tree.get_attribute("empty") == ""
    double.change(job(1))
    expect(page.get_by_role("treeitem")).to_have_count(1)
    assert tree.get_attribute("empty") is None
    assert tree.get_attribute("connection") == "live"
    double.close_sockets(4501)
    tree.get_by_text("Signed out. Reload the page to go on.").wait_for()
    expect(page.get_by_role("treeitem")).to_have_count(1)


@pytest.mark.parametrize("make", ["createElement('job-tree')", "importNode(from, true)"])
def test_it_can_be_made_by_script(double: Double, page: Page, make: str) -> None:
    """Moved, given another root and taken away, it stops what it has begun."""
    knows(double, root(running=1), job(1))
    page.goto(double.page("<p id=host></p>"))
    page.evaluate(
        f"""root => {{
          const from = document.createElement("job-tree");
          const made = document.{make};
          document.getElementById("host").append(made);
          made.setAttribute("root", root);
        }}""",
        ROOT,
    )
    expect(page.get_by_role("treeitem")).to_have_count(1)
    page.evaluate("document.querySelector('job-tree').remove()")
    wait_until(lambda: double.frames("unwatch"))
    assert double.frames("unwatch")[-1]["topics"] == [f"tree:{ROOT}"]


def test_from_right_to_left(double: Double, page: Page) -> None:
    """Bars grow from the right, and the arrow to the left leads in."""
    knows(double, root(running=2), job(1), job(2, parent=1))
    rows = opened(double, page, html='lang="ar" dir="rtl"')
    expect(rows).to_have_count(2)
    rows.first.focus()
    page.keyboard.press("ArrowRight")
    expect(rows).to_have_count(1)
    page.keyboard.press("ArrowLeft")
    expect(rows).to_have_count(2)
    page.keyboard.press("ArrowLeft")
    assert focused(page) == "Job 2"
    fill, track = (rows.nth(1).locator(f".{name}").bounding_box() for name in ("fill", "track"))
    assert fill
    assert track
    assert fill["x"] + fill["width"] == pytest.approx(track["x"] + track["width"], abs=1)


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def test_axe_finds_nothing(double: Double, browser: Browser, look: tuple[Any, int]) -> None:
    """In no status, and nothing is wider than the window."""
    scheme, width = look
    kinds = ["queued", "running", "paused", "waiting", "retrying", "cancelling", "lost"]
    knows(double, root(running=99), *(job(n, status=one) for n, one in enumerate(kinds, 1)))
    knows(double, job(20, parent=2, status="failed"), job(21, parent=20, fraction=None))
    knows(double, job(22, title="A title that is too long for its row " * 3))
    with browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme) as one:
        page = one.new_page()
        script = "<script src=/static/axe.js></script>" if AXE.exists() else ""
        rows = opened(double, page, f'page="{PAGE}"', head=script)
        expect(rows).to_have_count(10)
        found = page.evaluate("axe.run()") if script else {"violations": []}
        assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found["violations"]] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
