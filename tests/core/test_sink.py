"""The embedded mail server: what it takes is kept, read by whom it concerns, and can do nothing."""

from __future__ import annotations

import smtplib
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from core.embedded import EmbeddedSink
from core.mail import sink
from core.mail.letter import Letter, letter_for
from core.mail.sink import NOBODY, Sink, names_in
from core.management.commands.up import listen
from core.models import Campaign
from tests.core.mailing import campaign_of
from tests.processes import child

ONE = "one@b.org"


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    """Return where messages are kept."""
    settings.MAIL_FOLDER = tmp_path / "mail"
    settings.MAIL_FOLDER.mkdir()
    return tmp_path / "mail"


def letter(campaign: Campaign) -> Letter:
    """Return a campaign's first letter."""
    return letter_for(campaign, campaign.recipients.all()[0])


def test_a_message_that_is_sent_to_it_is_kept_and_read(
    page: Client, ada: User, folder: Path
) -> None:
    """By the real program, over its inherited socket; two domains behave badly."""
    campaign = campaign_of(ada, ONE)
    with listen("127.0.0.1", 0) as listener:
        given = EmbeddedSink(listener.getsockname()[1], listener.fileno(), folder)
        with _running(given), smtplib.SMTP("127.0.0.1", given.port, timeout=30) as smtp:
            smtp.sendmail("shop@b.org", [ONE], letter(campaign).content)
            smtp.mail("shop@b.org")
            codes = [smtp.docmd(*_to(to))[0] for to in ("x@refused.test", "x@busy.test") * 2]
    assert codes == [550, 451, 550, 250]
    (name,) = names_in(folder)
    assert name.endswith(campaign.pk.hex)
    shown = page.get(f"/mail/caught/?campaign={campaign.pk}").content.decode()
    assert ("Hello one" in shown, ONE in shown, "1 message that" in shown) == (True, True, True)
    shown = page.get(f"/mail/caught/{name}/").content.decode()
    assert ("Dear one," in shown, "shop@example.org" in shown) == (True, True)
    assert f'sandbox title="The letter as HTML" src="/mail/caught/{name}/html/"' in shown


def _to(address: str) -> tuple[str, str]:
    return "RCPT", f"TO:<{address}>"


def _running(given: EmbeddedSink) -> Any:
    return child(*given.command, files=(given.descriptor,))


def kept(folder: Path, content: bytes) -> str:
    """Keep a message, and return its name."""
    Sink(folder, taken=1).keep(ONE, content)
    return names_in(folder)[-1]


def test_messages_are_for_who_sent_them_and_for_the_staff(
    page: Client, ada: User, bob: User, folder: Path
) -> None:
    """To everybody else they look as if there were none."""
    mine = kept(folder, letter(campaign_of(ada, ONE)).content)
    other = kept(folder, letter(campaign_of(bob, ONE)).content)
    nobodys = kept(folder, b"Subject: reset\r\n\r\nsecret\r\n")
    assert nobodys.endswith(NOBODY)
    shown = page.get("/mail/caught/").content.decode()
    assert [name in shown for name in (mine, other, nobodys)] == [True, False, False]
    for rest in ("", "html/"):
        statuses = [
            page.get(f"/mail/caught/{n}/{rest}").status_code for n in (mine, other, nobodys)
        ]
        assert statuses == [200, 404, 404]
    User.objects.filter(pk=ada.pk).update(is_staff=True)
    shown = page.get("/mail/caught/").content.decode()
    assert [name in shown for name in (mine, other, nobodys)] == [True, True, True]
    assert page.get(f"/mail/caught/{nobodys}/").status_code == 200


def test_a_strangers_markup_can_do_nothing(page: Client, ada: User, folder: Path) -> None:
    """It is text in our pages, and in its frame it may load and run nothing."""
    evil = "<script>alert(1)</script><img src=https://b.org/seen.gif>"
    content = letter(campaign_of(ada, ONE, subject=evil, text=evil, html=evil)).content
    name = kept(folder, content)
    for address in ("/mail/caught/", f"/mail/caught/{name}/"):
        assert "<script>alert" not in page.get(address).content.decode()
    framed = page.get(f"/mail/caught/{name}/html/")
    assert framed.content.decode().strip() == evil
    policy = framed["Content-Security-Policy"]
    assert ("default-src 'none'" in policy, policy.endswith("; sandbox")) == (True, True)
    assert framed["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"Subject: =?utf-8?b?####?=\r\nContent-Type: text/plain; charset=nothing\r\n\r\n\xff",
        b"X-Campaign: ../../etc\r\nTo: \x00\r\n\r\n",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n--x\r\n",
        b"From: " + b"<" * 3_000 + b"\r\nDate: never\r\nMessage-ID: <\r\n\r\nx",
    ],
)
def test_whatever_is_sent_can_be_looked_at(
    content: bytes, page: Client, ada: User, folder: Path
) -> None:
    """Broken messages too."""
    User.objects.filter(pk=ada.pk).update(is_staff=True)
    name = kept(folder, content)
    for address in ("/mail/caught/", f"/mail/caught/{name}/", f"/mail/caught/{name}/html/"):
        assert page.get(address).status_code == 200


def test_a_name_leads_nowhere_else(page: Client, ada: User, folder: Path) -> None:
    """Neither to another file nor to a message that is gone."""
    User.objects.filter(pk=ada.pk).update(is_staff=True)
    (folder / "secret").write_text("Subject: secret\n\n")
    for name in ("secret", "..", f"{1:020d}-{NOBODY}", f"{1:020d}-{NOBODY}x"):
        assert page.get(f"/mail/caught/{name}/").status_code == 404


def test_the_oldest_messages_go(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many are kept."""
    monkeypatch.setattr(sink, "KEPT", 3)
    monkeypatch.setattr(sink, "SWEPT_EVERY", 2)
    keeper = Sink(folder)
    for number in range(7):
        keeper.keep(ONE, f"Subject: {number}\r\n\r\n".encode())
    assert len(names_in(folder)) == 3
    assert "Subject: 6" in (folder / names_in(folder)[-1]).read_text()
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_without_messages_the_page_says_so(page: Client, settings: Any, tmp_path: Path) -> None:
    """Also where there never was a mail server."""
    settings.MAIL_FOLDER = tmp_path / "none"
    shown = page.get("/mail/caught/").content.decode()
    assert "No messages yet." in shown
    assert "does not run now" in shown
