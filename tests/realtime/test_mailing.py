"""Notices by mail: to who was away and has not read them, once, or it is unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.message import EmailMessage
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, connections
from django.db.models.functions import Now

from realtime import expiry, mailing, marking, post, ways
from realtime.errors import StoreAway
from realtime.events import Status
from realtime.mailing import Mailing
from realtime.models import MailedNotice, Notice, NoticeMail
from realtime.store import Store
from tests.realtime.test_notices import quiet, state, tell  # noqa: F401  a fixture
from tests.services import Mailboxes, smtp_server

pytestmark = pytest.mark.django_db(transaction=True)

ANA, BEN = "ana@example.org", "ben@example.org"
SMTP = "django.core.mail.backends.smtp.EmailBackend"


@pytest.fixture(autouse=True)
def queued(monkeypatch: pytest.MonkeyPatch, alone: None) -> list[int]:
    """Keep what is queued, for no worker takes it here; nobody else judges meanwhile."""
    kept: list[int] = []
    monkeypatch.setattr(post.mail_notices, "apply_async", lambda of, **_: kept.extend(of))
    return kept


@pytest.fixture
def boxes(settings: Any) -> Iterator[Mailboxes]:
    """Run a mail server, and let notices be mailed over it."""
    settings.HEADWAY = {**settings.HEADWAY, "SITE_URL": "https://jobs.example.org"}
    with smtp_server() as found:
        settings.EMAIL_BACKEND, settings.EMAIL_HOST = SMTP, "127.0.0.1"
        settings.EMAIL_PORT = found.port
        yield found


@pytest.fixture
def hers(ana: Any, boxes: Mailboxes) -> Any:
    """Return Ana, who wants everything by mail too."""
    return wanting(ana, ANA)


def wanting(user: Any, address: str) -> Any:
    """Give a user an address to which they want to be written."""
    user.email = address
    user.save()
    every = ["toast", "inbox", "mail"]
    ways.choose(str(user.pk), {"finished": every, "failed": every, "asks": every})
    return user


def judge() -> None:
    """Let the time come at which notices are mailed, and a round be made."""
    MailedNotice.objects.update(due_at=Now() - timedelta(seconds=1))
    Mailing().look()


def look(queued: list[int]) -> None:
    """Let a worker do at once what a round has queued."""
    judge()
    work(queued)


def work(queued: list[int]) -> None:
    """Let a worker take what is queued."""
    taken, queued[:] = list(queued), []
    for mail in taken:
        post.mail_notices(mail)


def later() -> None:
    """Let the time come at which mails are looked at again."""
    NoticeMail.objects.update(due_at=Now() - timedelta(seconds=1))


def parts(message: EmailMessage) -> tuple[str, str]:
    """Return the text and the HTML of a message."""
    found = [message.get_body((kind,)) for kind in ("plain", "html")]
    plain, html = (str(one.get_content()).replace("\r\n", "\n") for one in found if one)
    return plain, html


def outcomes() -> list[str]:
    """Return what became of the mails, the oldest first."""
    return list(NoticeMail.objects.order_by("pk").values_list("outcome", flat=True))


def test_who_is_away_is_mailed_once(hers: Any, boxes: Mailboxes, queued: list[int]) -> None:
    """With what has happened, where to look, and how to be told otherwise."""
    ended = state(hers, Status.FAILED, title="Holiday <pictures>")
    tell(ended)
    for _ in range(3):
        look(queued)
    later()
    look(queued)
    [(_, message)] = boxes.messages
    assert (message["To"], message["Subject"]) == (ANA, "Failed: Holiday <pictures>")
    page = f"https://jobs.example.org/jobs/{ended.id}/"
    plain, html = parts(message)
    assert f"Failed: Holiday <pictures>\nIt failed.\n{page}\n" in plain
    assert f'<a href="{page}"><b>Holiday &lt;pictures&gt;</b></a><br>It failed.' in html
    where = "https://jobs.example.org/notices/preferences/"
    assert message["List-Unsubscribe"] == f"<{where}>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert where in plain
    assert where in html
    assert outcomes() == ["sent"]


def test_a_notice_that_is_told_again_is_mailed_once(
    hers: Any, boxes: Mailboxes, queued: list[int]
) -> None:
    """As by a redelivered run, before its mail was sent and after."""
    ended = state(hers, Status.FAILED)
    for _ in range(2):
        tell(ended, ended)
        look(queued)
    assert boxes.got == {ANA: 1}


def test_who_is_here_is_not_mailed(
    hers: Any, boxes: Mailboxes, queued: list[int], store: Store
) -> None:
    """Neither when they leave afterwards, nor when the same is told again."""
    store.attend("web", {str(hers.pk): 30})
    ended = state(hers, Status.FAILED)
    tell(ended)
    store.attend("web", {str(hers.pk): 0.001})
    tell(ended)
    look(queued)
    assert (boxes.messages, MailedNotice.objects.count()) == ([], 0)
    assert Notice.objects.get().ways == "toast inbox mail"


def test_while_nobody_can_tell_who_is_here_everybody_is_away(
    hers: Any, boxes: Mailboxes, queued: list[int], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing reaches them live either."""

    def refuse(*_: Any) -> None:
        raise StoreAway("no")

    monkeypatch.setattr(store, "absent", refuse)
    tell(state(hers, Status.FAILED))
    look(queued)
    assert boxes.got == {ANA: 1}


