"""Obeys one statement that is said often: PostgreSQL reads and plans it once for a connection.

Django puts the values into the text, so that each end of a job is a new statement for the server.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.db import DEFAULT_DB_ALIAS, Error, connections

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

NEVER = 2**31
"""How often a statement must be said to be prepared unasked: other people's are left as they are.
"""
UNKNOWN = {"26000", "42P05"}
"""What PostgreSQL says where a pooler has given us another connection: the statement is not there,
or another one has its name."""

_refused = False


def rows_changed(statement: str, values: Sequence[Sequence[Any]]) -> int:
    """Execute a statement with each of these values and return how many rows that has changed.

    PostgreSQL is told all of them in one round trip.
    """
    database = connections[DEFAULT_DB_ALIAS]  # `connection` would look it up for each attribute.
    if not _may_prepare(database):
        return _plainly(database, statement, values)
    try:
        return _prepared(database, statement, values)
    except Error as error:
        if getattr(error.__cause__, "sqlstate", None) not in UNKNOWN:
            raise
        _refuse()
        if database.in_atomic_block:
            raise  # Nothing can be said in this transaction any more; its maker tries again.
        return _plainly(database, statement, values)


def _may_prepare(database: BaseDatabaseWrapper) -> bool:
    """Tell whether a connection stays the same one, as far as is known, and nobody listens."""
    if _refused or database.vendor != "postgresql":
        return False
    if database.queries_logged or database.execute_wrappers:
        return False  # Who looks on hears of all statements, in Django's own way.
    if database.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"):
        return False  # Django's word for a pooler that gives each transaction another one.
    from django.db.backends.postgresql.psycopg_any import is_psycopg3

    return bool(is_psycopg3)


def _plainly(database: BaseDatabaseWrapper, statement: str, values: Sequence[Sequence[Any]]) -> int:
    with database.cursor() as cursor:
        if len(values) == 1:
            cursor.execute(statement, values[0])
        else:
            cursor.executemany(statement, values)
        return int(cursor.rowcount)


def _prepared(database: Any, statement: str, values: Sequence[Sequence[Any]]) -> int:
    from psycopg import Cursor

    database.ensure_connection()
    database.validate_no_broken_transaction()
    connection = database.connection
    if connection.prepare_threshold is None:
        connection.prepare_threshold = NEVER
    with database.wrap_database_errors, Cursor(connection) as cursor:
        if len(values) == 1:
            cursor.execute(statement, values[0], prepare=True)
        else:
            cursor.executemany(statement, values)
        return int(cursor.rowcount)


def _refuse() -> None:
    global _refused  # noqa: PLW0603  one for the process: its connections go the same way
    _refused = True
