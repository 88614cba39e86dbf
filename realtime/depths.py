"""How long queues are, and which message of each waits longest, as far as the broker tells."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from amqp.exceptions import ChannelError, NotFound
from celery import current_app

END = 1_000
"""Bytes that are read of a message's end, where kombu has its id; its beginning may be large."""
LENGTH = f"""
return {{redis.call('LLEN', KEYS[1]), string.sub(redis.call('LINDEX', KEYS[1], -1) or '', -{END})}}
"""
SHORT = 255
"""Bytes of a queue's name, which AMQP cannot make longer."""

_ID = re.compile(rb'"correlation_id": ?"([0-9a-f-]{36})"')


class Count(NamedTuple):
    """How much there is to a queue of RabbitMQ."""

    messages: int
    """Those that nobody has taken."""
    consumers: int
    """Those who take them."""


class Depth(NamedTuple):
    """How long a queue is."""

    messages: int
    """Those that nobody has taken."""
    first: tuple[str, ...] | None = None
    """The jobs of the messages that are next, one for each priority; None where a broker does not
    let look into its queues."""


def depths(queues: Iterable[str], seconds: float) -> dict[str, Depth]:
    """Return how long these queues are, as many as can be asked for in so many seconds.

    Nothing of a broker that is none of ours. Raises what the broker's client raises when the
    broker is away.
    """
    until = time.monotonic() + seconds
    with current_app.connection_for_read() as connection:
        connection.connect()
        match connection.transport.driver_type:
            case "redis":
                return _in_redis(connection.channel(), list(queues))
            case "amqp":
                return dict(_in_amqp(connection, queues, until))
            case _:
                return {}


def counted(connection: Any, queue: str) -> Count:
    """Return how much there is to a queue of RabbitMQ; one that is not there is empty."""
    channel = connection.channel()  # Its own: RabbitMQ closes it when there is no such queue.
    try:
        declared = channel.queue_declare(queue, passive=True)
    except NotFound:
        return Count(0, 0)
    channel.close()
    # What workers hold unacknowledged is in neither number.
    return Count(declared.message_count, declared.consumer_count)


def _in_redis(channel: Any, queues: list[str]) -> dict[str, Depth]:
    """Ask for the lists that are queues, one for each priority, in one round trip."""
    prefix = channel.global_keyprefix or ""  # kombu puts it before the keys of some commands only.
    steps = channel.priority_steps
    with channel.client.pipeline(transaction=False) as pipe:
        for queue in queues:
            for step in steps:
                pipe.eval(LENGTH, 1, prefix + channel._q_for_pri(queue, step))  # noqa: SLF001  kombu's only name for it
        answers = iter(pipe.execute(raise_on_error=False))
    # A key that is no list is no queue, and answers with an error.
    told = {queue: [next(answers) for _ in steps] for queue in queues}
    return {
        queue: _depth(lists)
        for queue, lists in told.items()
        if not any(isinstance(one, Exception) for one in lists)
    }


def _depth(lists: list[tuple[int, bytes]]) -> Depth:
    ids = (found for _, end in lists for found in _ID.findall(end)[-1:])
    return Depth(sum(length for length, _ in lists), tuple(one.decode() for one in ids))


def _in_amqp(connection: Any, queues: Iterable[str], until: float) -> Iterator[tuple[str, Depth]]:
    """Ask for one queue after the other: their messages cannot be read without taking them."""
    channel = connection.channel()
    for queue in queues:
        if time.monotonic() > until:
            return
        if len(queue.encode()) > SHORT:
            continue
        try:
            yield queue, Depth(channel.queue_declare(queue, passive=True).message_count)
        except ChannelError as error:  # RabbitMQ has closed it.
            channel = connection.channel()
            if isinstance(error, NotFound):
                yield queue, Depth(0)
