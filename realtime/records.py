"""What SQL is told: rows are written at transitions only, and an end is never overwritten."""

from __future__ import annotations

import json
import logging
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from django.db import (
    DEFAULT_DB_ALIAS,
    DataError,
    Error,
    IntegrityError,
    OperationalError,
    connection,
    connections,
    transaction,
)
from django.utils import timezone

from realtime import log_parts, notices, ways
from realtime.events import ENDS, JobState, NoticeKind, with_numbers
from realtime.metrics import counted
from realtime.models import Item, Job, LogPart, Tag
from realtime.models.tags import TAG
from realtime.prepared import rows_changed

logger = logging.getLogger("realtime")

Routes = dict[tuple[str, NoticeKind], ways.Route]
"""How notices reach their people, by person and kind."""


class Outcome(NamedTuple):
    """What became of one item, where it did not go well."""

    outcome: str
    """Failed or skipped."""
    at: str
    """When it was told."""
    item: str
    """The item, as JSON."""
    reason: str
    """Why."""


class Items(NamedTuple):
    """Items of one run, which take the place of all that other runs of the job have left."""

    run: str
    """Whose they are."""
    kept: tuple[Outcome, ...] = ()
    """The items, the oldest first."""
    told: int = 0
    """How many items this run has told before these: items told twice are kept once."""


class Row(NamedTuple):
    """What is written of one job."""

    state: JobState
    """The whole state."""
    seq: int
    """Its seq."""
    log: int
    """Its number of log lines."""
    items: Items | None = None
    """Failed and skipped items that are new."""
    body: str = ""
    """The state as JSON, where that was made before."""
    counted: bool = True
    """Whether the number of lines is known; without the store, those of other runs are not."""
    untold: bool = False
    """Whether the store was away, and is told of it later."""
    asked: bool = True
    """Whether the job may have asked its owner something before."""
    noticed: bool = True
    """Whether its owner is told by notices."""
    lines: tuple[str, ...] = ()
    """The last lines of its log, where the store was away: kept here, should their worker die."""

    @property
    def due(self) -> notices.Due | None:
        """What it means for the notices of the job's owner."""
        return notices.due(self.state, asked=self.asked) if self.noticed else None


LOCK_MILLISECONDS = 100
"""How long a missing row may wait for the transaction that queued its job."""
BUSY_MILLISECONDS = 250
"""How long SQLite's lock is waited for, each second, while somebody else holds it."""
LOCK_NOT_AVAILABLE = "55P03"
"""What PostgreSQL calls it when that takes longer."""


_COLUMNS = ("status", "attempt", "seq", "started_at", "finished_at", "log_due", "untold")
"""The columns that change, in the order of `_columns`."""
_MOMENTS = ("started_at", "finished_at")
_FIRST = "began_at"
"""The column that stays as it was first written."""


def try_record(rows: list[Row]) -> list[Row]:
    """Write rows; returns those that must be tried again, because the database is away or busy."""
    try:
        _hurry()
        return record(rows)
    except (IntegrityError, DataError, TypeError, ValueError):
        return [row for row in rows if not _alone(row)]
    except Error as error:
        counted.count("database_errors")
        logger.warning("The database is away, %d rows are kept: %s", len(rows), error)
        connection.close()
        return rows


def _hurry() -> None:
    """Let nobody who holds SQLite's lock stop the thread that carries everybody's reports."""
    database: Any = connections[DEFAULT_DB_ALIAS]
    if database.vendor != "sqlite":
        return
    database.ensure_connection()
    if getattr(database, "headway_hurries", None) is not database.connection:
        with database.cursor() as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
        database.headway_hurries = database.connection


def record(rows: list[Row]) -> list[Row]:
    """Write states with their seq and their number of log lines, all or none of them.

    Returns those that the transaction which queued the job holds up.
    """
    if len(rows) <= 1 and all(map(_is_plain, rows)):
        # One statement is a transaction by itself: a round trip instead of three.
        return _written(rows)
    # Before the transaction: SQLite's lock is not held while the store is asked who is here.
    dues = [due for row in rows if (due := row.due)]
    routes = ways.routes({(due.person, due.told.kind) for due in dues if due.told})
    with transaction.atomic():
        return _written(rows, routes)


def _written(rows: list[Row], routes: Routes | None = None) -> list[Row]:
    if len(rows) > 1 and all(map(_is_plain, rows)) and _update(*rows) == len(rows):
        return []
    # One was not there, or has ended before: nobody says which, and to be told again is harmless.
    return [row for row in rows if not _write(row, routes or {})]


def _is_plain(row: Row) -> bool:
    """Tell whether all that is written is the job's own row."""
    return not (row.items or row.due or row.lines)


def _alone(row: Row) -> bool:
    try:
        return not record([row])
    except (IntegrityError, DataError, TypeError, ValueError):
        if row.items or row.due:
            logger.exception("Items or notices of job %s cannot be kept", row.state.id)
            return _alone(row._replace(items=None, noticed=False))
        # Its owner was deleted meanwhile, for instance: no row can be written, ever.
        logger.exception("Job %s cannot be recorded", row.state.id)
    except Error:
        return False
    return True


