"""What is told of an alert, written with the alert itself; and how it reaches whom it is for.

Notices are written with it, and are there if it is. Mails and webhooks are rows, which say what
was told, to whom, and what became of it; `carry` sends one, and touches no database.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from http import HTTPStatus
from http.client import HTTPException
from itertools import islice
from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from realtime import mail_server, webhook
from realtime.addresses import BadAddress, Blocked, Unresolved
from realtime.alert_words import link, text_of, title_of
from realtime.cleaning import text
from realtime.conf import conf
from realtime.events import ALERT, Way, timestamp
from realtime.language import speaking
from realtime.models import Alert, AlertDelivery, AlertRule, Notice
from realtime.permissions import VIEW_ALL, is_operator
from realtime.reporter import get_reporter

PEOPLE = 500
"""Whose inboxes one alert may reach."""
TITLE, REASON = 200, 300
"""Characters kept."""
PREFIX = "alert."
"""What the names of events begin with, for who hears of other things besides."""
REDIRECTED = gettext_noop("The webhook leads on to another address: give that one.")
Outcome, Ways = AlertDelivery.Outcome, AlertDelivery.Way


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one try."""

    outcome: str
    """Sent; waiting, where it may go better another time; failed, where it will not."""
    reason: str = ""
    """What was answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """All that is needed to send one message."""

    delivery: int
    way: str
    to: str
    key: str
    body: str
    secret: str
    """With what a webhook's request is signed."""
    language: str


def tell(rule: AlertRule, alert: Alert, event: str, now: datetime) -> list[AlertDelivery]:
    """Write what is told of an alert, within the transaction that lets it be told."""
    with speaking(rule.language):
        said = _said(rule, alert, event, now)
        rows = [_row(alert, way, to, said, now) for way, to in _whom(rule)]
        people = _people(rule)
        if rule.inbox != AlertRule.Inbox.NOBODY:
            rows.append(_told_inbox(rule, alert, event, people, now))
    rows = AlertDelivery.objects.bulk_create(rows)
    _notice(people, alert, event, said, now)
    return rows


def parcel_of(delivery: AlertDelivery) -> Parcel:
    """Return what is sent; its alert and rule are read with it."""
    rule = delivery.alert.rule
    return Parcel(
        delivery=delivery.pk,
        way=delivery.way,
        to=delivery.to,
        key=str(delivery.key),
        body=delivery.body,
        secret=rule.secret if rule else "",
        language=rule.language if rule else "",
    )


def carry(parcel: Parcel) -> Result:
    """Send one message, and return what became of it; whatever goes wrong is told, not raised."""
    try:
        return _mailed(parcel) if parcel.way == Ways.MAIL else _posted(parcel)
    except Exception as error:  # noqa: BLE001  each mail back end has its own
        return Result(outcome=Outcome.WAITING, reason=mail_server.said(error)[:REASON])


def _said(rule: AlertRule, alert: Alert, event: str, now: datetime) -> dict[str, Any]:
    """Return what is told, as a webhook is sent it."""
    return {
        "event": f"{PREFIX}{event}",
        "at": timestamp(now),
        "title": text(title_of(rule.name, event), TITLE),
        "text": text_of(rule, alert, event),
        "rule": {"id": rule.pk, "name": rule.name, "kind": rule.kind},
        "alert": {
            "id": alert.pk,
            "since": timestamp(alert.since),
            "over_at": timestamp(alert.over_at) if alert.over_at else None,
            "count": alert.count,
            "subjects": alert.subjects,
        },
        "test": alert.test,
        "link": link() or None,
    }


def _whom(rule: AlertRule) -> Iterable[tuple[str, str]]:
    yield from ((Ways.MAIL, address) for address in rule.mails)
    if rule.url:
        yield Ways.WEBHOOK, rule.url


def _row(alert: Alert, way: str, to: str, said: dict[str, Any], now: datetime) -> AlertDelivery:
    event = said["event"].removeprefix(PREFIX)
    row = AlertDelivery(alert=alert, way=way, to=to, event=event, due_at=now)
    row.body = json.dumps({"id": str(row.key), **said}, ensure_ascii=False)
    return row


