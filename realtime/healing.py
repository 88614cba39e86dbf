"""Compares what viewers have with what is true, every few seconds: the layer may lose messages."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from realtime import reading
from realtime.conf import conf
from realtime.events import ENDS
from realtime.layer import shard_of, shards
from realtime.mailbox import Mailbox
from realtime.metrics import counted
from realtime.threads import in_thread

if TYPE_CHECKING:
    from realtime.hub import Hub

logger = logging.getLogger("realtime")


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
        """Compare what is watched and not finished with the store, and send what is missing."""
        hub = self._hub
        groups = {group for mailbox in hub.mailboxes for group in self._groups_of(mailbox)}
        await hub.listener.join(groups)
        open_jobs = {
            known.state["id"]: known.seq
            for known in hub.known
            if known.state["status"] not in ENDS and hub.watchers.follow(known.state)
        }
        found = await in_thread(reading.newer, open_jobs, hub.watchers.lists())
        if missed := sum(1 for state in found if hub.known.is_news(state)):
            counted.count("states_healed", missed)
        hub.take_in(found)
        for job in hub.watchers.logs():
            if known := hub.known.get(job):
                hub.tell_logs(known.state)

    def _groups_of(self, mailbox: Mailbox) -> Iterable[str]:
        for topic in mailbox.topics:
            kind, _, job = topic.partition(":")
            known = self._hub.known.get(job)
            if kind == "all":
                yield from shards()
            elif kind == "mine":
                yield shard_of(mailbox.user)
            elif known:
                yield shard_of(known.state["owner"] or known.state["root"])
