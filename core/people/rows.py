"""From a row of a file to what is known of a person."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from core.people.dates import DateOrder, read_date
from core.people.errors import BadRow
from core.people.table import Row
from realtime.cells import harmless

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")
_LONGEST = {gettext_noop("name"): 200, gettext_noop("city"): 100, gettext_noop("email"): 254}
_validate = EmailValidator()
_PLAIN = re.compile(r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]{2,}")
"""Addresses that need no closer look, which takes Django five times as long."""
_PLAIN_LENGTH = 64
"""Below it no part of a host's name can be longer than its 63 characters."""


class Facts(NamedTuple):
    """What one row says of a person; what has no column is as if it were empty."""

    email: str
    """In small letters: it tells people apart."""
    name: str = ""
    birthday: date | None = None
    city: str = ""


@dataclass(frozen=True)
class Reader:
    """Reads the rows of one file."""

    columns: Mapping[str, int]
    """Which column holds which field."""
    width: int
    """How many cells a whole row has."""
    order: DateOrder
    """How birthdays are written."""
    today: date
    """Birthdays after it are wrong."""

    def fields(self) -> tuple[str, ...]:
        """Return what the file says of people beside their address; the rest stays as it is."""
        found = {"name" if key in {"name", "first", "last"} else key for key in self.columns}
        return tuple(sorted(found - {"email"}))

    def read(self, row: Row) -> Facts:
        """Return what the row says; raises `BadRow` with the reason why it cannot be used."""
        if row.wrong:
            raise BadRow(row.wrong)
        if len(row.cells) != self.width:
            raise BadRow(
                _("has %(found)d cells where %(wanted)d are expected")
                % {"found": len(row.cells), "wanted": self.width}
            )
        cells = {key: clean(row.cells[at]) for key, at in self.columns.items()}
        return Facts(
            _email(cells["email"]),
            _short("name", _name(cells)),
            read_date(cells.get("birthday", ""), self.order, self.today),
            _short("city", cells.get("city", "")),
        )


def clean(cell: str) -> str:
    """Return a cell as one line in composed characters, without invisible ones.

    The apostrophe with which our own files make a formula harmless is taken off.
    """
    if not (cell.isascii() and cell.isprintable() and "  " not in cell):
        text = unicodedata.normalize("NFC", cell)
        cell = " ".join(_CONTROLS.sub(" ", text).split())
    return cell[1:] if cell[:1] == "'" and harmless(cell[1:]) == cell else cell


def _name(cells: Mapping[str, str]) -> str:
    if cells.get("name"):
        return cells["name"]
    return f"{cells.get('first', '')} {cells.get('last', '')}".strip()


def _email(text: str) -> str:
    if not text:
        raise BadRow(_("has no e-mail address"))
    email = _short("email", text).lower()
    if len(email) <= _PLAIN_LENGTH and _PLAIN.fullmatch(email):
        return email
    try:
        _validate(email)
    except ValidationError as error:
        raise BadRow(_("“%(text)s” is not an e-mail address") % {"text": email[:60]}) from error
    return email


def _short(key: str, text: str) -> str:
    if len(text) > _LONGEST[key]:
        raise BadRow(
            _("%(field)s is longer than %(most)d characters")
            % {"field": _(key), "most": _LONGEST[key]}
        )
    return text
