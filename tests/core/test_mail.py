"""The job that sends a campaign, over a mail server that takes, refuses, delays and drops."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from core import uploads
from core.jobs import mail
from core.mail import ledger, post
from core.mail.ledger import Round
from core.mail.outcome import Outcome
from core.mail.pace import Pace
from core.mail.server import Server
from core.models import Campaign, Person, Recipient, Upload
from core.samples import PEOPLE
from realtime import JobError
from tests.core.conftest import Told
from tests.core.mailing import boxes, campaign_of, outcomes
from tests.services import Mailboxes, free_port

__all__ = ["boxes"]

pytestmark = pytest.mark.django_db

ONE, TWO, THREE = "one@b.org", "two@b.org", "three@b.org"


def send(campaign: Campaign, **how: Any) -> dict[str, int]:
    """Run the job here."""
    told: dict[str, int] = mail.send(str(campaign.pk), **how)
    return told


def content(message: EmailMessage, kind: str) -> str:
    """Return a body."""
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_everybody_gets_a_letter_of_their_own(ada: User, boxes: Mailboxes, told: Told) -> None:
    """Plain and HTML, with what is known of them, over one connection."""
    ada.email = "ada@example.org"
    ada.save()
    campaign = campaign_of(ada, ONE, TWO)
    campaign.recipients.filter(email=TWO).update(values={"name": "Zoë <b>", "city": "Łódź"})
    assert send(campaign) == {"sent": 2}
    assert boxes.got == {ONE: 1, TWO: 1}
    assert boxes.connections == 1
    message = boxes.messages[1][1]
    assert (message["Subject"], message["Reply-To"]) == ("Hello Zoë <b>", "ada@example.org")
    assert (message["From"], message["To"]) == (
        "Shop <shop@example.org>",
        '"Zoë <b>" <two@b.org>',
    )
    assert content(message, "plain") == "Dear Zoë <b>,\n\n.a line with a dot\nin Łódź\n"
    assert "<b>Zoë &lt;b&gt;</b>" in content(message, "html")
    assert (told.ok, told.message) == (2, "2 sent")


def test_a_recipient_has_one_message_id(ada: User, boxes: Mailboxes) -> None:
    """A receiver who gets it twice all the same can tell."""
    campaign = campaign_of(ada, ONE)
    boxes.last_words[ONE] = ["451 wait"]
    with pytest.raises(JobError, match="1 was refused for now"):
        send(campaign)
    send(campaign)
    campaign.recipients.update(outcome=Outcome.WAITING)
    send(campaign)
    assert len({message["Message-ID"] for _, message in boxes.messages}) == 1


def test_the_sample_list_is_read_and_sent(ada: User, boxes: Mailboxes, told: Told) -> None:
    """What is no address is left out, with the reason; the list is kept no longer."""
    upload = uploads.keep_path(ada, PEOPLE)
    columns = {"first": 0, "last": 1, "email": 2, "city": 4, "town": 4}
    campaign = Campaign.objects.create(
        owner=ada, sender="a@b.org", subject="x", text=".{{ town }}", upload=upload, columns=columns
    )
    assert send(campaign) == {"sent": 198, "left out": 4}
    assert (boxes.got.total(), max(boxes.got.values()), boxes.connections) == (198, 1, 3)
    name = boxes.messages[0][1]["To"]
    assert name == "Ingrid Eriksen <ingrid.eriksen0@example.org>"
    assert content(boxes.messages[0][1], "plain") == ".Bogotá\n"
    left = campaign.recipients.filter(outcome=Outcome.LEFT_OUT).values_list("email", "reason")
    assert dict(left)["line 11"] == "has no e-mail address"
    assert not Upload.objects.exists()


def test_ones_people_are_written_to_once(ada: User, bob: User, boxes: Mailboxes) -> None:
    """Those that the search finds, and nobody else's."""
    for owner, email in ((ada, ONE), (ada, TWO), (bob, THREE)):
        Person.objects.create(owner=owner, email=email, name="N", source="x")
    campaign = Campaign.objects.create(owner=ada, sender="a@b.org", subject="x", text="y")
    assert send(campaign) == {"sent": 2}
    with pytest.raises(JobError, match="nobody is left to write to"):
        send(campaign)
    sought = Campaign.objects.create(owner=ada, sender="a@b.org", subject="x", text="y", sought="T")
    assert send(sought) == {"sent": 1}
    assert boxes.got == {ONE: 1, TWO: 2}


def test_an_address_that_is_listed_twice_is_written_to_once(
    ada: User, boxes: Mailboxes, tmp_path: Path
) -> None:
    """Also in other letters."""
    (tmp_path / "list.csv").write_text("mail\none@b.org\nONE@b.org\none@B.org\n")
    upload = uploads.keep_path(ada, tmp_path / "list.csv")
    given = {"subject": "x", "text": "y", "upload": upload, "columns": {"email": 0}}
    send(Campaign.objects.create(owner=ada, sender="a@b.org", **given))
    assert boxes.got == {ONE: 1}


