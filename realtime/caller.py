"""What is done where a task is queued: in the caller's transaction, outside its event loop."""

from __future__ import annotations

import asyncio
import logging
from contextvars import copy_context
from threading import Thread
from typing import Any

from django.db import connection, transaction

from realtime import records
from realtime.events import JobState

logger = logging.getLogger("realtime")


def record_queued(
    state: JobState, call: str = "", promised: dict[str, float] | None = None
) -> None:
    """Write the row of a job that is being queued."""
    outside_loop(lambda: _record(state, call, promised))


def outside_loop(call: Any) -> Any:
    """Call what uses the database; from asynchronous code in a thread, as Django demands."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return call()
    answer: list[Any] = []
    context = copy_context()

    def run() -> None:
        try:
            answer.append(context.run(call))
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    thread.join()
    return answer[0] if answer else None


def _record(state: JobState, call: str, promised: dict[str, float] | None) -> None:
    try:
        if connection.in_atomic_block:
            with transaction.atomic():
                records.create(state, call, promised)
        else:
            records.create(state, call, promised)
    except Exception:
        # The task must be queued all the same; its worker writes the row when it starts.
        logger.exception("Job %s could not be recorded when it was queued", state.id)
