"""Jobs by their tags, which are in the state that SQL remembers."""

from __future__ import annotations

import json
from collections.abc import Iterable

from django.db import connection
from django.db.models import Q, QuerySet, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import StrIndex

from realtime.models import Job


def tagged(found: QuerySet[Job], *, tags: Iterable[str], negative: bool = False) -> QuerySet[Job]:
    """Return those of the jobs that have one of these tags, or those that have none of them."""
    has = Q()
    for number, tag in enumerate(tags):
        found, one = _asked(found, tag, number)
        has |= one
    return found.filter(~has if negative else has)


def _asked(found: QuerySet[Job], tag: str, number: int) -> tuple[QuerySet[Job], Q]:
    """Return the jobs with what is asked of them, and the question."""
    if connection.features.supports_json_field_contains:
        return found, Q(last__tags__contains=[tag])
    # SQLite keeps JSON as it was written: by Django in ASCII, by us as it is.
    written = KeyTextTransform("tags", "last")
    plain, escaped = f"plain_{number}", f"escaped_{number}"
    more = {
        plain: StrIndex(written, Value(json.dumps(tag, ensure_ascii=False))),
        escaped: StrIndex(written, Value(json.dumps(tag))),
    }
    return found.alias(**more), Q((f"{plain}__gt", 0)) | Q((f"{escaped}__gt", 0))