def test_a_permanent_refusal_is_kept_and_not_tried_again(
    ada: User, boxes: Mailboxes, told: Told
) -> None:
    """Whether it is said of the address or of the message; the others get theirs."""
    boxes.refusals[ONE] = ["550 5.1.1 nobody here"] * 2
    boxes.last_words[TWO] = ["554 5.7.1 we do not like it"] * 2
    campaign = campaign_of(ada, ONE, TWO, THREE)
    assert send(campaign) == {"failed": 2, "sent": 1}
    assert told.failed == {ONE: "550 5.1.1 nobody here", TWO: "554 5.7.1 we do not like it"}
    assert [len(boxes.refusals[ONE]), len(boxes.last_words[TWO]), boxes.connections] == [1, 1, 1]
    assert outcomes(campaign) == {ONE: "failed", TWO: "failed", THREE: "sent"}


def test_only_the_failed_are_run_again(ada: User, boxes: Mailboxes) -> None:
    """And whom nothing is left to be sent to gets nothing."""
    boxes.refusals[ONE] = ["550 no"]
    campaign = campaign_of(ada, ONE, TWO)
    send(campaign)
    Recipient.objects.create(campaign=campaign, email=THREE)
    assert send(campaign, only_failed=True) == {"sent": 1}
    assert boxes.got == {ONE: 1, TWO: 1}
    assert outcomes(campaign)[THREE] == "waiting"


def test_a_refusal_for_now_is_tried_again_and_then_given_up(ada: User, boxes: Mailboxes) -> None:
    """After so many times it counts as failed; what was sent is not sent again."""
    boxes.refusals[ONE] = ["450 4.2.1 mailbox busy"] * ledger.ATTEMPTS
    boxes.last_words[TWO] = ["452 4.3.1 no room"]
    found = Round.take(campaign_of(ada, ONE, TWO, THREE), None, only_failed=False)
    told = [dict(mail.deliver(found)) for _ in range(ledger.ATTEMPTS)]
    assert told[0] == {"waiting": 2, "sent": 1}
    assert told[1] == {"waiting": 1, "sent": 2}
    assert told[-1] == {"failed": 1, "sent": 2}
    assert boxes.got == {TWO: 1, THREE: 1}
    failed = found.campaign.recipients.get(outcome=Outcome.FAILED)
    assert failed.reason == "Refused 5 times, the last time: 450 4.2.1 mailbox busy"


def test_a_server_that_hangs_up_before_the_message_is_asked_again(
    ada: User, boxes: Mailboxes
) -> None:
    """Nothing was sent, so nothing is unknown; the next one has a new connection."""
    boxes.drops[ONE] = ["message"]
    boxes.refusals[TWO] = ["421 4.3.2 closing"]
    found = Round.take(campaign_of(ada, ONE, TWO, THREE), None, only_failed=False)
    assert mail.deliver(found) == {"waiting": 2, "sent": 1}
    assert mail.deliver(found) == {"sent": 3}
    assert boxes.got == {ONE: 1, TWO: 1, THREE: 1}


def test_a_connection_that_has_waited_too_long_is_made_anew(ada: User, boxes: Mailboxes) -> None:
    """At once, and without calling it a refusal."""
    boxes.drops[TWO] = ["message"]
    boxes.refusals[THREE] = ["421 4.4.2 timeout"]
    campaign = campaign_of(ada, ONE, TWO, THREE)
    assert send(campaign) == {"sent": 3}
    assert boxes.connections == 3


def test_without_the_last_reply_nobody_knows(ada: User, boxes: Mailboxes, told: Told) -> None:
    """It may have arrived, here it has; so it is not sent again by itself, but when asked."""
    boxes.drops[ONE] = ["reply"]
    campaign = campaign_of(ada, ONE, TWO)
    assert send(campaign) == {"unknown": 1, "sent": 1}
    assert campaign.recipients.get(email=ONE).reason.startswith("The connection broke off before")
    with pytest.raises(JobError, match="nobody is left"):
        send(campaign)
    assert boxes.got == {ONE: 1, TWO: 1}
    ledger.risk_again(campaign)
    assert send(campaign) == {"sent": 1}
    assert boxes.got == {ONE: 2, TWO: 1}


