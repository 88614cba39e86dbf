"""Jobs by their tags, which are in the state that SQL remembers."""

from __future__ import annotations

import json

from django.db import connection
from django.db.models import Q, QuerySet, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import StrIndex

from realtime.models import Job


def tagged(found: QuerySet[Job], tag: str) -> QuerySet[Job]:
    """Return those of the jobs that have this tag."""
    if connection.features.supports_json_field_contains:
        return found.filter(last__tags__contains=[tag])
    # SQLite keeps JSON as it was written: by Django in ASCII, by us as it is.
    written = KeyTextTransform("tags", "last")
    plain = StrIndex(written, Value(json.dumps(tag, ensure_ascii=False)))
    escaped = StrIndex(written, Value(json.dumps(tag)))
    return found.alias(plain=plain, escaped=escaped).filter(Q(plain__gt=0) | Q(escaped__gt=0))
