"""Who gets which state when: at once, in batches, and only what they have not seen.

The newest state of each job goes out, the first change at once, later ones with the socket's next
batch. What many sockets need is encoded once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterable

from realtime import protocol
from realtime.known import Known, KnownStates
from realtime.mailbox import Mailbox
from realtime.metrics import counted
from realtime.permissions import Role
from realtime.wire import Message, message

Watching = Collection[Mailbox]

STATES_PER_FRAME = 200
TURN = 128
"""Sockets that are sent to before the server writes: Daphne writes only between our turns."""


class Delivery:
    """Sends states to the sockets of one web process."""

    def __init__(self, known: KnownStates, missing: Callable[[str], None]) -> None:
        """Prepare; `missing` is called with a job whose state must be read again."""
        self._loop = asyncio.get_running_loop()
        self._known = known
        self._missing = missing
        self._frames: dict[tuple[Role, tuple[Known, ...]], Message] = {}
        """Frames joined in one pass."""
        self._waves: deque[tuple[str, list[Mailbox]]] = deque()
        """Jobs of which each was the only one that changed, with who must still be told."""
        self._dirty: dict[Mailbox, None] = {}
        """For whom something has changed."""
        self._due: deque[Mailbox] = deque()
        """Whose turn has come."""
        self._working = False
        self._timer: asyncio.TimerHandle | None = None

    def tell(self, news: dict[str, Watching]) -> None:
        """Send the newest states of jobs to those who watch each of them."""
        if len(news) == 1:
            # By far the most frequent case: on its own way each socket is touched once.
            self._waves.extend((job, list(mailboxes)) for job, mailboxes in news.items())
            self._work()
            return
        for jobs, mailboxes in _together(news):
            self._note(dict.fromkeys(jobs), mailboxes)
        self.flush()

    def flush(self) -> None:
        """Send to all whose turn it is; the others' turn comes with the timer."""
        now = self._loop.time()
        ready = [mailbox for mailbox in self._dirty if mailbox.free_at <= now]
        for mailbox in ready:
            del self._dirty[mailbox]
        self._due.extend(ready)
        self._work()

    def flush_one(self, mailbox: Mailbox) -> None:
        """Send to one socket now."""
        self._flush(mailbox, self._loop.time())

    def has_room(self, mailbox: Mailbox) -> None:
        """Go on with a socket that can take more again."""
        if mailbox.changed or mailbox.promised:
            self._dirty[mailbox] = None
            self.flush()

    def forget(self, mailbox: Mailbox) -> None:
        """Send nothing more to a socket that is gone."""
        self._dirty.pop(mailbox, None)

    def close(self) -> None:
        """Stop the timer."""
        if self._timer:
            self._timer.cancel()

    def _work(self) -> None:
        if not self._working:
            self._turn()

    def _turn(self) -> None:
        """Send to as many as make a turn; the rest of them after the server has written."""
        now, left = self._loop.time(), TURN
        while left > 0 and self._waves:
            left -= self._roll(left, now)
        while left > 0 and self._due:
            self._flush(self._due.popleft(), now)
            left -= 1
        self._working = bool(self._waves or self._due)
        if self._working:
            self._loop.call_soon(self._turn)
        else:
            self._frames.clear()
            self._wait()

    def _roll(self, most: int, now: float) -> int:
        """Let a wave reach some more sockets; returns how many."""
        job, mailboxes = self._waves[0]
        reached = mailboxes[:most]
        del mailboxes[:most]
        if not mailboxes:
            self._waves.popleft()
        known = self._known.get(job)
        for mailbox in reached:
            if known is None or not mailbox.give(known, now):
                self._note({job: None}, (mailbox,))
        counted.count("frames", len(reached))
        return len(reached)

    def _note(self, jobs: dict[str, None], mailboxes: Watching) -> None:
        """Note for sockets what has changed; what had changed before is sent once."""
        before = after = 0
        for mailbox in mailboxes:
            before += len(mailbox.changed)
            mailbox.changed |= jobs
            after += len(mailbox.changed)
            self._dirty[mailbox] = None
        if once := before + len(jobs) * len(mailboxes) - after:
            counted.count("states_coalesced", once)

    def _wait(self) -> None:
        """Set the timer for those whose turn comes later; the first of them must not be late."""
        if not self._dirty:
            return
        next_at = max(min(mailbox.free_at for mailbox in self._dirty), self._loop.time())
        if self._timer is not None:
            if self._timer.when() <= next_at:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(next_at, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self.flush()

    def _flush(self, mailbox: Mailbox, now: float) -> None:
        """Send the newest state of each job that has changed, as far as the socket can take it."""
        before = len(mailbox.changed)
        while mailbox.changed and not mailbox.full:
            for role, states in self._unseen(mailbox, mailbox.take(STATES_PER_FRAME)).items():
                mailbox.data(self._frame(role, tuple(states)))
                counted.count("frames")
        if mailbox.promised and not mailbox.changed:
            for topic in mailbox.promised:
                mailbox.answer(protocol.watching(topic))
            mailbox.promised.clear()
        mailbox.rest(now, before - len(mailbox.changed))

    def _unseen(self, mailbox: Mailbox, jobs: tuple[str, ...]) -> dict[Role, list[Known]]:
        """Return which of these jobs' states a socket has not seen, by its role in each."""
        found: dict[Role, list[Known]] = {}
        for job in jobs:
            known = self._known.get(job)
            if known is None:
                self._missing(job)
            elif (role := mailbox.owns(known)) and mailbox.sees(known):
                found.setdefault(role, []).append(known)
        return found

    def _frame(self, role: Role, states: tuple[Known, ...]) -> Message:
        """Return the frame of these states; many sockets share it."""
        if len(states) == 1:
            return states[0].frame(role)
        key = (role, states)
        if key not in self._frames:
            self._frames[key] = message(protocol.jobs([one.text(role) for one in states]))
        return self._frames[key]


def _together(news: dict[str, Watching]) -> Iterable[tuple[list[str], Watching]]:
    """Return the jobs that have the very same watchers together, so that those are touched once."""
    groups: dict[int, tuple[list[str], Watching]] = {}
    for job, mailboxes in news.items():
        groups.setdefault(id(mailboxes), ([], mailboxes))[0].append(job)
    return groups.values()