def test_a_server_that_takes_too_long_leaves_it_unknown(
    ada: User, boxes: Mailboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After ten minutes, which are shorter here."""
    monkeypatch.setattr(post, "LAST_REPLY", 0.2)
    boxes.gate.clear()
    campaign = campaign_of(ada, ONE)
    with pytest.raises(JobError, match="Nothing was sent: 1 unknown"):
        send(campaign)


def test_who_was_being_sent_to_when_a_worker_died_is_unknown(
    ada: User, boxes: Mailboxes, told: Told
) -> None:
    """And nobody else."""
    campaign = campaign_of(ada, ONE, TWO)
    dead = Round.take(campaign, None, only_failed=False)
    assert dead.claim(campaign.recipients.get(email=ONE))
    redelivered = Round.take(campaign, str(dead.job), only_failed=False)
    assert mail.deliver(redelivered) == {"unknown": 1, "sent": 1}
    assert boxes.got == {TWO: 1}


def test_a_run_that_was_taken_for_dead_corrects_what_became_of_its_last(ada: User) -> None:
    """It has the server's reply; and claims nobody whom another job has."""
    campaign = campaign_of(ada, ONE, TWO)
    one, two = campaign.recipients.all()
    slow = Round.take(campaign, None, only_failed=False)
    assert slow.claim(one)
    fast = Round.take(campaign, None, only_failed=False)
    assert outcomes(campaign) == {ONE: "unknown", TWO: "waiting"}
    slow.note(one, post.Verdict(Outcome.SENT, "250 OK", claimed=True))
    assert outcomes(campaign)[ONE] == "sent"
    assert not slow.claim(two)
    assert fast.claim(two)
    assert not fast.claim(two)


def test_of_two_runs_one_sends(ada: User, boxes: Mailboxes) -> None:
    """Both have offered the same letter; the second one hangs up instead of sending it."""
    campaign = campaign_of(ada, ONE)
    found = Round.take(campaign, None, only_failed=False)
    beside = Round.take(campaign, str(found.job), only_failed=False)
    (stale,) = next(beside.recipients(10))
    mail.deliver(found)
    with post.Post(Server.from_settings()) as line:
        verdict = mail.settle(stale, beside, line, Pace(0))
    assert verdict.outcome == Outcome.SENT
    assert boxes.got == {ONE: 1}


def test_a_value_that_would_be_a_header_is_refused(ada: User, boxes: Mailboxes, told: Told) -> None:
    """It fails by itself; the others get theirs, and nobody else a copy."""
    campaign = campaign_of(ada, ONE, TWO)
    evil = "Eve\r\nBcc: victim@b.org"
    campaign.recipients.filter(email=ONE).update(values={"name": evil})
    Recipient.objects.create(campaign=campaign, email="x@b.org\r\nRCPT TO:<victim@b.org>")
    Recipient.objects.create(campaign=campaign, email="nobody")
    assert send(campaign) == {"failed": 3, "sent": 1}
    assert boxes.got == {TWO: 1}


def test_addresses_beyond_ascii(ada: User, boxes: Mailboxes) -> None:
    """Domains are sent as every server knows them; an owner's that is none is left out."""
    User.objects.filter(pk=ada.pk).update(email="no address")
    send(campaign_of(ada, "one@bücher.example"))
    assert boxes.got == {"one@xn--bcher-kva.example": 1}
    assert boxes.messages[0][1]["Reply-To"] is None


def test_a_sender_without_an_address_is_told(ada: User, boxes: Mailboxes) -> None:
    """Instead of calling everybody failed."""
    campaign = campaign_of(ada, ONE)
    Campaign.objects.filter(pk=campaign.pk).update(sender="Shop")
    with pytest.raises(JobError, match=r"expected MAIL_FROM to be an address .* got: Shop"):
        send(campaign)
    assert outcomes(campaign) == {ONE: "waiting"}


def test_a_subject_is_one_line_whatever_is_filled_in(ada: User, boxes: Mailboxes) -> None:
    """A line end in it becomes a space."""
    campaign = campaign_of(ada, ONE, subject="Hi {{ city }}")
    campaign.recipients.update(values={"city": "Bern\r\nBcc: victim@b.org"})
    send(campaign)
    assert boxes.messages[0][1]["Subject"] == "Hi Bern Bcc: victim@b.org"
    assert boxes.messages[0][1]["Bcc"] is None


def test_a_server_that_is_away_is_told(ada: User, settings: Any) -> None:
    """Nobody is called failed for it."""
    settings.EMAIL_CONFIG = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": free_port()}
    campaign = campaign_of(ada, ONE)
    with pytest.raises(JobError, match=r"The mail server is away: .*refused"):
        send(campaign)
    assert outcomes(campaign) == {ONE: "waiting"}


def test_a_server_that_always_hangs_up_counts_as_away(ada: User, boxes: Mailboxes) -> None:
    """After three times in a row."""
    names = [f"{n}@b.org" for n in range(5)]
    boxes.drops = {name: ["message"] for name in names}
    with pytest.raises(JobError, match="away: The connection broke off 3 times"):
        send(campaign_of(ada, *names))


def test_without_a_mail_server_the_job_says_what_to_do(ada: User, settings: Any) -> None:
    """Mail that goes to the screen is no campaign."""
    settings.EMAIL_CONFIG = {"EMAIL_HOST": None}
    with pytest.raises(JobError, match="set EMAIL_URL"):
        send(campaign_of(ada, ONE))


def test_a_test_message_goes_to_oneself_alone(ada: User, boxes: Mailboxes, told: Told) -> None:
    """As a recipient reads it; no recipient is written to."""
    campaign = campaign_of(ada, ONE)
    mail.send_test(str(campaign.pk), "ada@b.org", {"name": "One"})
    assert boxes.got == {"ada@b.org": 1}
    assert boxes.messages[0][1]["Subject"] == "Hello One"
    assert outcomes(campaign) == {ONE: "waiting"}
    boxes.refusals["ada@b.org"] = ["450 busy"]
    with pytest.raises(JobError, match="not sent: 450 busy"):
        mail.send_test(str(campaign.pk), "ada@b.org", {})
