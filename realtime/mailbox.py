"""What one socket has, what it still must get, and how much more it can take.

A mailbox holds which jobs have changed, never their events: a slow reader is given the newest
state of each when it can take it, and its memory stays bounded by what it watches.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from itertools import islice
from math import inf
from typing import TYPE_CHECKING, Any

from realtime.conf import conf
from realtime.coroutines import go_on
from realtime.permissions import Role, is_shared, role_of
from realtime.protocol import Close, refused
from realtime.reach import Reach
from realtime.states import State
from realtime.wire import Message, message

if TYPE_CHECKING:
    from realtime.known import Known
    from realtime.sessions import Visitor

Send = Callable[[Message], Coroutine[Any, Any, None]]

FAST = 0.05
"""Seconds between two frames to a socket that watches jobs or trees."""
SLOW = 0.25
"""Seconds between two frames to a socket that watches lists only, where few of its jobs change."""
MANY = 500
"""States at once after which the next of a list come later: most of them are out of sight."""
SLOWEST = 1.0
"""Seconds between two frames of a list, however many states there are."""
LISTS = frozenset({"mine", "all", "notices"})

NOTHING = "There is nothing here to watch."

TREE = 200
"""Jobs below a root that are sent to who watches its tree."""
MINUTE = 60.0
BACKLOG = 2_000
"""Answers that wait behind one frame which the network does not take."""


class Mailbox:
    """One viewer's side of the hub."""

    def __init__(self, who: Visitor, send: Send, *, acknowledges: bool = True) -> None:
        """Begin with nothing watched and nothing sent.

        A browser that does not acknowledge is slowed down by the network alone.
        """
        self.user = who.user
        self.operator = who.operator
        self.tags = who.tags
        """The tags of whose jobs they see, where they do not see everybody's."""
        self.session = who.session
        self.shared = who.shared
        """The job that a guest may see; a guest has no user."""
        self._otherwise = Role.GUEST if who.shared else None
        self.comes_back = False
        """Whether its browser polls: it is here between two polls too."""
        self.topics: set[str] = set()
        self.changed: dict[str, None] = {}
        """Jobs whose newest state must be sent, in the order in which they changed."""
        self.misses_all = False
        """Whether it was refused all jobs, and is sent them once it may see some."""
        self.promised: dict[str, None] = {}
        """Topics to confirm once everything that has changed is sent."""
        self.seen: dict[str, int] = {}
        """The seq that was sent of each job."""
        self.logs: dict[str, int] = {}
        """The line up to which each watched log was sent."""
        self.shown: dict[str, set[str]] = {}
        """The jobs of each watched tree that are sent, a bounded number."""
        self.asked: dict[str, int] = {}
        """The line up to which each log is being sent."""
        self.noticed: Message | None = None
        """The notices that were sent last."""
        self.awaits_notices = False
        """Whether it must still be told that these are all."""
        self.pause = SLOW
        """Seconds between two batches."""
        self.free_at = 0.0
        """When the next batch may go."""
        self.spoke_at = 0.0
        """When the last frame went."""
        self.closed = False
        self._send = send
        self._sent = 0
        self._acknowledged = 0
        self._answers = 0
        self._counted_from = 0.0
        self._window = conf.WINDOW if acknowledges else inf
        self._loop = asyncio.get_running_loop()
        self._backlog: deque[Message] = deque()
        self._sending: asyncio.Task[None] | None = None
        self.on_room: Callable[[Mailbox], None] | None = None
        """Called when the socket can take more again."""

    @property
    def full(self) -> bool:
        """Whether data must wait: for acknowledgements, or for the network."""
        waiting = self._sent - self._acknowledged >= self._window
        return waiting or self._sending is not None or self.closed

    @property
    def reach(self) -> Reach:
        """Whose jobs this viewer sees besides their own."""
        return None if self.operator else self.tags

    def add(self, topic: str) -> None:
        """Note that a topic is watched."""
        self.topics.add(topic)
        self._set_pause()

    def remove(self, topic: str) -> None:
        """Note that a topic is watched no longer."""
        self.topics.discard(topic)
        self._set_pause()

    def role(self, state: State) -> Role | None:
        """Return as what this viewer sees a job."""
        if self.shared:
            return Role.GUEST if is_shared(self.shared, state) else None
        return role_of(self.user, state, self.reach)

    def owns(self, known: Known) -> Role | None:
        """Return the same of what is known of a job, for the many who are sent a state.

        What a guest may watch was looked at when they began to.
        """
        if self.operator or (self.tags and not self.tags.isdisjoint(known.tags)):
            return Role.OPERATOR
        return Role.OWNER if known.owner == self.user else self._otherwise

    def shows(self, job: str, root: str) -> bool:
        """Tell whether a job of a tree that is watched is sent: the root, and the first so many.

        How the others are the root tells; they are read by pages.
        """
        shown = self.shown.setdefault(root, set())
        if job == root or job in shown:
            return True
        if len(shown) >= TREE:
            return False
        shown.add(job)
        return True

    def take(self, most: int) -> tuple[str, ...]:
        """Take out jobs that have changed, at most so many."""
        if len(self.changed) <= most:
            taken = tuple(self.changed)
            self.changed.clear()
            return taken
        taken = tuple(islice(self.changed, most))
        for job in taken:
            del self.changed[job]
        return taken

    def sees(self, known: Known) -> bool:
        """Note that a state is sent; False when the viewer has it already."""
        if self.seen.get(known.id, -1) >= known.seq:
            return False
        self.seen[known.id] = known.seq
        if known.ended and f"job:{known.id}" not in self.topics:
            del self.seen[known.id]  # Nothing comes after an end: lists must not grow for ever.
        return True

    def give(self, known: Known, now: float) -> bool:
        """Send a state at once where nothing else waits and it is the socket's turn.

        Written out rather than made of the other methods: each of some hundred viewers comes here
        with each report.
        """
        if (
            self.free_at > now
            or self.changed
            or self._sent - self._acknowledged >= self._window
            or self._sending is not None
            or self.closed
        ):
            return False
        role = self.owns(known)
        if role is not None and self.sees(known):
            self._sent += 1
            self.spoke_at = now
            self.free_at = now + self.pause
            self._begin(known.frame(role))
        return True

    def acknowledge(self, frames: int) -> bool:
        """Take in how many data frames the browser has taken in; tells whether that is news."""
        before = self._acknowledged
        self._acknowledged = max(before, min(frames, self._sent))
        self._room()
        return self._acknowledged > before

    def data(self, frame: Message) -> None:
        """Send a frame that counts against the window."""
        self._sent += 1
        self._push(frame)

    def say(self, text: str) -> None:
        """Send a frame that does not count."""
        self._push(message(text))

    def refuse(self, topic: str) -> None:
        """Say that there is nothing to watch, the same of what is not there and may not be seen."""
        self.misses_all = self.misses_all or topic == "all"
        self.answer(refused(topic, "not_found", NOTHING))

    def answer(self, text: str) -> None:
        """Send what a watch is answered with; who asks without end is let go.

        Daphne takes every frame, so answers that nobody reads would fill its memory.
        """
        now = self._loop.time()
        if now - self._counted_from > MINUTE:
            self._counted_from, self._answers = now, 0
        self._answers += 1
        if self._answers > 2 * conf.WATCHES:
            self.close(Close.MALFORMED, f"expected at most {2 * conf.WATCHES} watches a minute")
        else:
            self.say(text)

    def close(self, code: Close, reason: str = "") -> None:
        """Close the socket, after what is already on its way."""
        if not self.closed:
            self._push({"type": "websocket.close", "code": int(code), "reason": reason})
            self.closed = True

    def stop(self) -> None:
        """Send nothing more: the socket is gone."""
        self.closed = True
        self._backlog.clear()
        if self._sending is not None:
            self._sending.cancel()

    def rest(self, now: float, sent: int) -> None:
        """Be sent nothing more for a while, after so many states at once."""
        pause = self.pause
        if pause == SLOW:
            pause = min(max(SLOW, SLOW * sent / MANY), SLOWEST)
        self.free_at = now + pause

    def _set_pause(self) -> None:
        self.pause = SLOW if self.topics <= LISTS else FAST

    def _push(self, frame: Message) -> None:
        if self.closed:
            return
        if self._sending is not None:
            self._wait(frame)
            return
        self.spoke_at = self._loop.time()
        self._begin(frame)

    def _begin(self, frame: Message) -> None:
        """Send at once where the server takes the frame at once, else go on in a task.

        Servers take almost every frame without waiting; a task for each would cost more than
        the frame.
        """
        sending = self._send(frame)
        try:
            waits_for = sending.send(None)
        except StopIteration:
            return
        except Exception:  # noqa: BLE001  whatever a server raises: the socket is gone
            self.stop()
            return
        rest: Awaitable[None] = go_on(sending, waits_for)
        self._sending = asyncio.ensure_future(self._finish(rest))

    async def _finish(self, rest: Awaitable[None]) -> None:
        try:
            await rest
        except Exception:  # noqa: BLE001
            self.stop()
            return
        self._sending = None
        # Also when closed: the last one in it is the close.
        while self._backlog and self._sending is None:
            self._begin(self._backlog.popleft())
        self._room()

    def _wait(self, frame: Message) -> None:
        self._backlog.append(frame)
        if len(self._backlog) > BACKLOG:
            self._backlog.clear()
            self.close(Close.TOO_SLOW)

    def _room(self) -> None:
        if not self.full and self.on_room:
            self.on_room(self)
