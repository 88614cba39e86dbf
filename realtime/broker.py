"""Where queued messages are: in the broker's queues, or in the memory of a worker."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from amqp.exceptions import NotFound
from celery import current_app

from realtime import held

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
    workers_hold: bool = False
    """Whether workers hold messages that they have not acknowledged."""


class Count(NamedTuple):
    """How much there is to a queue of RabbitMQ."""

    messages: int
    """Those that nobody has taken."""
    consumers: int
    """Those who take them."""


def lost(jobs: dict[str, str]) -> set[str]:
    """Return those jobs whose messages are nowhere; none of them when that is in doubt.

    Each job comes with its queue, "" where that is not known. Raises what the broker's client
    raises when the broker is away, and `TooFull`.
    """
    with current_app.connection_for_read() as connection:
        connection.connect()
        found = _look(connection, jobs)
    left = jobs.keys() - found.jobs
    answers = held.ask(left) if left else []
    if found.workers_hold and not answers:
        return set()
    silent = {queue for queue in found.consumers if _any_silent(queue, found, answers)}
    in_doubt = {job for job in left if jobs[job] in silent}
    return left.difference(in_doubt, *(answer.jobs for answer in answers))


def _any_silent(queue: str, found: Found, answers: list[held.Answer]) -> bool:
    """Tell whether a worker that takes from a queue has not said what it has of it."""
    return found.consumers[queue] > sum(queue in answer.queues for answer in answers)


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
    seen |= _ids(_hashed(channel.client, prefix + channel.unacked_key), jobs)
    return Found(seen, workers_hold=bool(channel.client.hlen(channel.unacked_key)))


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


def _hashed(client: Any, key: str) -> Iterator[bytes]:
    for page in _pages(lambda cursor: client.hscan(key, cursor, count=CHUNK)):
        yield from page.values()


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
    counted = {queue: _counted(connection, queue) for queue in {*jobs.values()} - {""}}
    seen = {job for job, queue in jobs.items() if not queue or counted[queue].messages}
    return Found(seen, {queue: count.consumers for queue, count in counted.items()})


def _counted(connection: Any, queue: str) -> Count:
    channel = connection.channel()  # Its own: RabbitMQ closes it when there is no such queue.
    try:
        declared = channel.queue_declare(queue, passive=True)
    except NotFound:
        return Count(0, 0)
    channel.close()
    # What workers hold unacknowledged is in neither number.
    return Count(declared.message_count, declared.consumer_count)
