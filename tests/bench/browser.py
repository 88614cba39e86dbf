"""What the elements cost a page, in headless Chromium, and how soon they are there.

The figures are those of a software renderer on two cores that the page shares with its server.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, sync_playwright

from tests.bench.house import person
from tests.bench.table import Promise, Row, Table
from tests.bench.timing import percentile
from tests.processes import ROOT, Child, environment, web_server
from tests.services import CHROMIUM_FLAGS, chromium

BARS = 1_000
RATE = 10
"""Changes of each bar in a second."""
FRAMES = 40
"""Pictures a second that a page with so many bars still draws at least; the aim is 50."""
BUSY = {"bars": 0.60, "none": 0.20}
"""Share of the main thread that these changes may take: drawn, and only taken in."""
HOUR = 3_600
"""Changes of each of the bars, as of an hour with one a second."""
AT_ONCE = 20
"""So many are sent before the page is waited for."""
GROWTH = 5_000_000
"""Bytes that the page's heap may grow by meanwhile."""
HERE = "this machine"
LIVE = {HERE: 1.0, "1.6 Mbit/s, 150 ms, a quarter of the CPU": 2.0}
"""Seconds after which half of all first bars are live, with nothing kept from before."""
SLOW_LINE = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 200_000,
    "uploadThroughput": 200_000,
}
"""Milliseconds, and bytes a second."""
FAIL_OVER = 0.5
"""Seconds after which another tab has a socket."""
TABS = 4
SETTINGS = "core.settings"

COUNT = """
window.frames = [];
const count = (at) => { window.frames.push(at); requestAnimationFrame(count); };
requestAnimationFrame(count);
document.addEventListener('job-change', ({ detail }) => { window.seq = detail.state.seq; });
"""
FIRST = """
const seen = () => {
  const bar = document.querySelector('job-progress');
  if (bar?.getAttribute('connection') !== 'live') return requestAnimationFrame(seen);
  requestAnimationFrame(() => { window.live = performance.now(); });
};
requestAnimationFrame(seen);
"""
SOCKETS = """
window.opened = [];
window.welcomed = [];
window.WebSocket = class extends WebSocket {
  constructor(...given) {
    super(...given);
    window.opened.push(Date.now());
    this.addEventListener('message', () => window.welcomed.push(Date.now()), { once: true });
  }
};
"""
WATCH = """async (jobs) => {
  window.states = 0;
  const script = document.querySelector('script[data-headway-src]');
  const { connect } = await import(script.src);
  const client = connect(script.dataset.headwaySrc);
  for (const job of jobs) client.watch(`job:${job}`, () => { window.states += 1; });
}"""


