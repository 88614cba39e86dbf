"""What happens in the process that queues a task: the job gets its row and its header."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from contextvars import copy_context
from threading import Thread
from typing import Any

from celery import current_app, signals
from django.db import connection, transaction

from realtime import progress, records
from realtime.calls import call_of
from realtime.cleaning import text
from realtime.conf import conf
from realtime.events import JobState, timestamp
from realtime.owners import current_owner
from realtime.publish import BLIND_STEP, Change
from realtime.reporter import get_reporter
from realtime.running import RunningJob
from realtime.runs import here, run_of
from realtime.states import read_one
from realtime.tracking import default_title, is_uuid, tracked
from realtime.transition import Transition

logger = logging.getLogger("realtime")

HEADER = "headway"
"""The message header that carries what a job inherits: owner, title, root, parent, tags."""


def connect() -> None:
    """Listen to Celery; called once, when the app is ready."""
    signals.before_task_publish.connect(_on_publish, weak=False, dispatch_uid="headway-_on_publish")


def _on_publish(
    sender: str,
    headers: dict[str, Any] | None = None,
    body: Any = None,
    **sent: Any,
) -> None:
    if headers is None or "id" not in headers or not tracked(sender):
        return
    if headers.get("replaced_task_nesting"):
        _tell_attempt()
    run = run_of(headers["id"])
    if run is not None:
        run.replaced = (headers.get("retries") or 0) + run.before < run.job.attempt
        before = run.job.attempt - 1 if run.replaced else run.before
        # Above whatever SQL was told of this attempt while the store was away.
        seq = run.watched.known + 2 * BLIND_STEP
        headers[HEADER] = _handed_on(run.job, before=before, seq=seq)
        return
    if headers.get("retries") or not is_uuid(headers["id"]):
        return
    if headers.get("replaced_task_nesting") and (state := _replaced(headers["id"])):
        headers[HEADER] = _handed_on(state, before=state.attempt - 1, seq=0)
        return
    queue = text(_queue_of(**sent), 255)
    call = call_of(sender, body)
    position = 0 if queue and _is_in_line(headers, **sent) else None
    state = queued_state(sender, headers).changed(
        queue=queue, repeats=call.repeats, position=position
    )
    headers[HEADER] = {
        "title": state.title,
        "owner": state.owner,
        "root": state.root,
        "parent": state.parent,
        "again_of": state.again_of,
        "repeats": state.repeats,
        "tags": state.tags,
        "queued_at": state.queued_at,
    }
    put_queued(state, call.kept)


def put_queued(state: JobState, call: str = "") -> None:
    """Write the row of a job that is being queued, with what its task is called with; tell it."""
    _outside_loop(lambda: _record_queued(state, call))
    change = Change(state=state, order=0)
    # Not at once: many jobs that are queued together are then announced together.
    get_reporter().put(Transition(lambda: change), soon=True)


def _is_in_line(headers: dict[str, Any], properties: Any = None, **_: Any) -> bool:
    """Tell whether a message is delivered in its turn: not later, and before or after no other."""
    if headers.get("eta") is not None:
        return False
    priority = (properties or {}).get("priority")
    return priority is None or priority == current_app.conf.task_default_priority


def _queue_of(
    exchange: Any = None,
    routing_key: str | None = None,
    declare: Sequence[Any] | None = None,
    **_: Any,
) -> str:
    """Return the queue that a message goes to, "" when only the broker knows.

    Without an exchange it goes straight to the queue of this name.
    """
    if not exchange:
        return routing_key or ""
    for queue in declare or ():
        if (queue.exchange.name, queue.routing_key) == (exchange, routing_key):
            return str(queue.name)
    return ""


def _tell_attempt() -> None:
    """Let the store know the attempt that replaces itself, before its replacement asks for it."""
    run = here.get()
    if run is not None:
        watched = run.watched
        told = Transition(lambda: watched.take(time.monotonic()))
        get_reporter().put(told).wait(conf.END_TIMEOUT)


def _handed_on(job: RunningJob | JobState, *, before: int, seq: int) -> dict[str, Any]:
    """Return what the next execution under the same id inherits: it is the same job."""
    return {
        "title": job.title,
        "owner": job.owner,
        "root": job.root,
        "parent": job.parent,
        "again_of": job.again_of,
        "repeats": job.repeats,
        "tags": list(job.tags),
        "queued_at": job.queued_at,
        "before": before,
        "seq": seq,
    }


def _replaced(job: str) -> JobState | None:
    """Return the job as which the last task of a chain or chord goes on, None for a new one."""
    known = _outside_loop(lambda: read_one(job))
    return JobState.from_dict(known) if known else None


def queued_state(name: str, headers: dict[str, Any]) -> JobState:
    """Return the first state of a job, with what its headers say and what it inherits here."""
    given = headers.get(HEADER) or {}
    parent = progress.current()
    again_of = given.get("again_of")
    owner = given.get("owner")
    if not owner and not again_of:  # What is run again belongs to whom it belonged, or to nobody.
        owner = parent.owner if parent else _outside_loop(current_owner)
    at = timestamp()
    return JobState(
        id=headers["id"],
        name=text(name, 255),
        title=text(given.get("title") or default_title(name), conf.TEXT_LENGTH),
        owner=owner,
        root=parent.root if parent else headers["id"],
        parent=parent.id if parent else None,
        again_of=again_of,
        tags=[text(tag, 50) for tag in given.get("tags", ())],
        queued_at=at,
        updated_at=at,
    )


def _record_queued(state: JobState, call: str) -> None:
    try:
        if connection.in_atomic_block:
            with transaction.atomic():
                records.create(state, call)
        else:
            records.create(state, call)
    except Exception:
        # The task must be queued all the same; its worker writes the row when it starts.
        logger.exception("Job %s could not be recorded when it was queued", state.id)


def _outside_loop(call: Any) -> Any:
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
