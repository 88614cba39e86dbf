"""The one place where what a task says is made safe for frames, rows and pages."""

from __future__ import annotations

import math
import numbers
import re

# NUL breaks PostgreSQL, lone surrogates break UTF-8; the other controls only confuse people.
_UNSAFE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
LARGEST = 2**53 - 1


def text(value: object, length: int) -> str:
    """Return any object as text that is safe everywhere, at most `length` characters long."""
    if not isinstance(value, str):
        value = _spoken(value)
    cut = value[: length + 1]
    if len(cut) > length:
        cut = cut[: length - 1] + "…"
    return _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", cut)


def number(value: object) -> float | None:
    """Return a finite number that browsers hold exactly enough, None for anything else."""
    if isinstance(value, int):
        return max(-LARGEST, min(int(value), LARGEST))
    if isinstance(value, numbers.Real) or hasattr(value, "__float__"):
        try:
            found = float(value)
        except Exception:  # noqa: BLE001  any object may be given
            return None
        return max(-float(LARGEST), min(found, float(LARGEST))) if math.isfinite(found) else None
    return None


def _spoken(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001  a task's object may raise anything
        return f"<{type(value).__name__} that cannot be shown>"
