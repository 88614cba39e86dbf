"""Who a campaign writes to: the rows of an uploaded list, or the owner's people."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from core.models import Campaign
from core.people.columns import KEYS, fold, match_columns
from core.people.dates import DateOrder
from core.people.errors import BadRow
from core.people.export import Sought, lines
from core.people.opening import open_table
from core.people.rows import Reader, clean
from core.people.table import Row, Table
from realtime import JobError

SAMPLE = 50
_LONGEST = 200
GONE = gettext_noop(
    "The list of recipients is no longer kept: write the campaign anew and upload it again."
)


@dataclass(frozen=True)
class Entry:
    """Somebody to write to, or a row that cannot be used."""

    email: str
    values: Mapping[str, str] = field(default_factory=dict)
    """What the placeholders say."""
    fault: str = ""
    """Why nobody can be written to; the address is then what tells the row."""


class Source(Protocol):
    """Where recipients come from."""

    def entries(self) -> Iterator[Entry]:
        """Yield everybody in order."""
        ...


PEOPLE_NAMES = ("birthday", "city", "email", "name")
"""The placeholders that the people table can fill."""


@dataclass(frozen=True)
class People:
    """The owner's people, or those of them that a search finds."""

    owner_id: int
    sought: str = ""

    def entries(self) -> Iterator[Entry]:
        """Yield them by address."""
        for person in lines(Sought(self.sought).people(self.owner_id)):
            birthday = person.birthday.isoformat() if person.birthday else ""
            values = {"name": person.name, "city": person.city, "birthday": birthday}
            yield Entry(person.email, {**values, "email": person.email})


@dataclass(frozen=True)
class Listed:
    """The rows of a file."""

    table: Table
    columns: Mapping[str, int]
    """Which column holds what a placeholder says."""

    @staticmethod
    def names_of(columns: Mapping[str, int]) -> Sequence[str]:
        """Return what columns are called, and what they were found to be."""
        whole = {"name"} if {"first", "last"} & columns.keys() else set()
        return sorted({*columns, *whole})

    def entries(self) -> Iterator[Entry]:
        """Yield a row each; raises `BadTable` where the file cannot be read on."""
        known = {key: at for key, at in self.columns.items() if key in KEYS and key != "birthday"}
        reader = Reader(known, len(self.table.columns), DateOrder(), timezone.localdate())
        for row in self.table.rows():
            yield self._entry(reader, row)

    def _entry(self, reader: Reader, row: Row) -> Entry:
        try:
            facts = reader.read(row)
        except BadRow as fault:
            return Entry(_("line %(line)s") % {"line": row.line}, fault=str(fault))
        values = {key: clean(row.cells[at])[:_LONGEST] for key, at in self.columns.items()}
        return Entry(facts.email, {**values, "name": facts.name})


def columns_of(table: Table) -> dict[str, int]:
    """Return which column of a list holds what, each by its own name too."""
    found = {fold(name): at for at, name in enumerate(table.columns) if fold(name)}
    return found | match_columns(table.columns, list(islice(table.rows(), SAMPLE)))


def source_of(campaign: Campaign) -> Source:
    """Return where a campaign's recipients come from; raises `BadTable`, `JobError`."""
    if not campaign.columns:
        return People(campaign.owner_id, campaign.sought)
    if campaign.upload is None or not campaign.upload.path.is_file():
        raise JobError(_(GONE))
    return Listed(open_table(campaign.upload.path), campaign.columns)


def sample_of(campaign: Campaign, most: int) -> list[Entry]:
    """Return the first recipients that can be written to."""
    return list(islice((entry for entry in source_of(campaign).entries() if not entry.fault), most))
