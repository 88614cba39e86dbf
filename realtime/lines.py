"""The log lines of a running job on their way to the store: in order, bounded, none lost unsaid."""

from __future__ import annotations

import json
import math
from collections import deque
from itertools import accumulate

from realtime.cleaning import text
from realtime.conf import conf
from realtime.events import timestamp
from realtime.running import RunningJob


class WaitingLines:
    """Log lines that the task has written and the store does not have yet."""

    def __init__(self, job: RunningJob) -> None:
        """Begin with none."""
        self._job = job
        self._lines: deque[str] = deque()
        """The oldest first."""
        self._seen = 0
        self.told = 0
        """How many lines were taken and not given back."""

    def take(self, size: float = math.inf) -> tuple[str, ...]:
        """Return lines, each as a JSON object, the oldest first: about `size` characters."""
        self._fetch()
        taken = []
        while self._lines and size > 0:
            taken.append(self._lines.popleft())
            size -= len(taken[-1])
        if self._lines:
            self._job.dirty = True
        self.told += len(taken)
        return tuple(taken)

    def give_back(self, lines: tuple[str, ...]) -> None:
        """Take back what could not be published, to be told with the next state."""
        self._lines.extendleft(reversed(lines))
        self.told -= len(lines)
        self._bound()

    def _fetch(self) -> None:
        logged, lines = self._job.logged, self._job.lines
        fresh = [lines.popleft() for _ in range(len(lines))]
        left_out = max(logged - self._seen - len(fresh), 0)
        self._seen += len(fresh) + left_out
        if left_out:
            self._lines.append(_Gap.of(left_out))
        self._lines.extend(_cleaned(*line) for line in fresh)
        self._bound()

    def _bound(self) -> None:
        """Keep no more than the store would keep; what is left out is counted in its place."""
        lines = self._lines
        gap = lines.popleft() if lines and isinstance(lines[0], _Gap) else None
        sizes = accumulate(len(line) for line in reversed(lines))
        fitting = sum(1 for size in sizes if size <= conf.LOG_BYTES)
        spare = len(lines) - min(fitting, conf.LINES_WAITING)
        older = [lines.popleft() for _ in range(spare)]
        if older:
            gap = _Gap.of(sum(getattr(line, "lines", 1) for line in (gap, *older) if line))
        if gap:
            lines.appendleft(gap)


class _Gap(str):
    """A line in the place of lines that came faster than they could be told."""

    __slots__ = ("lines",)
    lines: int

    @classmethod
    def of(cls, lines: int) -> _Gap:
        gap = cls(_cleaned(timestamp(), "warning", f"({lines} lines were left out here)"))
        gap.lines = lines
        return gap


def _cleaned(at: str, level: str, said: str) -> str:
    line = {"at": at, "level": level, "text": text(said, conf.LINE_LENGTH)}
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))
