"""The gallery, which has every element in every state: who can use it, and how it looks."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, sync_playwright

from core.gallery.specimens import specimens
from tests.browser import gallery_looks
from tests.browser.double import AXE, wait_until
from tests.browser.gallery_looks import Looks
from tests.browser.gallery_page import (
    FACES,
    SETTINGS,
    TYPEFACE,
    Setting,
    assert_named_role,
    faults,
    opened,
    stretch,
    tree,
)
from tests.browser.test_journey import database_beside_playwright
from tests.processes import ROOT, Child, web_server
from tests.services import CHROMIUM_FLAGS, RedisServer, chromium
from tests.sockets import sign_in

__all__ = ["database_beside_playwright"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

# Letters are drawn alike wherever they are not fitted to the pixels of one screen.
SAME_EVERYWHERE = ["--font-render-hinting=none", "--disable-lcd-text", "--hide-scrollbars"]
FOUND = ROOT / "var" / "gallery"
ACCEPT = "ACCEPT_LOOKS"
WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
HEIGHTS = """() => Object.fromEntries([...document.querySelectorAll("job-progress[data-state]")]
  .map((one) => [one.closest("figure").querySelector("figcaption").textContent,
    one.offsetHeight]))"""
DRESSED = """document.readyState !== "loading"
  && [...document.querySelectorAll("link[rel=stylesheet]")].every(({ sheet }) => sheet)"""
FRAME = "() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))"
UPGRADED = f"customElements.whenDefined('job-progress').then({FRAME}).then({HEIGHTS})"
DEEP = """
const deep = (root, wanted) => [...root.querySelectorAll("*")].flatMap((one) =>
  [...(one.matches(wanted) ? [one] : []), ...(one.shadowRoot ? deep(one.shadowRoot, wanted) : [])]);
const INSIDE = ".specimen :is(job-progress, job-log, job-tree, job-inbox, job-toasts)";
const ELEMENTS = `:is(${INSIDE}, job-tray)`;
const inElements = (wanted) =>
  [...document.querySelectorAll(ELEMENTS)].flatMap((one) => deep(one.shadowRoot, wanted));
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start a browser that draws letters the same way on every machine."""
    with sync_playwright() as playwright:
        flags = [*CHROMIUM_FLAGS, *SAME_EVERYWHERE]
        one = playwright.chromium.launch(executable_path=chromium(), args=flags)
        yield one
        one.close()


@pytest.fixture(scope="module")
def web(redis: RedisServer, django_db_setup: None) -> Iterator[Child]:
    """Run the service's web side."""
    with web_server("uvicorn", DEBUG="1") as one:
        yield one


Opener = Callable[..., Page]


@pytest.fixture(scope="module")
def galleries(browser: Browser) -> Iterator[dict[Setting, Page]]:
    """Keep the pages that tests only look at."""
    kept: dict[Setting, Page] = {}
    yield kept
    for page in kept.values():
        page.context.close()


@pytest.fixture
def fresh(browser: Browser, web: Child, transactional_db: None) -> Opener:
    """Open galleries that a test may change."""
    cookie = sign_in(User.objects.create_user("ana", is_staff=True))
    return partial(opened, browser, web.url, cookie)


@pytest.fixture
def looked_at(galleries: dict[Setting, Page], fresh: Opener) -> Callable[[Setting], Page]:
    """Return the gallery in a setting, opened once for all tests."""

    def gallery(setting: Setting) -> Page:
        if setting not in galleries:
            galleries[setting] = fresh(setting)
        return galleries[setting]

    return gallery


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_axe_finds_nothing(looked_at: Callable[[Setting], Page], setting: Setting) -> None:
    """No rule of WCAG 2.2 AA or best practice is broken by any element in any state."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: run npm ci in frontend/")
    found, contrasts = faults(looked_at(setting))
    assert found == []
    assert contrasts > len(specimens())


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_it_looks_as_it_was_found_good(
    looked_at: Callable[[Setting], Page], setting: Setting
) -> None:
    """Each specimen is where it was, as large as it was, and has the colours that it had."""
    now = Looks.taken(looked_at(setting))
    FOUND.mkdir(parents=True, exist_ok=True)
    now.picture.save(FOUND / f"{setting.name}.png")
    if ACCEPT in os.environ:
        now.keep(setting.name)
        return
    seen = now.changes(Looks.kept(setting.name)) if gallery_looks.exists(setting.name) else ["all"]
    assert not seen, (
        f"expected the gallery to look as in {gallery_looks.FOLDER.relative_to(ROOT)}, "
        f"got changes in {seen}. Look at {FOUND.relative_to(ROOT)}/{setting.name}.png; "
        "if it is as it should be, accept it with `make looks` and commit what that writes."
    )


def test_every_bar_is_named_after_its_job(looked_at: Callable[[Setting], Page]) -> None:
    """A progress bar has its job's title, whole steps from 0 to 100, and no value while unknown."""
    page = looked_at(SETTINGS[0])
    bars = page.evaluate(
        DEEP
        + """const bars = [...document.querySelectorAll(".specimen job-progress")];
        bars.flatMap(({ shadowRoot }) => deep(shadowRoot, ".track")).map((track) => {
          const { snapshot } = track.getRootNode().host;
          const known = snapshot?.status === "succeeded" ? 1 : snapshot?.fraction ?? null;
          const step = known === null ? null : Math.floor(known * 100 + 1e-9);
          return [snapshot?.title ?? "Loading…", step];
        })"""
    )
    bars.append(["All of them together", 27])  # of the tray, which is closed
    found = [node for node in tree(page) if node["role"] == "progressbar"]
    assert_named_role(found, "progressbar", [title for title, _ in bars])
    told = sorted((str(node["name"]), str(node["value"])) for node in found)
    assert told == sorted((title, str(value)) for title, value in bars)
    assert all((node["valuemin"], node["valuemax"]) == (0, 100) for node in found)
    assert not any("busy" in node for node in found)


