"""What Celery's result backend knows of a task, whatever has become of the worker that ran it.

Celery keeps the result of a task that has succeeded before anybody hears of its end.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from threading import Thread
from typing import Any

from celery import current_app, states
from celery.backends.base import BaseBackend, BaseKeyValueStoreBackend, DisabledBackend
from django.db import connections

from realtime.models import Job
from realtime.states import State
from realtime.tracking import is_uuid

logger = logging.getLogger("realtime")

_asking: Thread | None = None

LASTING = (BaseKeyValueStoreBackend, BaseBackend)
"""Backends that any process can ask, also later; others send a result to who waits for it."""
PATIENCE = 2.0
"""Seconds that an answer is waited for."""
IN_MEMORY = "memory"
"""What Celery's cache backend calls the one that keeps results in its process alone."""


def are_kept(task: Any) -> bool:
    """Tell whether the result of the task that runs here is kept where others find it."""
    request = task.request
    if task.ignore_result or getattr(request, "ignore_result", False):
        return False
    return _lasts(task.backend)


def done_at(known: State) -> datetime | None:
    """Return when a silent job has succeeded, None when it has not, or nobody knows.

    A job with others below it has not ended with its own task, and one that the broker delivers
    again goes on there.
    """
    if known.get("ttl") or known.get("redelivers") or not is_uuid(known["id"]):
        return None
    if Job.objects.filter(root=known["id"]).exclude(pk=known["id"]).exists():
        return None
    meta = _meta(known["id"])
    if meta.get("status") != states.SUCCESS:
        return None
    return _moment(meta.get("date_done"))


def _meta(job: str) -> dict[str, Any]:
    """Ask in a thread of its own: who judges waits for no backend that does not answer."""
    global _asking  # noqa: PLW0603  one for the process: while it does not answer it is not asked
    if _asking is not None and _asking.is_alive():
        return {}
    backend, answers = current_app.backend, list[dict[str, Any]]()
    if not _lasts(backend):
        return {}
    _asking = Thread(target=lambda: answers.append(_asked(backend, job)), daemon=True)
    _asking.start()
    _asking.join(PATIENCE)
    if not answers:
        logger.warning("The result backend does not answer for job %s", job)
    return answers[0] if answers else {}


def _asked(backend: Any, job: str) -> dict[str, Any]:
    try:
        # Once: Celery's own way may ask a backend that is away for ever.
        found: dict[str, Any] | None = backend._get_task_meta_for(job)  # noqa: SLF001
    except Exception as error:  # noqa: BLE001  a backend may raise anything
        logger.warning("The result backend cannot be asked for job %s: %s", job, error)
        return {}
    finally:
        connections.close_all()  # It may keep its results in the database.
    return found or {}


def _lasts(backend: Any) -> bool:
    if not isinstance(backend, LASTING) or isinstance(backend, DisabledBackend):
        return False
    return getattr(backend, "backend", None) != IN_MEMORY


def _moment(given: Any) -> datetime:
    """Return a moment that a backend tells as text or not, in UTC where it does not say."""
    try:
        moment = datetime.fromisoformat(given) if isinstance(given, str) else given
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (AttributeError, ValueError):
        return datetime.now(UTC)
