"""Where queued messages are: in the broker's queues, or in the memory of a worker."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from celery import current_app

from realtime import held
from realtime.depths import counted

CHUNK = 1_000
"""Messages, or keys, that are read at once."""
CHUNKS = 500
"""Chunks after which a broker is too full to be looked through."""

_ID = re.compile(rb'"id": ?"([0-9a-f-]{36})"')
"""A message's own id; those of its root and its parent have longer names."""


class TooFull(Exception):
    """The broker holds more than can be looked through; nothing can be said of what is not seen."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a look at the broker has found."""

    jobs: set[str]
    """Those of the jobs whose messages it holds."""
    consumers: dict[str, int] = field(default_factory=dict)
    """For each queue how many workers take messages from it that may be nowhere else."""
    held: dict[str, str] = field(default_factory=dict)
    """Those that a worker holds unacknowledged, with their messages' delivery tags."""
    workers_hold: bool = False
    """Whether workers hold messages that they have not acknowledged."""


@dataclass(frozen=True, slots=True)
class Astray:
    """What has gone astray; nothing has when there is a doubt."""

    lost: set[str]
    """Jobs whose messages are nowhere."""
    abandoned: dict[str, str]
    """Jobs whose messages are held by nobody who lives, with their delivery tags."""
    seconds: float = field(default=0.0, compare=False)
    """For how long the broker was looked through."""


def astray(
    jobs: dict[str, str],
    claimed: Container[str] | None,
    living: Mapping[str, Collection[str] | None] = MappingProxyType({}),
) -> Astray:
    """Return which jobs' messages have gone astray.

    Each job comes with its queue, "" where that is not known; `claimed` are the delivery tags
    that workers say they hold, None when they cannot say; `living` the queues of which workers
    may hold messages, None for any. Raises what the broker's client raises when the broker is
    away, and `TooFull`.
    """
    with current_app.connection_for_read() as connection:
        connection.connect()
        began = time.monotonic()
        found = _look(connection, jobs)
        seconds = time.monotonic() - began
    left = jobs.keys() - found.jobs
    unclaimed = {} if claimed is None else _without(found.held, claimed)
    sought = left | unclaimed.keys()
    answers = held.ask(sought) if sought else []
    if found.workers_hold and not answers:
        return Astray(set(), {}, seconds)
    with_workers = frozenset[str]().union(*(answer.jobs for answer in answers))
    silent = {queue for queue in found.consumers if _any_silent(queue, found, answers, living)}
    lost = {job for job in left - with_workers if jobs[job] not in silent}
    abandoned = {job: unclaimed[job] for job in unclaimed.keys() - with_workers}
    return Astray(lost, abandoned, seconds)


def give_back(tag: str) -> None:
    """Put a message that a worker held unacknowledged into its queue, as the next; Redis only.

    Nothing happens when somebody has done so already, or acknowledged it.
    """
    with current_app.connection_for_write() as connection:
        channel: Any = connection.channel()
        channel.qos.restore_by_tag(tag)


def _without(held_by_some: dict[str, str], claimed: Container[str]) -> dict[str, str]:
    return {job: tag for job, tag in held_by_some.items() if tag not in claimed}


def _any_silent(
    queue: str,
    found: Found,
    answers: list[held.Answer],
    living: Mapping[str, Collection[str] | None],
) -> bool:
    """Tell whether a worker that may have messages of a queue has not said what it has of it.

    One that stops, or whose queue was paused, takes no more and may have some all the same.
    """
    heard = {answer.worker for answer in answers}
    may_have = (name for name, queues in living.items() if queues is None or queue in queues)
    return not heard.issuperset(may_have) or (
        found.consumers[queue] > sum(queue in answer.queues for answer in answers)
    )


def _look(connection: Any, jobs: dict[str, str]) -> Found:
    match connection.transport.driver_type:
        case "redis":
            return _in_redis(connection.channel(), jobs)
        case "amqp":
            return _in_amqp(connection, jobs)
        case _:
            return Found(set(jobs), workers_hold=True)


def _in_redis(channel: Any, jobs: dict[str, str]) -> Found:
    """Look through the lists that are queues, one for each priority, and what workers hold."""
    seen: set[str] = set()
    prefix = channel.global_keyprefix or ""  # kombu puts it before the keys of some commands only.
    for queue in {*current_app.amqp.queues, *_bound_queues(channel), *jobs.values()} - {""}:
        for step in channel.priority_steps:
            key = prefix + channel._q_for_pri(queue, step)  # noqa: SLF001  kombu's only name for it
            seen |= _ids(_listed(channel.client, key), jobs)
    # Last: messages go from the queues to the workers.
    with_workers = {
        job: tag.decode()
        for tag, message in _hashed(channel.client, prefix + channel.unacked_key)
        for job in _ids([message], jobs)
    }
    seen |= with_workers.keys()
    return Found(
        seen, held=with_workers, workers_hold=bool(channel.client.hlen(channel.unacked_key))
    )


def _bound_queues(channel: Any) -> Iterator[str]:
    """Yield the queues that any process has declared: this one need not know all of them."""
    prefix = channel.global_keyprefix or ""
    pattern = prefix + channel.keyprefix_queue % "*"
    pages = _pages(lambda cursor: channel.client.scan(cursor, match=pattern, count=CHUNK))
    for key in [key for page in pages for key in page]:
        for member in channel.client.smembers(key.decode().removeprefix(prefix)):
            yield member.decode().split(channel.sep)[-1]


def _listed(client: Any, key: str) -> Iterator[bytes]:
    """Yield a list's messages; what comes in meanwhile moves them on, so that none is missed."""
    for chunk in range(CHUNKS):
        page = client.lrange(key, chunk * CHUNK, (chunk + 1) * CHUNK - 1)
        yield from page
        if len(page) < CHUNK:
            return
    raise TooFull


def _hashed(client: Any, key: str) -> Iterator[tuple[bytes, bytes]]:
    for page in _pages(lambda cursor: client.hscan(key, cursor, count=CHUNK)):
        yield from page.items()


def _pages(read: Callable[[int], tuple[int, Any]]) -> Iterator[Any]:
    cursor = 0
    for _ in range(CHUNKS):
        cursor, page = read(cursor)
        yield page
        if not cursor:
            return
    raise TooFull


def _ids(messages: Iterable[bytes], jobs: Container[str]) -> set[str]:
    ids = (found.decode() for message in messages for found in _ID.findall(message))
    return {job for job in ids if job in jobs}


def _in_amqp(connection: Any, jobs: dict[str, str]) -> Found:
    """Look which queues are empty: their messages cannot be read without taking them."""
    counts = {queue: counted(connection, queue) for queue in {*jobs.values()} - {""}}
    seen = {job for job, queue in jobs.items() if not queue or counts[queue].messages}
    return Found(seen, {queue: count.consumers for queue, count in counts.items()})
