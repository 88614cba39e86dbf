"""JSON Lines as a table: one object a line, whose names are the columns."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from django.utils.translation import gettext as _

from core.people.encoding import Encoding
from core.people.errors import BadTable
from core.people.table import LONGEST_CELL, RECORD, Row, check_width, filled, too_long

NAMED = 1_000
"""Rows whose names become columns; a name that comes up later is left out."""
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class JsonLines:
    """A file with an object on each line."""

    path: Path
    encoding: Encoding
    columns: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """How the file is written, in words."""
        return _("JSON Lines, %(encoding)s") % {"encoding": self.encoding.said}

    def rows(self) -> Iterator[Row]:
        """Yield the rows; a line that is no object is one that cannot be used."""
        return filled((self._row(line, text) for line, text in _lines(self)), 0)

    def _row(self, line: int, text: str) -> Row:
        found = _object(text)
        if isinstance(found, str):
            return Row(line, (), found)
        cells = tuple([_cell(found.get(name)) for name in self.columns])
        is_long = len(text) > LONGEST_CELL and max(map(len, cells)) > LONGEST_CELL
        wrong = too_long() if is_long else ""
        return Row(line, () if wrong else cells, wrong)


def open_json_lines(path: Path, encoding: Encoding) -> JsonLines:
    """Find out which names the objects have; raises `BadTable` when none has one."""
    names: dict[str, None] = {}
    unnamed = JsonLines(path, encoding, ())
    for __, text in islice(_lines(unnamed), NAMED):
        found = _object(text)
        names |= dict.fromkeys({} if isinstance(found, str) else found)
    check_width(len(names))
    if not names:
        raise BadTable(_("The file has no JSON objects: write one on each line."))
    notes = (encoding.note,) if encoding.note else ()
    return JsonLines(path, encoding, tuple(names), notes)


def _lines(table: JsonLines) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not blank; one that is too long is cut, so it is no JSON."""
    with table.encoding.open(table.path) as file:
        number = 0
        while text := file.readline(RECORD):
            number += 1
            if text[-1] not in "\r\n":
                _skip(file)
            if text.strip():
                yield number, text


def _skip(file: TextIO) -> None:
    while (rest := file.readline(RECORD)) and rest[-1] not in "\r\n":
        pass


def _object(text: str) -> dict[str, Any] | str:
    """Return the object that a line holds, or why it holds none."""
    if len(text) >= RECORD:
        return _("is longer than %(most)s characters") % {"most": f"{RECORD:,}"}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return _("is not JSON")
    return found if isinstance(found, dict) else _("is not a JSON object")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return _SURROGATE.sub("\ufffd", text.strip())
