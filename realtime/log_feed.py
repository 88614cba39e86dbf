"""Brings the lines of a job's log to those who watch it, by number and in parts."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from itertools import accumulate
from typing import Any

from realtime import protocol, reading
from realtime.mailbox import Mailbox
from realtime.states import State
from realtime.store import LINES_PER_READ
from realtime.threads import in_thread
from realtime.wire import message

CHARACTERS = 100_000
"""Of log lines in one frame: a window of frames that nobody reads must not fill the memory."""


class LogFeed:
    """Sends lines to the sockets of one web process."""

    def __init__(self, spawn: Callable[[Coroutine[Any, Any, None]], None]) -> None:
        """Prepare; `spawn` runs what reads."""
        self._spawn = spawn

    def tell(self, state: State, mailboxes: Iterable[Mailbox]) -> None:
        """Send what is new of a job's log to those who do not have it."""
        for mailbox in mailboxes:
            if mailbox.logs.get(state["id"], 0) < state["log"]:
                self._spawn(self.send(mailbox, state["id"], state["log"]))

    async def send(self, mailbox: Mailbox, job: str, newest: int) -> None:
        """Send the lines that a socket does not have yet, up to `newest` or further, in parts.

        One at a time for each log: the parts of several would wait in memory while one is sent.
        """
        is_running = job in mailbox.asked
        mailbox.asked[job] = max(newest, mailbox.asked.get(job, 0))
        if is_running:
            return
        try:
            while await self._send_part(mailbox, job):
                pass
        finally:
            del mailbox.asked[job]

    async def _send_part(self, mailbox: Mailbox, job: str) -> bool:
        """Send some lines; tells whether there are more to be sent now."""
        if not _may_be_sent(mailbox, job):
            return False
        after, newest = mailbox.logs[job], mailbox.asked[job]
        part = await in_thread(reading.log, job, after, LINES_PER_READ, newest)
        if mailbox.logs.get(job) != after:
            return True  # Watched anew while these were read, or not at all any more.
        if not _may_be_sent(mailbox, job):
            return False  # It is told again when there is room.
        if part.lines or part.lost:
            lines = _fitting(part.lines)
            mailbox.logs[job] = lines[-1]["n"] if lines else after + part.lost
            mailbox.data(message(protocol.log(job, after, lines, part.lost)))
            if len(lines) < len(part.lines) or len(lines) == LINES_PER_READ:
                return True
            if mailbox.logs[job] < newest:
                return True  # Store and SQL may have a part each.
        return mailbox.asked[job] > newest


def _may_be_sent(mailbox: Mailbox, job: str) -> bool:
    return job in mailbox.logs and not mailbox.full


def _fitting(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return as many lines as one frame may hold, one at least."""
    sizes = accumulate(len(line["text"]) for line in lines)
    count = sum(1 for size in sizes if size <= CHARACTERS)
    return lines[: max(count, 1)]
