"""From a report in a task to a real browser: how long one report travels when nothing else is on.

Task and browser read the same machine's clock; the browser's has whole milliseconds.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests.bench.house import person
from tests.bench.table import Promise, Row, Table
from tests.bench.timing import percentile
from tests.processes import Child, child, web_server
from tests.services import CHROMIUM_FLAGS, chromium, wait_until

MIDDLE, SLOW = 0.1, 0.25
"""Seconds within which half of the reports, and 99 of 100, arrive."""

WATCH = """job => {
    window.arrived = [];
    window.painted = [];
    const socket = new WebSocket(`ws://${location.host}/headway/ws`, "headway.v1");
    let frames = 0;
    socket.onmessage = ({ data }) => {
        const at = Date.now();
        const frame = JSON.parse(data);
        if (frame.type === "welcome")
            socket.send(JSON.stringify({ type: "watch", topics: { [`job:${job}`]: {} } }));
        if (frame.type === "watching") window.watching = true;
        if (frame.type !== "jobs") return;
        socket.send(JSON.stringify({ type: "ack", frames: ++frames }));
        for (const state of frame.jobs) window.arrived.push([state.message, at]);
    };
    document.querySelector("job-progress")?.addEventListener("job-change", event => {
        const { message } = event.detail.state;
        requestAnimationFrame(() => window.painted.push([message, Date.now()]));
    });
}"""
Samples = dict[str, list[float]]
"""Seconds that each report took, by where it arrived."""


def run(*, quick: bool) -> list[Table]:
    """Let a task report now and then, and a page of the service watch it."""
    reports = 10 if quick else 50
    from tests.sockets import sign_in

    ana = person("ana")
    cookie = sign_in(ana).removeprefix("sessionid=")
    with _worker(), web_server("daphne") as web, tempfile.TemporaryDirectory() as folder:
        gate = Path(folder) / "gate"
        job = _start(ana, str(gate), reports)
        with _page(web, cookie) as page:
            page.goto(f"{web.url}/jobs/{job}/")
            page.evaluate(WATCH, job)
            page.wait_for_function("window.watching", timeout=10_000)
            page.wait_for_timeout(1_000)
            gate.touch()
            page.wait_for_timeout(reports * 450 + 2_000)
            samples = {name: _late(page.evaluate(f"window.{name}")) for name in NAMES}
    return [_table(samples, reports)]


NAMES = {"arrived": "report → frame in the browser", "painted": "report → drawn by <job-progress>"}


@contextmanager
def _worker() -> Iterator[None]:
    command = ("celery", "-A", "tests.bench.worker", "worker", "-c", "2", "-n", "journey@bench")
    lean = ("--without-gossip", "--without-mingle")
    more: Any = {"DJANGO_SETTINGS_MODULE": "tests.bench.settings"}
    with child(sys.executable, "-m", *command, *lean, **more) as worker:
        wait_until(lambda: _answers(worker), "the worker to answer", seconds=60)
        yield


def _answers(worker: Child) -> bool:
    from tests.bench.worker import app

    assert worker.process.poll() is None, worker.printed()
    return bool(app.control.ping(destination=["journey@bench"], timeout=1))


def _start(owner: Any, *given: Any) -> str:
    import realtime
    from tests.bench.jobs import irregular

    return str(realtime.start(irregular, *given, owner=owner, title="Journey").pk)


@contextmanager
def _page(web: Child, session: str) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
        try:
            context = browser.new_context(bypass_csp=True)
            context.add_cookies([{"name": "sessionid", "value": session, "url": web.url}])
            yield context.new_page()
        finally:
            browser.close()


def _late(seen: list[tuple[str, int]]) -> list[float]:
    """Return how late each report was when it was first seen."""
    first: dict[str, int] = {}
    for message, at in seen:
        if message[:1].isdigit():
            first.setdefault(message, at)
    return [at / 1000 - float(message) for message, at in first.items()]


def _table(samples: Samples, reports: int) -> Table:
    rows = [
        Row(NAMES[name], _figures(late), _promises(late, reports) if name == "arrived" else ())
        for name, late in samples.items()
        if late
    ]
    title = f"journey: {reports} reports, 300 to 600 ms apart: prefork worker, Daphne, Chromium"
    return Table(title=title, rows=rows)


def _figures(late: list[float]) -> dict[str, float | None]:
    return {
        "reports": len(late),
        "p50 ms": percentile(late, 0.5) * 1000,
        "p99 ms": percentile(late, 0.99) * 1000,
        "worst ms": max(late) * 1000,
    }


def _promises(late: list[float], reports: int) -> tuple[Promise, ...]:
    middle, slow = percentile(late, 0.5), percentile(late, 0.99)
    text = f"a report is in the browser within {MIDDLE * 1000:.0f} ms, 99 of 100 within "
    return (
        Promise(
            text=f"{text}{SLOW * 1000:.0f} ms",
            measured=f"p50 {middle * 1000:.0f} ms, p99 {slow * 1000:.0f} ms",
            kept=middle < MIDDLE and slow < SLOW and len(late) == reports,
        ),
    )
