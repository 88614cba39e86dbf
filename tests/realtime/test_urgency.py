"""How urgent a message is to each broker."""

from __future__ import annotations

from typing import Any

import pytest
from kombu import Connection, Queue

from realtime.urgency import urgency_of

REDIS, RABBIT = "redis://127.0.0.1/0", "amqp://guest@127.0.0.1//"
PLAIN = Queue("q")
LEVELS = Queue("q", max_priority=5)
ARGUED = Queue("q", queue_arguments={"x-max-priority": 5})
QUORUM = Queue("q", queue_arguments={"x-queue-type": "quorum"})


@pytest.mark.parametrize(
    ("broker", "queue", "priorities", "expected"),
    [
        (REDIS, None, (None, 0, 2, 3, 6, 9, 200), [0, 0, 0, -1, -2, -3, -3]),
        (RABBIT, LEVELS, (None, 0, 2, 5, 9), [0, 0, 2, 5, 5]),
        (RABBIT, ARGUED, (None, 9), [0, 5]),
        (RABBIT, PLAIN, (None, 9), [0, 0]),
        (RABBIT, None, (None, 9), [0, 0]),
        (RABBIT, QUORUM, (None, 4, 5), [0, 0, 1]),
        ("memory://", PLAIN, (None, 9), [0, 0]),
    ],
)
def test_what_is_served_first_has_the_higher_number(
    broker: str, queue: Any, priorities: tuple[int | None, ...], expected: list[int]
) -> None:
    """As far as the broker tells them apart: by Redis' lists, and by what a queue was made with."""
    connection = Connection(broker)
    assert [urgency_of(connection, queue, one) for one in priorities] == expected


def test_redis_has_the_lists_that_it_was_told_to_have() -> None:
    """Two of them here."""
    connection = Connection(REDIS, transport_options={"priority_steps": [0, 5]})
    assert [urgency_of(connection, None, one) for one in (0, 4, 5, 9)] == [0, 0, -1, -1]
