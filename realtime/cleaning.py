"""The one place where what a task says is made safe for frames, rows and pages.

A task's objects are spoken and counted in its own thread, at the call (`shown`, `number`): they may
be slow, ask the database, or change later. What is plain text already is made safe by the reporter.
"""

from __future__ import annotations

import math
import re
from typing import Any

from billiard.exceptions import SoftTimeLimitExceeded

from realtime.errors import Cancelled

# NUL breaks PostgreSQL, lone surrogates break UTF-8; the other controls only confuse people.
_UNSAFE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
LARGEST = 2**53 - 1

_MEANT = (KeyboardInterrupt, SystemExit, SoftTimeLimitExceeded, Cancelled)
_MEANT_BY = ("gevent", "greenlet")


def text(value: object, length: int) -> str:
    """Return any object as text that is safe everywhere, at most `length` characters long."""
    cut = shown(value, length)
    if len(cut) > length:
        cut = cut[: length - 1] + "…"
    return _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", cut)


def shown(value: object, length: int) -> str:
    """Return any object as plain text; of a longer one what `text` needs to see that it is so."""
    # By type, as in `number`: what an object says of its class may be a lie, or raise.
    plain: str = value if type(value) is str else _spoken(value)
    return plain if len(plain) <= length else plain[: length + 1]


def number(value: object) -> float | None:
    """Return a finite number that browsers hold exactly enough, None for anything else."""
    try:
        found = _counted(value)
    except BaseException as error:
        if is_meant(error):
            raise
        return None
    if found is None or not (type(found) is int or math.isfinite(found)):
        return None
    return max(-LARGEST, min(found, LARGEST))


def total_of(one: object, other: object) -> float:
    """Return the sum of two numbers; what is none counts for nothing."""
    return number((number(one) or 0) + (number(other) or 0)) or 0


def is_meant(error: BaseException) -> bool:
    """Tell whether an exception is for the task, whatever it was doing: a time limit, a cancel."""
    return isinstance(error, _MEANT) or str(type(error).__module__).startswith(_MEANT_BY)


def _spoken(value: object) -> str:
    try:
        # A subclass of str may do anything; this is its text alone.
        return str.__str__(str(value))
    except BaseException as error:
        if is_meant(error):
            raise
        return f"<{type.__dict__['__name__'].__get__(type(value))} that cannot be shown>"


def _counted(value: Any) -> float | None:
    kind = type(value)
    if issubclass(kind, int):
        return int.__int__(value)
    if issubclass(kind, float):
        return float.__float__(value)
    if hasattr(kind, "__float__") or hasattr(kind, "__index__"):
        return float.__float__(float(value))
    return None
