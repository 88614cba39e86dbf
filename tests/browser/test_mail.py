"""A campaign by hand: written, looked at, sent, read at the mail server; in a real browser."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from core.samples import LETTER, LETTER_HTML, READERS
from tests.browser.test_journey import browser, database_beside_playwright, page
from tests.processes import Child, web_server, worker
from tests.services import Mailboxes, RedisServer, smtp_server, wait_until

__all__ = ["browser", "database_beside_playwright", "page"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def boxes() -> Iterator[Mailboxes]:
    """Run a mail server."""
    with smtp_server() as found:
        yield found


@pytest.fixture
def web(redis: RedisServer, transactional_db: None, boxes: Mailboxes) -> Iterator[Child]:
    """Run the service: web and worker, for whom nobody has left anything in the queue."""
    with redis.client() as client:
        client.flushdb()
    with (
        web_server("uvicorn", DEBUG="1") as one,
        worker("threads", EMAIL_URL=boxes.url, MAIL_BACKOFF="0.5"),
    ):
        yield one


def blue(page: Page) -> int:
    """Count the pixels of the sample letter's blue: no script may look into its frame."""
    seen = Image.open(io.BytesIO(page.locator("iframe.letter").screenshot())).convert("RGB")
    colours = seen.getcolors(seen.width * seen.height) or []
    return sum(count for count, colour in colours if colour == (0, 75, 180))


def test_a_campaign_from_its_list_to_the_mail_server(page: Page, boxes: Mailboxes) -> None:
    """The list, the letter, how it reads, the bar, what became of everybody, the messages."""
    refused = "elif.wang1@example.org"
    boxes.refusals = {refused: ["550 5.1.1 nobody here"], "ada.muller29@busy.test": ["451 busy"]}
    page.goto(page.url.rstrip("/") + "/mail/new/")
    page.get_by_label("An address list from a file").check()
    page.set_input_files("input[type=file]", READERS)
    page.get_by_label("Subject").fill("News for {{ name|you }}")
    page.get_by_label("Text").fill(LETTER.read_text())
    page.get_by_label("The same as HTML").fill(LETTER_HTML.read_text())
    page.get_by_label("Messages a second").fill("0")
    page.get_by_role("button", name="See how it reads").click()
    expect(page.get_by_text("News for Fatima Lefèvre", exact=True)).to_be_visible()
    expect(page.locator("pre.letter")).to_contain_text("How is the weather in Göteborg?")
    page.locator("iframe.letter").scroll_into_view_if_needed()
    wait_until(lambda: blue(page) > 5_000, "the markup to be shown with its colours")
    page.get_by_role("button", name="Send to everybody").click()
    element = page.locator("job-progress")
    expect(element).to_have_attribute("status", "succeeded", timeout=60_000)
    # What stands below the bar follows without a reload.
    expect(page.get_by_role("link", name="sent 239")).to_be_visible(timeout=30_000)
    page.get_by_role("link", name="failed 1").click()
    expect(page.get_by_role("row", name=refused)).to_contain_text("550 5.1.1 nobody here")
    assert (boxes.got.total(), max(boxes.got.values())) == (239, 1)
    (subject,) = (sent["Subject"] for to, sent in boxes.messages if to == "ada.muller29@busy.test")
    assert subject == "News for Ada Müller"
    page.get_by_role("button", name="Try the failed one again").click()
    expect(page.get_by_role("link", name="sent 240")).to_be_visible(timeout=30_000)
    assert boxes.got[refused] == 1
