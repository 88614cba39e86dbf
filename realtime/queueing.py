"""What happens in the process that queues a task: the job gets its row and its header."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any

from celery import signals

from realtime import canvas, planting, progress
from realtime.caller import outside_loop, record_queued
from realtime.calls import WHOLE, Call, call_of
from realtime.canvas import HEADER
from realtime.cleaning import text
from realtime.conf import conf
from realtime.events import JobState, timestamp
from realtime.heritage import above_of, pass_on, seal, tags_of
from realtime.publish import BLIND_STEP, Change
from realtime.reporter import get_reporter
from realtime.running import RunningJob
from realtime.runs import here, run_of
from realtime.states import read_one
from realtime.tracking import default_title, is_uuid, tracked
from realtime.transition import Transition
from realtime.urgency import broker, urgency_of
from realtime.weights import weight_of

logger = logging.getLogger("realtime")


def connect() -> None:
    """Listen to Celery; called once, when the app is ready."""
    signals.before_task_publish.connect(_on_publish, weak=False, dispatch_uid="headway-_on_publish")
    planting.watch_queueing(seal)


def _on_publish(
    sender: str,
    headers: dict[str, Any] | None = None,
    body: Any = None,
    **sent: Any,
) -> None:
    if headers is None or "id" not in headers:
        return
    if not tracked(sender) and not headers.get("replaced_task_nesting"):
        pass_on(headers, body)
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
        if run.replaced:
            headers[HEADER]["started_at"] = run.job.started_at
        return
    if headers.get("retries") or not is_uuid(headers["id"]):
        return
    if headers.get("replaced_task_nesting") and (state := _replaced(headers["id"])):
        headers[HEADER] = _handed_on(state, before=state.attempt - 1, seq=0)
        headers[HEADER]["started_at"] = state.started_at
        return
    if not tracked(sender):
        return
    queue = text(_queue_of(**sent), 255)
    call = call_of(sender, body)
    state = queued_state(sender, headers, body).changed(
        queue=queue,
        urgency=_urgency_in(queue, **sent),
        repeats=_repeats(call, headers),
        position=0 if queue and headers.get("eta") is None else None,
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
        "weight": state.weight,
        "language": state.language,
        **({"steered": True} if _is_steered() else {}),
    }
    put_queued(state, call.kept, None if state.is_root else canvas.promised(body))


def put_queued(state: JobState, call: str = "", promised: dict[str, float] | None = None) -> None:
    """Write the row of a job that is being queued, with what its task is called with; tell it."""
    record_queued(state, call, promised)
    change = Change(state=state, order=0, promised=promised or {})
    # Not at once: many jobs that are queued together are then announced together.
    get_reporter().put(Transition(lambda: change), soon=True)


def _is_steered() -> bool:
    """Tell whether people want something of who queues: then of the next link of a chain, too."""
    above = progress.current()
    return bool(above and above.wants)


def _repeats(call: Call, headers: dict[str, Any]) -> str:
    """Return what can be run again: where the task is not known, what could be before."""
    before = (headers.get(HEADER) or {}).get("repeats")
    return before if before and call.repeats == WHOLE else call.repeats


def _urgency_in(
    name: str, properties: Any = None, declare: Sequence[Any] | None = None, **_: Any
) -> int:
    """Return how urgent a message is in the queue of this name."""
    queue = next((queue for queue in declare or () if queue.name == name), None)
    return urgency_of(broker(), queue, (properties or {}).get("priority"))


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
        "name": job.name,
        "title": job.title,
        "owner": job.owner,
        "root": job.root,
        "parent": job.parent,
        "again_of": job.again_of,
        "repeats": job.repeats,
        "tags": list(job.tags),
        "queued_at": job.queued_at,
        "weight": job.weight,
        "language": job.language,
        # As the last of several it has others below it, whether or not the store knows that yet.
        "children": job.children if isinstance(job, RunningJob) else 1,
        "before": before,
        "seq": seq,
    }


def _replaced(job: str) -> JobState | None:
    """Return the job as which the last task of a chain or chord goes on, None for a new one."""
    known = outside_loop(lambda: read_one(job))
    return JobState.from_dict(known) if known else None


def queued_state(name: str, headers: dict[str, Any], body: Any = None) -> JobState:
    """Return the first state of a job, with what its headers say and what it inherits here."""
    given = headers.get(HEADER) or {}
    start = planting.given.get()
    if start and not (start.root or progress.current() or canvas.canvas_of(headers, body)):
        given, start.root = start.header(), headers["id"]
    above = above_of(name, headers, body)
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
        weight=weight_of(name, headers.get(HEADER)),
        language=above.language,
        tags=tags_of(above, given.get("tags") or ()),
        queued_at=at,
        updated_at=at,
    )