def _people(rule: AlertRule) -> list[Any]:
    """Return whose inboxes it reaches: nobody's who may not see everybody's jobs by now."""
    match rule.inbox:
        case AlertRule.Inbox.OPERATORS:
            able = ModelBackend().with_perm(VIEW_ALL)
            if not conf.REACH:
                return list(able[:PEOPLE])
            return list(islice((one for one in able.iterator() if is_operator(one)), PEOPLE))
        case AlertRule.Inbox.CHOSEN:
            return [one for one in rule.people.all()[:PEOPLE] if is_operator(one)]
    return []


def _told_inbox(
    rule: AlertRule, alert: Alert, event: str, people: list[Any], now: datetime
) -> AlertDelivery:
    told = ngettext("%(n)d person", "%(n)d people", len(people)) % {"n": len(people)}
    done = {"outcome": Outcome.SENT, "reason": told, "tries": 1, "done_at": now}
    if not people:
        none = _("There is nobody who may see the jobs of everybody.")
        done |= {"outcome": Outcome.FAILED, "reason": none}
    to = AlertRule.Inbox(rule.inbox).value
    return AlertDelivery(alert=alert, way=Ways.INBOX, to=to, event=event, **done)


def _notice(
    people: list[Any], alert: Alert, event: str, said: dict[str, Any], now: datetime
) -> None:
    ways = f"{Way.TOAST} {Way.INBOX}"
    Notice.objects.bulk_create(
        Notice(
            person=one,
            kind=ALERT,
            about=_about(alert, event, now),
            ways=ways,
            title=said["title"],
            text=said["text"],
            at=now,
            changed_at=Now(),
        )
        for one in people
    )
    for one in people:
        transaction.on_commit(partial(get_reporter().call, str(one.pk)))


def _about(alert: Alert, event: str, now: datetime) -> str:
    said = f"{alert.pk} {event} {timestamp(now)}"
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def _posted(parcel: Parcel) -> Result:
    try:
        status = webhook.post(parcel.to, parcel.body.encode(), parcel.secret, parcel.key)
    except (BadAddress, Blocked) as error:
        return Result(outcome=Outcome.FAILED, reason=str(error))
    except Unresolved as error:
        return Result(outcome=Outcome.WAITING, reason=str(error))
    except (OSError, HTTPException) as error:
        return Result(outcome=Outcome.WAITING, reason=mail_server.said(error)[:REASON])
    told = f"HTTP {status}"
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Result(outcome=Outcome.SENT, reason=told)
    if status < HTTPStatus.BAD_REQUEST:
        return Result(outcome=Outcome.FAILED, reason=f"{told}. {REDIRECTED}")
    gone = status == HTTPStatus.GONE
    return Result(outcome=Outcome.FAILED if gone else Outcome.WAITING, reason=told)


def _mailed(parcel: Parcel) -> Result:
    try:
        letter = _letter(parcel)
        letter.message()
    except ValueError as fault:  # An address, or a header, that no mail can have.
        return Result(outcome=Outcome.FAILED, reason=mail_server.said(fault)[:REASON])
    with closing(mail_server.opened(webhook.PATIENCE)) as connection:
        try:
            connection.send_messages([letter])
        except Exception as error:
            reply = mail_server.refusal(error)
            if reply is None:
                raise
            final = reply.smtp_code >= mail_server.PERMANENT
            outcome = Outcome.FAILED if final else Outcome.WAITING
            return Result(outcome=outcome, reason=mail_server.said(reply)[:REASON])
    return Result(outcome=Outcome.SENT)


def _letter(parcel: Parcel) -> EmailMultiAlternatives:
    """Return the message; its id stays the same, so whoever sorts mails may drop a second one."""
    said = json.loads(parcel.body)
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("> ") or "localhost"
    headers = {"Auto-Submitted": "auto-generated", "Message-ID": f"<{parcel.key}@{host}>"}
    with speaking(parcel.language):
        told = {**said, "language": translation.get_language()}
        letter = EmailMultiAlternatives(
            subject=" ".join(said["title"].split()),
            body=render_to_string("realtime/alert_mail.txt", told),
            from_email=settings.DEFAULT_FROM_EMAIL,
            to=[parcel.to],
            headers=headers,
        )
        letter.attach_alternative(render_to_string("realtime/alert_mail.html", told), "text/html")
    return letter
