"""How urgent a message is: which of those in a queue the broker gives out first."""

from __future__ import annotations

from bisect import bisect
from typing import Any

from celery import current_app
from kombu.transport.virtual import Channel

STEPS = (0, 3, 6, 9)
"""Redis' priorities unless `priority_steps` says others: kombu keeps a list for each."""
HIGH = 4
"""What is above it is given out first by a quorum queue, which knows no further levels."""


def broker() -> Any:
    """Return the connection, open or not, over which messages are sent.

    Asking Celery's settings for the broker's address takes a hundred times as long.
    """
    return current_app.amqp.producer_pool.connections.connection


def urgency_of(connection: Any, queue: Any, priority: int | None) -> int:
    """Return a number that is higher the sooner a message is given out, 0 for one without priority.

    `queue` is what Celery knows of its queue, None where that is nothing.
    """
    match connection.get_transport_cls().driver_type:
        case "redis":
            return -_step(connection.transport_options or {}, priority or 0)
        case "amqp" if queue is not None:
            return _level(queue, priority or 0)
    return 0


def _step(options: dict[str, Any], priority: int) -> int:
    """Return how many lists are before the one that Redis has a message in."""
    within = min(max(priority, Channel.min_priority), Channel.max_priority)
    return max(bisect(options.get("priority_steps") or STEPS, within) - 1, 0)


def _level(queue: Any, priority: int) -> int:
    """Return how high RabbitMQ ranks a message: not at all in a queue that was made without."""
    arguments = queue.queue_arguments or {}
    if arguments.get("x-queue-type") == "quorum":
        return int(priority > HIGH)
    return min(priority, queue.max_priority or arguments.get("x-max-priority") or 0)
