"""The message with which notices come by mail."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import ngettext, pgettext_lazy

from realtime.conf import conf
from realtime.events import NoticeKind
from realtime.language import speaking
from realtime.models import Notice, NoticeMail

KINDS = {
    NoticeKind.FINISHED: pgettext_lazy("kind of notice", "Finished"),
    NoticeKind.FAILED: pgettext_lazy("kind of notice", "Failed"),
    NoticeKind.ASKS: pgettext_lazy("kind of notice", "Needs an answer"),
}
ANY = "00000000-0000-0000-0000-000000000000"
MOST = 50
"""Notices that one mail tells of; of further ones it tells how many there are."""
SUBJECT_LENGTH = 200


class Unaddressed(Exception):
    """There is nothing to send, or nobody to send it to."""


def letter_of(mail: NoticeMail) -> EmailMultiAlternatives:
    """Return the message with what its person has not read yet, in the language of the newest.

    Raises `Unaddressed`.
    """
    person = mail.person
    address = getattr(person, type(person).get_email_field_name(), "")
    if not (address and person.is_active):
        raise Unaddressed("There is no address, or who has it may not sign in.")
    unread = Notice.objects.filter(mailed__mail=mail, read_at=None).select_related("job")
    found, count = list(unread.defer("job__call", "job__promised")[:MOST]), unread.count()
    if not found:
        raise Unaddressed("All of it was read before.")
    job = found[0].job
    with speaking(job.last.get("language") or "" if job else ""):
        return _written(address, found, count)


def _written(address: str, found: list[Notice], count: int) -> EmailMultiAlternatives:
    preferences = _link(conf.PREFERENCES_PAGE)
    told = {
        "notices": [_shown(one) for one in found],
        "more": count - len(found),
        "preferences": preferences,
        "language": translation.get_language(),
    }
    letter = EmailMultiAlternatives(
        subject=_subject(found[0], count),
        body=render_to_string("realtime/notice_mail.txt", told),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[address],
        headers=_headers(preferences),
    )
    letter.attach_alternative(render_to_string("realtime/notice_mail.html", told), "text/html")
    return letter


def _shown(notice: Notice) -> dict[str, Any]:
    return {
        "kind": KINDS[NoticeKind(notice.kind)],
        "title": notice.title,
        "text": notice.text,
        "link": _link(conf.JOB_PAGE.replace(ANY, str(notice.job_id))),
    }


def _subject(newest: Notice, count: int) -> str:
    """Return one line, whatever the job is called: a second one would be another header."""
    said, more = f"{KINDS[NoticeKind(newest.kind)]}: {newest.title}", count - 1
    line = "".join(one if one.isprintable() else " " for one in said)
    line = " ".join(line.split())[:SUBJECT_LENGTH]
    if not more:
        return line
    told = ngettext("%(said)s, and %(n)d more", "%(said)s, and %(n)d more", more)
    return told % {"said": line, "n": more}


def _headers(preferences: str) -> dict[str, str]:
    found = {"Auto-Submitted": "auto-generated"}
    return found | ({"List-Unsubscribe": f"<{preferences}>"} if preferences else {})


def _link(path: str) -> str:
    """Return an address that works in a mail, "" where the settings do not say where we are."""
    return f"{conf.SITE_URL}{path}" if conf.SITE_URL and path else ""