def test_only_what_is_wanted_by_mail_is_mailed(
    hers: Any, ben: Any, boxes: Mailboxes, queued: list[int]
) -> None:
    """Of each kind as its person has chosen; by nobody who has not chosen at all."""
    ben.email = BEN
    ben.save()
    ways.choose(str(hers.pk), {"failed": ["inbox"], "asks": ["mail"]})
    tell(state(hers, Status.FAILED), state(hers, Status.WAITING), state(ben, Status.FAILED))
    look(queued)
    [(to, message)] = boxes.messages
    assert (to, message["Subject"]) == (ANA, "Needs an answer: Work")
    assert "Failed" not in parts(message)[0]


def test_what_is_read_in_time_is_not_mailed(hers: Any, boxes: Mailboxes, queued: list[int]) -> None:
    """Before it was put into a mail, or before that was sent."""
    tell(state(hers, Status.FAILED))
    marking.mark(str(hers.pk), read=True)
    look(queued)
    assert (outcomes(), MailedNotice.objects.count()) == ([], 0)
    tell(state(hers, Status.FAILED))
    judge()
    marking.mark(str(hers.pk), read=True)
    work(queued)
    assert (outcomes(), boxes.messages) == (["left out"], [])


def test_nothing_is_mailed_before_its_time(hers: Any, boxes: Mailboxes, queued: list[int]) -> None:
    """What comes meanwhile goes with it."""
    tell(*(state(hers, Status.FAILED, title=title) for title in "ab"))
    Mailing().look()
    assert queued == []
    first = MailedNotice.objects.order_by("pk")[0]
    MailedNotice.objects.filter(pk=first.pk).update(due_at=Now() - timedelta(seconds=1))
    Mailing().look()
    work(queued)
    [(_, message)] = boxes.messages
    assert message["Subject"] == "Failed: b, and 1 more"
    assert re.findall("Failed: (.)", parts(message)[0]) == ["b", "a"]


def test_each_person_has_a_mail_of_their_own(
    hers: Any, ben: Any, boxes: Mailboxes, queued: list[int]
) -> None:
    """Nobody reads what others are told."""
    tell(state(hers, Status.FAILED), state(wanting(ben, BEN), Status.FAILED, title="His"))
    look(queued)
    assert {to: message["Subject"] for to, message in boxes.messages} == {
        ANA: "Failed: Work",
        BEN: "Failed: His",
    }


def test_two_processes_that_judge_at_once_make_one_mail(
    hers: Any, boxes: Mailboxes, queued: list[int]
) -> None:
    """And two workers that have both been asked send it once."""
    tell(*(state(hers, Status.FAILED) for _ in range(5)))
    MailedNotice.objects.update(due_at=Now() - timedelta(seconds=1))
    both = Barrier(2)

    def judge() -> None:
        both.wait(10)
        Mailing().look()

    def send() -> None:
        both.wait(10)
        try:
            for mail in NoticeMail.objects.values_list("pk", flat=True):
                post.mail_notices(mail)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        for call in (judge, send):
            for done in [pool.submit(call) for _ in range(2)]:
                done.result(20)
    [(_, message)] = boxes.messages
    assert parts(message)[0].count("Failed: Work") == 5
    assert outcomes() == ["sent"]


def test_a_server_that_is_away_is_tried_again(
    hers: Any, boxes: Mailboxes, queued: list[int], settings: Any
) -> None:
    """Later each time; nothing is claimed meanwhile, so nothing can be unknown."""
    settings.EMAIL_PORT = 1
    tell(state(hers, Status.FAILED))
    for _ in range(3):
        look(queued)
        later()
    mail = NoticeMail.objects.get()
    assert (mail.outcome, mail.tries) == ("waiting", 3)
    assert "Connection refused" in mail.reason
    settings.EMAIL_PORT = boxes.port
    look(queued)
    assert (boxes.got, outcomes()) == ({ANA: 1}, ["sent"])


def test_tries_are_bounded_and_grow_apart(
    hers: Any, boxes: Mailboxes, queued: list[int], settings: Any
) -> None:
    """At last it has failed, and the log says so."""
    settings.EMAIL_PORT = 1
    tell(state(hers, Status.FAILED))
    waits = []
    for _ in range(mailing.TRIES):
        look(queued)
        [mail] = NoticeMail.objects.annotate(now=Now())
        waits.append(round((mail.due_at - mail.now).total_seconds()))
        later()
    assert (waits[:3], max(waits), outcomes()) == ([30, 60, 120], mailing.LATEST, ["waiting"])
    look(queued)
    assert outcomes() == ["failed"]


