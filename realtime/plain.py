"""Values that are JSON's own, as JSON: exactly what was given, within a bound, or not at all."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from realtime.cleaning import text
from realtime.conf import conf

DEPTH = 20
"""Lists within lists."""
LARGEST = 2**63 - 1

# What `cleaning` would replace: a text that is changed is no longer what was given.
_UNSAFE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


class _NotPlainError(Exception):
    """Something in a value is not JSON's own, or there is too much of it."""


def as_json(value: object, size: int) -> str | None:
    """Return a value as JSON; None when it is none, or has more than about `size` characters.

    Types are compared, not asked: what subclasses do when they are looked at is their own affair.
    """
    try:
        _measure(value, size, DEPTH)
        found = _encode(value)
    except (_NotPlainError, RuntimeError, ValueError):  # Changed by another thread meanwhile.
        return None
    return found if len(found) <= size else None


def item_as_json(item: object) -> str:
    """Return an item as it is kept: as the JSON that it is, else as text."""
    most = conf.ITEM_LENGTH
    return as_json(item, most) or _encode(text(item, most))


def canonical(value: object) -> str:
    """Return what was read from JSON as the same JSON."""
    return _encode(value)


def _measure(value: Any, left: int, depth: int) -> int:
    """Return how much of a size is left when a value is taken from it."""
    kind = type(value)
    if kind is list or kind is tuple:
        for one in value:
            left = _measure(one, left - 1, depth - 1)
    elif kind is dict:
        for key, one in value.items():
            left = _measure(one, _measure_leaf(key, left - 1, of={str}), depth - 1)
    else:
        left = _measure_leaf(value, left, of={str, int, float, bool, type(None)})
    if left < 0 or depth < 0:
        raise _NotPlainError
    return left


def _measure_leaf(value: Any, left: int, *, of: set[type]) -> int:
    kind = type(value)
    if kind not in of:
        raise _NotPlainError
    if kind is str:
        if len(value) > left or _UNSAFE.search(value):
            raise _NotPlainError
        return left - len(value)
    if (kind is float and not math.isfinite(value)) or (kind is int and abs(value) > LARGEST):
        raise _NotPlainError
    return left - 1
