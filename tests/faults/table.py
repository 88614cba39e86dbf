"""The table that `make faults` prints: what was broken, and what became of what was promised."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path

RESULTS = "FAULT_RESULTS"
"""The environment's variable with the file to which each scenario adds a line."""


@dataclass(slots=True, kw_only=True)
class Outcome:
    """One scenario's line."""

    scenario: str
    """What was done."""
    promises: str
    """Which promises it tries."""
    faults: int = 0
    """How many faults were injected."""
    jobs: int = 0
    """Jobs that ran."""
    viewers: int = 0
    """Viewers that watched them."""
    reports: int = 0
    """States that were shown, all viewers together."""
    ends_lost: int = 0
    """Ends that some viewer or SQL does not have."""
    differ: int = 0
    """Viewers that differ from a fresh reader."""
    heal: float = 0.0
    """The longest time from the end of a fault until all was whole again."""

    def add(self) -> None:
        """Append it to the file of results, if there is one."""
        if path := os.environ.get(RESULTS):
            with Path(path).open("a") as file:
                file.write(json.dumps(asdict(self)) + "\n")


def rows(path: Path) -> list[Outcome]:
    """Read the results."""
    if not path.exists():
        return []
    return [Outcome(**json.loads(line)) for line in path.read_text().splitlines()]


def table(outcomes: list[Outcome]) -> str:
    """Return them as a table, with the totals below."""
    total = Outcome(
        scenario=f"{len(outcomes)} scenarios",
        promises=f"{len({one for row in outcomes for one in row.promises.split()})} promises",
    )
    for name in ("faults", "jobs", "viewers", "reports", "ends_lost", "differ"):
        setattr(total, name, sum(getattr(row, name) for row in outcomes))
    total.heal = max((row.heal for row in outcomes), default=0.0)
    heads = [field.name.replace("_", " ") for field in fields(Outcome)]
    cells = [_cells(row) for row in [*outcomes, total]]
    widths = [max(len(row[at]) for row in [heads, *cells]) for at in range(len(heads))]
    lines = [_line(row, widths) for row in [heads, *cells]]
    rule = "  ".join("-" * width for width in widths)
    return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])


def _cells(row: Outcome) -> list[str]:
    *values, heal = asdict(row).values()
    return [*map(str, values), f"{heal:.1f} s"]


def _line(cells: list[str], widths: list[int]) -> str:
    texts = [
        cell.ljust(width) if at < 2 else cell.rjust(width)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(texts).rstrip()
