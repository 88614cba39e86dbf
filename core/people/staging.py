"""People on their way into a list: gathered in a temporary table, compared, written.

The temporary table belongs to one connection: filling it locks nobody, not even on SQLite, where
one connection writes at a time. In it each e-mail address stands once, with what its last row says.
"""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from typing import Any, NamedTuple

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from core.models import Person
from core.people.rows import Facts

PART, LEAST = 10_000, 500
"""People that are compared and written together, at most and at least."""
TURN = 0.3
"""Seconds that a part should take: the bar moves with each. The first ones come from the disk."""

_STAGED = "headway_staged"
_COLUMNS = Facts._fields[1:]
_ADD = {
    "sqlite": "VALUES (%s, %s, %s, %s)",
    "postgresql": "SELECT row->>0, row->>1, (row->>2)::date, row->>3 "
    "FROM jsonb_array_elements(%s::jsonb) AS rows (row)",
}
_KEY = {"sqlite": "WITHOUT ROWID", "postgresql": ""}
_CACHE = 48_000
"""Kilobytes of SQLite's pages in memory; with its own 2,000 each row is read from the disk."""


@dataclass(frozen=True)
class Counts:
    """What became of rows."""

    new: int = 0
    """People who were not in the list."""
    updated: int = 0
    """People of whom something has changed."""
    unchanged: int = 0
    """People of whom the list knew as much."""
    repeated: int = 0
    """Rows on somebody of whom a later row says more."""

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*map(sum, zip(astuple(self), astuple(other), strict=True)))

    def __str__(self) -> str:
        counts = {name: f"{count:,}" for name, count in vars(self).items()}
        said = _("%(new)s new, %(updated)s updated, %(unchanged)s unchanged")
        if self.repeated:
            said = _(
                "%(new)s new, %(updated)s updated, %(unchanged)s unchanged, %(repeated)s repeated"
            )
        return said % counts

    @property
    def rows(self) -> int:
        """How many rows these are."""
        return sum(astuple(self))


class Part(NamedTuple):
    """Some of the staged people, in the order of their addresses."""

    after: str
    """The address before the first one."""
    last: str


@contextmanager
def staging(owner_id: int, source: str, fields: Sequence[str]) -> Iterator["Staging"]:
    """Make the temporary table, and drop it; `fields` are those that the file has."""
    staged = Staging(owner_id, source, fields)
    staged.drop()
    staged.create()
    try:
        yield staged
    finally:
        staged.drop()


