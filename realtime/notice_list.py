"""A person's notices: as pages, and as the frame that their sockets are sent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import Now

from realtime import permissions, protocol
from realtime.events import NoticeKind, Way, timestamp
from realtime.models import Notice
from realtime.permissions import Role

NEWEST = 20
"""Notices in a frame; older ones are read by pages."""
FILES = 3
"""Files that a notice offers; the job's page has them all."""
IN_INBOX = Q(ways__contains=Way.INBOX)
"""What is kept to be looked at; the others are told in another way alone."""
RECENT = timedelta(seconds=60)
"""Changes that are compared: longer than a transaction that makes one may take."""


def frames(people: list[str]) -> dict[str, str]:
    """Return the frame of each person: how many notices are unread, and the newest ones."""
    counts = dict.fromkeys(people, 0)
    found = _unread(Q(("person_id__in", people))).order_by().values_list("person_id")
    counts |= {str(person): count for person, count in found.annotate(Count("pk"))}
    return {person: protocol.notices(counts[person], page(person, NEWEST)) for person in people}


def page(person: str, most: int, asked: Q | None = None) -> list[dict[str, Any]]:
    """Return a person's newest notices, those that are asked for, at most so many."""
    found = Notice.objects.filter(Q(("person_id", person)), asked or Q()).select_related("job")
    # Its arguments, and what was to follow it, are nobody's business here.
    return [view(one) for one in found.defer("job__call", "job__promised")[:most]]


def unread(person: str) -> int:
    """Return how many of a person's notices are not read."""
    return _unread(Q(("person_id", person))).count()


def moved() -> dict[str, tuple[int, Any]]:
    """Return of each person whose notices have changed of late how many have, and when the last.

    By the database's clock alone: those of the processes that write may differ.
    """
    recent = Notice.objects.filter(changed_at__gt=Now() - RECENT).order_by()
    found = recent.values_list("person_id").annotate(Count("pk"), Max("changed_at"))
    return {str(person): (count, last) for person, count, last in found}


def _unread(whose: Q) -> QuerySet[Notice]:
    return Notice.objects.filter(whose, IN_INBOX, read_at=None)


def view(notice: Notice) -> dict[str, Any]:
    """Return a notice as its person is shown it, with what may be done now."""
    return {
        "id": str(notice.pk),
        "job": str(notice.job_id) if notice.job_id else None,
        "kind": notice.kind,
        "ways": notice.ways.split(),
        "title": notice.title,
        "text": notice.text,
        "at": timestamp(notice.at),
        "read_at": timestamp(notice.read_at) if notice.read_at else None,
        **_of_job(notice),
    }


def _of_job(notice: Notice) -> dict[str, Any]:
    """Return what may be done to the notice's job, what it asks, and its files."""
    if notice.job is None:
        return {"actions": [], "question": None, "files": []}
    job = permissions.view(notice.job.state(), Role.OWNER)
    question = _question(notice, job)
    if notice.kind == NoticeKind.ASKS:
        return {"actions": ["answer"] if question else [], "question": question, "files": []}
    files = job["files"][:FILES]
    actions = [*job["actions"], *(["download"] if files else [])]
    return {"actions": actions, "question": question, "files": files}


def _question(notice: Notice, job: dict[str, Any]) -> dict[str, Any] | None:
    """Return what a notice asks, as long as it can be answered."""
    asked: dict[str, Any] | None = job["question"]
    if notice.settled_at or not asked or asked["id"] != notice.about:
        return None
    until = asked["expires_at"]
    return asked if "answer" in job["actions"] and (not until or until > timestamp()) else None
