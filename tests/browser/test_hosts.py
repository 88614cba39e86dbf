"""The elements in pages of other people: their style sheets, their frameworks, our recipes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import pytest
from django.template import Context, Template
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.double import MODULES, Double, wait_until
from tests.browser.recipes import bundled, recipe
from tests.browser.test_element import (
    JOB,
    RUNNING,
    STATES,
    bar,
    browser,
    double,
    fresh,
    rendered,
    shown,
    wait_for,
)

__all__ = ["browser", "double"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (MODULES / "bootstrap").exists(), reason="run npm ci in frontend/"),
]

ADMIN = Path(django.__file__).parent / "contrib" / "admin" / "static" / "admin" / "css"
LOOSE = "default-src 'self' 'unsafe-inline'; connect-src 'self' ws:; img-src 'none'"
"""What a page allows that uses a framework which writes markup and inline scripts."""
HOSTS: dict[str, tuple[list[Path], str]] = {
    "bootstrap": ([MODULES / "bootstrap/dist/css/bootstrap.min.css"], "data-bs-theme=dark"),
    "tailwind": ([MODULES / "tailwindcss/preflight.css"], "class=dark data-theme=dark"),
    "pico": ([MODULES / "@picocss/pico/css/pico.min.css"], "data-theme=dark"),
    "admin": ([ADMIN / "base.css", ADMIN / "dark_mode.css"], "data-theme=dark"),
}
"""Style sheets, and what makes their pages dark."""
STILL: dict[str, Any] = {"eta": None, "retry_at": None, "stalled": False}
"""What makes a state say the same in a second's time."""
STANDING = [{**state, **STILL} for state in STATES.values()]
BODY = "".join(rendered(state, "actions") for state in STANDING) + bar(JOB, "compact")
# The size of a rem, and the typeface, are the page's affair; all else has to be alike.
SAME = """
:root { font-size: 16px !important; --headway-font: sans-serif }
main { all: initial; color-scheme: inherit; position: absolute; inset: 0 auto auto 0;
  inline-size: 800px }
"""
DIGEST = """() => {
  const WANTED = ["display", "fontSize", "fontWeight", "lineHeight", "letterSpacing", "color",
    "backgroundColor", "margin", "padding", "borderWidth", "borderRadius", "textAlign",
    "textTransform", "whiteSpace", "boxShadow", "opacity"];
  return [...document.querySelectorAll("job-progress")].flatMap(({ shadowRoot }) =>
    [...shadowRoot.querySelectorAll("*")].map((one) => {
      const style = getComputedStyle(one);
      const { width, height } = one.getBoundingClientRect();
      return [`${one.localName}.${one.getAttribute("class")}`, Math.round(width),
        Math.round(height), ...WANTED.map((name) => style[name])].join(" ");
    }));
}"""
HEIGHTS = "[...document.querySelectorAll('job-progress')].map((one) => one.offsetHeight)"
DRESSED = """document.querySelectorAll("job-progress progress").length === 2
  && document.readyState !== "loading"
  && [...document.querySelectorAll("link[rel=stylesheet]")].every(({ sheet }) => sheet)"""
COLOUR = "getComputedStyle(document.querySelector('job-progress')).color"
DARK = "rgb(230, 235, 243)"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Open a page at which nothing may be complained about."""
    context = browser.new_context(viewport={"width": 900, "height": 3000}, reduced_motion="reduce")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def hosted(double: Double, host: str, html: str = "lang=en") -> str:
    """Return the address of a page with a host's style sheets."""
    same = MODULES / ".recipes" / "same.css"
    same.parent.mkdir(exist_ok=True)
    same.write_text(SAME)
    sheets = HOSTS[host][0] if host else []
    double.files |= {f"/{host}/{sheet.name}": sheet for sheet in sheets} | {"/same.css": same}
    links = [*(f"/{host}/{sheet.name}" for sheet in sheets), "/same.css"]
    head = "".join(f'<link rel=stylesheet href="{link}">' for link in links)
    return double.page(BODY, head=head, html=html)


