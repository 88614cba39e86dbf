"""The dashboard while a thousand jobs report: what the browser and the web process do meanwhile.

All parts are the real ones: a process that reports as a worker does, Redis, Daphne with its hub,
and the dashboard in headless Chromium; the other dashboards are sockets that watch all jobs.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import psutil
from playwright.sync_api import Page

from tests.bench.browser import as_deployed, chromium_browser, metrics
from tests.bench.fanout import cpu, crowded
from tests.bench.house import person
from tests.bench.table import Promise, Row, Table
from tests.bench.timing import percentile
from tests.bench.viewers import Crowd
from tests.processes import ROOT, Child, web_server

JOBS = 1_000
RATE = 10
"""Reports of each job in a second."""
PROCESSES = 2
"""Processes that report: each has its share of the jobs."""
SECONDS = 20
WARMING = 5
DASHBOARDS = (1, 50)
WEB = {1: 0.35, 50: 0.45}
"""Share of a core that the web process may take, by how many dashboards there are."""
BUSY = 0.12
"""Share of the browser's main thread."""
FRAME = 0.020
"""Seconds between two pictures, of all but a twentieth."""
FRAMES = """
window.frames = [];
const count = (at) => { window.frames.push(at); requestAnimationFrame(count); };
requestAnimationFrame(count);
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was measured while the jobs reported."""

    reports: float
    """Reports a second."""
    told: float
    """States a second that went out: the reporter leaves out what a newer report overtakes."""
    web: float
    """Share of a core that the web process took."""
    busy: float
    """Share of the main thread."""
    frame: float
    """Seconds between two pictures, of all but a twentieth."""


def run(*, quick: bool) -> list[Table]:
    """Measure the jobs' page, alone and beside other dashboards."""
    from tests.sockets import sign_in

    cookie = sign_in(person("operator", is_superuser=True))
    seconds = 5 if quick else SECONDS
    with as_deployed() as told, web_server("daphne", **told) as web, ExitStack() as stack:
        crew = Crew(stack)
        rows = [_row(count, _measured(web, cookie, crew, count, seconds)) for count in DASHBOARDS]
    title = f"live: {JOBS:,} running jobs, {RATE} reports a second each, for {seconds} s, Daphne"
    return [Table(title=title, rows=rows)]


class Crew:
    """The processes with the jobs."""

    def __init__(self, stack: ExitStack) -> None:
        """Start them, and wait until their jobs run."""
        command = [sys.executable, "-m", "tests.bench.running", str(JOBS // PROCESSES)]
        pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._processes = []
        for _ in range(PROCESSES):
            process = stack.enter_context(subprocess.Popen(command, cwd=ROOT, **pipes))
            stack.callback(process.kill)
            self._processes.append(process)
        self._heard()

    def report(self, seconds: float) -> dict[str, float]:
        """Let the jobs report for a while; return how many reports there were, and states told."""
        for process in self._processes:
            assert process.stdin
            process.stdin.write(json.dumps({"rate": RATE, "seconds": seconds}) + "\n")
            process.stdin.flush()
        answers = self._heard()
        longest = max(one["seconds"] for one in answers)
        sums = {name: sum(one[name] for one in answers) for name in ("reports", "told")}
        return {name: number / longest for name, number in sums.items()}

    def _heard(self) -> list[dict[str, float]]:
        lines = [process.stdout.readline() for process in self._processes if process.stdout]
        assert all(lines), "A process with jobs has died."
        return [json.loads(line) for line in lines]


def _measured(web: Child, cookie: str, crew: Crew, dashboards: int, seconds: float) -> Seen:
    server = psutil.Process(web.pid)
    with ExitStack() as stack:
        if dashboards > 1:
            others = stack.enter_context(crowded(_others(web, cookie, dashboards - 1)))
            assert others.stdout
            assert others.stdout.readline() == "ready\n"
        page = stack.enter_context(_dashboard(web, cookie))
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")
        crew.report(WARMING)
        page.evaluate("window.frames = []")
        before, taken, begun = metrics(session), cpu(server), time.monotonic()
        made = crew.report(seconds)
        passed = time.monotonic() - begun
        after, web_took = metrics(session), cpu(server) - taken
        frames: list[float] = page.evaluate("window.frames")
    gaps = [(one - other) / 1000 for one, other in zip(frames[1:], frames, strict=False)]
    return Seen(
        reports=made["reports"],
        told=made["told"],
        web=web_took / passed,
        busy=(after["TaskDuration"] - before["TaskDuration"]) / passed,
        frame=percentile(gaps, 0.95),
    )


@contextmanager
def _dashboard(web: Child, cookie: str) -> Iterator[Page]:
    """Open the list of running jobs."""
    with chromium_browser() as browser:
        context = browser.new_context(bypass_csp=True, viewport={"width": 1200, "height": 800})
        name, _, value = cookie.partition("=")
        signed: Any = {"name": name, "value": value, "url": web.url}
        context.add_cookies([signed])
        page = context.new_page()
        page.add_init_script(FRAMES)
        page.goto(f"{web.url}/headway/dashboard/jobs?q=status:running")
        page.wait_for_selector("job-dashboard[connection=live]")
        page.get_by_text("Import ").first.wait_for()
        yield page
        context.close()


def _others(web: Child, cookie: str, count: int) -> Crowd:
    """Return people who have the same page open."""
    headers = [f"Cookie: {cookie}", f"Origin: {web.url}", "Sec-WebSocket-Protocol: headway.v1"]
    return Crowd(
        port=web.port,
        path="/headway/ws",
        viewers=count,
        headers=[headers],
        hello=[json.dumps({"type": "watch", "topics": {"all": {}}})],
        ready='{"type":"watching"',
        data='{"type":"jobs"',
        acks=96,
    )


def _row(dashboards: int, seen: Seen) -> Row:
    figures = {
        "reports/s": seen.reports,
        "told/s": seen.told,
        "web process % of a core": seen.web * 100,
        "main thread busy %": seen.busy * 100,
        "p95 frame ms": seen.frame * 1000,
    }
    loaded = seen.reports > 0.9 * JOBS * RATE
    who = "one dashboard" if dashboards == 1 else f"{dashboards} dashboards"
    promises = [
        Promise(
            text=f"{JOBS:,} running jobs with {RATE} reports a second each, {who}: at most "
            f"{WEB[dashboards]:.0%} of a core for the web process",
            measured=f"{seen.web:.0%}",
            kept=loaded and seen.web <= WEB[dashboards],
        )
    ]
    if dashboards == 1:
        promises.append(
            Promise(
                text=f"the dashboard shows them with at most {BUSY:.0%} of the browser's main "
                f"thread, 95 of 100 pictures within {FRAME * 1000:.0f} ms",
                measured=f"{seen.busy:.0%}, {seen.frame * 1000:.1f} ms",
                kept=loaded and seen.busy <= BUSY and seen.frame <= FRAME,
            )
        )
    return Row(who, figures, tuple(promises))