class Staging:
    """The people that a file brings, before they are in the list."""

    def __init__(self, owner_id: int, source: str, fields: Sequence[str]) -> None:
        """Take whose list it is, the file's name, and what it knows of people."""
        self._owner_id, self._source, self._added = owner_id, source, 0
        self._vendor = connection.vendor
        self._known = _known(fields)
        self._upsert = _upsert(fields)

    def create(self) -> None:
        """Make the table."""
        if self._vendor == "sqlite":
            for database in ("main", "temp"):
                _run(f"PRAGMA {database}.cache_size = -{_CACHE}")
        _run(
            f"CREATE TEMPORARY TABLE {_STAGED} (email text PRIMARY KEY, name text NOT NULL, "
            f"birthday date, city text NOT NULL) {_KEY[self._vendor]}"
        )

    def drop(self) -> None:
        """Remove the table, if it is there; a connection that has broken takes it along."""
        if connection.connection is None or connection.is_usable():
            _run(f"DROP TABLE IF EXISTS {_STAGED}")

    def add(self, batch: Sequence[Facts]) -> None:
        """Gather people; of two rows on one person the later counts."""
        self._added += len(batch)
        people = list({facts.email: facts for facts in batch}.values())
        replaced = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS)
        add = (
            f"INSERT INTO {_STAGED} {_ADD[self._vendor]} "
            f"ON CONFLICT (email) DO UPDATE SET {replaced}"
        )
        if self._vendor == "postgresql":
            # As one text: psycopg takes four times as long to speak as many arrays.
            _run(add, [json.dumps(people, default=str, ensure_ascii=False)])
            return
        with connection.cursor() as cursor:
            # Not `atomic`, which would take SQLite's lock, the one of all writers.
            cursor.execute("SAVEPOINT staging")
            try:
                cursor.executemany(add, people)
            finally:
                cursor.execute("RELEASE staging")

    def close(self) -> Counts:
        """End gathering; returns the rows that others have replaced."""
        if self._vendor == "postgresql":
            _run(f"ANALYZE {_STAGED}")
        ((people,),) = _run(f"SELECT count(*) FROM {_STAGED}")  # noqa: S608  A constant.
        return Counts(repeated=self._added - people)

    def parts(self) -> Iterator[Part]:
        """Yield all in parts; in one order, so that two imports cannot wait for each other."""
        after, size = "", min(LEAST, PART)
        while last := self._last(after, size):
            began = time.monotonic()
            yield Part(after, last)
            after, size = last, sized(size, time.monotonic() - began)

    def compare(self, part: Part) -> Counts:
        """Return what writing a part would do."""
        found = dict(_run(self._known, [self._owner_id, *part]))
        return Counts(found.get(None, 0), found.get(0, 0), found.get(1, 0))

    def write(self, part: Part) -> None:
        """Write a part: insert who is new, update who has changed."""
        now = connection.ops.adapt_datetimefield_value(timezone.now())
        _run(self._upsert, [self._owner_id, self._source, now, now, *part])

    def _last(self, after: str, size: int) -> str:
        part = f"SELECT email FROM {_STAGED} WHERE email > %s ORDER BY email LIMIT {size:d}"  # noqa: S608  A number.
        ((last,),) = _run(f"SELECT max(email) FROM ({part}) AS part", [after])  # noqa: S608  The same.
        return last or ""


def sized(size: int, took: float) -> int:
    """Return how many the next part has, when one of this size took so many seconds."""
    fits = int(size * TURN / max(took, 0.001))
    return min(max(fits, LEAST), 2 * size, PART)


def _run(statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def _known(fields: Sequence[str]) -> str:
    """Return how people are counted by what is known: nothing (NULL), other (0), the same (1).

    A question for each person, so that the index on the list is used whatever planners know.
    """
    people = Person._meta.db_table  # noqa: SLF001  Django documents it.
    asked = (
        f"SELECT CASE WHEN {_same(fields, 'staged')} THEN 1 ELSE 0 END FROM {people} AS person "  # noqa: S608  Names alone.
        "WHERE person.owner_id = %s AND person.email = staged.email"
    )
    return (
        f"SELECT found, count(*) FROM (SELECT ({asked}) AS found FROM {_STAGED} AS staged "  # noqa: S608  Names alone.
        "WHERE email > %s AND email <= %s) AS part GROUP BY found"
    )


def _upsert(fields: Sequence[str]) -> str:
    people = Person._meta.db_table  # noqa: SLF001  Django documents it.
    news = ", ".join(f"{name} = excluded.{name}" for name in (*fields, "source", "changed_at"))
    return (
        f"INSERT INTO {people} AS person "  # noqa: S608  Names alone.
        "(owner_id, email, name, birthday, city, source, added_at, changed_at) "
        f"SELECT %s, email, name, birthday, city, %s, %s, %s FROM {_STAGED} "
        "WHERE email > %s AND email <= %s ORDER BY email "
        f"ON CONFLICT (owner_id, email) DO UPDATE SET {news} "
        f"WHERE NOT ({_same(fields, 'excluded')})"
    )


def _same(fields: Sequence[str], other: str) -> str:
    """Return the condition that the list knows as much; a missing birthday is like any other."""
    never = "'0001-01-01'"
    pairs = [
        f"coalesce(person.{name}, {never}) = coalesce({other}.{name}, {never})"
        if name == "birthday"
        else f"person.{name} = {other}.{name}"
        for name in fields
    ]
    return " AND ".join(pairs) or "true"
