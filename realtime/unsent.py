"""Changes that the store could not be told, until it is back; SQL knows all of them."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from realtime.publish import Change

WAITING = 10_000
"""Changes that are kept; the oldest go first."""
CHARACTERS = 20_000_000
"""Of log lines kept with them: ends of many small tasks would each bring a whole log."""


class Unsent:
    """A bounded queue of changes."""

    def __init__(self) -> None:
        """Begin with none."""
        self._changes: deque[Change] = deque()
        self._size = 0

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._changes)

    def keep(self, change: Change) -> None:
        """Keep a change; where there is no room for its lines, they are counted as lost."""
        if self._size + _size(change) > CHARACTERS:
            change = replace(change, lines=(), told=change.told + len(change.lines))
        if len(self._changes) >= WAITING:
            self.take(1)
        self._changes.append(change)
        self._size += _size(change)

    def take(self, most: int) -> list[Change]:
        """Take out the oldest, at most so many."""
        taken = [self._changes.popleft() for _ in range(min(len(self._changes), most))]
        self._size -= sum(map(_size, taken))
        return taken


def _size(change: Change) -> int:
    return sum(map(len, change.lines))
