"""What a request says: a JSON object with the keys that are asked for, and no other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from realtime.problems import Problem, bad_request

KINDS = {bool: "true or false", str: "a text", list: "a list"}

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def body_of(request: HttpRequest, keys: Mapping[str, type]) -> dict[str, Any]:
    """Return the body's values, each of its key's type (`object` takes all); empty is an object."""
    raw = _raw(request)
    said = _parsed(raw) if raw.strip() else {}
    if not isinstance(said, dict):
        raise bad_request("the body", "a JSON object", raw[:100].decode(errors="replace"))
    for key, value in said.items():
        if key not in keys:
            # Ignored, a key that is spelt wrong would do something else than what was meant.
            known = ", ".join(keys) or "absent"
            raise bad_request("each key of the body", f"one of {known}", key)
        if not isinstance(value, keys[key]):
            raise bad_request(key, KINDS[keys[key]], json.dumps(value))
    return said


def demanded(body: dict[str, Any], key: str, wanted: str) -> Any:
    """Return a value that must be there."""
    if key not in body:
        raise Problem(400, "Bad request", f"expected {key} to be {wanted}, got: nothing")
    return body[key]


def _raw(request: HttpRequest) -> bytes:
    """Return what was sent; of a form, which has been read for its token, what else it says."""
    if request.content_type in FORMS:
        fields = [field for field in request.POST if field != "csrfmiddlewaretoken"]
        return " ".join(fields).encode(errors="replace")
    return request.body


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None
