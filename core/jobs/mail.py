"""The job that sends a campaign: a letter to each recipient, nobody twice, whatever dies."""

import random
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any
from uuid import uuid4

from celery import Task, shared_task
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from core import uploads
from core.mail import ledger
from core.mail.ledger import Round
from core.mail.letter import Unwritable, compose, filled, letter_for
from core.mail.lists import source_of
from core.mail.outcome import Outcome
from core.mail.pace import Pace
from core.mail.post import TAKEN, Post, Verdict
from core.mail.server import Away, Server
from core.models import Campaign, Recipient, ReportDelivery
from core.people.errors import BadTable
from realtime import JobError, items, progress

BATCH = 100
"""Recipients for whom one connection is used."""
LONGEST_PAUSE = 900.0


@shared_task(
    bind=True,
    name="core.jobs.mail.send",
    acks_late=True,
    reject_on_worker_lost=True,
    max_retries=None,
    ignore_result=True,
)
@items(flag="only_failed")
def send(self: "Task[Any, Any]", campaign_id: str, *, only_failed: bool = False) -> dict[str, int]:
    """Send a campaign to those of its recipients who are left, or to the failed ones alone.

    It may be delivered again, when its worker dies or beside a run that lives: who has been
    written to is in SQL. Whom the server refuses for now, it tries again with the next attempt.
    """
    progress.stages([(_("Read"), 1), (_("Send"), 24)])
    ledger.last_through_a_power_cut()
    campaign = found(campaign_id)
    read(campaign)
    recipients = Round.take(campaign, self.request.id, only_failed=only_failed)
    try:
        told = deliver(recipients)
    except Away as fault:
        raise try_later(self, away(fault)) from fault
    if told[Outcome.WAITING]:
        raise try_later(self, refused_for_now(told[Outcome.WAITING]))
    return sum_up(told)


def found(campaign_id: str) -> Campaign:
    """Return a campaign that is still there."""
    campaign = Campaign.objects.select_related("owner", "upload").filter(pk=campaign_id).first()
    if campaign is None:
        raise JobError(_("The campaign was deleted."))
    return campaign


def read(campaign: Campaign) -> None:
    """Write down who is to be written to, each address once; only the first run finds any."""
    with progress.stage(_("Read"), 1):
        if campaign.read_at:
            return
        try:
            entries = progress.track(
                source_of(campaign).entries(), unit=pgettext("unit", "recipient")
            )
            while batch := list(islice(entries, ledger.BATCH)):
                ledger.add(campaign, batch)
        except BadTable as fault:
            raise JobError(str(fault)) from fault
        ledger.close_list(campaign)
    if campaign.upload_id:
        uploads.forget([campaign.upload_id])


def deliver(recipients: Round) -> Counter[str]:
    """Send to each recipient and tell what became of it; raises `Away`."""
    told: Counter[str] = Counter()
    with progress.stage(_("Send"), 24):
        progress.update(total=recipients.count(), unit=pgettext("unit", "message"))
        for recipient, verdict in settled(recipients):
            tell(recipient, verdict)
            told[verdict.outcome] += 1
    return told


def settled(recipients: Round) -> Iterator[tuple[Recipient, Verdict]]:
    """Yield each recipient with what became of it; raises `Away`.

    Whom another run has claimed comes last: should that run live, it has its reply by then.
    """
    pace, claimed = Pace(recipients.campaign.rate), []
    for batch in recipients.recipients(BATCH):
        with Post(Server.from_settings()) as post:
            for recipient in batch:
                if recipient.outcome == Outcome.SENDING:
                    claimed.append(recipient)
                else:
                    yield recipient, settle(recipient, recipients, post, pace)
    for recipient in claimed:
        yield recipient, recipients.give_up(recipient)


def settle(recipient: Recipient, recipients: Round, post: Post, pace: Pace) -> Verdict:
    """Return what became of a recipient, now or in a run before; raises `Away`."""
    if recipient.outcome != Outcome.WAITING:
        return Verdict(Outcome(recipient.outcome), recipient.reason)
    pace.wait()
    try:
        letter = letter_for(recipients.campaign, recipient)
    except Unwritable as fault:
        return recipients.note(recipient, Verdict(Outcome.FAILED, str(fault)))
    verdict = post.deliver(letter, lambda: recipients.claim(recipient))
    if verdict is TAKEN:
        return recipients.give_up(recipient)
    return recipients.note(recipient, verdict)


def tell(recipient: Recipient | ReportDelivery, verdict: Verdict) -> None:
    """Show what became of a recipient; a cancel stops before the next one."""
    if verdict.outcome == Outcome.WAITING:
        progress.checkpoint()
        return
    if verdict.outcome == Outcome.SENT:
        progress.ok()
    elif verdict.outcome == Outcome.FAILED:
        progress.failed(recipient.email, verdict.reason)
    else:
        progress.skipped(recipient.email, verdict.reason)
    progress.advance()


def away(fault: Away) -> str:
    """Return the sentence for a mail server that is away."""
    return _("The mail server is away: %(fault)s") % {"fault": fault}


def refused_for_now(count: int) -> str:
    """Return the sentence for messages that a mail server may take later."""
    said = ngettext("%(count)s was refused for now.", "%(count)s were refused for now.", count)
    return said % {"count": f"{count:,}"}


def try_later(task: "Task[Any, Any]", why: str) -> Exception:
    """Return what lets the job try again after a pause: a longer one each time, then no more."""
    tries = task.request.retries + 1
    if tries >= ledger.ATTEMPTS:
        last = _("%(why)s That was try %(tries)d: run the job again to go on with the rest.")
        return JobError(last % {"why": why, "tries": tries})
    pause = min(settings.MAIL_BACKOFF * 2 ** (tries - 1), LONGEST_PAUSE)
    countdown = pause * random.uniform(0.9, 1.1)  # noqa: S311  It spreads returning workers.
    return task.retry(exc=JobError(why), countdown=countdown, throw=False)


def sum_up(told: Counter[str]) -> dict[str, int]:
    """Say what became of all; raises `JobError` when nothing was sent."""
    parts = [
        _("%(count)s %(outcome)s") % {"count": f"{told[outcome]:,}", "outcome": outcome.label}
        for outcome in Outcome
        if told[outcome]
    ]
    text = _(", ").join(parts) or _("nobody is left to write to")
    if not told[Outcome.SENT]:
        raise JobError(_("Nothing was sent: %(text)s.") % {"text": text})
    progress.log(text)
    progress.update(message=text)
    return dict(told)


@shared_task(name="core.jobs.mail.send_test", ignore_result=True)
def send_test(campaign_id: str, email: str, values: dict[str, str]) -> None:
    """Send a campaign to its owner, as a recipient with these values reads it."""
    campaign = found(campaign_id)
    try:
        letter = compose(campaign, email, "", filled(campaign, values), f"test.{uuid4().hex}")
        with Post(Server.from_settings()) as post:
            verdict = post.deliver(letter, lambda: True)
    except Away as fault:
        raise JobError(away(fault)) from fault
    except Unwritable as fault:
        raise JobError(str(fault)) from fault
    if verdict.outcome != Outcome.SENT:
        raise JobError(_("The test message was not sent: %(reason)s") % {"reason": verdict.reason})
    progress.update(message=_("sent to %(address)s") % {"address": email})
