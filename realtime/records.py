"""What SQL is told: rows are written at transitions only, and an end is never overwritten."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.utils import DataError
from django.utils import timezone

from realtime.events import ENDS, JobState
from realtime.models import Job

logger = logging.getLogger("realtime")

Row = tuple[JobState, int, int]
"""A state, its seq and its number of log lines."""

_ENDS = tuple(sorted(ENDS))


def try_record(rows: list[Row]) -> list[Row]:
    """Write rows; returns those that must be tried again because the database is away."""
    try:
        record(rows)
    except (IntegrityError, DataError):
        return [row for row in rows if not _alone(row)]
    except DatabaseError as error:
        logger.warning("The database is away, %d rows are kept: %s", len(rows), error)
        connection.close()
        return rows
    return []


def record(rows: list[Row]) -> None:
    """Write states with their seq and their number of log lines, all or none of them."""
    if not rows:
        return
    with transaction.atomic():
        for state, seq, log in rows:
            _write(state, _columns(state, seq, log))


def _alone(row: Row) -> bool:
    try:
        record([row])
    except (IntegrityError, DataError):
        # Its owner was deleted meanwhile, for instance: no row can be written, ever.
        logger.exception("Job %s cannot be recorded", row[0].id)
    except DatabaseError:
        return False
    return True


def _write(state: JobState, columns: dict[str, Any]) -> None:
    open_rows = Job.objects.filter(pk=state.id).exclude(status__in=_ENDS)
    if not open_rows.update(**columns):
        # The row is missing when the transaction that queued the job was rolled back.
        Job.objects.bulk_create([_row(state, columns)], ignore_conflicts=True)


def create(state: JobState) -> None:
    """Write the row of a job that is being queued."""
    _row(state, _columns(state, 0, 0)).save(force_insert=True)


def _row(state: JobState, columns: dict[str, Any]) -> Job:
    return Job(
        id=state.id,
        name=state.name[:255],
        title=state.title,
        owner_id=state.owner,
        root=state.root,
        parent=state.parent,
        queued_at=_moment(state.queued_at) or timezone.now(),
        **columns,
    )


def _columns(state: JobState, seq: int, log: int) -> dict[str, Any]:
    return {
        "status": state.status,
        "attempt": state.attempt,
        "seq": seq,
        "started_at": _moment(state.started_at),
        "finished_at": _moment(state.finished_at),
        "last": {**state.values(), "log": log},
    }


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
