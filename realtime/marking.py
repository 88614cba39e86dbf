"""What people do with their notices: they have read them, or have not after all."""

from __future__ import annotations

from django.db.models import Q
from django.db.models.functions import Now

from realtime.models import Notice
from realtime.reporter import get_reporter

MOST = 500
"""Notices that are marked by their ids, and ids of those that were, at once."""


def mark(
    person: str, *, read: bool, ids: list[str] | None = None, until: str | None = None
) -> list[str]:
    """Let some notices of a person be read or unread, all without ids; returns which have changed.

    `until` is the newest that the person has seen. Those of others are left alone. Every open
    socket of the person hears of it.
    """
    found = Notice.objects.filter(Q(("person_id", person)), read_at__isnull=read)
    if ids is not None:
        found = found.filter(pk__in=[key for one in ids if (key := key_of(one)) is not None])
    if until is not None:
        found = found.filter(pk__lte=key_of(until) or 0)
    changed = [str(key) for key in found.order_by("-pk").values_list("pk", flat=True)[:MOST]]
    if changed:
        found.update(read_at=Now() if read else None, changed_at=Now())
        get_reporter().call(person)
    return changed


def key_of(said: str) -> int | None:
    """Return a notice's key, None for what is none."""
    is_number = said.isascii() and said.isdecimal() and len(said) < 19  # noqa: PLR2004  of 2**63
    return int(said) if is_number else None
