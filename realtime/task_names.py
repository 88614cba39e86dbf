"""The names of the tasks and queues of which there are jobs, read by an index: a step for each."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection

from realtime.models import Job

MOST = 2_000
"""Names that are read."""


def names_like(pattern: str) -> list[str]:
    """Return the names of tasks that a pattern means, in which `*` stands for anything."""
    return _like(pattern, names)


def queues_like(pattern: str) -> list[str]:
    """Return the names of queues that a pattern means."""
    return _like(pattern, queues)


def names(start: str = "") -> list[str]:
    """Return the names of tasks that begin so, in their order."""
    return _known("name", start)


def queues(start: str = "") -> list[str]:
    """Return the names of queues that begin so, in their order; "" where nobody knows it."""
    return _known("queue", start)


def _like(pattern: str, known: Callable[[str], list[str]]) -> list[str]:
    if "*" not in pattern:
        return [pattern]
    first, *parts, last = pattern.split("*")
    return [name for name in known(first) if _fits(name[len(first) :], parts, last)]


def _fits(rest: str, parts: list[str], last: str) -> bool:
    """Tell whether a text has these parts, one after the other, and ends so.

    An expression with as many stars would try all ways to divide the text among them.
    """
    for part in parts:
        _, found, rest = rest.partition(part) if part else ("", True, rest)
        if not found:
            return False
    return rest.endswith(last)


def _known(column: str, start: str) -> list[str]:
    quote = connection.ops.quote_name
    table, name = quote(Job._meta.db_table), quote(column)  # noqa: SLF001
    # Neither database skips from one value to the next by itself: DISTINCT reads every row.
    statement = (
        f"WITH RECURSIVE one(name) AS (SELECT MIN({name}) FROM {table} WHERE {name} >= %s"  # noqa: S608
        f" UNION ALL SELECT (SELECT MIN({name}) FROM {table} WHERE {name} > one.name)"
        " FROM one WHERE one.name IS NOT NULL)"
        " SELECT name FROM one WHERE name IS NOT NULL LIMIT %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [start, MOST])
        found = [row[0] for row in cursor.fetchall()]
    return [one for one in found if one.startswith(start)]
