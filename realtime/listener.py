"""A web process's ear on the layer: joins groups once, and knows that they are heard."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import uuid
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

from realtime.conf import conf
from realtime.layer import empty, open_layer
from realtime.states import State

logger = logging.getLogger("realtime")

ECHO = 1.0
"""Seconds to wait until the layer is heard to deliver to groups that are being joined."""
DEAF_AFTER = 2
"""Echoes that did not come, one after the other, after which the layer is begun anew."""


class Listener:
    """Hears announcements and passes their states on."""

    def __init__(
        self,
        heard: Callable[[list[State]], None],
        called: Callable[[list[str]], None] = lambda _: None,
    ) -> None:
        """Prepare; the layer is asked for when the first group is joined.

        `heard` is told new states, `called` whose notices have changed.
        """
        self._heard, self._called = heard, called
        self._layer = open_layer()
        self._channel = ""
        self._joined: set[str] = set()
        self._joining = asyncio.Lock()
        self._own = f"{conf.PREFIX}.echo.{uuid.uuid4().hex}"
        self._away_until = 0.0
        self._echoes: dict[str, asyncio.Event] = {}
        self._task: asyncio.Task[None] | None = None
        self._checking: asyncio.Task[None] | None = None

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
        if self._checking:
            self._checking.cancel()
        await self._leave()

    async def _leave(self) -> None:
        with contextlib.suppress(Exception):
            if not conf.LAYER:
                await empty(self._layer)
            else:
                for group in self._joined:
                    await self._layer.group_discard(group, self._channel)
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _join_all(self, groups: set[str]) -> None:
        if not self._channel:
            self._channel = await self._layer.new_channel()
            self._task = asyncio.create_task(self._listen())
        self._checking = self._checking or asyncio.create_task(self._check_always())
        await asyncio.gather(*(self._join(group) for group in {*groups, self._own}))

    async def _join(self, group: str) -> None:
        if group in self._joined:
            return
        await self._layer.group_add(group, self._channel)
        # The layer has written the subscription, not seen it confirmed: wait for an echo.
        async with self._echo(group) as heard:
            await heard.wait()
        self._joined.add(group)

    @contextlib.asynccontextmanager
    async def _echo(self, group: str) -> AsyncIterator[asyncio.Event]:
        """Send a message to ourselves; gives what tells of its coming."""
        token = uuid.uuid4().hex
        heard = self._echoes[token] = asyncio.Event()
        try:
            await self._layer.group_send(group, {"type": "echo", "token": token})
            yield heard
        finally:
            del self._echoes[token]

    async def _check_always(self) -> None:
        """Begin anew when the layer has stopped to deliver; it does not always say so.

        The pub/sub layer's receiving task ends at a time-out of the network, and nothing starts
        it again. When not even an echo can be sent the layer is away, and will come back itself.
        """
        silences = 0
        while True:
            await asyncio.sleep(conf.HEAL_INTERVAL)
            if self._own in self._joined:
                with contextlib.suppress(Exception):
                    silences = 0 if await self._is_heard() else silences + 1
            if silences >= DEAF_AFTER:
                silences = 0
                await self._begin_anew()

    async def _is_heard(self) -> bool:
        async with asyncio.timeout(ECHO) as patience, self._echo(self._own) as heard:
            patience.reschedule(None)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(heard.wait(), ECHO)
            return heard.is_set()

    async def _begin_anew(self) -> None:
        logger.warning("The layer delivers nothing any more; its groups are joined again")
        async with self._joining:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ECHO):
                    await self._leave()
            self._channel, self._task = "", None
            self._joined.clear()

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
        if people := message.get("people"):
            self._called(people)
