"""The task that sends one mail of notices: once, or it is unknown whether it was sent."""

from __future__ import annotations

import logging
import smtplib
import uuid
from datetime import timedelta
from typing import Any

from celery import shared_task
from django.core import mail as mailing
from django.core.mail import EmailMultiAlternatives
from django.db.models.functions import Now

from realtime.letters import Unaddressed, letter_of
from realtime.models import NoticeMail
from realtime.tracking import OURS

logger = logging.getLogger("realtime")

PATIENCE = 60.0
"""Seconds that a server has for each reply, where the project's settings do not say."""
SENDING = 900.0
"""Seconds after which who has claimed a mail is taken for dead: longer than all replies take."""
PERMANENT = 500
"""SMTP's refusals for good begin here."""
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
        _note(mail, Outcome.FAILED, _said(fault))
        return
    try:
        connection = _opened()
    except Exception as error:  # noqa: BLE001  each back end has its own; the round tries again
        _note(mail, Outcome.WAITING, _said(error))
        return
    try:
        claim = uuid.uuid4().hex
        if _claimed(mail, claim):
            _note(mail, *_sent(connection, letter), claim)
    finally:
        connection.close()


def _opened() -> Any:
    """Return a connection to where the project's mail goes."""
    mailers = getattr(mailing, "mailers", None)  # From Django 6.1 on, in place of the other.
    connection: Any = mailers.default if mailers else mailing.get_connection()
    if getattr(connection, "timeout", 0) is None:
        connection.timeout = PATIENCE
    connection.open()
    return connection


def _claimed(mail: NoticeMail, claim: str) -> bool:
    free = NoticeMail.objects.filter(pk=mail.pk, outcome=Outcome.WAITING)
    until = Now() + timedelta(seconds=SENDING)
    return free.update(outcome=Outcome.SENDING, claim=claim, due_at=until) == 1


def _sent(connection: Any, letter: EmailMultiAlternatives) -> tuple[Outcome, str]:
    """Return what became of it: a refusal is certain, all else that goes wrong is not."""
    try:
        connection.send_messages([letter])
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        return _refused(code), _said(smtplib.SMTPResponseException(code, said))
    except smtplib.SMTPResponseException as error:
        return _refused(error.smtp_code), _said(error)
    except Exception as error:
        logger.exception("Nobody knows whether a mail of notices was sent")
        return Outcome.UNKNOWN, _said(error)
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


def _said(error: Exception) -> str:
    """Return what the server, or the network, said, on one line."""
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        words = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
        return f"{error.smtp_code} {' '.join(words.split())}"
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
