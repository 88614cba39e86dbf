"""What a fresh reader sees: the store's states, and SQL's for what the store no longer knows."""

from __future__ import annotations

import json
import logging
from typing import Any

from realtime.errors import StoreAway
from realtime.events import newest
from realtime.models import Job
from realtime.store import get_store

logger = logging.getLogger("realtime")

State = dict[str, Any]


def read(jobs: list[str]) -> dict[str, State]:
    """Return the newest states of those jobs that are known, from store and SQL together."""
    return completed(jobs, _live(jobs)) if jobs else {}


def completed(jobs: list[str], live: dict[str, State]) -> dict[str, State]:
    """Return the same where the store's states are already read."""
    open_jobs = [job for job in jobs if not _ended(live.get(job))]
    kept = {str(row.pk): row.state() for row in Job.objects.filter(pk__in=open_jobs)}
    found = {job: newest(live.get(job), kept.get(job)) for job in jobs}
    return {job: state for job, state in found.items() if state}


def read_one(job: str) -> State | None:
    """Return one job's newest state, None when it is unknown."""
    return read([job]).get(job)


def _live(jobs: list[str]) -> dict[str, State]:
    try:
        return parsed(get_store().states(jobs))
    except StoreAway as error:
        logger.warning("The store is away, reading from SQL alone: %s", error)
        return {}


def parsed(found: dict[str, str]) -> dict[str, State]:
    """Return states of which the store gives JSON."""
    return {job: json.loads(state) for job, state in found.items()}


def _ended(state: State | None) -> bool:
    return bool(state and state["finished_at"])