@pytest.mark.parametrize(
    ("replies", "told"),
    [
        (["450 Later"], ["waiting", "sent"]),
        (["550 Nobody of that name"], ["failed", "failed"]),
    ],
)
def test_a_refusal_is_certain(
    hers: Any, boxes: Mailboxes, queued: list[int], replies: list[str], told: list[str]
) -> None:
    """For now it is tried again, for good it is not."""
    boxes.refusals[ANA] = list(replies)
    tell(state(hers, Status.FAILED))
    found = []
    for _ in told:
        look(queued)
        found += outcomes()
        later()
    assert found == told
    assert boxes.got == ({ANA: 1} if "sent" in told else {})


@pytest.mark.parametrize("moment", ["message", "reply"])
def test_what_nobody_knows_is_not_sent_again(
    hers: Any, boxes: Mailboxes, queued: list[int], moment: str
) -> None:
    """The server was gone before it said whether it has the message."""
    boxes.drops[ANA] = [moment]
    tell(state(hers, Status.FAILED))
    for _ in range(3):
        look(queued)
        later()
    assert outcomes() == ["unknown"]
    assert boxes.got.total() == (1 if moment == "reply" else 0)


def test_a_worker_that_dies_while_it_sends_leaves_it_unknown(
    hers: Any, boxes: Mailboxes, queued: list[int]
) -> None:
    """After a time in which it would have had every reply; one that lives corrects it."""
    tell(state(hers, Status.FAILED))
    judge()
    [mail] = NoticeMail.objects.select_related("person")
    assert post._claimed(mail, "its")
    work(queued)
    Mailing().look()
    assert outcomes() == ["sending"]
    later()
    look(queued)
    assert (outcomes(), boxes.messages) == (["unknown"], [])
    post._note(mail, NoticeMail.Outcome.SENT, "", "its")
    assert outcomes() == ["sent"]


def test_a_queue_that_is_away_is_asked_again(
    hers: Any, boxes: Mailboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The round goes on with the others."""

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("no")

    monkeypatch.setattr(post.mail_notices, "apply_async", refuse)
    tell(state(hers, Status.FAILED))
    judge()
    mail = NoticeMail.objects.get()
    assert (mail.outcome, mail.tries) == ("waiting", 1)


def test_a_title_cannot_add_a_header(hers: Any, boxes: Mailboxes, queued: list[int]) -> None:
    """It is one line, whatever stands in it."""
    tell(state(hers, Status.FAILED))
    Notice.objects.update(title="Work\r\nBcc: ben@example.org\n\n\x0bBody")
    look(queued)
    [(to, message)] = boxes.messages
    assert (to, message["Bcc"]) == (ANA, None)
    assert message["Subject"] == "Failed: Work Bcc: ben@example.org Body"


def test_it_is_in_the_language_of_the_job(hers: Any, boxes: Mailboxes, queued: list[int]) -> None:
    """As the notice itself: the one that its person spoke last."""
    tell(state(hers, Status.FAILED, language="zh-hans"))
    look(queued)
    [(_, message)] = boxes.messages
    plain, html = parts(message)
    assert message["Subject"] == "失败: Work"
    assert "失败: Work" in plain
    assert '<html lang="zh-hans">' in html


def test_without_a_site_there_are_no_links(
    hers: Any, boxes: Mailboxes, queued: list[int], settings: Any
) -> None:
    """A worker does not know where the service is."""
    settings.HEADWAY = {**settings.HEADWAY, "SITE_URL": ""}
    tell(state(hers, Status.FAILED))
    look(queued)
    [(_, message)] = boxes.messages
    assert message["List-Unsubscribe"] is None
    assert "href" not in parts(message)[1]


@pytest.mark.parametrize("fault", [{"email": ""}, {"is_active": False}])
def test_who_cannot_be_written_to_is_left_out(
    hers: Any, boxes: Mailboxes, queued: list[int], fault: Any
) -> None:
    """They have no address, or may not sign in any more."""
    type(hers).objects.filter(pk=hers.pk).update(**fault)
    tell(state(hers, Status.FAILED))
    look(queued)
    assert (outcomes(), boxes.messages) == (["left out"], [])


def test_an_address_that_is_none_fails(hers: Any, boxes: Mailboxes, queued: list[int]) -> None:
    """It is not tried for ever, and holds up nobody."""
    type(hers).objects.filter(pk=hers.pk).update(email="ana\n@example.org")
    tell(state(hers, Status.FAILED))
    look(queued)
    assert (outcomes(), boxes.messages) == (["failed"], [])


def test_mails_go_with_their_notices(hers: Any, boxes: Mailboxes, queued: list[int]) -> None:
    """When these are kept no longer."""
    tell(state(hers, Status.FAILED))
    look(queued)
    expiry.Expiry().look()
    assert NoticeMail.objects.exists()
    Notice.objects.update(at=Now() - timedelta(days=40))
    NoticeMail.objects.update(due_at=Now() - timedelta(days=40))
    expiry.Expiry().look()
    assert not NoticeMail.objects.exists()
    assert not MailedNotice.objects.exists()


def test_a_round_without_anything_to_mail_is_three_questions(
    ana: Any, django_assert_num_queries: Any
) -> None:
    """It is made every two seconds."""
    connection.ensure_connection()
    with django_assert_num_queries(3):
        Mailing().look()
