"""The main things, by hand: a real browser, server, worker and Redis; real pictures and people."""

from __future__ import annotations

import io
import os
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from core.models import Person
from core.samples import PICTURES as SAMPLES
from realtime.models import Job
from tests.processes import Child, web_server, worker
from tests.services import RedisServer, chromium

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
PICTURES = 50


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the system's browser, else Playwright's own."""
    with sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield one
        one.close()


@pytest.fixture(scope="module", autouse=True)
def database_beside_playwright() -> Iterator[None]:
    """Let tests use the database: Playwright keeps an event loop running in this thread."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    yield
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(params=["daphne", "uvicorn"])
def web(
    request: pytest.FixtureRequest, redis: RedisServer, transactional_db: None
) -> Iterator[Child]:
    """Run the service: web and worker."""
    with web_server(request.param, DEBUG="1") as one, worker("prefork"):
        yield one


@pytest.fixture
def page(browser: Browser, web: Child) -> Iterator[Page]:
    """Open a page at which nothing may be complained about, and sign in by its form."""
    User.objects.create_user("ana", password="correct horse")
    context = browser.new_context(accept_downloads=True)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.goto(web.url)
    page.get_by_label("Username").fill("ana")
    page.get_by_label("Password").fill("correct horse")
    page.get_by_role("button", name="Sign in").click()
    yield page
    context.close()
    assert complaints == []


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Draw photographs: noisy enough that making them smaller takes a while."""
    folder = tmp_path_factory.mktemp("pictures")
    noise = Image.frombytes("RGB", (300, 200), random.Random(7).randbytes(180_000))
    paths = []
    for number in range(PICTURES):
        path = folder / f"picture-{number:02}.jpg"
        noise.rotate(number).resize((1800, 1200)).save(path, quality=85)
        paths.append(path)
    return paths


def percent(page: Page) -> float:
    """Return how far the bar is, as a screen reader is told."""
    bar = page.get_by_role("progressbar")
    return float(bar.get_attribute("aria-valuenow") or 0) if bar.count() else 0.0


def test_fifty_pictures(page: Page, pictures: list[Path], tmp_path: Path) -> None:
    """Upload, see the bar move, reload in the middle, see it end, get the ZIP."""
    page.get_by_role("link", name="pictures").first.click()
    page.set_input_files("input[type=file]", pictures)
    page.get_by_role("button", name="Make smaller").click()
    page.wait_for_url("**/jobs/*/")
    element = page.locator("job-progress")
    expect(element).to_have_attribute("connection", "live")
    seen = [percent(page)]
    while seen[-1] < 30:
        page.wait_for_timeout(50)
        seen.append(percent(page))
    page.reload()
    seen.append(percent(page))
    assert seen[-1] >= 30  # The page comes with the bar in it, no further back than before.
    expect(element).to_have_attribute("status", "succeeded", timeout=90_000)
    assert seen == sorted(seen)
    assert len(set(seen)) > 5
    with page.expect_download() as download:
        page.get_by_role("link", name="pictures.zip").click()
    download.value.save_as(tmp_path / "pictures.zip")
    with zipfile.ZipFile(tmp_path / "pictures.zip") as packed:
        names = packed.namelist()
        assert len({name.rsplit("-", 1)[0] for name in names}) == PICTURES
        assert Image.open(io.BytesIO(packed.read(names[0]))).width <= 1800


def test_a_list_of_people(page: Page, web: Child, tmp_path: Path) -> None:
    """Upload, confirm the columns, see the rows counted, fetch the bad ones; again: no doubles."""
    path = tmp_path / "people.csv"
    rows = [f"Person {n},p{n}@example.org,1980-01-{n % 28 + 1:02},Berlin" for n in range(3_000)]
    rows[1_234] = "Nobody,not an address,1980-01-01,Nowhere"
    path.write_text("\n".join(["Name,E-mail,Birthday,City", *rows]))
    for _ in range(2):
        page.goto(f"{web.url}/people/import/")
        page.set_input_files("input[type=file]", path)
        page.get_by_role("button", name="Continue").click()
        page.wait_for_url("**/people/import/*/")
        page.get_by_role("button", name="Import").click()
        page.wait_for_url("**/jobs/*/")
        element = page.locator("job-progress")
        expect(element).to_have_attribute("status", "succeeded", timeout=60_000)
        assert Person.objects.count() == len(rows) - 1
        with page.expect_download() as download:
            page.get_by_role("link", name="rejected.csv").click()
        assert "not an address" in Path(download.value.path()).read_text()


def test_a_running_job_is_cancelled_with_the_keyboard(page: Page, pictures: list[Path]) -> None:
    """Tab to the button, press it; the job says so."""
    page.goto(page.url.rstrip("/") + "/pictures/")
    page.set_input_files("input[type=file]", pictures)
    page.get_by_role("button", name="Make smaller").click()
    page.wait_for_url("**/jobs/*/")
    cancel = page.get_by_role("button", name="Cancel")
    expect(cancel).to_be_visible()
    for _ in range(20):
        page.keyboard.press("Tab")
        if cancel.evaluate("button => button.matches(':focus')"):
            break
    page.keyboard.press("Enter")
    expect(page.locator("job-progress")).to_have_attribute("status", "cancelled", timeout=30_000)
    assert Job.objects.get().status == "cancelled"


def test_nobody_else_sees_the_job(
    page: Page, web: Child, browser: Browser, django_user_model: Any
) -> None:
    """The page of somebody else's job is a 404, as is one that never was."""
    page.goto(page.url.rstrip("/") + "/pictures/")
    page.set_input_files("input[type=file]", sorted(SAMPLES.iterdir())[:2])
    page.get_by_role("button", name="Make smaller").click()
    page.wait_for_url("**/jobs/*/")
    django_user_model.objects.create_user("ben", password="correct horse")
    context = browser.new_context()
    other = context.new_page()
    other.goto(web.url)
    other.get_by_label("Username").fill("ben")
    other.get_by_label("Password").fill("correct horse")
    other.get_by_role("button", name="Sign in").click()
    answer = other.goto(page.url)
    assert answer is not None
    assert answer.status == 404
    context.close()
