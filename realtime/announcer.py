"""Sends announcements from the reporter's thread, in which no event loop runs, to the layer."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import defaultdict, deque
from collections.abc import Iterable
from typing import Any

from realtime.greenlets import threads_are_greenlets
from realtime.layer import open_layer, shard_of
from realtime.metrics import counted

logger = logging.getLogger("realtime")

GATHER = 0.04
"""Seconds between two announcements of one process: ends of many small tasks go together."""
SHARE = 0.05
"""The part of its time that a busy process spends on announcing, at most."""
LONGEST = 0.1
"""Seconds between two announcements, however long they take: as a job's own reports."""
PATIENCE = 1.0
"""Seconds an announcement may take; it holds up the next reports, but no task."""


class Announcer:
    """One event loop and one layer for one thread; the loop runs only while something is sent.

    Between announcements the thread has no running loop, so what else happens in it
    (database calls, a user's own loop) is not mistaken for asynchronous code.
    """

    def __init__(self) -> None:
        """Open the loop; the layer connects when it first sends."""
        self._runner = asyncio.Runner()
        self._layer = open_layer(timeout=PATIENCE)

    def send(self, messages: dict[str, dict[str, Any]]) -> None:
        """Send each shard its message; losses are healed by the readers."""
        self._runner.run(self._send(messages))

    def close(self) -> None:
        """Close the loop, which closes the layer's connections."""
        self._runner.close()

    async def _send(self, messages: dict[str, dict[str, Any]]) -> None:
        sends = (self._layer.group_send(shard, message) for shard, message in messages.items())
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*sends)


_announcer: Announcer | None = None
_native_pool: Any = None


_waiting: dict[str, list[str]] = {}
_people: deque[str] = deque()
"""Whose notices have changed; added to in any thread."""
_next_at = 0.0


def announce(shards: dict[str, list[str]]) -> None:
    """Announce states, given as JSON by shard: at once, or with those that come soon after.

    Never raises. Called by the reporter's thread, which then calls `settle` while it rests.
    """
    for shard, states in shards.items():
        _waiting.setdefault(shard, []).extend(states)
    settle()


def tell(people: Iterable[str]) -> None:
    """Announce that the notices of these people have changed, with what is announced next."""
    _people.extend(people)


def waits() -> bool:
    """Tell whether anything is still to be announced."""
    return bool(_waiting or _people)


def settle(*, now: bool = False) -> bool:
    """Send what waits when its time has come, or `now`; returns whether nothing waits any more."""
    global _next_at  # noqa: PLW0603  one for the process, as there is one reporter
    begun = time.monotonic()
    if waits() and (now or begun >= _next_at):
        _deliver(_messages())
        took = time.monotonic() - begun
        _next_at = begun + min(max(GATHER, took / SHARE), LONGEST)
    return not waits()


def _messages() -> dict[str, dict[str, Any]]:
    """Take what waits, as a message for each shard."""
    found = {shard: {"type": "jobs", "states": states} for shard, states in _waiting.items()}
    _waiting.clear()
    called: dict[str, list[str]] = defaultdict(list)
    for person in dict.fromkeys(_people.popleft() for _ in range(len(_people))):
        called[shard_of(person)].append(person)
    for shard, people in called.items():
        found.setdefault(shard, {"type": "jobs", "states": []})["people"] = people
    return found


def _deliver(messages: dict[str, dict[str, Any]]) -> None:
    try:
        if threads_are_greenlets():
            _pool().apply(_send, (messages,))
        else:
            _send(messages)
        counted.count("announcements_sent", len(messages))
    except Exception as error:  # noqa: BLE001  a layer may raise anything, and readers heal
        counted.count("announcements_failed", len(messages))
        close()
        logger.warning("The layer is away, readers will heal: %s: %s", type(error).__name__, error)


def close() -> None:
    """Close what this process's announcements have opened; called by the reporter's thread."""
    if _announcer is not None:
        if threads_are_greenlets():
            _pool().apply(_announcer.close)
        else:
            _announcer.close()
    _forget()


def _send(messages: dict[str, dict[str, Any]]) -> None:
    global _announcer  # noqa: PLW0603  one for the process, as there is one reporter
    if _announcer is None:
        _announcer = Announcer()
    _announcer.send(messages)


def _pool() -> Any:
    """Return a native thread for the event loop where gevent has replaced the threads.

    All greenlets share one native thread, so a loop that runs in it would make every other
    task look asynchronous, and Django would refuse its database calls.
    """
    global _native_pool  # noqa: PLW0603
    if _native_pool is None:
        from gevent.threadpool import ThreadPool

        _native_pool = ThreadPool(1)
    return _native_pool


def _forget() -> None:
    global _announcer, _native_pool  # noqa: PLW0603
    _announcer = _native_pool = None
    _waiting.clear()
    _people.clear()


def _leave_to_parent() -> None:
    # Kept, because closing the inherited loop would take the parent's selector apart.
    _inherited.append(_announcer)
    _forget()


_inherited: list[Announcer | None] = []
os.register_at_fork(after_in_child=_leave_to_parent)
