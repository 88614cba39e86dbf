"""Who is told what, when: the notices of a job's owner, written with the job's transitions.

In the transition's own transaction, so that a notice is there if, and only if, SQL knows of what it
tells. What is told again, by a redelivered run too, makes no second one: its key is its job and
what of it is told.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from functools import partial
from typing import NamedTuple

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from realtime import announcer
from realtime.conf import conf
from realtime.events import JobState, NoticeKind, Status, timestamp
from realtime.failure import safe_text
from realtime.language import speaking, translated
from realtime.models import MailedNotice, Notice
from realtime.ways import Route

END = "end"
"""What an end's notice is about; a question's is about the question's id."""
LOST = gettext_noop("It was lost.")
FAILED = gettext_noop("It failed.")


class Told(NamedTuple):
    """What a person is told."""

    kind: NoticeKind
    """Of what sort it is."""
    about: str
    """What of the job it tells."""
    text: str
    """What it says, beside the job's title."""
    at: str | None
    """When it came about."""


class Due(NamedTuple):
    """What a transition means for the notices of its job's owner."""

    person: str
    """Whose they are."""
    told: Told | None
    """What is new."""
    settles: bool
    """Whether the job may have asked something that it asks no more."""


def due(state: JobState, *, asked: bool) -> Due | None:
    """Return what a transition means for its owner's notices; None for nothing, as most do.

    `asked` tells whether the job may have asked its owner something before.
    """
    if state.owner is None:
        return None
    told = _told(state)
    return Due(state.owner, told, asked) if told or asked else None


def write(state: JobState, due: Due, route: Route | None) -> None:
    """Write what is due, and let the person's sockets know once it is committed."""
    if due.settles:
        _settle(state, due.told)
    if due.told and route and route.ways:
        _keep(state, due.person, due.told, route)
    transaction.on_commit(partial(announcer.tell, [due.person]))


def _told(state: JobState) -> Told | None:
    if state.status == Status.WAITING and state.question:
        asked = state.question
        return Told(NoticeKind.ASKS, asked["id"], asked["text"], asked["asked_at"])
    if not (state.ended and state.is_root and _is_told(state)):
        # Of a tree its root tells. Who cancels a job knows that it is.
        return None
    with speaking(state.language):
        return _told_of_end(state)


def _told_of_end(state: JobState) -> Told:
    if state.status == Status.SUCCEEDED:
        return Told(NoticeKind.FINISHED, END, _outcome(state), state.finished_at)
    error = LOST if state.status == Status.LOST else FAILED
    text = safe_text(state.error) if state.error else error
    return Told(NoticeKind.FAILED, END, translated(text, state.language), state.finished_at)


def _is_told(state: JobState) -> bool:
    """Tell whether the owner wants to know of this end."""
    if state.status == Status.CANCELLED:
        return False
    # The cheap question first: most jobs are short, and end well.
    if state.status == Status.SUCCEEDED and _took(state) < conf.NOTICE_AFTER:
        return _matches(state.name, conf.NOTICE_ALWAYS)
    return _matches(state.name, conf.NOTICES)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _took(state: JobState) -> float:
    """Return the seconds since its owner saw it begin: what a retry begins is no beginning."""
    began = state.queued_at if state.attempt > 1 else state.started_at
    if not began or not state.finished_at:
        return 0.0
    return (_moment(state.finished_at) - _moment(began)).total_seconds()


def _outcome(state: JobState) -> str:
    """Return what became of the job's items, or what it said last."""
    done = _counted(state.current, state.unit) if state.current else ""
    failed = _("%(n)s failed") % {"n": f"{state.failed:,}"} if state.failed else ""
    skipped = _("%(n)s skipped") % {"n": f"{state.skipped:,}"} if state.skipped else ""
    return _(", ").join(part for part in (done, failed, skipped) if part) or state.message


def _counted(count: float, unit: str) -> str:
    n = f"{count:,.10g}"
    if not unit:
        return _("%(n)s done") % {"n": n}
    # As English forms it; in other languages' letters a unit stays as it is.
    is_one = count == 1 or unit.isupper() or not unit.isascii()
    return f"{n} {unit}" if is_one else f"{n} {unit}s"


def _settle(state: JobState, told: Told | None) -> None:
    """Let questions of the job that are asked no more be read, and over."""
    open_ones = Notice.objects.filter(job_id=state.id, kind=NoticeKind.ASKS, settled_at=None)
    if told:
        open_ones = open_ones.exclude(about=told.about)
    open_ones.update(settled_at=Now(), read_at=Coalesce(F("read_at"), Now()), changed_at=Now())


def _keep(state: JobState, person: str, told: Told, route: Route) -> None:
    fresh = Notice(
        job_id=state.id,
        person_id=person,
        kind=told.kind,
        about=told.about,
        ways=" ".join(route.ways),
        title=state.title or state.name,
        text=told.text,
        at=_moment(told.at or timestamp()),
        changed_at=Now(),
    )
    kept = Notice.objects.filter(job_id=state.id, about=told.about)
    # What is told again was told to who was here then.
    is_new = route.mailed and not kept.exists()
    Notice.objects.bulk_create([fresh], ignore_conflicts=True)
    if told.kind is NoticeKind.ASKS:
        # The job's next run may ask the same again.
        closed = kept.filter(settled_at__isnull=False)
        is_new |= bool(closed.update(settled_at=None, read_at=None, changed_at=Now()))
    if route.mailed and is_new:
        _mail(kept.get())


def _mail(notice: Notice) -> None:
    """Let a notice be mailed later, unless it was put into a mail before."""
    until = Now() + timedelta(seconds=conf.NOTICE_MAIL_AFTER)
    later = MailedNotice(notice=notice, person_id=notice.person_id, due_at=until)
    MailedNotice.objects.bulk_create([later], ignore_conflicts=True)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
