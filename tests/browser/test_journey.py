"""The main things, by hand: a real browser, server, worker and Redis; real pictures and people."""

from __future__ import annotations

import io
import os
import random
import re
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from openpyxl import load_workbook
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pypdf import PdfReader

from core.models import Person
from core.samples import PICTURES as SAMPLES
from realtime.models import Job
from tests.processes import Child, web_server, worker
from tests.services import CHROMIUM_FLAGS, RedisServer, chromium

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PICTURES = 50


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the system's browser, else Playwright's own."""
    # What is waited for comes at once on a machine that has nothing else to do.
    expect.set_options(timeout=20_000)
    with sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
        yield one
        one.close()


@pytest.fixture(scope="module", autouse=True)
def database_beside_playwright() -> Iterator[None]:
    """Let tests use the database: Playwright keeps an event loop running in this thread."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    yield
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def web(
    request: pytest.FixtureRequest, redis: RedisServer, django_db_setup: None
) -> Iterator[Child]:
    """Run the service, web and worker, for all these tests; nothing is queued by others."""
    with redis.client() as client:
        client.flushdb()
    with web_server(request.param, DEBUG="1") as one, worker("prefork"):
        yield one


@pytest.fixture
def page(browser: Browser, web: Child, transactional_db: None) -> Iterator[Page]:
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


@pytest.fixture
def chinese(browser: Browser, web: Child, transactional_db: None) -> Iterator[Page]:
    """Open a page of a browser that asks for Chinese, and sign in."""
    User.objects.create_user("mei", password="correct horse")
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(web.url)
    page.get_by_label("用户名").fill("mei")
    page.get_by_label("密码").fill("correct horse")
    page.get_by_role("button", name="登录").click()
    yield page
    context.close()


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
    """Upload, see bar and pictures come, reload in the middle, see it end, get the ZIP."""
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
    # Each comes by itself, as soon as it was made.
    expect(page.locator(".tile img").nth(5)).to_be_attached(timeout=20_000)
    before = page.locator(".tile img").count()
    page.reload()
    seen.append(percent(page))
    assert seen[-1] >= 30  # The page comes with the bar in it, no further back than before.
    assert page.locator(".tile img").count() >= before
    until = time.monotonic() + 90
    while element.get_attribute("status") != "succeeded":
        assert time.monotonic() < until, f"expected it to succeed, got: {seen[-1]} percent"
        page.wait_for_timeout(50)
        seen.append(percent(page))
    assert seen == sorted(seen)
    assert len(set(seen)) > 5
    expect(page.locator(".tile img")).to_have_count(PICTURES)
    last = page.get_by_alt_text("picture-49.jpg, made smaller")
    last.scroll_into_view_if_needed()
    expect(last).to_have_js_property("complete", value=True)
    assert last.evaluate("image => image.naturalWidth") == 192
    assert page.get_by_text("50 / 50 pictures").is_visible()
    with page.expect_download() as download:
        element.get_by_role("link", name="pictures.zip").click()
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


def test_a_report_from_its_card(page: Page, web: Child) -> None:
    """One click on sample data; the files say what is in the database; then it comes by itself."""
    page.goto(web.url)
    page.locator("form[action='/try/report/'] button").click()
    page.wait_for_url("**/jobs/*/")
    element = page.locator("job-progress")
    expect(element).to_have_attribute("status", "succeeded", timeout=60_000)
    found = {}
    for ending in ("pdf", "xlsx"):
        with page.expect_download() as download:
            page.get_by_role("link", name=f".{ending}").click()
        found[ending] = Path(download.value.path())
    count = Person.objects.count()
    book = load_workbook(io.BytesIO(found["xlsx"].read_bytes()))
    assert ("People", count) in book.worksheets[0].values
    cities = list(book.worksheets[1].values)[1:]
    assert sum(int(str(row[1])) for row in cities) == count
    text = " ".join(PdfReader(found["pdf"]).pages[0].extract_text().split())
    assert "The people of ana" in text
    assert all(f"{city} {people}" in text for city, people in cities)
    page.get_by_role("link", name="Reports", exact=True).click()
    page.get_by_role("button", name="Switch on").click()
    expect(page.locator(".coming li")).to_have_count(5)
    expect(page.get_by_text("Every weekday at 08:00, UTC")).to_be_visible()
    page.get_by_role("button", name="Make it now").click()
    bars = page.locator("job-progress[status=succeeded]")
    expect(bars).to_have_count(2, timeout=60_000)
    expect(page.locator(".made").get_by_role("link", name=".pdf")).to_have_count(2, timeout=30_000)


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
    assert Job.objects.get(parent=None).status == "cancelled"


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


def test_a_bar_in_chinese(chinese: Page) -> None:
    """From its first word to its last, in its log, and until somebody chooses English."""
    chinese.get_by_role("button", name=re.compile("用示例试试.*缩小图片")).click()
    chinese.wait_for_url("**/jobs/*/")
    element = chinese.locator("job-progress")
    expect(element).to_have_attribute("status", "succeeded", timeout=60_000)
    expect(element).to_contain_text("已完成，有警告")  # noqa: RUF001
    expect(element).to_contain_text("8 / 8 张")
    expect(element).to_contain_text("失败 1")
    expect(element).to_contain_text("用时")
    expect(chinese.locator(".tile[data-status=unusable]")).to_contain_text("已损坏")
    expect(element.get_by_role("button", name="重新运行")).to_be_visible()
    expect(element.get_by_role("button", name="重试失败的 1 项")).to_be_visible()
    chinese.get_by_role("button", name="English").click()
    expect(element).to_contain_text("Succeeded with warnings")
    expect(element).to_contain_text("1 failed")
