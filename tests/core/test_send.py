"""One message to oneself: the view answers, and somebody else sends it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.core import mail
from django.test import AsyncClient

from realtime.models import Job
from tests.services import RedisServer

pytestmark = pytest.mark.django_db(transaction=True)

WORDS = {"to": "ada@example.org", "subject": "Hello", "text": "There."}
SMTP = "django.core.mail.backends.smtp.EmailBackend"


@pytest.fixture
async def browser(ada: User, redis: RedisServer) -> AsyncClient:
    """Return Ada's browser."""
    client = AsyncClient()
    await client.aforce_login(ada)
    return client


async def ended(address: str) -> Any:
    """Return the last state of the job behind an address."""
    job = address.strip("/").split("/")[-1]
    async with asyncio.timeout(10):
        while True:
            row = await Job.objects.filter(pk=job, finished_at__isnull=False).afirst()
            if row:
                return row.last
            await asyncio.sleep(0.01)


@contextmanager
def mail_server(refuses: bytes) -> Iterator[int]:
    """Run a mail server that takes everything but one command; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        thread = threading.Thread(target=_serve, args=(listener, refuses))
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def _serve(listener: socket.socket, refuses: bytes) -> None:
    connection, _ = listener.accept()
    with connection, connection.makefile("rwb") as lines:
        lines.write(b"220 ready\r\n")
        lines.flush()
        for line in lines:
            lines.write(b"550 not here\r\n" if line.startswith(refuses) else b"250 fine\r\n")
            lines.flush()


async def test_the_web_process_sends_it_after_its_answer(browser: AsyncClient, ada: User) -> None:
    """As a job of hers, with a bar; the message has what she wrote."""
    answer = await browser.post("/send", {**WORDS, "by": "here"})
    state = await ended(answer["Location"])
    assert (state["status"], state["message"]) == ("succeeded", "Sent to ada@example.org")
    assert (state["title"], state["owner"]) == ("Send “Hello”", str(ada.pk))
    assert [stage["status"] for stage in state["stages"]] == ["succeeded", "succeeded"]
    (message,) = mail.outbox
    assert (message.to, message.subject, message.body) == (["ada@example.org"], "Hello", "There.")


async def test_a_worker_can_send_it(browser: AsyncClient, ada: User) -> None:
    """It is queued with the same title and owner; nobody here sends it."""
    answer = await browser.post("/send", {**WORDS, "by": "worker"}, headers={"accept": JSON})
    job = await Job.objects.aget(name="core.jobs.note.send")
    assert answer.json() == {"next": f"/jobs/{job.pk}/"}
    assert (job.status, job.title, job.owner_id) == ("queued", "Send “Hello”", ada.pk)
    assert not mail.outbox


JSON = "application/json"


async def test_a_second_line_of_a_subject_is_no_header(browser: AsyncClient) -> None:
    """Whoever writes one gets one line."""
    answer = await browser.post("/send", {**WORDS, "subject": "Hello\r\nBcc: eve@example.org"})
    assert (await ended(answer["Location"]))["status"] == "succeeded"
    assert mail.outbox[0].subject == "Hello Bcc: eve@example.org"
    assert mail.outbox[0].bcc == []


async def test_what_is_missing_is_told(browser: AsyncClient) -> None:
    """In the form, and to a script as JSON; no job is begun."""
    page = await browser.post("/send", {**WORDS, "to": "nobody"})
    assert "Enter a valid email address." in page.content.decode()
    told = await browser.post("/send", {}, headers={"accept": JSON})
    assert (told.status_code, len(told.json()["errors"])) == (422, 3)
    assert not await Job.objects.aexists()


async def test_who_comes_when_too_much_goes_on_is_told(browser: AsyncClient, settings: Any) -> None:
    """The form comes back with what was written, and a sentence."""
    settings.HEADWAY = {**settings.HEADWAY, "BACKGROUND_JOBS": 0}
    answer = await browser.post("/send", WORDS)
    assert answer.status_code == 503
    page = answer.content.decode()
    assert "try again shortly, or let a worker do it" in page
    assert 'value="ada@example.org"' in page


@pytest.mark.parametrize(
    ("refuses", "told"),
    [
        (b"rcpt", "The mail server does not take messages for ada@example.org."),
        (b"data", "The mail server cannot be reached, or refused the message."),
    ],
)
async def test_what_the_mail_server_refuses_is_told(
    refuses: bytes, told: str, browser: AsyncClient, settings: Any
) -> None:
    """In words that its owner may read."""
    with mail_server(refuses) as port:
        settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = SMTP, "127.0.0.1", port
        answer = await browser.post("/send", WORDS)
        state = await ended(answer["Location"])
    assert (state["status"], state["error"]["text"]) == ("failed", told)
    assert state["error"]["public"]


async def test_a_mail_server_that_is_away_is_told(browser: AsyncClient, settings: Any) -> None:
    """Nobody listens there."""
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = SMTP, "127.0.0.1", 1
    state = await ended((await browser.post("/send", WORDS))["Location"])
    assert state["error"]["text"].startswith("The mail server cannot be reached")


async def test_it_shows_ones_own_address(browser: AsyncClient, ada: User) -> None:
    """Ready to be sent to oneself."""
    await User.objects.filter(pk=ada.pk).aupdate(email="ada@own.example")
    page = (await browser.get("/send")).content.decode()
    assert 'value="ada@own.example"' in page
    assert await sync_to_async(User.objects.count)() == 1
