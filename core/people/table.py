"""A CSV file as a table: its separator, its header, its rows."""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Self, TextIO

from core.people.encoding import detect_encoding
from core.people.errors import BadTable

SEPARATORS = (",", ";", "\t", "|")
COLUMNS = 200
_SAMPLE_CHARACTERS = 64 * 1024
_SAMPLE_ROWS = 100
_HINT = "sep="
LONGEST_CELL = csv.field_size_limit()
RECORD = 2 * 1024 * 1024
"""Characters of one record, all cells together."""


@dataclass(frozen=True)
class Row:
    """One record of the file."""

    line: int
    """The line on which it starts, from 1."""
    cells: tuple[str, ...]
    """As they stand in the file, without the space around them."""


@dataclass(frozen=True)
class Table:
    """How to read a file, and what its columns are called."""

    path: Path
    encoding: str
    separator: str
    columns: tuple[str, ...]
    """Each has a name, `Column 3` where the file gives none."""
    skip: int
    """Records before the first row of data: the header and Excel's `sep=;`."""
    notes: tuple[str, ...] = ()
    """What its owner should check."""

    def rows(self) -> Iterator[Row]:
        """Yield the rows that are not blank; raises `BadTable` where they cannot be read."""
        return _filled(_records(self.path, self.encoding, self.separator), self.skip)


def open_table(path: Path) -> Table:
    """Find out how a file is written; raises `BadTable` when it is no table."""
    encoding = detect_encoding(path)
    hint, sample = _sample(path, encoding.name)
    separator = hint or _separator(sample)
    rows = _filled(_records(path, encoding.name, separator), 1 if hint else 0)
    first = next(rows, None)
    if first is None:
        raise BadTable("The file has no rows: choose one with a line of column names and rows.")
    if len(first.cells) > COLUMNS:
        raise BadTable(f"The file has {len(first.cells):,} columns: at most {COLUMNS} can be read.")
    columns, headed = _columns(first.cells)
    notes = [encoding.note] if encoding.note else []
    if not headed:
        notes.append("The first line looks like a row, so the columns have no names.")
    skip = (1 if hint else 0) + (1 if headed else 0)
    return Table(path, encoding.name, separator, columns, skip, tuple(notes))


class _Lines:
    """The lines of a file, with a limit on what one record may take of them.

    Python's reader has none: a file without line ends would become one row of all memory.
    """

    def __init__(self, file: TextIO) -> None:
        self._file, self.left = file, RECORD

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._file.readline(self.left + 1)
        self.left -= len(line)
        if self.left < 0:
            raise csv.Error("record too long")
        if not line:
            raise StopIteration
        return line


def _filled(records: Iterator[Row], skip: int) -> Iterator[Row]:
    """Drop the first records that are not blank, and every blank one."""
    return islice((row for row in records if any(row.cells)), skip, None)


def _records(path: Path, encoding: str, separator: str) -> Iterator[Row]:
    with path.open(encoding=encoding, newline="") as file:
        lines = _Lines(file)
        reader = csv.reader(lines, delimiter=separator, skipinitialspace=True)
        line = 1
        try:
            for cells in reader:
                yield Row(line, tuple(cell.strip() for cell in cells))
                line, lines.left = reader.line_num + 1, RECORD
        except csv.Error as error:
            raise BadTable(
                f"Line {line:,} cannot be read: it has a cell of more than {LONGEST_CELL:,} "
                "characters. Look for a quotation mark that is not closed."
            ) from error


def _sample(path: Path, encoding: str) -> tuple[str, str]:
    """Return the separator that Excel's first line names, if any, and the start of the text."""
    with path.open(encoding=encoding, newline="") as file:
        sample = file.read(_SAMPLE_CHARACTERS)
    first = sample.partition("\n")[0].strip("\r\"' ")
    hinted = first.lower().startswith(_HINT) and first[len(_HINT) :] in SEPARATORS
    return (first[len(_HINT) :] if hinted else "", sample)


def _separator(sample: str) -> str:
    """Return the separator with which most records get the same number of cells, and many."""
    return max(SEPARATORS, key=lambda separator: _fit(sample, separator))


def _fit(sample: str, separator: str) -> tuple[float, int]:
    widths = Counter(_widths(sample, separator))
    if not widths:
        return 0, 0
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
    return (count / widths.total() if width > 1 else 0), width


def _widths(sample: str, separator: str) -> Sequence[int]:
    widths: list[int] = []
    reader = csv.reader(StringIO(sample, newline=""), delimiter=separator, skipinitialspace=True)
    # An unreadable record ends the sample; the rows before it are one, too.
    with suppress(csv.Error):
        widths.extend(len(cells) for cells in islice(reader, _SAMPLE_ROWS) if cells)
    cut_off = len(sample) >= _SAMPLE_CHARACTERS and len(widths) > 1
    return widths[:-1] if cut_off else widths


def _columns(cells: Sequence[str]) -> tuple[tuple[str, ...], bool]:
    """Return the columns' names and whether the file gives them: no column is called `a@b`."""
    headed = not any("@" in cell for cell in cells)
    names = [cell if headed and cell else f"Column {n}" for n, cell in enumerate(cells, 1)]
    return tuple(name[:100] for name in names), headed
