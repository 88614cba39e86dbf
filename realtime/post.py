"""The task that sends one mail of notices: once, or it is unknown whether it was sent."""

from __future__ import annotations

import logging
import uuid
from datetime import timedelta
from typing import Any

from celery import shared_task
from django.core.mail import EmailMultiAlternatives
from django.db.models.functions import Now

from realtime.letters import Unaddressed, letter_of
from realtime.mail_server import PERMANENT, opened, refusal, said
from realtime.models import NoticeMail
from realtime.tracking import OURS

logger = logging.getLogger("realtime")

SENDING = 900.0
"""Seconds after which who has claimed a mail is taken for dead: longer than all replies take."""
Outcome = NoticeMail.Outcome


@shared_task(name=OURS, ignore_result=True)
def mail_notices(mail: int) -> None:
    """Send a mail with what its person has not read meanwhile, unless somebody has claimed it."""
    found = NoticeMail.objects.select_related("person").filter(pk=mail, outcome=Outcome.WAITING)
    for one in found:
        send(one)


def send(mail: NoticeMail) -> None:
    """Reach the server, then claim the mail, then send it: what is not claimed was not sent."""
    try:
        letter = letter_of(mail)
        letter.message()
    except Unaddressed as why:
        _note(mail, Outcome.LEFT_OUT, str(why))
        return
    except ValueError as fault:  # An address, or a header, that no mail can have.
        _note(mail, Outcome.FAILED, said(fault))
        return
    try:
        connection = opened()
    except Exception as error:  # noqa: BLE001  each back end has its own; the round tries again
        _note(mail, Outcome.WAITING, said(error))
        return
    try:
        claim = uuid.uuid4().hex
        if _claimed(mail, claim):
            _note(mail, *_sent(connection, letter), claim)
    finally:
        connection.close()


def _claimed(mail: NoticeMail, claim: str) -> bool:
    free = NoticeMail.objects.filter(pk=mail.pk, outcome=Outcome.WAITING)
    until = Now() + timedelta(seconds=SENDING)
    return free.update(outcome=Outcome.SENDING, claim=claim, due_at=until) == 1


def _sent(connection: Any, letter: EmailMultiAlternatives) -> tuple[Outcome, str]:
    """Return what became of it: a refusal is certain, all else that goes wrong is not."""
    try:
        connection.send_messages([letter])
    except Exception as error:
        if reply := refusal(error):
            return _refused(reply.smtp_code), said(reply)
        logger.exception("Nobody knows whether a mail of notices was sent")
        return Outcome.UNKNOWN, said(error)
    return Outcome.SENT, ""


def _refused(code: int) -> Outcome:
    return Outcome.FAILED if code >= PERMANENT else Outcome.WAITING


def _note(mail: NoticeMail, outcome: Outcome, reason: str, claim: str = "") -> None:
    """Keep what became of it; who was taken for dead and lives corrects what was said of them."""
    ours = NoticeMail.objects.filter(pk=mail.pk, claim=claim)
    if not claim:
        ours = ours.filter(outcome=Outcome.WAITING)
    # Refused for now, it is queued again when it would have been without an answer.
    more: dict[str, Any] = {"claim": "", "due_at": mail.due_at} if outcome == "waiting" else {}
    ours.update(outcome=outcome, reason=reason[:200], **more)
