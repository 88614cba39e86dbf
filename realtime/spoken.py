"""A state in words and numbers, for who reads it on a terminal: the browser's words, as text."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Any

from django.template.defaultfilters import filesizeformat

from realtime.events import ENDS, Status

State = dict[str, Any]

WIDE = 1.5
"""A range whose end is nearer to its beginning is told as one time."""
MINUTE, HOUR, DAY = 60, 3_600, 86_400
WORDS = {
    Status.WAITING: "needs an answer",
    Status.CANCELLING: "cancelling…",
}
"""Statuses that have another name among people."""
SPOKEN = {"JobError", "WorkerLost", "Orphaned", "Expired"}
"""Kinds of errors whose text is a sentence."""
BYTES = {"B", "byte", "bytes"}

# What a terminal might obey: C1 controls too, which some take as escapes, and changes of direction.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def harmless(text: object, *, lines: bool = False) -> str:
    """Return a text that a terminal shows and does not obey, in one line unless told."""
    parts = str(text).expandtabs(4).split("\n") if lines else [" ".join(str(text).split())]
    return "\n".join(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", part) for part in parts)


def title(state: State) -> str:
    """Return what the job is called."""
    return harmless(state["title"] or state["name"] or "Job")


def look(state: State) -> str:
    """Return the status, or one of the two looks that it can take on."""
    if state["status"] == Status.SUCCEEDED and state["failed"]:
        return "succeeded with warnings"
    if state["status"] == Status.RUNNING and state["stalled"]:
        return "stalled"
    return WORDS.get(state["status"], str(state["status"]))


def percent(fraction: float | None) -> str:
    """Return whole percent, rounded down: nothing is at 100 % before it is."""
    return "" if fraction is None else f"{math.floor(min(max(fraction, 0), 1) * 100 + 1e-9)} %"


def facts(state: State) -> list[str]:
    """Return count, rate and time, as far as they are known."""
    found = (_count(state), _rate(state), _time(state), _attempt(state))
    return [fact for fact in found if fact]


def outcomes(state: State) -> list[str]:
    """Return how many items went how."""
    return [f"{state[name]:,} {name}" for name in ("ok", "failed", "skipped") if state[name]]


def message(state: State) -> str:
    """Return what the job says, or why it has failed."""
    error = state["error"]
    if error and state["status"] in {Status.FAILED, Status.LOST, Status.RETRYING}:
        said = error["text"] if error["kind"] in SPOKEN else f"{error['kind']}: {error['text']}"
        return harmless(said)
    return harmless(state["message"])


def question(state: State) -> str:
    """Return what the job asks."""
    asked = state["question"]
    if not asked:
        return ""
    choices = ", ".join(asked["choices"] or ())
    return harmless(f"It asks: {asked['text']} {f'({choices})' if choices else ''}")


def files(state: State) -> list[str]:
    """Return what the job has left."""
    return [f"{harmless(one['name'])} ({_bytes(one['size'])})" for one in state["files"]]


def duration(seconds: float) -> str:
    """Return how long something took."""
    whole = max(0, round(seconds))
    for big, name, small, rest in (
        (DAY, "d", HOUR, "h"),
        (HOUR, "h", MINUTE, "min"),
        (MINUTE, "min", 1, "s"),
    ):
        if whole >= big:
            left = whole % big // small
            return f"{whole // big} {name}" + (f" {left} {rest}" if left else "")
    return f"{whole} s"


def remaining(seconds: float) -> str:
    """Return how long it will take, as coarse as that is uncertain; never nothing."""
    if seconds <= MINUTE:
        return duration(max(5, math.ceil(seconds / 5) * 5))
    step = MINUTE if seconds <= HOUR else 5 * MINUTE
    return duration(math.floor(seconds / step + 0.5) * step)


def _count(state: State) -> str:
    current, total, unit = state["current"], state["total"], state["unit"]
    if total is None and not current:
        return ""
    size = _bytes if unit in BYTES else _quantity
    numbers = size(current) if total is None else f"{size(current)} / {size(total)}"
    if unit in BYTES or not unit:
        return numbers
    return f"{numbers} {_plural(harmless(unit), current if total is None else total)}"


def _rate(state: State) -> str:
    rate = state["rate"]
    if state["status"] != Status.RUNNING or not rate or rate < 0:
        return ""
    if state["unit"] in BYTES:
        return f"{_bytes(rate)}/s"
    return f"{_quantity(rate)}/s" if rate >= 1 else f"{_quantity(rate * 60)}/min"


def _time(state: State) -> str:
    if state["status"] in ENDS:
        return _took(state["started_at"], state["finished_at"])
    if state["status"] != Status.RUNNING or state["eta"] is None or state["stalled"]:
        return ""
    passed = _since(state["updated_at"])
    low, high = state.get("eta_range") or (passed, passed)
    if high < passed:
        return ""  # Longer than it ever took: nobody knows.
    least, most = remaining(low - passed), remaining(high - passed)
    if least == most or high - passed < WIDE * (low - passed):
        return f"about {remaining(state['eta'] - passed)} left"
    return f"{least} to {most} left"


def _since(moment: str | None) -> float:
    """Return the seconds since then, by the clock of this machine."""
    if not moment:
        return 0.0
    return max((datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds(), 0.0)


def _took(began: str | None, ended: str | None) -> str:
    if not began or not ended:
        return ""
    passed = datetime.fromisoformat(ended) - datetime.fromisoformat(began)
    return f"took {duration(passed.total_seconds())}"


def _attempt(state: State) -> str:
    return f"attempt {state['attempt']}" if state["attempt"] > 1 else ""


def _quantity(number: float) -> str:
    return f"{number:,.0f}" if number == int(number) or number >= 100 else f"{number:,.1f}"  # noqa: PLR2004  a tenth says nothing there


def _bytes(size: float) -> str:
    return filesizeformat(size).replace("\xa0", " ")


def _plural(unit: str, number: float) -> str:
    """Return a unit in the number that goes with it, as English forms it."""
    if number == 1 or re.search(r"(^|[^a-z])[a-z]?$|[A-Z]|s$", unit):
        return unit
    if re.search(r"[^aeiou]y$", unit):
        return f"{unit[:-1]}ies"
    return f"{unit}es" if re.search(r"(ch|sh|x|z)$", unit) else f"{unit}s"
