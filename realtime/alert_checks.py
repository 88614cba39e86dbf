"""What a rule of alerts may say, wherever it is made: over HTTP, or in Django's admin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from realtime.addresses import BadAddress, target_of
from realtime.models import AlertRule

Kind, Inbox = AlertRule.Kind, AlertRule.Inbox
RULES = 100
"""Rules that there may be."""
MAILS = 20
"""Addresses of one rule."""
SECRET = 16
"""Characters of a webhook's secret, at least."""
FORGOTTEN = 9
"""Minutes for which a worker may be gone at most before it is told: later the store forgets it."""


class BadRule(Exception):
    """A field of a rule says what cannot be: it names what was expected, and what came."""

    def __init__(self, field: str, wanted: str, got: object) -> None:
        """Take the field, and the rest of a sentence."""
        super().__init__(f"expected {field} to be {wanted}, got: {got}")
        self.field, self.wanted, self.got = field, wanted, got


def check(rule: AlertRule, people: Sequence[Any]) -> None:
    """Hold a rule, with those who are chosen, to what can be; raises `BadRule`."""
    _check_names(rule)
    _check_numbers(rule)
    _check_mails(rule.mails)
    _check_webhook(rule)
    if rule.inbox == Inbox.CHOSEN and not people:
        raise BadRule("people", "at least one name of an account, where inbox is chosen", "none")
    if not (rule.mails or rule.url or rule.inbox != Inbox.NOBODY):
        raise BadRule("the rule", "told by mails, a url or an inbox", "none of these")


def _check_names(rule: AlertRule) -> None:
    for field in ("name", "pattern"):
        said = getattr(rule, field)
        if not said.strip() or not said.isprintable():
            raise BadRule(field, "a text of one line", said or "nothing")
    same = AlertRule.objects.filter(name=rule.name).exclude(pk=rule.pk)
    if same.exists():
        raise BadRule("name", "one that no other rule has", rule.name)
    known = [code for code, _ in settings.LANGUAGES]
    if rule.language and rule.language not in known:
        raise BadRule("language", f"empty, or one of {', '.join(known)}", rule.language)


def _check_numbers(rule: AlertRule) -> None:
    """Hold the minutes to what the kind can tell; all else its fields say themselves."""
    if rule.kind == Kind.WORKER_GONE and rule.minutes > FORGOTTEN:
        wanted = f"from 0 to {FORGOTTEN} where a worker is gone: later it is forgotten"
        raise BadRule("minutes", wanted, rule.minutes)
    if rule.kind in {Kind.TASK_FAILED, Kind.QUEUE_OLD} and rule.minutes < 1:
        raise BadRule("minutes", "at least 1", rule.minutes)


def _check_mails(mails: object) -> None:
    if not isinstance(mails, list) or len(mails) > MAILS:
        raise BadRule("mails", f"a list of at most {MAILS} mail addresses", mails)
    for address in mails:
        try:
            validate_email(address)
        except ValidationError as error:
            wanted = "a mail address such as ops@example.org"
            raise BadRule("each of mails", wanted, address) from error


def _check_webhook(rule: AlertRule) -> None:
    if not rule.url:
        return
    try:
        target_of(rule.url)
    except BadAddress as error:
        raise BadRule("url", str(error), rule.url) from error
    if len(rule.secret) < SECRET:
        wanted = f"at least {SECRET} characters, with which the webhook's requests are signed"
        raise BadRule("secret", wanted, f"{len(rule.secret)}")
