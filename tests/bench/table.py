"""What a bench found, as lines of a table for a terminal, for Markdown and for a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What is promised of a figure, and whether this run kept it."""

    text: str
    """The promise, as the README says it."""
    measured: str
    """What this run measured."""
    beside: str = ""
    """What the peers beside us measured."""
    kept: bool
    """Whether the figure is within its target."""

    @property
    def verdict(self) -> str:
        """Return one word for the table."""
        return "kept" if self.kept else "BROKEN"


@dataclass(frozen=True, slots=True)
class Row:
    """One line: a way to do it, and its figures by column."""

    name: str
    """The way that was measured."""
    figures: Mapping[str, float | None] = field(default_factory=dict)
    """Each column's figure; the unit is a part of the column's name."""
    promises: tuple[Promise, ...] = ()
    """What is promised of this line."""

    @property
    def verdict(self) -> str:
        """Return one word for all promises of the line."""
        if not self.promises:
            return ""
        return "kept" if all(promise.kept for promise in self.promises) else "BROKEN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """All lines of one bench."""

    title: str
    """What was measured, and how."""
    rows: list[Row]
    """The lines."""
    notes: tuple[str, ...] = ()
    """What a reader must know to read the figures right."""


def as_text(table: Table) -> str:
    """Return a table for the terminal."""
    lines = _cells(table)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    drawn = ["  ".join(_padded(line, widths)).rstrip() for line in lines]
    rule = "  ".join("-" * width for width in widths)
    return "\n".join([f"\n{table.title}", drawn[0], rule, *drawn[1:], *table.notes])


def as_markdown(table: Table) -> str:
    """Return a table for a page."""
    head, *lines = _cells(table)
    return _markdown(head, lines)


def promises_as_markdown(tables: Sequence[Table]) -> str:
    """Return every promise with what was measured, for the README."""
    kept = [
        [promise.text, promise.measured, promise.beside, promise.verdict]
        for table in tables
        for row in table.rows
        for promise in row.promises
    ]
    return _markdown(["promise", "measured", "beside it", "verdict"], kept)


def spoken(value: float | None) -> str:
    """Return a figure with three digits that count."""
    if value is None:
        return "-"
    if isinstance(value, int) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def _cells(table: Table) -> list[list[str]]:
    columns = list(dict.fromkeys(name for row in table.rows for name in row.figures))
    lines = [
        [row.name, *(_cell(row, column) for column in columns), row.verdict] for row in table.rows
    ]
    return [["way", *columns, "verdict"], *lines]


def _cell(row: Row, column: str) -> str:
    return spoken(row.figures[column]) if column in row.figures else ""


def _padded(line: list[str], widths: list[int]) -> list[str]:
    first, *rest = (
        cell.ljust(width) if place == 0 else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(line, widths, strict=True))
    )
    return [first, *rest]


def _markdown(head: list[str], lines: list[list[str]]) -> str:
    rows = [head, ["---", *("--:" for _ in head[1:])], *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
