"""Puts notices into mails, in the one process that judges, and queues those for a worker to send.

A mail is a row, so what becomes of it is known to all. Each step is one statement that says under
which condition it holds: two processes that judge at once, or a round that is made twice, change
nothing.

    waiting ─claim─▶ sending ─note─▶ sent, failed, waiting (refused for now)
       └─ nothing is left to tell: left out   └─ its worker has died ─▶ unknown
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.db import Error, connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from realtime.models import MailedNotice, NoticeMail
from realtime.post import mail_notices

logger = logging.getLogger("realtime")

BATCH = 100
"""People, and mails, that are looked at in one round."""
TRIES = 12
"""How often a mail is queued: for about five hours."""
SOONEST, LATEST = 30, 3_600
"""Seconds until a mail is queued again that was not sent; doubled each time, up to the latter."""
Outcome = NoticeMail.Outcome


class Mailing:
    """Looks for notices that are to be mailed."""

    def look(self) -> None:
        """Make one round; what cannot be done now is done in a later one."""
        try:
            _give_up()
            for person in _people():
                _gather(person)
            for mail in _due():
                _queue(mail)
        except Error as error:
            logger.warning("The database is away, notices are mailed later: %s", error)
        finally:
            connection.close()


def _people() -> list[Any]:
    """Return who has a notice that has waited for long enough."""
    due = MailedNotice.objects.filter(mail=None, due_at__lte=Now()).order_by()
    return list(due.values_list("person", flat=True).distinct()[:BATCH])


def _gather(person: Any) -> None:
    """Put all of a person's notices that wait into one mail, those that are young too."""
    waiting = MailedNotice.objects.filter(person=person, mail=None)
    waiting.filter(notice__read_at__isnull=False).delete()
    if not waiting.exists():
        return
    with transaction.atomic():
        mail = NoticeMail.objects.create(person_id=person, due_at=Now())
        if not waiting.update(mail=mail):
            mail.delete()  # Another process that judges was faster.


def _due() -> list[NoticeMail]:
    waiting = NoticeMail.objects.filter(outcome=Outcome.WAITING, due_at__lte=Now())
    return list(waiting.order_by("due_at")[:BATCH])


def _queue(mail: NoticeMail) -> None:
    """Let a worker send a mail, and look again later whether it did."""
    ours = NoticeMail.objects.filter(pk=mail.pk, outcome=Outcome.WAITING, tries=mail.tries)
    if mail.tries >= TRIES:
        ours.update(outcome=Outcome.FAILED)
        logger.error("Mail %d of notices was tried too often: %s", mail.pk, mail.reason)
        return
    wait = min(SOONEST * 2**mail.tries, LATEST)
    if not ours.update(tries=F("tries") + 1, due_at=Now() + timedelta(seconds=wait)):
        return
    try:
        mail_notices.apply_async((mail.pk,), retry=False, ignore_result=True)
    except Exception as error:  # noqa: BLE001  a broker may raise anything, and is asked again
        logger.warning("The queue is away, notices are mailed later: %s", error)


def _give_up() -> None:
    """Say of mails whose worker has died that nobody knows what became of them."""
    silent = NoticeMail.objects.filter(outcome=Outcome.SENDING, due_at__lte=Now())
    if count := silent.update(outcome=Outcome.UNKNOWN, reason="Its worker has died."):
        logger.error("%d mails of notices were being sent when their worker died", count)