def test_whatever_is_pressed_or_read_has_a_name(looked_at: Callable[[Setting], Page]) -> None:
    """Each button, link, field, question, row of a tree, list and region says what it is."""
    nodes = tree(looked_at(SETTINGS[0]))
    for role in ("button", "link", "combobox", "textbox", "region", "tree", "treeitem"):
        names = [str(node["name"] or "") for node in nodes if node["role"] == role]
        assert names, role
        assert "" not in names, role
    groups = {node["name"] for node in nodes if node["role"] == "group"}
    asked = {one.state["question"]["text"] for one in specimens() if "question" in one.state}
    assert asked <= groups  # the branches of a tree are groups too, and named by their rows
    steering = re.compile("^(Cancel|Pause|Resume|Run again:?|Run .* failed again:?)$")
    assert not [
        node for node in nodes if steering.match(str(node["name"])) and node["role"] == "button"
    ]
    lists = [str(node["name"]) for node in nodes if node["role"] == "list" and node["name"]]
    assert sorted(lists) == ["Add up", "Files", "Files", "Stages"]
    assert_named_role([one for one in nodes if one["role"] == "alert"], "alert", [""])


def test_no_state_is_told_by_colour_alone(looked_at: Callable[[Setting], Page]) -> None:
    """Each has a shape and a word of its own, in the compact bar too."""
    told = looked_at(SETTINGS[0]).evaluate(
        DEEP
        + """inElements(".state").map((one) => [one.closest(".job").className,
          one.querySelector("path")?.getAttribute("d"), one.textContent.trim()])"""
    )
    assert len(told) > len(specimens())
    assert all(shape and word for _, shape, word in told)
    looks = {classes.split()[1] for classes, _, _ in told}
    shapes = {classes.split()[1]: shape for classes, shape, _ in told}
    assert len(set(shapes.values())) == len(looks) == 12


def test_targets_are_large_enough(looked_at: Callable[[Setting], Page]) -> None:
    """24 pixels each way, or nothing else within 24 pixels of their middle (WCAG 2.5.8)."""
    for setting in SETTINGS[:2]:
        boxes = looked_at(setting).evaluate(
            DEEP
            # A line's number is as high as the line, as a link within a text is.
            + """inElements(":is(a, button, input, select):not(.number)").map((one) => {
              const { x, y, width, height } = one.getBoundingClientRect();
              return [one.textContent.trim() || one.className, x, y, width, height];
            }).filter(([, , , width]) => width > 0)"""
        )
        assert [name for name, *box in boxes if not _is_large(box, boxes)] == []


def _is_large(box: list[float], boxes: list[list[Any]]) -> bool:
    x, y, width, height = box
    middle = (x + width / 2, y + height / 2)
    near = [other for _, *other in boxes if other != box and _distance(middle, other) < 12]
    return min(width, height) >= 24 or not near


def _distance(point: tuple[float, float], box: list[float]) -> float:
    x, y, width, height = box
    aside = max(x - point[0], 0, point[0] - x - width)
    above = max(y - point[1], 0, point[1] - y - height)
    return float((aside**2 + above**2) ** 0.5)


def test_nothing_leaves_the_page(fresh: Opener) -> None:
    """What the specimens watch and ask is answered in the page; only its own bell has a socket."""
    page = fresh(SETTINGS[0])
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    page.get_by_role("button", name="Pause Import customers").click()
    page.get_by_text("Could not pause: This is a specimen").wait_for()
    page.get_by_role("button", name="Close: Summer pictures").click()
    page.get_by_role("link", name="Unread: Summer pictures").wait_for(state="detached")
    page.reload()
    page.locator("job-progress[connection=live]").first.wait_for()
    page.locator("job-toasts li").first.wait_for()
    assert [url for url in asked if "/gallery/" in url] == [page.url]
    assert all(re.search("/(static|headway/ws|typefaces)", url) for url in asked if url != page.url)
    page.context.close()


