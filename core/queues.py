"""Which queue each kind of work waits in, and how urgent it is, in the broker's own numbers."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple

from kombu import Exchange, Queue


class Urgency(StrEnum):
    """What is served before what."""

    SOON = "soon"
    """Somebody waits for it, and it takes a moment."""
    NORMAL = "normal"
    """What people have started and watch."""
    BULK = "bulk"
    """What takes its time, however long that is."""


class Kind(NamedTuple):
    """Where a kind of work waits."""

    queue: str
    urgency: Urgency = Urgency.NORMAL


DEFAULT = "celery"
"""The queue of all other tasks. It has no priorities on RabbitMQ, as it never had: who declares a
queue otherwise than it is there is refused."""
CAMPAIGNS = "campaigns"
"""The queue of what takes hours, and waits nearly all the time; workers of its own take from it."""

KINDS = {
    "core.jobs.mail.send": Kind(CAMPAIGNS, Urgency.BULK),
    "core.jobs.mail.*": Kind("mail", Urgency.SOON),
    "realtime.mail_notices": Kind("mail", Urgency.SOON),
    "core.jobs.note.*": Kind("mail", Urgency.SOON),
    "core.jobs.images.*": Kind("pictures"),
    "core.jobs.transfer.*": Kind("transfer"),
    "core.jobs.reports.look": Kind("reports", Urgency.SOON),
    "core.jobs.reports.*": Kind("reports"),
    "*": Kind(DEFAULT),
}
"""The kind of each task by its name; the first pattern that fits counts, after whole names."""

LOWEST_FIRST = {Urgency.SOON: 0, Urgency.NORMAL: 3, Urgency.BULK: 6}
"""Redis' numbers: steps of kombu's, which has a list for each."""
HIGHEST_FIRST = {Urgency.SOON: 5, Urgency.NORMAL: 2, Urgency.BULK: 0}
"""RabbitMQ's. A quorum queue knows two levels: above 4, and all others."""
LONGEST = 24 * 3600
"""Seconds that a worker may have a message before the broker gives it to another one."""


def is_rabbit(broker: str) -> bool:
    """Tell whether this is the address of a RabbitMQ."""
    return broker.partition(":")[0] in {"amqp", "amqps", "pyamqp"}


def number_of(urgency: Urgency, broker: str) -> int:
    """Return how the broker at this address calls an urgency."""
    return (HIGHEST_FIRST if is_rabbit(broker) else LOWEST_FIRST)[urgency]


def routes(broker: str) -> dict[str, dict[str, Any]]:
    """Return Celery's `task_routes`."""
    return {
        name: {"queue": kind.queue, "priority": number_of(kind.urgency, broker)}
        for name, kind in KINDS.items()
    }


def declared() -> list[Queue]:
    """Return Celery's `task_queues`; Redis takes no notice of what they are declared with."""
    names = dict.fromkeys(kind.queue for kind in KINDS.values() if kind.queue != DEFAULT)
    given = {
        "x-max-priority": max(HIGHEST_FIRST.values()),
        # From RabbitMQ 3.12 on; older ones have a limit for all queues, in their own settings.
        "x-consumer-timeout": LONGEST * 1000,
    }
    ours = [Queue(name, Exchange(name), routing_key=name, queue_arguments=given) for name in names]
    return [Queue(DEFAULT, Exchange(DEFAULT), routing_key=DEFAULT), *ours]


def transport_options(broker: str) -> dict[str, Any]:
    """Return Celery's `broker_transport_options`."""
    if is_rabbit(broker):
        return {"confirm_publish": True}  # What is queued is on the broker's disk.
    return {"visibility_timeout": LONGEST}
