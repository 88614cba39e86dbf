"""Which jobs a worker has in its memory: it tells who asks over Celery's remote control.

Celery's own answers leave out a task that waits for its rate limit, and do not say which queues
their worker takes from, so that nobody could know whether all who may hold a message have spoken.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from celery import current_app, signals

COMMAND = "headway_held"
"""The name of the question among those of Celery's remote control."""
ANSWER = 1.0
"""Seconds that workers have to answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one worker says."""

    worker: str
    """Its name."""
    jobs: frozenset[str]
    """Those of the jobs that it has."""
    queues: frozenset[str]
    """The queues that it takes messages from."""


def connect() -> None:
    """Listen to Celery; called once, when the app is ready."""
    signals.worker_ready.connect(_on_ready, weak=False, dispatch_uid="headway-held")


def ask(jobs: Collection[str]) -> list[Answer]:
    """Return what each worker says that answers in time."""
    arguments = {"jobs": sorted(jobs)}
    replies = current_app.control.broadcast(COMMAND, arguments, reply=True, timeout=ANSWER)
    said = [one for reply in replies or () for one in reply.items()]
    # A worker that does not know the question answers with an error.
    return [
        Answer(worker, frozenset(one["jobs"]), frozenset(one["queues"]))
        for worker, one in said
        if "jobs" in one
    ]


def _on_ready(**_: Any) -> None:
    from celery.worker.control import inspect_command  # Only workers need to have read it.

    inspect_command(name=COMMAND, visible=False)(_tell)


def _tell(state: Any, jobs: Collection[str] = (), **_: Any) -> dict[str, list[str]]:
    """Say which of these jobs this worker has, and which queues it takes messages from."""
    held = set(_held(state.consumer))
    queues = state.consumer.task_consumer.queues if state.consumer.task_consumer else ()
    return {"jobs": sorted(held.intersection(jobs)), "queues": [queue.name for queue in queues]}


def _held(consumer: Any) -> Iterator[str]:
    """Yield what was taken, what waits for its time, and what waits for its task's rate limit."""
    from celery.worker import state

    yield from tuple(state.requests)
    for waiting in tuple(consumer.timer.schedule.queue):
        yield from _named(waiting.entry.args)
    for bucket in tuple(consumer.task_buckets.values()):
        for entry in tuple(bucket.contents) if bucket else ():
            yield from _named(entry)


def _named(values: Any) -> Iterator[str]:
    """Yield the id of a request at the head of a timer's or a bucket's entry."""
    job = getattr(values[0], "id", None) if values else None
    if isinstance(job, str):
        yield job