def run(*, quick: bool) -> list[Table]:
    """Measure pages of the stand-in server, then those of the service."""
    import realtime
    from tests.bench.jobs import second
    from tests.sockets import sign_in

    ana = person("ana")
    cookie = sign_in(ana).removeprefix("sessionid=")
    job = str(realtime.start(second, owner=ana, title="Waits for a worker").pk)
    with as_deployed() as told, web_server("daphne", **told) as web, chromium_browser() as browser:
        fed = _fed(browser, seconds=3 if quick else 10, rounds=HOUR // 20 if quick else HOUR)
        served = _served(Service(browser, web, cookie, job), rounds=3 if quick else 15)
    return [fed, served]


@contextmanager
def as_deployed() -> Iterator[dict[str, str]]:
    """Collect the static files, hashed and packed; return what tells the server so."""
    from django.conf import settings

    with tempfile.TemporaryDirectory(prefix="hw-static-") as folder:
        about = {"DEBUG": "0", "SECRET_KEY": settings.SECRET_KEY, "ALLOWED_HOSTS": "127.0.0.1"}
        # The tests' settings are those of a machine on which somebody develops.
        told = {**about, "HTTPS": "0", "STATIC_ROOT": folder, "DJANGO_SETTINGS_MODULE": SETTINGS}
        collect = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity=0"]
        subprocess.run(collect, cwd=ROOT, env=environment(**told), check=True)
        yield told


@dataclass(frozen=True, slots=True)
class Service:
    """The service as a person's browser finds it."""

    browser: Browser
    web: Child
    cookie: str
    job: str

    def context(self) -> BrowserContext:
        """Return a browser that has seen nothing so far, with the person signed in."""
        context = self.browser.new_context(bypass_csp=True)
        cookie: Any = {"name": "sessionid", "value": self.cookie, "url": self.web.url}
        context.add_cookies([cookie])
        return context

    def tab(self, context: BrowserContext) -> Page:
        """Open a page with a live bar."""
        page = context.new_page()
        page.goto(self.page)
        page.wait_for_selector("job-progress[connection=live]", state="attached")
        return page

    @property
    def page(self) -> str:
        """Return the address of the job's page."""
        return f"{self.web.url}/jobs/{self.job}/"


@contextmanager
def chromium_browser() -> Iterator[Browser]:
    """Run a browser without a screen."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


class Feed:
    """The stand-in server's process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Read which pages there are."""
        self._process = process
        self.pages: dict[str, str] = self._heard()

    def asked(self, **what: float) -> dict[str, float]:
        """Let it send; return what it has sent."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        found: dict[str, float] = self._heard()
        return found

    def _heard(self) -> Any:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, "The stand-in server has died."
        return json.loads(line)


@contextmanager
def _feed() -> Iterator[Feed]:
    command = [sys.executable, "-m", "tests.bench.feed", str(BARS)]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        try:
            yield Feed(process)
        finally:
            process.kill()


def _fed(browser: Browser, *, seconds: float, rounds: int) -> Table:
    rows = []
    with _feed() as feed:
        for name in ("none", "bars"):
            with _open(browser, feed, name) as (page, session):
                rows.append(_paced(feed, page, session, name, seconds))
        with _open(browser, feed, "bars") as (page, session):
            rows.append(_hour(feed, page, session, rounds))
    title = f"browser: {BARS:,} jobs that change {RATE} times a second, batches of 50 ms"
    return Table(title=title, rows=rows)


@contextmanager
def _open(browser: Browser, feed: Feed, name: str) -> Iterator[tuple[Page, CDPSession]]:
    context = browser.new_context(bypass_csp=True, viewport={"width": 1200, "height": 800})
    page = context.new_page()
    if name == "bars":
        page.add_init_script(COUNT)
    page.goto(feed.pages[name])
    if name == "none":
        page.evaluate(WATCH, [f"{number:08}-0000-4000-8000-000000000000" for number in range(BARS)])
    page.wait_for_timeout(3_000)
    session = context.new_cdp_session(page)
    session.send("Performance.enable")
    try:
        yield page, session
    finally:
        context.close()


def metrics(session: CDPSession) -> dict[str, float]:
    """Return what the browser has counted of a page."""
    found = session.send("Performance.getMetrics")["metrics"]
    return {str(one["name"]): float(one["value"]) for one in found}


def _paced(feed: Feed, page: Page, session: CDPSession, name: str, seconds: float) -> Row:
    page.evaluate("window.frames = []")
    before, begun = metrics(session), time.monotonic()
    sent = feed.asked(rate=RATE, seconds=seconds)
    taken, after = time.monotonic() - begun, metrics(session)
    frames: list[float] = page.evaluate("window.frames")
    busy = (after["TaskDuration"] - before["TaskDuration"]) / taken
    figures = {"states/s": sent["states"] / sent["seconds"], "main thread busy %": busy * 100}
    if frames:
        gaps = [one - other for one, other in zip(frames[1:], frames, strict=False)]
        figures |= {"frames/s": len(frames) / taken, "p95 frame ms": percentile(gaps, 0.95)}
    what = f"{BARS:,} bars" if name == "bars" else "taken in, nothing drawn"
    return Row(what, figures, (_kept_busy(name, figures),))


def _kept_busy(name: str, figures: dict[str, float]) -> Promise:
    busy, frames = figures["main thread busy %"], figures.get("frames/s")
    enough = figures["states/s"] > 0.9 * BARS * RATE and busy <= BUSY[name] * 100
    if frames is None:
        text = (
            f"10,000 whole states a second take at most {BUSY[name]:.0%} of the page's main thread"
        )
        return Promise(text=text, measured=f"{busy:.1f} %", kept=enough)
    return Promise(
        text=f"{BARS:,} bars that change {RATE} times a second take at most {BUSY[name]:.0%} of "
        f"it, at {FRAMES} pictures a second or more",
        measured=f"{busy:.0f} %, {frames:.0f} pictures a second",
        kept=enough and frames >= FRAMES,
    )


def _hour(feed: Feed, page: Page, session: CDPSession, rounds: int) -> Row:
    feed.asked(rounds=1)  # Each bar has all the parts that it will have.
    page.wait_for_timeout(1_500)
    before, changes = _swept(session), 0.0
    for _ in range(rounds // AT_ONCE):
        sent = feed.asked(rounds=AT_ONCE)
        changes += sent["states"]
        page.wait_for_function("seq => window.seq === seq", arg=sent["seq"], timeout=120_000)
    page.evaluate("window.frames.length = 0")
    after = _swept(session)
    grown = after["JSHeapUsedSize"] - before["JSHeapUsedSize"]
    nodes = after["Nodes"] - before["Nodes"]
    figures = {"heap grows by MB": grown / 1e6, "nodes more": nodes}
    promise = Promise(
        text=f"after an hour of {BARS:,} jobs with a change a second a page has grown by at most "
        f"{GROWTH / 1e6:.0f} MB, and by no node",
        measured=f"{grown / 1e6:.1f} MB, {nodes:.0f} nodes after {changes:,.0f} changes",
        kept=grown <= GROWTH and nodes <= BARS / 100,
    )
    return Row(f"{rounds:,} changes of {BARS:,} bars", figures, (promise,))


def _swept(session: CDPSession) -> dict[str, float]:
    session.send("HeapProfiler.enable")
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    return metrics(session)


def _served(service: Service, *, rounds: int) -> Table:
    _first_bar(service)  # The server has everything in memory from now on.
    rows = [_first_bars(service, where, rounds) for where in LIVE]
    rows.append(_fail_over(service, rounds))
    return Table(title=f"browser: pages of the service under Daphne, {rounds} times", rows=rows)


def _first_bars(service: Service, where: str, rounds: int) -> Row:
    found = [_first_bar(service, slow=where != HERE) for _ in range(rounds)]
    middle = percentile(found, 0.5)
    figures = {"p50 ms": middle * 1000, "worst ms": max(found) * 1000}
    promise = Promise(
        text=f"half of all first bars are live within {LIVE[where]} s: {where}",
        measured=f"p50 {middle * 1000:.0f} ms",
        kept=middle <= LIVE[where],
    )
    return Row(f"first live bar, nothing in the cache: {where}", figures, (promise,))


def _first_bar(service: Service, *, slow: bool = False) -> float:
    """Return the seconds from the click to a live bar on the screen."""
    context = service.context()
    page = context.new_page()
    if slow:
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", SLOW_LINE)
        session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.add_init_script(FIRST)
    page.goto(service.page)
    page.wait_for_function("window.live", timeout=30_000)
    found = float(page.evaluate("window.live")) / 1000
    context.close()
    return found


def _fail_over(service: Service, rounds: int) -> Row:
    """Close the tab that has the socket, again and again."""
    context = service.context()
    context.add_init_script(SOCKETS)
    pages = [service.tab(context) for _ in range(TABS)]
    found = []
    for _ in range(rounds):
        leader = pages.pop(0)
        closed = time.time()
        leader.close()
        at, leads = _welcomed(pages)
        found.append(at - closed)
        # Whoever has the socket now comes first, a new tab last.
        pages = [leads, *(page for page in pages if page != leads), service.tab(context)]
    context.close()
    middle, worst = percentile(found, 0.5), max(found)
    promise = Promise(
        text="when the tab with the socket is closed, another has one within "
        f"{FAIL_OVER * 1000:.0f} ms",
        measured=f"p50 {middle * 1000:.0f} ms, at worst {worst * 1000:.0f} ms",
        kept=worst <= FAIL_OVER,
    )
    figures = {"p50 ms": middle * 1000, "worst ms": worst * 1000}
    return Row(f"another of {TABS} tabs is welcomed", figures, (promise,))


def _welcomed(pages: list[Page]) -> tuple[float, Page]:
    """Return when another of the tabs was welcomed, and which."""
    for _ in range(200):
        for page in pages:
            if welcomed := page.evaluate("window.welcomed"):
                return welcomed[-1] / 1000, page
        time.sleep(0.02)
    message = "expected another tab to open a socket within seconds"
    raise TimeoutError(message)
