"""How far a job is: loops that count, and the named, weighted parts that they stand in."""

from __future__ import annotations

from collections.abc import Generator
from inspect import getgeneratorlocals
from typing import Any
from weakref import ref

from realtime.cleaning import number, text
from realtime.conf import conf
from realtime.stage_times import Stopwatch


class Counter:
    """How far one loop, or one stage, is."""

    __slots__ = ("loop", "n", "total", "unit", "wanted")

    def __init__(self, total: float | None = None, unit: str = "") -> None:
        """Begin at nothing."""
        self.n: float = 0
        self.total = total
        self.unit = unit
        self.wanted = False
        """Raised when somebody asks something of the job; looked at by the loop at each step."""
        self.loop: ref[Generator[Any, None, None]] | None = None
        """The loop that counts for itself, in its variable `n`; weak, or it would never end."""

    def look(self) -> bool:
        """Read the loop's number where it is; returns whether it has changed.

        So the loop need not tell it, and what came before a long step is seen during the step.
        """
        steps = self.loop() if self.loop else None
        n = getgeneratorlocals(steps).get("n", self.n) if steps is not None else self.n
        if n is self.n or n == self.n:  # What is not a number does not equal itself.
            return False
        self.n = int(n) if type(n) is float and n.is_integer() else n
        return True

    @property
    def count(self) -> float:
        """How many items are done, whatever the task has put there."""
        return number(self.n) or 0

    @property
    def fraction(self) -> float | None:
        """The part that is done, None while the total is unknown."""
        return _share(self.count, number(self.total))


class Stage:
    """A named, weighted part of a job; stages nest."""

    __slots__ = (
        "children",
        "counters",
        "loop",
        "name",
        "planned",
        "reached",
        "status",
        "step",
        "time",
        "weight",
    )

    def __init__(self, name: str, weight: object, loop: Counter | None = None) -> None:
        """Begin as a part that is still to come, in a step of `loop` or in none."""
        self.name = text(name, conf.NAME_LENGTH)
        self.weight = max(number(weight) or 0, 0)
        self.status = "queued"
        self.children: list[Stage] = []
        self.planned = False
        """Whether the task has said of which parts it is made."""
        self.counters = [Counter()]
        self.loop = loop
        """The loop of whose steps this and its like are parts: then the loop counts, not they."""
        self.step: float = 0
        """Which step of that loop it is in."""
        self.reached: float | None = None
        """How far it was when somebody looked."""
        self.time = Stopwatch()
        """For how long it has run."""
        self._note_step()

    @property
    def fraction(self) -> float | None:
        """The part that is done: all at the end, else from its children or its loops."""
        if self.status == "succeeded":
            return 1.0
        counted = [child for child in self.children if child.loop is None]
        if counted:
            return _weighted(counted) if self.planned else _found(counted)
        looped = _nested(self.counters, self._within_step())
        return _found(self.children) if looped is None else looped

    def forward(self) -> float | None:
        """Return the fraction, never less than what was returned before."""
        if (now := self.fraction) is not None:
            self.reached = max(self.reached or 0.0, now)
        return self.reached

    def open_loop(self) -> Counter | None:
        """Return the innermost loop that is open directly in this part."""
        return self.counters[-1] if len(self.counters) > 1 else None

    def declared(self, name: str) -> Stage | None:
        """Return the declared part of this name that is still to come, None when there is none."""
        for stage in self.children:
            if stage.name == name and stage.status == "queued":
                return stage
        return None

    def latest(self, name: str) -> Stage | None:
        """Return the last part of this name, the last of all where there is none.

        For want of room it is used again; of another name it would be told another's time.
        """
        same = (stage for stage in reversed(self.children) if stage.name == name)
        return next(same, self.children[-1] if self.children else None)

    def enter(self) -> None:
        """Begin anew."""
        self.status = "running"
        self.counters = [Counter()]
        self.reached = None
        self.time.start()
        self._note_step()

    def leave(self, status: str) -> None:
        """End as this; its time is noted first, for who reads it meanwhile."""
        self.time.stop()
        self.status = status

    def view(self) -> dict[str, Any]:
        """Return what viewers see of the part."""
        seen: dict[str, Any] = {
            "name": self.name,
            "fraction": self.forward(),
            "weight": self.weight,
            "status": self.status,
            **self.time.view(),
        }
        if self.children:
            seen["stages"] = [child.view() for child in self.children]
        return seen

    def _within_step(self) -> float:
        """Return how far the step of the innermost loop is, from the parts found in it."""
        loop = self.counters[-1]
        parts = [one for one in self.children if one.loop is loop and one.step == loop.count]
        return (_weighted(parts) if self.planned else _found(parts)) or 0.0

    def _note_step(self) -> None:
        if self.loop is not None:
            self.loop.look()
            self.step = self.loop.count


def _weighted(stages: list[Stage]) -> float | None:
    """Return the weighted fraction of stages; one that is unknown counts as not begun."""
    whole = sum(stage.weight for stage in stages)
    return _done(stages) / whole if whole else None


def _found(stages: list[Stage]) -> float | None:
    """Return the fraction of stages that were found on the way: it leaves room for one more.

    Nobody knows how many are to come, and the bar is not full until the last one is over.
    """
    whole = sum(stage.weight for stage in stages)
    if not whole:
        return None
    more = whole / len(stages)
    over = sum(stage.weight for stage in stages if stage.status == "succeeded")
    left = [stage for stage in stages if stage.status != "succeeded"]
    begun = over / (over + more)
    return begun + (whole / (whole + more) - begun) * (_weighted(left) or 0.0)


def _done(stages: list[Stage]) -> float:
    return sum(stage.weight * (stage.forward() or 0.0) for stage in stages)


def _nested(counters: list[Counter], within: float) -> float | None:
    """Return the fraction of loops within loops: an inner one refines its outer one's step."""
    fraction: float | None = within
    for counter in reversed(counters[1:] or counters):
        fraction = _share(counter.count + (fraction or 0.0), number(counter.total))
    return fraction


def _share(n: float, total: float | None) -> float | None:
    if not total:
        return None if total is None else 1.0
    return min(max(n / total, 0.0), 1.0)
