"""Brings each person's notices to their sockets: the newest ones, and how many are unread.

Whole each time, as states are: who comes late, or reads slowly, is given what is true now.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from realtime import notice_list, protocol
from realtime.conf import conf
from realtime.mailbox import SLOW, Mailbox
from realtime.metrics import counted
from realtime.threads import in_thread
from realtime.together import Together
from realtime.watchers import Watchers
from realtime.wire import Message, message

logger = logging.getLogger("realtime")

TOPIC = "notices"


class NoticeFeed:
    """Sends notices to the sockets of one web process."""

    def __init__(
        self, spawn: Callable[[Coroutine[Any, Any, None]], None], watchers: Watchers
    ) -> None:
        """Prepare; `spawn` runs what reads."""
        self._spawn = spawn
        self._watchers = watchers
        self._frames = Together(notice_list.frames)
        self._newest: dict[str, Message] = {}
        """What each person's sockets are to have."""
        self._again: dict[str, bool] = {}
        """Whose notices are being read, and whether they have changed since the read began."""
        self._moved: dict[str, tuple[int, Any]] = {}

    def begin(self, mailbox: Mailbox) -> None:
        """Send a socket what there is: read anew, for this process may not have listened before."""
        mailbox.noticed, mailbox.awaits_notices = None, True
        self.call([mailbox.user])

    def forget(self, mailbox: Mailbox) -> None:
        """Send a socket no more notices."""
        mailbox.noticed, mailbox.awaits_notices = None, False
        if not self._watchers.of_notices(mailbox.user):
            self._newest.pop(mailbox.user, None)

    def call(self, people: Iterable[str]) -> None:
        """Read the notices of those people who are here, and send what is new."""
        for person in people:
            if person in self._again:
                self._again[person] = True
            elif self._watchers.of_notices(person):
                self._again[person] = False
                self._spawn(self._bring(person))

    def has_room(self, mailbox: Mailbox) -> None:
        """Send a socket the newest that it could not take before."""
        newest = self._newest.get(mailbox.user)
        if newest is None or mailbox.full or TOPIC not in mailbox.topics:
            return
        if mailbox.noticed is not newest:
            mailbox.noticed = newest
            mailbox.data(newest)
            counted.count("frames")
        if mailbox.awaits_notices:
            mailbox.awaits_notices = False
            mailbox.answer(protocol.watching(TOPIC))

    async def heal(self) -> None:
        """Ask whose notices have changed of late: the layer may have lost it."""
        if not self._watchers.notices():
            self._moved = {}
            return
        before, self._moved = self._moved, await in_thread(notice_list.moved)
        self.call(person for person, sign in self._moved.items() if _is_news(before, person, sign))

    async def _bring(self, person: str) -> None:
        """Read and send again and again while there is news, one read at a time.

        An older read that comes later would else take the newer one's place.
        """
        try:
            while self._watchers.of_notices(person):
                self._again[person] = False
                try:
                    frames = await self._frames.ask([person])
                    self._send(person, frames[person])
                except Exception:
                    logger.exception("Notices could not be read and are read again")
                    self._again[person] = True
                    await asyncio.sleep(conf.HEAL_INTERVAL)
                await asyncio.sleep(SLOW)
                if not self._again[person]:
                    break
        finally:
            del self._again[person]

    def _send(self, person: str, text: str) -> None:
        newest = self._newest.get(person)
        if newest is None or newest["text"] != text:
            self._newest[person] = message(text)
        for mailbox in list(self._watchers.of_notices(person)):
            self.has_room(mailbox)


def _is_news(before: dict[str, tuple[int, Any]], person: str, sign: tuple[int, Any]) -> bool:
    """Tell whether more has changed than was known; changes that grow old are no news."""
    known = before.get(person)
    return known is None or sign[0] > known[0] or sign[1] > known[1]
