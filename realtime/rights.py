"""Whether those who watch may still do so: asked every few seconds for all sockets together.

A session ends, a password or a right changes in any process: sockets learn it here, idle ones too.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection

from realtime.conf import conf
from realtime.mailbox import Mailbox
from realtime.protocol import Close
from realtime.sessions import Visitor, visitors
from realtime.threads import in_thread

logger = logging.getLogger("realtime")


class Rights:
    """Looks after the sockets of one web process."""

    def __init__(
        self, mailboxes: Collection[Mailbox], changed: Callable[[Mailbox, Visitor], Awaitable[None]]
    ) -> None:
        """Prepare; `changed` is called with a viewer whose reach is another one, and which."""
        self._mailboxes = mailboxes
        self._changed = changed
        self._loop = asyncio.get_running_loop()
        self._asked: set[str] = set()
        self._asking: asyncio.Task[dict[str, Visitor]] | None = None
        self._known_at = self._loop.time()
        self._is_away = False

    async def look_always(self) -> None:
        """Look again and again."""
        try:
            while True:
                await asyncio.sleep(conf.RIGHTS_INTERVAL)
                await self._look()
        finally:
            if self._asking:
                self._asking.cancel()

    async def _look(self) -> None:
        try:
            found = await self._ask()
        except Exception as error:  # noqa: BLE001  whatever a database or a cache raises
            self._bear(error)
        else:
            await self._apply(found)

    async def _ask(self) -> dict[str, Visitor]:
        """Return who is signed in; a question that was not answered in time is not asked twice."""
        if self._asking is None:
            self._asked = {mailbox.session for mailbox in self._mailboxes if mailbox.session}
            self._asking = self._loop.create_task(in_thread(visitors, self._asked))
        async with asyncio.timeout(conf.RIGHTS_INTERVAL):
            await asyncio.wait([self._asking])
        done, self._asking = self._asking, None
        return await done

    async def _apply(self, found: dict[str, Visitor]) -> None:
        self._known_at = self._loop.time()
        if self._is_away:
            self._is_away = False
            logger.info("It can be told again who is signed in")
        for mailbox in list(self._mailboxes):
            if mailbox.session in self._asked and not mailbox.closed:
                await self._compare(mailbox, found.get(mailbox.session))

    async def _compare(self, mailbox: Mailbox, visitor: Visitor | None) -> None:
        if visitor is None or visitor.user != mailbox.user:
            wanted = "a link that is still good" if mailbox.shared else "to be signed in"
            mailbox.close(Close.SIGNED_OUT, f"expected {wanted}")
        elif (visitor.operator, visitor.tags) != (mailbox.operator, mailbox.tags):
            try:
                await self._changed(mailbox, visitor)
            except Exception:
                logger.exception("It cannot be told what a viewer may still watch")
                mailbox.close(Close.INTERNAL, "it cannot be told what may be watched")

    def _bear(self, error: Exception) -> None:
        """Keep the sockets while it cannot be told who they are, but not for ever."""
        if not self._is_away:
            self._is_away = True
            told = "It cannot be told who is signed in; sockets stay open for %g s: %r"
            logger.warning(told, conf.RIGHTS_PATIENCE, error)
        if self._loop.time() - self._known_at > conf.RIGHTS_PATIENCE:
            for mailbox in list(self._mailboxes):
                mailbox.close(Close.INTERNAL, "it cannot be told who is signed in")
