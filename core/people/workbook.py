"""An XLSX workbook as a table: its first sheet, read as a stream.

openpyxl says what the parts are and which styles are dates. The sheet itself goes through expat,
with limits: openpyxl reads it at a tenth of that pace, and takes a row of any size into memory.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from defusedxml.ElementTree import fromstring
from django.utils.translation import gettext as _
from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.stylesheet import Stylesheet
from openpyxl.xml.constants import ARC_STYLE, SHARED_STRINGS

from core.people.errors import BadTable
from core.people.sheet import Styles, read_sheet, read_strings
from core.people.table import Row, filled, header_of

SIGNATURE = b"PK\x03\x04"
LARGEST_SHEET = 2 * 1024 * 1024 * 1024
LARGEST_PART = 8 * 1024 * 1024
"""Bytes of a part that is read whole."""


@dataclass(frozen=True)
class Parts:
    """Where in the archive the list is."""

    sheet: str
    title: str
    others: int
    """How many further sheets there are."""
    strings: str = ""
    """The part with the texts that cells share, if there is one."""
    styles: Styles = field(default_factory=Styles)


@dataclass(frozen=True)
class Workbook:
    """The first sheet of a workbook."""

    path: Path
    parts: Parts
    columns: tuple[str, ...] = ()
    skip: int = 0
    notes: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """How the file is written, in words."""
        return _("XLSX workbook")

    def rows(self) -> Iterator[Row]:
        """Yield the rows that are not blank; raises `BadTable` where they cannot be read."""
        with _faults_told(), _Archive(self.path) as archive:
            strings = _strings(archive, self.parts.strings)
            with archive.open(self.parts.sheet) as part:
                rows = read_sheet(part, strings, self.parts.styles, len(self.columns))
                yield from filled(rows, self.skip)


def open_workbook(path: Path) -> Workbook:
    """Find the first sheet and its columns; raises `BadTable` when there is none."""
    parts = _parts(path)
    header = header_of(Workbook(path, parts).rows())
    notes = header.notes
    if parts.others:
        which = _("The workbook has %(sheets)d sheets: the first, “%(title)s”, is read.")
        notes = (which % {"sheets": parts.others + 1, "title": parts.title}, *notes)
    return Workbook(path, parts, header.columns, int(header.headed), notes)


class _Archive(ZipFile):
    """An archive without bombs: zipfile reads no more of a part than the size that it gives."""

    def open(self, name: Any, *values: Any, **named: Any) -> Any:
        """Open a part, if it can be a list."""
        if self.getinfo(getattr(name, "filename", name)).file_size > LARGEST_SHEET:
            raise BadTable(
                _("The workbook unpacks to more than 2 GB: save the list as “CSV UTF-8”.")
            )
        return super().open(name, *values, **named)

    def read(self, name: Any, pwd: bytes | None = None) -> bytes:
        """Return the whole of a part, if it is small; lists and their texts are streamed."""
        if self.getinfo(name).file_size > LARGEST_PART:
            raise BadTable(_("The workbook has a part that is too large: save the list anew."))
        return super().read(name, pwd)


def _parts(path: Path) -> Parts:
    with _faults_told(), path.open("rb") as file:
        reader = ExcelReader(file, read_only=True, data_only=True, keep_links=False)
        reader.archive = _Archive(file)
        reader.read_manifest()
        reader.read_workbook()
        title, sheet, others = _sheets(reader)
        shared = reader.package.find(SHARED_STRINGS)  # type: ignore[no-untyped-call]
        strings = shared.PartName.lstrip("/") if shared is not None else ""
        return Parts(sheet, title, others, strings, _styles(reader))


def _sheets(reader: ExcelReader) -> tuple[str, str, int]:
    """Return the first sheet that is shown, where it is, and how many there are beside it."""
    found = [
        (sheet.name, relation.target)
        for sheet, relation in reader.parser.find_sheets()
        if relation.Type.endswith("/worksheet") and sheet.state == "visible"
    ]
    if not found:
        raise BadTable(_("The workbook has no sheet that is shown: choose one with a list."))
    return *found[0], len(found) - 1


def _styles(reader: ExcelReader) -> Styles:
    if ARC_STYLE not in reader.valid_files:
        return Styles(epoch=reader.wb.epoch)
    found: Any = Stylesheet.from_tree(fromstring(reader.archive.read(ARC_STYLE)))  # type: ignore[arg-type]
    return Styles(frozenset(found.date_formats), reader.wb.epoch)


def _strings(archive: ZipFile, name: str) -> list[str]:
    if not name:
        return []
    with archive.open(name) as part:
        return read_strings(part)


@contextmanager
def _faults_told() -> Iterator[None]:
    """Tell whatever a broken file makes zipfile, expat and openpyxl raise, in one sentence."""
    try:
        yield
    except (BadTable, MemoryError):
        raise
    except Exception as error:
        raise BadTable(
            _(
                "The file is a ZIP or a document but no XLSX workbook, or it is damaged: save the "
                "list as XLSX or “CSV UTF-8”."
            )
        ) from error
