"""The XML of a workbook's sheet and of its texts, read as a stream with limits."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any
from xml.parsers.expat import ParserCreate

from django.utils.translation import gettext as _
from openpyxl.utils.datetime import WINDOWS_EPOCH, from_excel

from core.people.errors import BadTable
from core.people.table import LONGEST_CELL, RECORD, Row, too_long

PIECE = 64 * 1024
MOST_ROWS = 1_048_576
MOST_COLUMNS = 16_384
"""What Excel has."""
MOST_TEXT = 60 * 1024 * 1024
"""Bytes, about, that all texts of a workbook may take in memory."""
_TEXT_COSTS = 64


@dataclass(frozen=True)
class Styles:
    """How a workbook writes dates: as numbers."""

    dates: frozenset[int] = frozenset()
    """The styles that show a number as a date."""
    epoch: datetime = WINDOWS_EPOCH
    """The day that is 0."""


def read_strings(file: IO[bytes]) -> list[str]:
    """Return the texts that cells share."""
    texts = _Texts()
    for __ in texts.read(file):
        pass
    return texts.found


def read_sheet(
    file: IO[bytes], strings: Sequence[str], styles: Styles, width: int
) -> Iterator[Row]:
    """Yield the rows, each with `width` cells or more."""
    sheet = _Sheet(strings, styles, width)
    for __ in sheet.read(file):
        yield from sheet.found
        sheet.found.clear()


class _Part:
    """A part of a workbook on its way through expat; texts are cut where they are too long."""

    def __init__(self) -> None:
        self._parser = parser = ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self.start, self.end
        parser.CharacterDataHandler = self._take
        parser.StartDoctypeDeclHandler = _refuse_doctype
        self._silent, self._taking, self._skipping = 0, False, False
        self._pieces: list[str] = []
        self._length = 0

    def read(self, file: IO[bytes]) -> Iterator[None]:
        """Read a file piece by piece, and stop behind each one."""
        while piece := file.read(PIECE):
            self._silent += len(piece)
            self._parser.Parse(piece)
            if self._silent > RECORD:
                raise BadTable(_("The workbook has a part that never ends: save it anew."))
            yield
        self._parser.Parse(b"", True)  # noqa: FBT003  expat's own word for the end
        yield

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Begin an element."""
        del attributes
        self._silent = 0
        if name in _TEXTS:
            self._taking = not self._skipping
        elif name in _READINGS:
            self._skipping = True

    def end(self, name: str) -> None:
        """End an element."""
        if name in _TEXTS:
            self._taking = False
        elif name in _READINGS:
            self._skipping = False

    def text(self) -> str:
        """Return the text since the last call."""
        found = "".join(self._pieces)
        self._pieces.clear()
        self._length = 0
        return found

    def _take(self, text: str) -> None:
        self._silent = 0
        if self._taking and self._length <= LONGEST_CELL:
            self._pieces.append(text)
            self._length += len(text)


_ROW = re.compile("[0-9]{1,7}")
_TEXTS = {"t", "v", "x:t", "x:v"}
_READINGS = {"rPh", "x:rPh"}
"""How to pronounce a text, in Japanese workbooks."""


def _refuse_doctype(*__: Any) -> None:
    raise BadTable(_("The workbook declares entities, which no office program writes."))


class _Texts(_Part):
    """The texts that cells share."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._cost = 0

    def end(self, name: str) -> None:
        super().end(name)
        if name in {"si", "x:si"}:
            text = self.text()
            self.found.append(text)
            self._cost += len(text) + _TEXT_COSTS
            if self._cost > MOST_TEXT:
                raise BadTable(_("The workbook has too many texts: save the list as “CSV UTF-8”."))


class _Sheet(_Part):
    """The rows of a sheet."""

    def __init__(self, strings: Sequence[str], styles: Styles, width: int) -> None:
        super().__init__()
        self.found: list[Row] = []
        self._strings, self._styles, self._width = strings, styles, width
        self._line = self._column = self._size = 0
        self._kind, self._style = "n", ""
        self._cells: list[str] = []
        self._columns: dict[str, int] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name in {"c", "x:c"}:
            self._silent = 0
            self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "")
            self._column = self._at(attributes.get("r"))
        elif name in {"row", "x:row"}:
            said = attributes.get("r", "")
            self._line = int(said) if _ROW.fullmatch(said) else self._line + 1
            self._cells, self._column, self._size = [], -1, 0
        else:
            super().start(name, attributes)

    def end(self, name: str) -> None:
        if name in {"c", "x:c"}:
            self._end_cell()
        elif name in {"row", "x:row"}:
            self._end_row()
        else:
            super().end(name)

    def _at(self, reference: str | None) -> int:
        if reference is None:
            return self._column + 1
        letters = reference.rstrip("0123456789")
        if letters not in self._columns:
            self._columns[letters] = _number(letters)
        return self._columns[letters]

    def _end_cell(self) -> None:
        text = self.text()
        if text and self._column < MOST_COLUMNS:
            value = self._value(text).strip()
            self._size += len(value) if len(value) <= LONGEST_CELL else RECORD
            if self._size < RECORD:
                self._cells += [""] * (self._column - len(self._cells) + 1)
                self._cells[self._column] = value

    def _end_row(self) -> None:
        if self._line > MOST_ROWS:
            raise BadTable(
                _("The sheet has more than %(most)s rows, which Excel has not.")
                % {"most": f"{MOST_ROWS:,}"}
            )
        cells = self._cells
        while cells and not cells[-1] and len(cells) > self._width:
            del cells[-1]
        cells += [""] * (self._width - len(cells))
        if self._size >= RECORD:
            self.found.append(Row(self._line, (), too_long()))
        else:
            self.found.append(Row(self._line, tuple(cells)))

    def _value(self, text: str) -> str:
        convert = _KINDS.get(self._kind)
        if convert is not None:
            return convert(text)
        if self._kind == "s":
            return self._strings[int(text)]
        if self._kind == "n":
            dated = self._style.isdecimal() and int(self._style) in self._styles.dates
            return _day(text, self._styles.epoch) if dated else _plain(text)
        return text


_KINDS: dict[str, Callable[[str], str]] = {"b": lambda text: "TRUE" if text == "1" else "FALSE"}


def _number(letters: str) -> int:
    """Return the number of a column from 0: `A` is 0, `AA` is 26."""
    found = 0
    for letter in letters[:4].upper():
        found = found * 26 + ord(letter) - 64
    if not 0 < found <= MOST_COLUMNS:
        raise BadTable(_("The sheet has a cell in a column that Excel has not."))
    return found - 1


def _plain(text: str) -> str:
    """Return a number as people write it: Excel keeps 42 also as 42.0 and 4.2E1."""
    if text.isdecimal():
        return text
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() and abs(number) < 10**15 else repr(number)


def _day(text: str, epoch: datetime) -> str:
    try:
        found = from_excel(float(text), epoch)
    except (ValueError, OverflowError):
        return text
    return found.date().isoformat() if isinstance(found, datetime) else str(found)
