"""What a report says, whatever it is written to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

Cell = str | int | float
"""What stands in a table."""


class Chart(StrEnum):
    """How a table is drawn: its first column names what the bars of the others count."""

    NONE = ""
    LYING = "lying"
    """Names have room."""
    STANDING = "standing"
    """Time goes from left to right."""


@dataclass(frozen=True)
class Table:
    """One table, and how it is drawn."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    """As many cells each as there are columns."""
    chart: Chart = Chart.NONE
    charted: int = 1
    """How many columns after the first are drawn."""
    is_stacked: bool = False
    """Whether those of a row are parts of one bar, or bars beside each other."""
    unit: str = ""
    """What the chart counts."""

    def largest(self) -> float:
        """Return the length of the longest bar."""
        return max((self._length(row) for row in self.rows), default=0)

    def numbers(self, row: Sequence[Cell]) -> list[float]:
        """Return what is drawn of a row."""
        return [value for value in row[1 : 1 + self.charted] if not isinstance(value, str)]

    def _length(self, row: Sequence[Cell]) -> float:
        numbers = self.numbers(row)
        return sum(numbers) if self.is_stacked else max(numbers, default=0)


@dataclass(frozen=True)
class Facts:
    """All that a report says."""

    title: str
    about: str
    """Whose, and of what time, as one sentence."""
    at: datetime
    """When it was so, in the zone of the plan."""
    totals: Sequence[tuple[str, Cell]]
    """What matters most, named."""
    tables: Sequence[Table] = field(default_factory=tuple)