def drawn(page: Page, address: str) -> list[str]:
    """Return how everything inside the elements looks."""
    page.goto(address)
    shown(page, "job-progress[compact][connection=live][status=running]")
    digest: list[str] = page.evaluate(DIGEST)
    return digest


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_s_style_sheet_changes_nothing_inside(double: Double, page: Page, host: str) -> None:
    """Every part of every bar is as large and as coloured as in a page without one."""
    double.states = {state["id"]: state for state in STANDING}
    plain = drawn(page, hosted(double, ""))
    seen = drawn(page, hosted(double, host))
    changed = [pair for pair in zip(plain, seen, strict=True) if pair[0] != pair[1]]
    assert changed == []
    page.goto(hosted(double, host, f"lang=en {HOSTS[host][1]}"))
    shown(page, "job-progress[compact][status=running]")
    assert page.evaluate(COLOUR) == DARK


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_s_style_sheet_moves_nothing(double: Double, page: Page, host: str) -> None:
    """What stands there before the script is as high as what comes after it."""
    held: list[Route] = []
    address = hosted(double, host)
    body = "".join(rendered(fresh(RUNNING), look) for look in ("", "compact"))
    path = address.removeprefix(double.address)
    double.pages[path] = double.pages[path].replace(BODY, body)
    page.route("**/embed.js", lambda route: held.insert(0, route))
    page.goto(address, wait_until="commit")
    wait_for(page, DRESSED)
    before = page.evaluate(HEIGHTS)
    wait_until(lambda: page.evaluate("true") and held)
    held[0].continue_()
    shown(page, "job-progress[compact][connection=live]")
    assert page.evaluate(HEIGHTS) == before


def test_two_copies_of_each_script_do_no_harm(double: Double, page: Page) -> None:
    """Two packages may bring them; the first ones stay."""
    copies = "".join(
        f'<script type=module src="/static/{name}.js?{copy}"></script>'
        for name in ("tabs", "steer", "inbox", "embed")
        for copy in (1, 2)
    )
    page.goto(double.page(bar(attributes="actions") + "<job-inbox></job-inbox>", head=copies))
    shown(page, "job-progress[status=running]")
    assert page.get_by_role("button", name="Cancel Holiday pictures").count() == 1
    assert page.get_by_role("button", name="Notices").count() == 1


def test_the_recipe_for_bootstrap(double: Double, page: Page, tmp_path: Path) -> None:
    """The bar takes the page's colour, and is as dark as the page."""
    sheet = tmp_path / "recipe.css"
    sheet.write_text(recipe("Bootstrap")["css"])
    double.files |= {"/bootstrap.css": HOSTS["bootstrap"][0][0], "/recipe.css": sheet}
    markup = recipe("Bootstrap")["django"].partition("…\n")[2]
    body = rendered_by_django(markup, job_id=fresh(RUNNING))
    head = "".join(f"<link rel=stylesheet href=/{name}.css>" for name in ("bootstrap", "recipe"))
    page.goto(double.page(body, head=head, html="lang=en data-bs-theme=dark"))
    shown(page, "job-progress[status=running]")
    fill = (
        "getComputedStyle(document.querySelector('job-progress').shadowRoot.querySelector('.fill'))"
    )
    assert page.evaluate(f"{fill}.backgroundColor") == "rgb(13, 110, 253)"
    assert page.evaluate(COLOUR) == DARK


def test_the_recipe_for_htmx(double: Double, page: Page) -> None:
    """What is swapped in lives, its end makes the page ask again, and swapped out it is silent."""
    double.policy = LOOSE
    double.files["/htmx.js"] = MODULES / "htmx.org/dist/htmx.min.js"
    asked: list[str] = []
    started = rendered_by_django(recipe("htmx")["django"], job={"pk": fresh(RUNNING)})
    answers = {"/resize/": started, "/pictures/": "<p>All pictures</p>"}

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(double.address)
        asked.append(f"{route.request.method} {path}")
        route.fulfill(body=answers[path], content_type="text/html")

    for path in answers:
        page.route(f"**{path}", answer)
    page.goto(double.page(recipe("htmx")["html"], head="<script src=/htmx.js></script>"))
    page.get_by_role("button", name="Make them smaller").click()
    shown(page, "#work job-progress[status=running][connection=live]")
    double.change({**STATES["succeeded"], "id": JOB, "seq": 90})
    page.get_by_text("All pictures").wait_for()
    assert asked == ["POST /resize/", "GET /pictures/"]
    answers["/resize/"] = ""
    page.get_by_role("button", name="Make them smaller").click()
    wait_until(lambda: double.frames("unwatch"))


