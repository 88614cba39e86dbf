"""A CSV file as a table: its separator, its header, its rows."""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Self, TextIO

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from core.people.encoding import Encoding
from core.people.errors import BadTable
from core.people.table import LONGEST_CELL, RECORD, Row, filled, header_of, too_long

SEPARATORS = {
    ",": gettext_noop("CSV with commas, %(encoding)s"),
    ";": gettext_noop("CSV with semicolons, %(encoding)s"),
    "\t": gettext_noop("CSV with tabs, %(encoding)s"),
    "|": gettext_noop("CSV with bars, %(encoding)s"),
}
_SAMPLE_CHARACTERS = 64 * 1024
_SAMPLE_ROWS = 100
_HINT = "sep="
_DAMAGE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True)
class CsvFile:
    """How to read a file, and what its columns are called."""

    path: Path
    encoding: Encoding
    separator: str
    columns: tuple[str, ...] = ()
    """Each has a name, `Column 3` where the file gives none."""
    skip: int = 0
    """Records before the first row of data: the header and Excel's `sep=;`."""
    notes: tuple[str, ...] = ()
    """What its owner should check."""

    @property
    def kind(self) -> str:
        """How the file is written, in words."""
        return _(SEPARATORS[self.separator]) % {"encoding": self.encoding.said}

    def rows(self) -> Iterator[Row]:
        """Yield the rows that are not blank; raises `BadTable` where they cannot be read."""
        rows = filled(self._records(), self.skip)
        return map(_undamaged, rows) if self.encoding.damaged else rows

    def _records(self) -> Iterator[Row]:
        with self.encoding.open(self.path) as file:
            lines = _Lines(file)
            reader = csv.reader(lines, delimiter=self.separator, skipinitialspace=True)
            while True:
                line = lines.begin()
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error:
                    lines.skip()
                    yield Row(line, (), too_long())
                else:
                    yield Row(line, tuple([cell.strip() for cell in cells]))


def open_csv(path: Path, encoding: Encoding) -> CsvFile:
    """Find out how a file is written; raises `BadTable` when it is no table."""
    hint, sample = _sample(path, encoding)
    skip = 1 if hint else 0
    header = header_of(CsvFile(path, encoding, hint or _separator(sample), skip=skip).rows())
    notes = (encoding.note, *header.notes) if encoding.note else header.notes
    return CsvFile(
        path, encoding, hint or _separator(sample), header.columns, skip + header.headed, notes
    )


class _Lines:
    """The lines of a file, with a limit on what one record may take of them.

    Python's reader has none: a file without line ends would become one row of all memory.
    """

    def __init__(self, file: TextIO) -> None:
        self._file, self._left = file, RECORD
        self._line, self._first, self._quotes, self._open = 1, 1, 0, False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._file.readline(self._left + 1)
        self._left -= len(line)
        self._see(line)
        if self._left < 0:
            raise csv.Error(too_long())
        if not line:
            raise StopIteration
        return line

    def begin(self) -> int:
        """Begin a record and return the number of its first line."""
        self._left, self._quotes, self._open, self._first = RECORD, 0, False, self._line
        return self._line

    def skip(self) -> None:
        """Read on to the end of a record that is too long; raises `BadTable` if it has none."""
        while self._open or self._quotes % 2:
            part = self._file.readline(RECORD)
            if not part and self._quotes % 2:
                raise BadTable(
                    _(
                        "Line %(line)s cannot be read: it has a cell of more than %(most)s "
                        "characters. Look for a quotation mark that is not closed."
                    )
                    % {"line": f"{self._first:,}", "most": f"{LONGEST_CELL:,}"}
                )
            if not part:
                return
            self._see(part)

    def _see(self, part: str) -> None:
        # Quotation marks come in pairs, also doubled ones within a cell: an odd one is open.
        self._quotes += part.count('"')
        self._open = bool(part) and part[-1] not in "\r\n"
        self._line += not self._open


def _undamaged(row: Row) -> Row:
    if any(map(_DAMAGE.search, row.cells)):
        return row._replace(wrong=_("has characters that are damaged: no text has them"))
    return row


def _sample(path: Path, encoding: Encoding) -> tuple[str, str]:
    """Return the separator that Excel's first line names, if any, and the start of the text."""
    with encoding.open(path) as file:
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
