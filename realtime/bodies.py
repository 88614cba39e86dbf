"""What the body of a request says: a JSON object of the shape that its view has described."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest

from realtime import described
from realtime.problems import bad_request
from realtime.shapes import BODY, NOTHING, check

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def body_of(request: HttpRequest) -> dict[str, Any]:
    """Return what the body says, as its view has described; an empty body is an empty object."""
    raw = _raw(request)
    said = _parsed(raw) if raw.strip() else {}
    if not isinstance(said, dict):
        raise bad_request(BODY, "a JSON object", raw[:100].decode(errors="replace"))
    check(said, described.of(request).body or NOTHING, BODY)
    return said


def _raw(request: HttpRequest) -> bytes:
    """Return what was sent; of a form, which has been read for its token, what else it says."""
    if request.content_type in FORMS:
        fields = [field for field in request.POST if field != "csrfmiddlewaretoken"]
        return " ".join(fields).encode(errors="replace")
    return request.body


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


def _refuse(word: str) -> None:
    """Refuse NaN and its like, which Python reads and JSON does not know."""
    raise ValueError(word)
