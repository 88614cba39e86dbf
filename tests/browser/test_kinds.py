"""Each kind of work from its card on the home page to its result, in both languages."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from openpyxl import load_workbook
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader

from core.models import Person
from tests.browser.test_journey import browser, database_beside_playwright
from tests.core.test_journeys import near_sample
from tests.processes import Child, web_server, worker
from tests.services import Mailboxes, RedisServer, smtp_server
from tests.sockets import sign_in

__all__ = ["browser", "database_beside_playwright"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PEOPLE, READERS = 196, 240
"""Whom the sample lists leave to be imported, and to be written to."""
WORDS = {
    "en": ("Succeeded", "The people of ana", f"{PEOPLE} new, 0 updated, 0 unchanged, 6 rejected"),
    "zh-CN": ("已完成", "ana 的联系人", f"新增 {PEOPLE}"),
}
"""What is said in each language: by a bar, in a report, of an import."""


@pytest.fixture(scope="module")
def boxes() -> Iterator[Mailboxes]:
    """Run a mail server."""
    with smtp_server() as found:
        yield found


@pytest.fixture(scope="module")
def web(redis: RedisServer, django_db_setup: None, boxes: Mailboxes) -> Iterator[Child]:
    """Run the service: web and worker, for whom nobody has left anything in the queue."""
    with redis.client() as client:
        client.flushdb()
    with (
        web_server("uvicorn", DEBUG="1", MAIL_RATE="0") as one,
        worker("threads", EMAIL_URL=boxes.url),
    ):
        yield one


@pytest.fixture(params=WORDS)
def page(
    request: pytest.FixtureRequest, browser: Browser, web: Child, transactional_db: None
) -> Iterator[Page]:
    """Sign Ana in, in a browser that asks for a language."""
    user = User.objects.create_user("ana", password="x")
    with browser.new_context(locale=request.param, base_url=web.url) as context:
        name, _, value = sign_in(user).partition("=")
        context.add_cookies([{"name": name, "value": value, "url": web.url}])
        yield context.new_page()


def tried(page: Page, kind: str, *said: str) -> None:
    """Start a kind of work by its card, see its bar reach the end, and read what it says."""
    page.goto("/")
    page.locator(f"form[action='/try/{kind}/'] button").click()
    page.wait_for_url("**/jobs/*/")
    element = page.locator("job-progress").first
    expect(element).to_have_attribute("status", "succeeded", timeout=60_000)
    for text in said:
        expect(element).to_contain_text(text)


def downloaded(page: Page, ending: str) -> bytes:
    """Return the file with this ending that a job has left."""
    with page.expect_download() as download:
        page.locator("job-progress").first.get_by_role("link", name=ending).click()
    return Path(download.value.path()).read_bytes()


def test_each_kind_from_its_card_to_its_result(page: Page, boxes: Mailboxes) -> None:
    """The pixels, the rows, the workbook's cells, the messages, the words of the PDF."""
    boxes.messages.clear()
    succeeded, people_of_ana, imported = WORDS[str(page.evaluate("navigator.language"))]
    tried(page, "pictures", succeeded)
    with zipfile.ZipFile(io.BytesIO(downloaded(page, ".zip"))) as archive:
        assert len({name.rpartition("-")[0] for name in archive.namelist()}) == 7
        (lake,) = (name for name in archive.namelist() if name.startswith("lake-320"))
        assert near_sample(Image.open(io.BytesIO(archive.read(lake))).convert("RGB"), "lake.jpg")
    tried(page, "import", imported)
    assert len(downloaded(page, "rejected.csv").splitlines()) == 7
    emails = set(Person.objects.values_list("email", flat=True))
    assert len(emails) == PEOPLE
    tried(page, "export")
    (_, *rows) = load_workbook(io.BytesIO(downloaded(page, ".xlsx"))).worksheets[0].values
    assert emails == {cell for row in rows for cell in row if "@" in str(cell)}
    tried(page, "mail")
    assert (boxes.got.total(), max(boxes.got.values())) == (READERS, 1)
    tried(page, "report")
    text = " ".join(PdfReader(io.BytesIO(downloaded(page, ".pdf"))).pages[0].extract_text().split())
    assert people_of_ana in text
    book = load_workbook(io.BytesIO(downloaded(page, ".xlsx")))
    cities = list(book.worksheets[1].values)[1:]
    assert sum(int(str(count)) for _, count in cities) == PEOPLE
    assert all(f"{city} {count}" in text for city, count in cities if str(city).isascii())