def test_the_list_of_notices_is_as_good(fresh: Opener) -> None:
    """The panels of the three bells break no rule, in the dark and on a phone."""
    page = fresh(SETTINGS[3])
    page.set_viewport_size({"width": 360, "height": 740})
    for bell in page.locator(".specimen job-inbox").all():
        bell.get_by_role("button").first.click()
        bell.get_by_role("dialog", name="Notices").wait_for()
        assert faults(page)[0] == []
        page.keyboard.press("Escape")
    page.context.close()


def test_it_holds_whatever_its_reader_needs(fresh: Opener) -> None:
    """320 pixels, 400 % zoom, wide text, right to left: nothing is cut, or scrolls sideways."""
    page = fresh(SETTINGS[1])
    page.set_viewport_size({"width": 320, "height": 256})
    assert page.evaluate(WIDE) is False
    page.evaluate("document.documentElement.dir = 'rtl'")
    stretch(page)
    assert page.evaluate(WIDE) is False
    fills = page.evaluate(
        DEEP
        + """inElements(".job:not(.unknown) .fill").map((fill) => {
          const [inner, outer] = [fill, fill.parentNode].map((one) => one.getBoundingClientRect());
          return inner.width === 0 ? 0 : Math.abs(outer.right - inner.right);
        })"""
    )
    assert max(fills) < 1.5
    page.evaluate("document.documentElement.dir = 'ltr'")
    page.evaluate(
        DEEP
        + """const wide = new CSSStyleSheet();
        wide.replaceSync(`* { line-height: 1.5 !important; letter-spacing: 0.12em !important;
          word-spacing: 0.16em !important }`);
        for (const root of [document, ...new Set(inElements("*").map((one) => one.getRootNode()))])
          root.adoptedStyleSheets.push(wide)"""
    )
    assert page.evaluate(WIDE) is False
    cut = page.evaluate(
        DEEP
        + """inElements("button:not(.bell), a, p, .state, .numbers, .pace, .name").filter((one) =>
          one.clientWidth > 1 && one.scrollWidth > one.clientWidth + 1
          && getComputedStyle(one).textOverflow !== "ellipsis").map((one) => one.outerHTML)"""
    )
    assert cut == []
    page.context.close()


def test_forced_colours_keep_every_bar_visible(fresh: Opener) -> None:
    """Each track has a border, each fill the system's highlight."""
    page = fresh(SETTINGS[0], forced_colors="active")
    told = page.evaluate(
        DEEP
        + """inElements(".track").map((track) => [getComputedStyle(track).borderTopWidth,
          getComputedStyle(track.firstElementChild).backgroundColor])"""
    )
    assert {border for border, _ in told} == {"1px"}
    assert len({colour for _, colour in told}) == 1
    page.context.close()


def test_motion_is_for_who_likes_it(fresh: Opener) -> None:
    """Nothing moves for others; for who does, what knows no end does, while it hears of its job."""
    moving = (
        DEEP
        + """inElements(".fill").filter((one) =>
      one.getAnimations().some(({ playState }) => playState === "running")).map((one) =>
      one.getRootNode().host.closest("figure").querySelector("figcaption").textContent)"""
    )
    page = fresh(SETTINGS[0])
    assert page.evaluate(moving) == []
    page.emulate_media(reduced_motion="no-preference")
    assert sorted(set(page.evaluate(moving))) == [
        "A page from right to left, total unknown",
        "Running, total unknown",
    ]
    page.context.close()


def test_nothing_jumps_when_the_elements_come(fresh: Opener) -> None:
    """What the server has drawn is as high as what the script draws in its place.

    A question, and buttons that need a line of their own, come with the script alone.
    """
    page = fresh(SETTINGS[0])
    held: list[Any] = []
    page.route("**/embed.js", lambda route: held.insert(0, route))
    page.reload(wait_until="commit")
    wait_until(lambda: page.evaluate(DRESSED) and held)
    page.evaluate(TYPEFACE, FACES)
    before = page.evaluate(HEIGHTS)
    held[0].continue_()
    after = page.evaluate(UPGRADED)
    plain = {one.name for one in specimens() if one.feed == "live" and not one.press}
    more = {one.name for one in specimens() if "question" in one.state} | {
        "Succeeded with warnings"
    }
    jumps = {name: (before[name], after[name]) for name in before if before[name] != after[name]}
    assert {name: jump for name, jump in jumps.items() if name in plain - more} == {}
    assert len(before.keys() & plain - more) > 20
    page.context.close()
