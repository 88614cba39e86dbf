"""What an alert says: a line and a few more, in the language of its rule."""

from __future__ import annotations

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from realtime.alert_signs import Subject
from realtime.conf import conf
from realtime.events import timestamp
from realtime.models import Alert, AlertDelivery, AlertRule

Event = AlertDelivery.Event
LISTED = 5
"""Subjects that are named in a text."""


def title_of(name: str, event: str) -> str:
    """Return the line that says which rule it is, and what of it."""
    titles = {
        Event.FIRING: _("Alert: %(name)s"),
        Event.STILL: _("Still: %(name)s"),
        Event.OVER: _("Over: %(name)s"),
        Event.TEST: _("Test: %(name)s"),
    }
    return titles[Event(event)] % {"name": name}


def text_of(rule: AlertRule, alert: Alert, event: str) -> str:
    """Return what has happened, and to what."""
    if event == Event.TEST:
        return _("This is a test of the alert. Nothing has happened.")
    if event == Event.OVER:
        return _("It is over. It began at %(since)s.") % {"since": timestamp(alert.since)}
    named = [_line(one) for one in alert.subjects[:LISTED]]
    rest = len(alert.subjects) - LISTED
    if rest > 0:
        named.append(ngettext("and %(n)d more", "and %(n)d more", rest) % {"n": rest})
    return "\n".join([_sentence(rule, alert.count), *named])


def link() -> str:
    """Return the address of the dashboard's page of alerts, "" where nobody knows our own."""
    try:
        return f"{conf.SITE_URL}{reverse('realtime:dashboard')}alerts" if conf.SITE_URL else ""
    except NoReverseMatch:
        return ""


def _sentence(rule: AlertRule, count: int) -> str:
    said = {"n": count, "minutes": rule.minutes}
    match rule.kind:
        case AlertRule.Kind.TASK_FAILED:
            told = ngettext(
                "%(n)d job has failed within %(minutes)d minutes.",
                "%(n)d jobs have failed within %(minutes)d minutes.",
                count,
            )
        case AlertRule.Kind.QUEUE_OLD:
            told = ngettext(
                "In %(n)d queue jobs wait for longer than %(minutes)d minutes.",
                "In %(n)d queues jobs wait for longer than %(minutes)d minutes.",
                count,
            )
        case AlertRule.Kind.WORKER_GONE:
            told = ngettext("%(n)d worker is gone.", "%(n)d workers are gone.", count)
        case _:
            told = ngettext("%(n)d job has stalled.", "%(n)d jobs have stalled.", count)
    return told % said


def _line(one: Subject) -> str:
    if one["n"] is not None:
        return f"{one['name']}: {one['n']}"
    return _("%(name)s, since %(since)s") % {"name": one["name"], "since": one["since"]}
