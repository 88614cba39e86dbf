"""Writes people to a file, one after the other, in the form that is wanted."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, TextIO
from zipfile import ZIP_DEFLATED, ZipFile

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from openpyxl import Workbook
from openpyxl.writer.excel import ExcelWriter

from core.models import Person
from realtime import progress
from realtime.cells import harmless

PAGE = 2_000
ROWS_OF_A_SHEET = 1_048_575
"""Excel's, without the header."""
HEADER = ("E-mail", "Name", "Birthday", "City")
"""As people read it, in English; an import knows it in each language of the pages."""
COLUMNS = ("email", "name", "birthday", "city")


class Line(NamedTuple):
    """What is exported of one person."""

    email: str
    name: str
    birthday: date | None
    city: str


Write = Callable[[Line], None]


@dataclass(frozen=True)
class Sought:
    """Which people are wanted; what is empty excludes nobody."""

    text: str = ""
    """A part of the name or e-mail address."""
    city: str = ""
    """A part of the city's name."""

    def people(self, owner_id: int) -> "QuerySet[Person]":
        """Return the people of an owner who are wanted."""
        found = Person.objects.filter(owner_id=owner_id)
        if self.text:
            found = found.filter(Q(name__icontains=self.text) | Q(email__icontains=self.text))
        return found.filter(city__icontains=self.city) if self.city else found


def lines(people: "QuerySet[Person]") -> Iterator[Line]:
    """Yield people by address, a page at a time.

    Not one long query: that would hold a snapshot of the database for as long as the file takes.
    """
    ordered, after = people.order_by("email").values_list(*COLUMNS), ""
    while page := [Line(*found) for found in ordered.filter(email__gt=after)[:PAGE]]:
        yield from page
        after = page[-1].email


def _header() -> list[str]:
    """Return the names of the columns in the language of who has asked for them."""
    return [_(name) for name in HEADER]


@contextmanager
def csv_file(path: Path) -> Iterator[Write]:
    """Write CSV as Excel reads it: the mark in front says that it is UTF-8."""
    with _text(path, "utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow(_header())
        yield lambda line: writer.writerow(_harmless(line))


@contextmanager
def json_lines(path: Path) -> Iterator[Write]:
    """Write an object on each line."""
    with _text(path, "utf-8") as file:
        yield lambda line: print(
            json.dumps(line._asdict(), default=str, ensure_ascii=False), file=file
        )


@contextmanager
def workbook(path: Path) -> Iterator[Write]:
    """Write a workbook, with as many sheets as it takes; rows go to the disk at once."""
    book = Workbook(write_only=True)
    count = 0

    def write(line: Line) -> None:
        nonlocal count
        if count % ROWS_OF_A_SHEET == 0:
            _add_sheet(book)
        count += 1
        book.worksheets[-1].append(_harmless(line))

    try:
        yield write
        # Not `book.save`, which leaves the archive open when it is stopped.
        with _Packed(path, "w") as file, ZipFile(file, "w", ZIP_DEFLATED) as archive:
            ExcelWriter(book, archive).save()
    except BaseException:
        for sheet in book.worksheets:
            _abandon(sheet)
        raise


def _abandon(sheet: Any) -> None:
    """Remove what openpyxl keeps of a sheet until it is saved, for the life of the worker."""
    if not sheet.closed:
        sheet.close()
    with suppress(FileNotFoundError):
        sheet._writer.cleanup()  # noqa: SLF001  There is no other way.


class _Packed(io.FileIO):
    """A file that says how far it is: packing a million rows takes openpyxl half a minute."""

    _size = 0

    def write(self, data: Any) -> int:
        """Write on; waits while the job is paused, raises `Cancelled` after a cancel."""
        self._size += len(data)
        progress.update(message=_("Packing, %(size)s MB") % {"size": f"{self._size / 1e6:,.1f}"})
        return super().write(data)


def _add_sheet(book: Workbook) -> None:
    number = len(book.worksheets) + 1
    title = _("People %(number)d") % {"number": number} if number > 1 else _("People")
    sheet = book.create_sheet(title)
    for letter, width in zip("ABCD", (34, 26, 12, 22), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A2"
    sheet.append(_header())


def _harmless(line: Line) -> tuple[str | date | None, ...]:
    return harmless(line.email), harmless(line.name), line.birthday, harmless(line.city)


@contextmanager
def _text(path: Path, encoding: str) -> Iterator[TextIO]:
    """Open a file for text, packed where its name says so."""
    if path.suffix != ".gz":
        with path.open("w", encoding=encoding, newline="") as file:
            yield file
        return
    # Without the time of day: the same people make the same bytes.
    with (
        gzip.GzipFile(path, "wb", compresslevel=6, mtime=0) as packed,
        io.TextIOWrapper(packed, encoding=encoding, newline="") as file,
    ):
        yield file


@dataclass(frozen=True)
class Form:
    """A kind of file that people are exported to."""

    label: str
    """As people call it, in English: gettext knows it."""
    open: Callable[[Path], AbstractContextManager[Write]]
    """Begins a file and returns what writes a line."""
    content_type: str


_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMS = {
    "csv": Form("CSV", csv_file, "text/csv"),
    "csv.gz": Form(gettext_noop("CSV, packed with gzip"), csv_file, "application/gzip"),
    "xlsx": Form(gettext_noop("Excel workbook (XLSX)"), workbook, _XLSX),
    "jsonl": Form("JSON Lines", json_lines, "application/jsonl"),
    "jsonl.gz": Form(gettext_noop("JSON Lines, packed with gzip"), json_lines, "application/gzip"),
}
"""By suffix."""