def test_the_recipe_for_react(double: Double, page: Page, tmp_path: Path) -> None:
    """React sets the properties, and hears the event."""
    mounted = f"""
      import {{ createRoot }} from "react-dom/client";
      createRoot(document.getElementById("root")).render(<Work job="{JOB}" />);
    """
    double.files["/react.js"] = bundled(recipe("React")["jsx"] + mounted, tmp_path)
    page.goto(double.page("<div id=root></div><script type=module src=/react.js></script>"))
    ends_in_framework(double, page)


def test_the_recipe_for_vue(double: Double, page: Page, tmp_path: Path) -> None:
    """Vue sets them too, also what it binds as a boolean."""
    double.policy = f"{LOOSE}; script-src 'self' 'unsafe-inline' 'unsafe-eval'"
    double.files["/vue.js"] = MODULES / "vue/dist/vue.global.prod.js"
    script = tmp_path / "app.js"
    script.write_text(
        f"""const app = Vue.createApp({{ data: () => ({{ job: "{JOB}", end: "" }}) }});
        app.config.compilerOptions.isCustomElement = (tag) => tag.startsWith("job-");
        app.mount("#root");"""
    )
    double.files["/app.js"] = script
    scripts = "<script src=/vue.js></script><script defer src=/app.js></script>"
    page.goto(double.page(f"<div id=root>{recipe('Vue')['html']}</div>", head=scripts))
    ends_in_framework(double, page)


def ends_in_framework(double: Double, page: Page) -> None:
    """See a framework's bar live, with its buttons, and the framework hear of the end."""
    shown(page, "#root job-progress[status=running][connection=live]")
    assert page.get_by_role("button", name="Cancel Holiday pictures").count() == 1
    double.change({**STATES["failed with error"], "id": JOB, "seq": 90})
    page.get_by_text("It has failed.").wait_for()


def test_the_recipe_for_a_bar_of_your_own(double: Double, page: Page, tmp_path: Path) -> None:
    """The client alone, without elements, moves whatever the page has."""
    script = tmp_path / "own.js"
    script.write_text(recipe("A bar of your own")["js"].replace("/static/realtime/", "/static/"))
    double.files["/own.js"] = script
    markup = recipe("A bar of your own")["html"].replace("…", JOB)
    address = double.page(f"{markup}<script type=module src=/own.js></script>")
    page.goto(address)
    output = page.locator("output")
    expect(output).to_have_text("Holiday pictures: running")
    assert page.evaluate("document.querySelector('progress').value") == 0.31
    double.change(fresh(STATES["running without total"], id=JOB, seq=80))
    wait_for(page, "document.querySelector('progress').position === -1")
    double.change({**STATES["succeeded"], "id": JOB, "seq": 90})
    expect(output).to_have_text("Export orders: succeeded")
    wait_until(lambda: double.frames("unwatch"))
    assert [frame["topics"] for frame in double.frames("unwatch")] == [[f"job:{JOB}"]]


def test_the_recipe_for_a_list_that_steers(double: Double, page: Page) -> None:
    """A line for each job, with its buttons, on one socket."""
    template = recipe("A list that steers")["django"]
    page.goto(double.page(rendered_by_django(template, jobs=[*double.states.values()])))
    wait_for(page, f"document.querySelectorAll('li job-progress').length === {len(STATES)}")
    page.get_by_role("button", name="Cancel Holiday pictures").wait_for()
    wait_until(lambda: double.frames("watch"))
    assert len(double.sockets) == 1


def rendered_by_django(template: str, **given: Any) -> str:
    """Return what the recipe's template becomes; a bar can be drawn from a state alone."""
    return Template("{% load headway %}" + template).render(Context(given))


def test_no_recipe_is_left_out() -> None:
    """Each is run here, or before the real service."""
    titles = Path(MODULES.parents[1] / "EMBEDDING.md").read_text("utf-8").split("## Recipes")[1]
    found = {line[4:] for line in titles.splitlines() if line.startswith("### ")}
    here: dict[str, Any] = {
        "Bootstrap": test_the_recipe_for_bootstrap,
        "htmx": test_the_recipe_for_htmx,
        "React": test_the_recipe_for_react,
        "Vue": test_the_recipe_for_vue,
        "A bar of your own": test_the_recipe_for_a_bar_of_your_own,
        "A list that steers": test_the_recipe_for_a_list_that_steers,
    }
    elsewhere = {"Server-sent events", "A link for people without an account"}
    assert found - here.keys() == elsewhere
