"""From a row of a file to what is known of a person."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator

from core.people.dates import DateOrder, read_date
from core.people.errors import BadRow
from core.people.table import Row

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")
_LONGEST = {"name": 200, "city": 100, "email": 254}
_validate = EmailValidator()


@dataclass(frozen=True)
class Facts:
    """What one row says of a person; what has no column is not there."""

    email: str
    """In small letters: it tells people apart."""
    values: Mapping[str, str | date | None] = field(default_factory=dict)
    """By the name of the model's field."""


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

    def read(self, row: Row) -> Facts:
        """Return what the row says; raises `BadRow` with the reason why it cannot be used."""
        if len(row.cells) != self.width:
            raise BadRow(f"has {len(row.cells)} cells where {self.width} are expected")
        cells = {key: clean(row.cells[at]) for key, at in self.columns.items()}
        values: dict[str, str | date | None] = {}
        if {"name", "first", "last"} & cells.keys():
            values["name"] = _short("name", _name(cells))
        if "city" in cells:
            values["city"] = _short("city", cells["city"])
        if "birthday" in cells:
            values["birthday"] = read_date(cells["birthday"], self.order, self.today)
        return Facts(_email(cells["email"]), values)


def clean(cell: str) -> str:
    """Return a cell as one line in composed characters, without invisible ones."""
    text = unicodedata.normalize("NFC", cell)
    return " ".join(_CONTROLS.sub(" ", text).split())


def _name(cells: Mapping[str, str]) -> str:
    if cells.get("name"):
        return cells["name"]
    return f"{cells.get('first', '')} {cells.get('last', '')}".strip()


def _email(text: str) -> str:
    if not text:
        raise BadRow("has no e-mail address")
    email = _short("email", text).lower()
    try:
        _validate(email)
    except ValidationError as error:
        raise BadRow(f"“{email[:60]}” is not an e-mail address") from error
    return email


def _short(key: str, text: str) -> str:
    if len(text) > _LONGEST[key]:
        raise BadRow(f"{key} is longer than {_LONGEST[key]} characters")
    return text
