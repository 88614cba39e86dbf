"""What tells people how it stands, in a browser before the real service: trees, lines, times."""

from __future__ import annotations

import hashlib
import io
import os
import random
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import group
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect

import realtime
from realtime import files, publish
from realtime.events import JobState, timestamp
from realtime.models import Job
from tests import tasks
from tests.browser.test_journey import browser, database_beside_playwright
from tests.faults.proxy import proxy
from tests.processes import Child, web_server, worker
from tests.realtime.test_history import ran
from tests.services import RedisServer, wait_until
from tests.sockets import sign_in

__all__ = ["browser", "database_beside_playwright"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

COUNTED = 60_000
"""Milliseconds: a count that took long is followed by up to half a minute without one."""
SIZE = 20_000_000
SPEED = 8_000_000
FIRST_PART = """address => {
  window.got = new Uint8Array();
  window.broken = fetch(address).then(async answer => {
    window.tag = answer.headers.get("ETag");
    for await (const part of answer.body) {
      const both = new Uint8Array(got.length + part.length);
      both.set(got);
      both.set(part, got.length);
      window.got = both;
    }
  }).then(() => false, () => true);
}"""
REST = """async address => {
  if (!await broken) throw new Error("expected the connection to die, got: the whole file");
  const headers = {Range: `bytes=${got.length}-`, "If-Range": tag};
  const answer = await fetch(address, {headers});
  const whole = await new Blob([got, await answer.arrayBuffer()]).arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
  const hex = [...digest].map(byte => byte.toString(16).padStart(2, "0"));
  return [got.length, answer.status, hex.join("")];
}"""


@pytest.fixture(scope="module")
def service(redis: RedisServer, django_db_setup: None) -> Iterator[Child]:
    """Keep the service for this file: web, and a worker that does one thing at a time.

    Nobody has left anything in the queue, or a job that waits there for ever.
    """
    with redis.client() as client:
        client.flushdb()
    with web_server(DEBUG="1") as web, worker("threads", concurrency=1):
        yield web


@pytest.fixture
def ana(transactional_db: None) -> User:
    """Return a user."""
    return User.objects.create_user("ana", password="x")


@pytest.fixture
def page(browser: Browser, service: Child, ana: User) -> Iterator[Page]:
    """Open a browser in which Ana is signed in."""
    name, _, value = sign_in(ana).partition("=")
    context = browser.new_context(base_url=service.url, accept_downloads=True)
    context.add_cookies([{"name": name, "value": value, "domain": "127.0.0.1", "path": "/"}])
    yield context.new_page()
    context.close()


def opened(page: Page, job: Job) -> None:
    """Open the page of a job, and wait until its bar is live."""
    page.goto(f"/jobs/{job.pk}/")
    page.evaluate(
        """() => {
          window.seen = [];
          document.addEventListener("job-change", ({detail}) => seen.push(detail.state));
        }"""
    )
    expect(page.locator("job-progress")).to_have_attribute("connection", "live")


def left(owner: User, name: str, data: bytes) -> str:
    """Return a job that has ended and left a file where the service has its own."""
    job, at = str(uuid.uuid4()), timestamp()
    state = JobState(id=job, root=job, name="t", title="T", owner=str(owner.pk), queued_at=at)
    publish.publish([publish.Change(state=state, order=1, transition=True)])
    file = files.keep(job, name, io.BytesIO(data), None)
    end = state.changed(status="succeeded", finished_at=at, files=[file])
    publish.publish([publish.Change(state=end, order=1, transition=True)])
    return job


def test_a_tree_has_one_bar_that_only_rises(page: Page, ana: User, tmp_path: Path) -> None:
    """Each job below moves it, one that fails shows, and it ends full."""
    gates = [tmp_path / str(number) for number in range(4)]
    waits = [tasks.wait_silently.si(str(gate)) for gate in gates]
    whole = group([tasks.fail.si("no", public=True), *waits])
    opened(page, realtime.start(whole, title="All of it", owner=ana))
    bar = page.locator("job-progress")
    for done, gate in enumerate(gates, 1):
        expect(bar.locator(".value")).to_have_text(f"{done * 20}%", timeout=20_000)
        gate.touch()
    expect(bar.locator(".word")).to_have_text("Succeeded with warnings", timeout=20_000)
    expect(bar.locator(".bad")).to_have_text("1 failed")
    expect(bar.locator(".count")).to_have_text("5 / 5 jobs")
    fractions = page.evaluate("seen.map(state => state.fraction ?? 0)")
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1


def test_who_waits_sees_the_place_in_the_queue(page: Page, ana: User, tmp_path: Path) -> None:
    """It moves up by itself, and is gone when the job begins."""
    gates = [tmp_path / str(number) for number in range(3)]
    jobs = [realtime.start(tasks.wait_silently, str(gate), owner=ana) for gate in gates]
    try:
        wait_until(lambda: Job.objects.get(pk=jobs[0].pk).status == "running", "the first", 20)
        opened(page, jobs[2])
        more = page.locator("job-progress .more")
        expect(more).to_have_text("2nd in the queue", timeout=COUNTED)
        gates[0].touch()
        expect(more).to_have_text("1st in the queue", timeout=COUNTED)
        gates[1].touch()
        expect(page.locator("job-progress")).to_have_attribute("status", "running", timeout=20_000)
        expect(more).to_have_text("")
    finally:
        for gate in gates:  # Or the worker has no time for other tests.
            gate.touch()


def test_earlier_runs_tell_the_time_left_from_the_start(
    page: Page, ana: User, tmp_path: Path
) -> None:
    """Between what it probably is: runs of this task took one to ten minutes."""
    gate = tmp_path / "gate"
    ran("tests.tasks.count", *[60.0 * minutes for minutes in range(1, 11)])
    opened(page, realtime.start(tasks.count, 100, str(gate), owner=ana))
    time = page.locator("job-progress .time")
    expect(time).to_have_text(re.compile(r"^\d+ min to \d+ min left$"), timeout=20_000)
    track = page.get_by_role("progressbar")
    expect(track).to_have_attribute("aria-valuetext", re.compile(r"^0%, \d+ min to \d+ min left$"))
    gate.touch()
    expect(time).to_have_text(re.compile("^took "), timeout=20_000)


def test_a_broken_download_goes_on_where_it_broke(
    page: Page, service: Child, ana: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection dies on the way; the rest is asked for, and the file is whole."""
    settings.MEDIA_ROOT = Path(os.environ["DATA_DIR"]) / "media"
    monkeypatch.setattr("realtime.announcer.announce", lambda shards: None)
    data = random.Random(3).randbytes(SIZE)
    job = left(ana, "large.bin", data)
    with proxy(service.port) as between:
        page.goto(f"http://127.0.0.1:{between.port}/jobs/{job}/")
        address = page.get_by_role("link", name="large.bin").get_attribute("href")
        between.change(speed=SPEED)
        page.evaluate(FIRST_PART, address)
        wait_until(lambda: page.evaluate("got.length") > SIZE / 4, "some of it", 20)
        between.cut()
        between.change(speed=0)
        had, status, digest = page.evaluate(REST, address)
        assert SIZE / 4 < had < SIZE
        assert (status, digest) == (206, hashlib.sha256(data).hexdigest())


def test_run_again_goes_to_the_new_job_which_names_the_old(page: Page, ana: User) -> None:
    """By the button on the page of a job that has ended."""
    old = realtime.start(tasks.halve, [1, 2, 3], title="Halves", owner=ana)
    page.goto(f"/jobs/{old.pk}/")
    page.get_by_role("button", name="Run again: Halves").click(timeout=20_000)
    page.wait_for_url(lambda address: str(old.pk) not in address)
    expect(page.locator("job-progress")).to_have_attribute("status", "succeeded", timeout=20_000)
    expect(page.locator("job-progress .count")).to_have_text("3 / 3")
    page.get_by_role("link", name="Halves").click()
    page.wait_for_url(f"**/jobs/{old.pk}/")
