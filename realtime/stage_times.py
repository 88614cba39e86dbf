"""How long stages have run: noted by the task, told in a stage's view, added up to compare runs.

A view has `seconds`, the time of the entries that are over, and while the stage runs `began_at`,
the start of the entry that is not: both change only when a stage is entered or left, so that a
running stage is no news at each look. A stage that never began has neither, and those of a worker
that is older than this have not either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from time import monotonic
from typing import Any, NamedTuple

from realtime.events import timestamp

DIGITS = 3
Path = tuple[str, ...]
"""The names of a stage and of those around it, the outermost first."""
Times = dict[Path, float | None]
"""For how many seconds stages have run, None where that was not noted."""


class Noted(NamedTuple):
    """What is known of a stage's time."""

    seconds: float | None = None
    """That of the entries that are over, None while there is none."""
    began_at: str | None = None
    """When the entry began that is not over."""
    clock: float = 0.0
    """What the clock that nobody sets has shown then."""


class Stopwatch:
    """Notes the time of one stage in its task's thread; the reporter reads it meanwhile."""

    __slots__ = ("_noted",)

    def __init__(self) -> None:
        """Begin with a stage that is still to come."""
        self._noted = Noted()
        """Only ever assigned whole: who reads it from another thread sees no half of it."""

    def start(self) -> None:
        """Note that an entry begins; one that was never left ends with it."""
        self.stop()
        self._noted = Noted(self._noted.seconds, timestamp(), monotonic())

    def stop(self) -> None:
        """Note that the entry is over, if there is one."""
        seconds, began_at, clock = self._noted
        if began_at is not None:
            self._noted = Noted((seconds or 0.0) + monotonic() - clock)

    def take_over(self, stage: dict[str, Any]) -> None:
        """Go on from a stage's view, in another process than the one that began."""
        seconds, began_at = stage.get("seconds"), stage.get("began_at")
        passed = _between(began_at, timestamp()) if began_at else 0.0
        self._noted = Noted(seconds, began_at, monotonic() - passed)

    def view(self) -> dict[str, Any]:
        """Return what viewers see of it."""
        seconds, began_at, _ = self._noted
        seen: dict[str, Any] = {} if seconds is None else {"seconds": round(seconds, DIGITS)}
        return seen if began_at is None else {**seen, "began_at": began_at}


def left(stage: dict[str, Any], status: str, at: str) -> dict[str, Any]:
    """Return a stage as it is when nobody works on it any more: one that ran has this status."""
    over = dict(stage)
    if "stages" in stage:
        over["stages"] = [left(part, status, at) for part in stage["stages"]]
    if stage["status"] == "running":
        over["status"] = status
        if (seconds := taken(stage, at)) is not None:
            over["seconds"] = round(seconds, DIGITS)
    over.pop("began_at", None)
    return over


def taken(stage: dict[str, Any], at: str | None) -> float | None:
    """Return for how many seconds a stage had run at a moment; None where nobody has noted it."""
    seconds: float | None = stage.get("seconds")
    began_at = stage.get("began_at")
    if stage["status"] != "running" or not began_at or not at:
        return seconds
    return (seconds or 0.0) + _between(began_at, at)


def by_path(stages: Iterable[dict[str, Any]], at: str | None) -> Times:
    """Return for how long stages had run; those of one path together, as in a loop's steps."""
    found: Times = {}
    for path, stage in _walk(stages):
        seconds, before = taken(stage, at), found.get(path)
        found[path] = before if seconds is None else (before or 0.0) + seconds
    return found


def _walk(stages: Iterable[dict[str, Any]], above: Path = ()) -> Iterator[tuple[Path, Any]]:
    for stage in stages:
        path = (*above, stage["name"])
        yield path, stage
        yield from _walk(stage.get("stages", ()), path)


def _between(one: str, other: str) -> float:
    passed = datetime.fromisoformat(other) - datetime.fromisoformat(one)
    return max(passed.total_seconds(), 0.0)