def _write(row: Row, routes: Routes) -> bool:
    state, items, due = row.state, row.items, row.due
    written = _update(row)
    if not written:
        # The row is missing until the transaction that queued the job is committed, and for
        # ever when it was rolled back.
        if not _insert(_model(row)):
            return False
        written = _update(row)
    # Of a run that was superseded, or comes after the end, nothing counts.
    if (items or due) and (written or Job.objects.filter(pk=state.id, seq=row.seq).exists()):
        if items:
            _keep(state.id, items)
        if due:
            route = routes.get((due.person, due.told.kind)) if due.told else None
            notices.write(state, due, route)
    if row.lines and written:
        part = log_parts.last(state.id, row.lines, row.log)
        LogPart.objects.bulk_create([part], ignore_conflicts=True)
    return True


def _keep(job: str, items: Items) -> None:
    Item.objects.filter(job_id=job).exclude(run=items.run).delete()
    rows = (
        Item(
            job_id=job,
            run=items.run,
            n=n,
            outcome=one.outcome,
            item=json.loads(one.item),
            reason=one.reason,
            at=datetime.fromisoformat(one.at),
        )
        for n, one in enumerate(items.kept, items.told + 1)
    )
    Item.objects.bulk_create(rows, ignore_conflicts=True)


def _update(*rows: Row) -> int:
    """Bring rows up to date unless their jobs have ended or a newer run has written.

    Returns how many were.
    """
    database = connections[DEFAULT_DB_ALIAS]  # `connection` would look it up for each attribute.
    statement = _update_statement(database.vendor)
    return rows_changed(statement, [_values(row, database) for row in rows])


def _values(row: Row, database: Any) -> list[Any]:
    state, seq, columns = row.state, row.seq, _columns(row)
    for name in _MOMENTS:
        columns[name] = database.ops.adapt_datetimefield_value(columns[name])
    columns[_FIRST] = columns["started_at"]
    last = with_numbers(row.body or state.body(), seq, row.log)
    key = _key_field().get_db_prep_value(state.id, database)
    return [*columns.values(), last, key, seq]


@cache
def _key_field() -> Any:
    return Job._meta.pk  # noqa: SLF001


@cache
def _update_statement(vendor: str) -> str:
    """Return the statement, made once: Django takes longer to make it than databases to obey."""
    del vendor  # Whose quotes they are.
    quote = connection.ops.quote_name
    sets = ", ".join(f"{quote(name)} = %s" for name in _COLUMNS)
    sets += f", {quote(_FIRST)} = COALESCE({quote(_FIRST)}, %s), {quote('last')} = %s"
    ends = ", ".join(f"'{status}'" for status in sorted(ENDS))
    table = quote(Job._meta.db_table)  # noqa: SLF001
    return (
        f"UPDATE {table} SET {sets} WHERE {quote('id')} = %s"  # noqa: S608
        f" AND {quote('status')} NOT IN ({ends}) AND {quote('seq')} <= %s"
    )


def _insert(model: Job) -> bool:
    """Write a row unless there is one; False while somebody else's is not committed yet."""
    try:
        with transaction.atomic():
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute(f"SET LOCAL lock_timeout = {LOCK_MILLISECONDS}")
            Job.objects.bulk_create([model], ignore_conflicts=True)
            _keep_tags(model)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != LOCK_NOT_AVAILABLE:
            raise
        return False
    return True


def create(state: JobState, call: str = "", promised: dict[str, float] | None = None) -> None:
    """Write the row of a job that is being queued: what its task is called with, what follows."""
    model = _model(Row(state, 0, 0))
    model.call, model.promised = call, promised or {}
    if not state.tags:
        model.save(force_insert=True)
        return
    with transaction.atomic():
        model.save(force_insert=True)
        _keep_tags(model)


def _keep_tags(model: Job) -> None:
    """Write the tags of a job that is written: they do not change."""
    tags = [tag for tag in dict.fromkeys(model.last["tags"]) if len(tag) <= TAG]
    rows = [Tag(job_id=model.pk, tag=tag, queued_at=model.queued_at) for tag in tags]
    if rows:
        Tag.objects.bulk_create(rows, ignore_conflicts=True)


def _model(row: Row) -> Job:
    state = row.state
    return Job(
        id=state.id,
        name=state.name[:255],
        title=state.title,
        owner_id=state.owner,
        root=state.root,
        parent=state.parent,
        queued_at=_moment(state.queued_at) or timezone.now(),
        began_at=_moment(state.started_at),
        queue=state.queue,
        ttl=state.ttl,
        last={**state.values(), "log": row.log},
        **_columns(row),
    )


def _columns(row: Row) -> dict[str, Any]:
    state = row.state
    return {
        "status": state.status,
        "attempt": state.attempt,
        "seq": row.seq,
        "started_at": _moment(state.started_at),
        "finished_at": _moment(state.finished_at),
        "log_due": state.ended and (row.log > 0 or not row.counted),
        "untold": row.untold,
    }


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
