"""What a worker is, and holds of the broker's messages, told to the store while it lives.

Redis as broker does not notice that a worker has died: what it held comes back only after the
`visibility_timeout`, an hour by default. What nobody holds any more is given back by `orphans.py`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from realtime.conf import conf
from realtime.introduction import Introduction
from realtime.store import get_store

MOST = 1_000
"""Messages that a worker tells of; one that holds more says only that."""
TRIES = 10
"""How often the messages are read while they change."""


class Presence:
    """Tells what one worker holds."""

    def __init__(self, consumer: Any) -> None:
        """Prepare to tell of what this consumer of Celery's takes."""
        self._worker = uuid.uuid4().hex
        self._consumer = consumer
        self._introduction = Introduction(consumer)
        self._about: dict[str, Any] = {}

    def tell(self, running: Iterable[str]) -> None:
        """Say that this worker lives, what it has not acknowledged and who it is.

        Raises `StoreAway`.
        """
        get_store().hold(self._worker, held_by(self._consumer), keep=conf.LEASE)
        self._about = self._introduction.about(running)
        get_store().introduce(self._introduction.name, self._about)

    def take_leave(self) -> None:
        """Say that this worker has stopped, so that nobody takes it for dead; or `StoreAway`."""
        # Its pool is gone by now: all else is as it was said last.
        over = {"state": "stopped", "running": 0, "jobs": [], "queues": []}
        if self._about:
            get_store().introduce(self._introduction.name, {**self._about, **over})


def held_by(consumer: Any) -> list[str] | None:
    """Return the delivery tags of what a consumer has not acknowledged; None when too many.

    Empty with a broker that itself gives back what a lost connection held.
    """
    channel: Any = getattr(consumer.task_consumer, "channel", None)
    if not hasattr(channel, "unacked_key"):
        return []
    for _ in range(TRIES):
        try:
            tags = [str(tag) for tag in channel.qos._delivered]  # noqa: SLF001  kombu's only name
        except RuntimeError:  # They have changed meanwhile.
            continue
        return tags if len(tags) <= MOST else None
    return None
