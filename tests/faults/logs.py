"""What the runs of a job have said, held against what viewers were shown of its log. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

END = "end"
UNTOLD = 5.0
"""Seconds: what a run has said just before it was killed may be lost with its worker."""


@dataclass(slots=True)
class Said:
    """What one run has said."""

    moments: list[float] = field(default_factory=list)
    """When it said its first line, its second one, and so on."""
    ended: bool = False
    """Whether it came to its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What one viewer was shown of the log."""

    lines: Sequence[tuple[int, str]]
    """Numbers and texts, in the order in which they came."""
    gone: int
    """How many lines were said to be no longer kept."""
    after: int
    """The number of the last line."""


def read(told: Path, job: str) -> dict[str, Said]:
    """Return what the runs of a job have said, from the files that they have left at `told`."""
    runs: dict[str, Said] = {}
    for path in told.parent.glob(f"{told.name}.{job}.*"):
        said = runs[path.suffix[1:]] = Said()
        for line in path.read_text().splitlines():
            said.ended = line == END
            if not said.ended:
                said.moments.append(float(line))
    return runs


class Log:
    """The log of a job: what was said, and what was shown of it."""

    def __init__(
        self, runs: dict[str, Said], shown: Sequence[Shown], losses: Sequence[float]
    ) -> None:
        """Take all in; `losses` is when Redis had lost everything."""
        self._runs = runs
        self._shown = shown
        self._losses = losses
        self._texts: dict[int, set[str]] = defaultdict(set)
        self._offsets: dict[str, set[int]] = defaultdict(set)
        self._numbers: dict[str, set[int]] = defaultdict(set)
        for number, text in (line for one in shown for line in one.lines):
            run, place = _parts(text)
            self._texts[number].add(text)
            self._offsets[run].add(number - place)
            self._numbers[run].add(number)

    def wrong(self, *, succeeded: bool) -> list[str]:
        """Return in words which lines are doubled, missing or out of their place."""
        found = [*self._invented(), *self._moved(), *self._hidden(), *self._unsaid()]
        if found:
            return found
        found += [text for one in self._shown for text in self._missing(one)]
        found += [text for run in self._offsets for text in self._untold(run)]
        return found + (list(self._without_end()) if succeeded else [])

    def _invented(self) -> Iterator[str]:
        for number, texts in self._texts.items():
            for text in texts:
                run, place = _parts(text)
                if run not in self._runs or not 0 < place <= len(self._runs[run].moments):
                    yield f"line {number}, {text!r}, was never said"

    def _moved(self) -> Iterator[str]:
        for number, texts in self._texts.items():
            if len(texts) > 1:
                yield f"line {number} is {' and '.join(sorted(texts))}"
        for run, offsets in self._offsets.items():
            if len(offsets) > 1:
                yield f"the lines of run {run} come after lines {sorted(offsets)}"

    def _hidden(self) -> Iterator[str]:
        """Yield which lines of a run have the numbers of another run's."""
        for run, offsets in self._offsets.items():
            first, last = min(offsets) + 1, max(self._numbers[run])
            taken = self._texts.keys() & set(range(first, last)) - self._numbers[run]
            if taken or first < 1:
                yield f"lines {sorted(taken)} hide what run {run} has said"

    def _unsaid(self) -> Iterator[str]:
        for one in self._shown:
            numbers = [number for number, _ in one.lines]
            if numbers != sorted(set(numbers)):
                yield f"out of order or doubled: {numbers}"
            if len(numbers) + one.gone != one.after:
                yield f"{len(numbers)} lines and {one.gone} gone ones up to line {one.after}"

    def _missing(self, one: Shown) -> Iterator[str]:
        """Yield what a viewer misses though Redis has lost nothing since it was said."""
        have = {number for number, _ in one.lines}
        if one.gone and not self._losses:
            yield f"{one.gone} lines are gone though nothing was lost"
        for run, (offset,) in self._offsets.items():
            last = min(one.after, max(self._numbers[run]))
            for number, moment in enumerate(self._runs[run].moments, offset + 1):
                if number <= last and number not in have and not self._lost(moment):
                    yield f"line {number} is missing"

    def _untold(self, run: str) -> Iterator[str]:
        """Yield what nobody was shown of a run, unless it died or was overtaken just then."""
        said, (offset,) = self._runs[run], self._offsets[run]
        last = max(self._texts) - offset
        for place, moment in enumerate(said.moments, 1):
            overtaken = any(other.moments[0] > said.moments[0] for other in self._others(run))
            late = said.moments[-1] - moment < UNTOLD
            if place > last and not (late or overtaken or self._lost(moment)):
                yield f"line {place} of run {run} was never shown"

    def _lost(self, moment: float) -> bool:
        return any(loss > moment for loss in self._losses)

    def _others(self, run: str) -> list[Said]:
        return [said for name, said in self._runs.items() if name != run and said.moments]

    def _without_end(self) -> Iterator[str]:
        """See that the run that has ended the job is there to its last line, unless it was lost."""
        if any(said.ended and self._lost(said.moments[-1]) for said in self._runs.values()):
            return
        for one in self._shown:
            number, text = one.lines[-1] if one.lines else (0, " 0")
            run, place = _parts(text)
            said = self._runs.get(run, Said())
            if not said.ended or place != len(said.moments) or number != one.after:
                yield f"ends with line {place} of run {run}, not with its last one"


def _parts(text: str) -> tuple[str, int]:
    run, _, place = text.partition(" ")
    return run, int(place)


def moment(text: str) -> float:
    """Return a state's moment in seconds."""
    return datetime.fromisoformat(text).timestamp()
