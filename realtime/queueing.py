"""What happens in the process that queues a task: the job gets its row and its header."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from contextvars import copy_context
from dataclasses import dataclass
from threading import Thread
from typing import Any

from celery import current_app, current_task, signals
from django.db import connection, transaction

from realtime import canvas, planting, progress, records, trees
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


@dataclass(frozen=True, slots=True)
class Above:
    """What a job inherits from who has queued it."""

    id: str | None
    root: str | None
    owner: str | None


def connect() -> None:
    """Listen to Celery; called once, when the app is ready."""
    signals.before_task_publish.connect(_on_publish, weak=False, dispatch_uid="headway-_on_publish")
    planting.watch_queueing(_on_queued)


def _on_publish(
    sender: str,
    headers: dict[str, Any] | None = None,
    body: Any = None,
    **sent: Any,
) -> None:
    if headers is None or "id" not in headers:
        return
    if not tracked(sender) and not headers.get("replaced_task_nesting"):
        _pass_on(headers, body)
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
    if not tracked(sender):
        return
    queue = text(_queue_of(**sent), 255)
    call = call_of(sender, body)
    position = 0 if queue and _is_in_line(headers, **sent) else None
    state = queued_state(sender, headers, body).changed(
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
    put_queued(state, call.kept, () if state.is_root else canvas.promised(body))


def put_queued(state: JobState, call: str = "", promised: tuple[str, ...] = ()) -> None:
    """Write the row of a job that is being queued, with what its task is called with; tell it."""
    _outside_loop(lambda: _record_queued(state, call))
    change = Change(state=state, order=0, promised=promised)
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
        "children": job.children if isinstance(job, RunningJob) else int(job.held),
        "before": before,
        "seq": seq,
    }


def _replaced(job: str) -> JobState | None:
    """Return the job as which the last task of a chain or chord goes on, None for a new one."""
    known = _outside_loop(lambda: read_one(job))
    return JobState.from_dict(known) if known else None


def queued_state(name: str, headers: dict[str, Any], body: Any = None) -> JobState:
    """Return the first state of a job, with what its headers say and what it inherits here."""
    given = headers.get(HEADER) or {}
    start = planting.given.get()
    if start and not (start.root or progress.current() or canvas.canvas_of(headers, body)):
        given, start.root = start.header(), headers["id"]
    above = _above(name, headers, body)
    again_of = given.get("again_of")
    # What is run again belongs to whom it belonged, or to nobody.
    owner = given.get("owner") or (None if again_of else above.owner)
    at = timestamp()
    return JobState(
        id=headers["id"],
        name=text(name, 255),
        title=text(given.get("title") or default_title(name), conf.TEXT_LENGTH),
        owner=owner,
        root=above.root or headers["id"],
        parent=above.id,
        again_of=again_of,
        tags=[text(tag, 50) for tag in given.get("tags", ())],
        queued_at=at,
        updated_at=at,
    )


def _above(name: str, headers: dict[str, Any], body: Any) -> Above:
    """Return what a job is queued by: a job that runs here, a group, chord or chain, or nobody."""
    parent = progress.current()
    if parent:
        parent.children += 1
        return Above(parent.id, parent.root, parent.owner)
    passed = _passed_on()
    if passed:
        return Above(passed.get("parent"), passed.get("root"), passed.get("owner"))
    if whole := canvas.canvas_of(headers, body):
        owner = (headers.get(HEADER) or {}).get("owner")
        root = _planted(whole, name, owner)
        return Above(root.id, root.id, root.owner)
    return Above(None, None, _outside_loop(current_owner))


def _planted(whole: canvas.Canvas, name: str, owner: str | None) -> JobState:
    """Return the root of a group, chord or chain, which its first message makes."""
    root, is_new = planting.plant(whole, lambda given: _canvas_state(whole, name, owner, given))
    if is_new:
        _outside_loop(lambda: _record_queued(root))
        change = trees.planted(root)
        get_reporter().put(Transition(lambda: change), soon=True)
    return root


def _on_queued(root: JobState) -> None:
    change = trees.sealed(root)
    get_reporter().put(Transition(lambda: change), soon=True)


def _canvas_state(
    whole: canvas.Canvas, name: str, owner: str | None, given: planting.Given | None
) -> JobState:
    at = timestamp()
    return JobState(
        id=whole.root,
        name=whole.name,
        title=(given and given.title) or default_title(name),
        owner=(given and given.owner) or owner or _outside_loop(current_owner),
        root=whole.root,
        tags=given.tags if given else [],
        unit="job",
        held=True,
        final=whole.final,
        queued_at=at,
        updated_at=at,
    )


def _pass_on(headers: dict[str, Any], body: Any) -> None:
    """Let a task that is not tracked hand on the tree in which it is queued."""
    parent = progress.current()
    if parent:
        parent_of = {"owner": parent.owner, "root": parent.root, "parent": parent.id}
        headers[HEADER] = {**parent_of, "passed": True}
    elif passed := _passed_on():
        headers[HEADER] = passed
    elif canvas.promised(body) and (whole := canvas.canvas_of(headers, body)):
        root = _planted(whole, headers.get("task") or "", None)
        headers[HEADER] = {
            "owner": root.owner,
            "root": root.id,
            "parent": root.id,
            "passed": True,
        }


def _passed_on() -> dict[str, Any] | None:
    """Return what the task that runs here was handed on, which is not tracked itself."""
    task = current_task
    request = task.request if task else None
    header = (getattr(request, "headers", None) or {}).get(HEADER)
    return header if isinstance(header, dict) and header.get("passed") else None


def _record_queued(state: JobState, call: str = "") -> None:
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
