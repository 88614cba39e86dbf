"""A web process's ear on the layer: joins groups once, and knows that they are heard."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from realtime.conf import conf
from realtime.layer import open_layer
from realtime.states import State

logger = logging.getLogger("realtime")

ECHO = 1.0
"""Seconds to wait until the layer is heard to deliver to groups that are being joined."""


class Listener:
    """Hears announcements and passes their states on."""

    def __init__(self, heard: Callable[[list[State]], None]) -> None:
        """Prepare; the layer is asked for when the first group is joined."""
        self._heard = heard
        self._layer = open_layer()
        self._channel = ""
        self._joined: set[str] = set()
        self._joining = asyncio.Lock()
        self._away_until = 0.0
        self._echoes: dict[str, asyncio.Event] = {}
        self._task: asyncio.Task[None] | None = None

    async def join(self, groups: Iterable[str]) -> None:
        """Hear these groups, for certain: what is announced from now on arrives.

        While the layer is away it returns all the same, at the latest after a second.
        """
        missing = set(groups) - self._joined
        if not missing:
            return
        async with self._joining:
            loop = asyncio.get_running_loop()
            if loop.time() < self._away_until:
                return
            try:
                async with asyncio.timeout(ECHO):
                    await self._join_all(missing)
            except Exception as error:  # noqa: BLE001  healing goes on without the layer
                logger.warning("The layer is away, healing instead: %r", error)
                # Who comes now does not wait for it, each in turn; the next comparison tries again.
                self._away_until = loop.time() + conf.HEAL_INTERVAL / 2

    async def close(self) -> None:
        """Hear nothing more, and close our own layer's connections."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        with contextlib.suppress(Exception):
            if not conf.LAYER:
                await self._layer.flush()
            else:
                for group in self._joined:
                    await self._layer.group_discard(group, self._channel)

    async def _join_all(self, groups: set[str]) -> None:
        if not self._channel:
            self._channel = await self._layer.new_channel()
            self._task = asyncio.create_task(self._listen())
        await asyncio.gather(*(self._join(group) for group in groups))

    async def _join(self, group: str) -> None:
        if group in self._joined:
            return
        await self._layer.group_add(group, self._channel)
        # The layer has written the subscription, not seen it confirmed: wait for an echo.
        token = uuid.uuid4().hex
        heard = self._echoes[token] = asyncio.Event()
        try:
            await self._layer.group_send(group, {"type": "echo", "token": token})
            await heard.wait()
            self._joined.add(group)
        finally:
            del self._echoes[token]

    async def _listen(self) -> None:
        while True:
            try:
                self._hear(await self._layer.receive(self._channel))
            except asyncio.CancelledError:
                raise
            except Exception:
                logger.exception("The layer failed; its groups are joined again")
                self._joined.clear()
                await asyncio.sleep(conf.HEAL_INTERVAL)

    def _hear(self, message: dict[str, Any]) -> None:
        if message["type"] == "echo":
            if heard := self._echoes.get(message["token"]):
                heard.set()
            return
        self._heard([json.loads(text) for text in message["states"]])
