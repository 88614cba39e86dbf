"""The gallery in a browser: opened so that it looks the same on every machine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from core.gallery.specimens import NOW
from core.reports.fonts import FOLDER as TYPEFACES
from tests.browser.double import AXE, wait_until

LATER = NOW.replace("00.000Z", "05.000Z")
"""When trouble has lasted long enough to be shown."""
FACES = {"DejaVuSans.ttf": "400", "DejaVuSans-Bold.ttf": "600 900"}
TROUBLED = """() => [...document.querySelectorAll("job-progress[src]")]
  .filter((bar) => !/(live|silent)\\/$/.test(bar.getAttribute("src")))
  .every((bar) => /stale|offline/.test(bar.getAttribute("connection")))"""
"""Whoever is to be in trouble is: the clock stands still, and it is shown some seconds later."""
SETTLED = """() => {
  const bars = [...document.querySelectorAll("job-progress")];
  const said = (bar) => bar.shadowRoot?.textContent;
  const troubled = bars.filter((bar) => bar.src && !/(live|silent)\\/$/.test(bar.src));
  return bars.every(said)
    && troubled.every((bar) => /Reconnecting|Offline/.test(said(bar)))
    && document.querySelectorAll("job-inbox, job-toasts").length >= 4
    && [...document.querySelectorAll("job-log")].every(({ shadowRoot }) =>
      shadowRoot?.querySelector(".row, [part=message]"))
    && [...document.querySelectorAll("job-tree")].every(({ shadowRoot }) =>
      shadowRoot?.querySelector(".row, .note:not(:empty)"))
    && document.querySelector("job-tray")?.shadowRoot?.querySelector(".pill")
    && bars.filter((bar) => bar.shadowRoot.querySelector("[role=alert]")).length === 1
    && document.querySelector("job-toasts").shadowRoot.querySelector("li") !== null
    && [...document.fonts].every(({ status }) => status === "loaded");
}"""
"""Every specimen says what it is there to say."""
COVERED = 100
"""Pixels, more than what the tray keeps free below a page that is as high as the window."""
DRAWN = "new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))"
TYPEFACE = """async (faces) => {
  for (const [file, weight] of Object.entries(faces)) {
    const face = new FontFace("Specimen", `url(/typefaces/${file})`, { weight });
    document.fonts.add(await face.load());
  }
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("*, ::before, ::after { font-family: Specimen !important;"
    + "--headway-log-font: Specimen }");
  document.adoptedStyleSheets.push(sheet);
}"""
AXE_RUN = """async () => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const { violations, passes } = await axe.run({ runOnly: tags });
  const found = passes.find(({ id }) => id === "color-contrast");
  return [violations.map(({ id, nodes }) => [id, nodes.map((one) => one.html.slice(0, 200))]),
          found ? found.nodes.length : 0];
}"""


@dataclass(frozen=True)
class Setting:
    """In what the gallery is looked at."""

    theme: str
    """What the system prefers."""
    width: int
    """Of the window, in pixels."""

    @property
    def name(self) -> str:
        """What files are called after it."""
        return f"{self.theme}-{self.width}"


SETTINGS = [Setting(theme, width) for theme in ("light", "dark") for width in (1280, 360)]


def opened(browser: Browser, url: str, cookie: str, setting: Setting, **more: Any) -> Page:
    """Open the gallery in a typeface of ours, at its own moment, as high as it is."""
    context = browser.new_context(
        base_url=url,
        viewport={"width": setting.width, "height": 900},
        color_scheme=setting.theme,  # type: ignore[arg-type]
        reduced_motion="reduce",
        timezone_id="Europe/Berlin",
        locale="en-GB",
        **more,
    )
    name, _, value = cookie.partition("=")
    context.add_cookies([{"name": name, "value": value, "url": url}])
    context.route("**/typefaces/*", lambda route: route.fulfill(path=_typeface(route.request.url)))
    page = context.new_page()
    page.clock.set_fixed_time(NOW)
    page.goto("/gallery/")
    page.evaluate(TYPEFACE, FACES)
    wait_until(lambda: page.evaluate(TROUBLED), 60)
    page.clock.set_fixed_time(LATER)
    stretch(page)
    wait_until(lambda: page.evaluate(SETTLED), 60)
    stretch(page)
    return page


def stretch(page: Page) -> None:
    """Make the window as high as the page: what is not in sight is not painted."""
    size = page.viewport_size
    assert size
    before, height = 0, 900
    while height > before + COVERED:
        page.set_viewport_size({"width": size["width"], "height": height})
        page.evaluate(DRAWN)
        before, height = height, page.evaluate("document.documentElement.scrollHeight")


def faults(page: Page) -> tuple[list[Any], int]:
    """Return what axe complains about, and of how many texts it has seen the contrast."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text("utf-8"))
    found, contrasts = page.evaluate(AXE_RUN)
    return found, contrasts


def tree(page: Page) -> list[dict[str, Any]]:
    """Return the accessibility tree, as plain dictionaries: role, name, value, properties."""
    session = page.context.new_cdp_session(page)
    session.send("Accessibility.enable")
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    return [_plain(node) for node in nodes if not node.get("ignored")]


def _plain(node: dict[str, Any]) -> dict[str, Any]:
    properties = {one["name"]: one["value"].get("value") for one in node.get("properties", [])}
    said = {key: node.get(key, {}).get("value") for key in ("role", "name", "value")}
    return {**properties, **said}


def assert_named_role(nodes: list[dict[str, Any]], role: str, names: list[str]) -> None:
    """Hold that the nodes of this role have just these names; none is without one."""
    found = sorted(str(node["name"]) for node in nodes if node["role"] == role)
    assert found == sorted(names), json.dumps(found, ensure_ascii=False)


def _typeface(url: str) -> Path:
    return TYPEFACES / url.rpartition("/")[2]
