"""Compares what viewers have with what is true, every few seconds: the layer may lose messages."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

from realtime import reading
from realtime.conf import conf
from realtime.history import history
from realtime.layer import shard_of, shards
from realtime.metrics import counted
from realtime.threads import in_thread

if TYPE_CHECKING:
    from realtime.hub import Hub
    from realtime.known import Known

logger = logging.getLogger("realtime")

ENDS_AT_ONCE = 1_000
"""Ends that are compared together: a page of old jobs must not hold up those that run."""


class Healing:
    """Looks after one hub."""

    def __init__(self, hub: Hub) -> None:
        """Take the hub whose viewers are compared."""
        self._hub = hub

    async def heal_always(self) -> None:
        """Compare again and again."""
        while True:
            await asyncio.sleep(conf.HEAL_INTERVAL)
            try:
                await self.heal()
            except Exception:
                logger.exception("Healing failed and is tried again")

    async def heal(self) -> None:
        """Compare what is watched and not settled with the store, and send what is missing."""
        hub = self._hub
        await hub.listener.join({*self._groups()})
        open_to_doubt = [
            known
            for known in hub.known
            if (known.doubts or not known.ended) and hub.watchers.follow(known.state)
        ]
        if names := history.stale(known.state for known in open_to_doubt):
            await in_thread(history.learn, names)
        ended = [known for known in open_to_doubt if known.ended][:ENDS_AT_ONCE]
        # Asked first: what the store then knows is compared.
        told = await in_thread(reading.ends, [known.id for known in ended])
        seqs = {known.id: known.seq for known in open_to_doubt if not known.ended}
        seqs |= {known.id: known.seq for known in ended}
        found = await in_thread(reading.newer, seqs, hub.watchers.lists())
        _settle(ended, told)
        if missed := sum(1 for state in found if hub.known.is_news(state)):
            counted.count("states_healed", missed)
        hub.take_in(found)
        for job in hub.watchers.logs():
            if known := hub.known.get(job):
                hub.tell_logs(known.state)
        await hub.notices.heal()

    def _groups(self) -> Iterator[str]:
        """Yield where what is watched is announced: by topic, of which a crowd has few."""
        for topic in self._hub.watchers.topics():
            kind, _, name = topic.partition(":")
            known = self._hub.known.get(name)
            if kind in {"all", "tag"}:
                yield from shards()
            elif kind in {"mine", "notices", "own"}:
                yield shard_of(name)
            elif known:
                yield shard_of(known.state["owner"] or known.state["root"])


def _settle(ended: list[Known], told: dict[str, bool] | None) -> None:
    """Let ends be compared no more that the store has told, or does not know for long enough.

    SQL alone may have told of one: without the store its writer does not know how many lines of
    log there are, and tells the store once it is back.
    """
    if told is None:
        return
    for known in ended:
        in_store = told.get(known.id)
        if in_store is None:
            known.doubts = max(known.doubts - 1, 0)
        elif in_store:
            known.doubts = 0
