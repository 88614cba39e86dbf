"""What every kind of list comes down to: named columns, and rows of text."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple, Protocol

from django.utils.translation import gettext as _

from core.people.errors import BadTable

COLUMNS = 200
LONGEST_CELL = 131_072
RECORD = 2 * 1024 * 1024
"""Characters of one record, all cells together."""


class Row(NamedTuple):
    """One record of the file."""

    line: int
    """The line on which it starts, from 1."""
    cells: tuple[str, ...]
    """As they stand in the file, without the space around them."""
    wrong: str = ""
    """Why it cannot be read, if it cannot; the rows behind it can."""


class Table(Protocol):
    """A file whose rows can be read, as often as they are needed."""

    @property
    def kind(self) -> str:
        """How the file is written, in words."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Each has a name, `Column 3` where the file gives none."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What its owner should check."""

    def rows(self) -> Iterator[Row]:
        """Yield the rows that are not blank; raises `BadTable` where they cannot be read."""


class Header(NamedTuple):
    """What the first row of a file says of its columns."""

    columns: tuple[str, ...]
    """Their names."""
    headed: bool
    """Whether the file gives them; otherwise its first row is data."""
    notes: tuple[str, ...]
    """What to check about it."""


def header_of(rows: Iterable[Row]) -> Header:
    """Return what the first row says of the columns: no column is called `a@b`."""
    first = next(iter(rows), None)
    if first is None:
        raise BadTable(_("The file has no rows: choose one with a line of column names and rows."))
    if first.wrong:
        raise BadTable(
            _("The first line %(fault)s: it should have the names of the columns.")
            % {"fault": first.wrong}
        )
    check_width(len(first.cells))
    headed = not any("@" in cell for cell in first.cells)
    nameless = _("The first line looks like a row, so the columns have no names.")
    notes = () if headed else (nameless,)
    return Header(_named(first.cells if headed else [""] * len(first.cells)), headed, notes)


def check_width(columns: int) -> None:
    """Refuse a file with more columns than anybody can match."""
    if columns > COLUMNS:
        raise BadTable(
            _("The file has %(found)s columns: at most %(most)d can be read.")
            % {"found": f"{columns:,}", "most": COLUMNS}
        )


def too_long() -> str:
    """Return why a row with too large a cell cannot be used."""
    return _("has a cell of more than %(most)s characters") % {"most": f"{LONGEST_CELL:,}"}


def filled(rows: Iterable[Row], skip: int) -> Iterator[Row]:
    """Drop the first rows that are not blank, and every blank one."""
    return islice((row for row in rows if any(row.cells) or row.wrong), skip, None)


def _named(cells: Sequence[str]) -> tuple[str, ...]:
    return tuple(
        (cell or _("Column %(number)d") % {"number": n})[:100] for n, cell in enumerate(cells, 1)
    )
