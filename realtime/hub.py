"""The one place in each web process that hears the layer and passes frames to the sockets.

It joins a group once however many sockets watch, encodes a state once for each role, sends what
comes close together as one frame, and every few seconds compares what its viewers have with what
the store has: the layer may lose messages, the service may not.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Iterable
from itertools import accumulate
from typing import Any
from weakref import WeakKeyDictionary

from realtime import protocol, reading
from realtime.conf import conf
from realtime.events import ENDS, timestamp, topics_of
from realtime.known import Known, KnownStates
from realtime.layer import shard_of, shards
from realtime.listener import Listener
from realtime.mailbox import Mailbox, Message, message
from realtime.permissions import Role
from realtime.states import State
from realtime.store import LINES_PER_READ
from realtime.threads import in_thread

logger = logging.getLogger("realtime")

STATES_PER_FRAME = 200
LOG_CHARACTERS = 100_000
"""Of log lines in one frame: a window of frames that nobody reads must not fill the memory."""
TURN = 64
"""Sockets that are sent to before the server writes: Daphne writes only between our turns."""


class Hub:
    """One for each event loop; it lives as long as it has sockets."""

    def __init__(self) -> None:
        """Prepare; the first socket starts it."""
        self._loop = asyncio.get_running_loop()
        self._listener = Listener(self.take_in)
        self._mailboxes: set[Mailbox] = set()
        self._watchers: dict[str, set[Mailbox]] = defaultdict(set)
        self._known = KnownStates()
        self._frames: dict[tuple[Role, tuple[Known, ...]], Message] = {}
        """Frames joined in one pass."""
        self._dirty: dict[Mailbox, None] = {}
        self._due: deque[Mailbox] = deque()
        """Whose turn has come, in this pass."""
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    # Sockets

    def enter(self, mailbox: Mailbox) -> None:
        """Take a socket in."""
        mailbox.on_room = self._has_room
        self._mailboxes.add(mailbox)
        if not self._tasks:
            self._spawn(self._heal_always())
            self._spawn(self._beat_always())

    async def leave(self, mailbox: Mailbox) -> None:
        """Let a socket go; the last one stops the hub."""
        mailbox.stop()
        self._mailboxes.discard(mailbox)
        self._dirty.pop(mailbox, None)
        for topic in list(mailbox.topics):
            self.unwatch(mailbox, topic)
        if not self._mailboxes:
            await self._close()

    async def watch(self, mailbox: Mailbox, topic: str, have: int) -> None:
        """Register a topic, then bring the browser from what it has to what is."""
        kind, job = protocol.parse_topic(topic)
        if topic not in mailbox.topics and len(mailbox.topics) >= conf.WATCHES:
            text = f"One socket may watch {conf.WATCHES} topics: unwatch some first."
            mailbox.answer(protocol.refused(topic, "too_many", text))
            return
        groups = await self._groups(mailbox, kind, job)
        if groups is None:
            mailbox.answer(protocol.refused(topic, "not_found", "There is nothing here to watch."))
            return
        await self._listener.join(groups)
        if mailbox.closed:
            return
        key = _key(mailbox, topic)
        alive = bool(self._watchers[key])
        self._watchers[key].add(mailbox)
        mailbox.add(topic)
        if kind == "log":
            mailbox.logs[job] = have
            await self._send_log(mailbox, job)
        else:
            await self._send_first(mailbox, topic, kind, job, have, alive=alive)

    def unwatch(self, mailbox: Mailbox, topic: str) -> None:
        """Forget a topic."""
        mailbox.remove(topic)
        key = _key(mailbox, topic)
        watchers = self._watchers.get(key)
        if watchers is not None:
            watchers.discard(mailbox)
            if not watchers:
                del self._watchers[key]
        kind, _, job = topic.partition(":")
        if kind == "log":
            mailbox.logs.pop(job, None)
        elif kind == "job":
            mailbox.seen.pop(job, None)

    async def _groups(self, mailbox: Mailbox, kind: str, job: str) -> list[str] | None:
        """Return the groups in which a topic is announced, None when it may not be watched."""
        if kind == "all":
            return shards() if mailbox.operator else None
        if kind == "mine":
            return [shard_of(mailbox.user)]
        state = await self._state(job)
        if state is None or mailbox.role(state) is None:
            return None
        return [shard_of(state["owner"] or state["root"])]

    async def _state(self, job: str) -> State | None:
        known = self._known.get(job)
        if known and (known.state["status"] in ENDS or self._is_watched(known.state)):
            return known.state
        await self._load([job])
        known = self._known.get(job)
        return known.state if known else None

    async def _send_first(  # noqa: PLR0913  the parts of a topic
        self, mailbox: Mailbox, topic: str, kind: str, job: str, have: int, *, alive: bool
    ) -> None:
        if kind == "job":
            # Read again unless others watch: a change may have come before this process listened.
            if not alive:
                await self._load([job])
            mailbox.seen[job] = max(have or -1, mailbox.seen.get(job, -1))
            ids = [job]
        else:
            ids = await in_thread(reading.first_ids, kind, job, mailbox.user)
            await self._load(ids)
            for one in ids:
                mailbox.seen.pop(one, None)
        mailbox.changed.update(dict.fromkeys(ids))
        mailbox.promised[topic] = None
        mailbox.free_at = 0.0
        self._flush(mailbox, self._loop.time())

    # States

    def take_in(self, states: Iterable[State]) -> None:
        """Keep states that are newer than what is known, and pass them to who watches them."""
        for state in states:
            if self._known.is_news(state) and (
                state["id"] in self._known or self._is_watched(state)
            ):
                self._pass_on(state)
        self._flush_due()

    def _pass_on(self, state: State) -> None:
        self._known.keep(state)
        for mailbox in self._watchers_of(state):
            mailbox.changed[state["id"]] = None
            self._dirty[mailbox] = None
        self._tell_logs(state)

    def _watchers_of(self, state: State) -> set[Mailbox]:
        found = (self._watchers.get(topic) for topic in topics_of(state))
        return set().union(*(watchers for watchers in found if watchers))

    def _is_watched(self, state: State) -> bool:
        topics = (*topics_of(state), f"log:{state['id']}")
        return any(topic in self._watchers for topic in topics)

    async def _load(self, jobs: list[str]) -> None:
        """Read states and take in what is new."""
        found = await in_thread(reading.states, jobs)
        for state in found.values():
            if self._known.is_news(state):
                self._pass_on(state)
        self._flush_due()

    # Frames

    def _flush_due(self) -> None:
        """Send to all whose turn it is; the others' turn comes with the timer."""
        now = self._loop.time()
        ready = [mailbox for mailbox in self._dirty if mailbox.free_at <= now]
        for mailbox in ready:
            del self._dirty[mailbox]
        self._due.extend(ready)
        self._flush_some()
        if self._dirty and self._timer is None:
            next_at = min(mailbox.free_at for mailbox in self._dirty)
            self._timer = self._loop.call_at(max(next_at, now), self._on_timer)

    def _flush_some(self) -> None:
        """Send to as many as make a turn; the rest of them after the server has written."""
        now = self._loop.time()
        due = self._due
        for _ in range(min(TURN, len(due))):
            self._flush(due.popleft(), now)
        if due:
            self._loop.call_soon(self._flush_some)
        else:
            self._frames.clear()

    def _on_timer(self) -> None:
        self._timer = None
        self._flush_due()

    def _has_room(self, mailbox: Mailbox) -> None:
        if mailbox.changed or mailbox.promised:
            self._dirty[mailbox] = None
            self._flush_due()
        for job in mailbox.logs:
            known = self._known.get(job)
            if known:
                self._tell_logs(known.state)

    def _flush(self, mailbox: Mailbox, now: float) -> None:
        """Send the newest state of each job that has changed, as far as the socket can take it."""
        while mailbox.changed and not mailbox.full:
            if len(mailbox.changed) == 1:
                self._send_one(mailbox)
                continue
            for role, states in self._unseen(mailbox, mailbox.take(STATES_PER_FRAME)).items():
                mailbox.data(self._frame(role, tuple(states)))
        if mailbox.promised and not mailbox.changed:
            for topic in mailbox.promised:
                mailbox.answer(protocol.watching(topic))
            mailbox.promised.clear()
        mailbox.free_at = now + mailbox.pause

    def _send_one(self, mailbox: Mailbox) -> None:
        """Send the only job that has changed: by far the most frequent case, so it has a way."""
        job, _ = mailbox.changed.popitem()
        known = self._known.get(job)
        if known is None:
            self._spawn(self._load([job]))
        elif (role := mailbox.owns(known.owner)) and mailbox.sees(known):
            mailbox.data(known.frame(role))

    def _unseen(self, mailbox: Mailbox, jobs: tuple[str, ...]) -> dict[Role, list[Known]]:
        """Return which of these jobs' states a socket has not seen, by its role in each."""
        found: dict[Role, list[Known]] = {}
        for job in jobs:
            known = self._known.get(job)
            if known is None:
                self._spawn(self._load([job]))
            elif (role := mailbox.owns(known.owner)) and mailbox.sees(known):
                found.setdefault(role, []).append(known)
        return found

    def _frame(self, role: Role, states: tuple[Known, ...]) -> Message:
        """Return the frame of these states; many sockets share it."""
        key = (role, states)
        if key not in self._frames:
            self._frames[key] = message(protocol.jobs([one.text(role) for one in states]))
        return self._frames[key]

    # Logs

    def _tell_logs(self, state: State) -> None:
        for mailbox in self._watchers.get(f"log:{state['id']}", ()):
            if mailbox.logs.get(state["id"], 0) < state["log"]:
                self._spawn(self._send_log(mailbox, state["id"]))

    async def _send_log(self, mailbox: Mailbox, job: str) -> None:
        """Send the lines that a socket does not have yet, in parts."""
        while job in mailbox.logs and not mailbox.full:
            after = mailbox.logs[job]
            part = await in_thread(reading.log, job, after)
            # Another change may have sent the same lines while these were read.
            if mailbox.logs.get(job) != after:
                continue  # And perhaps not all of them, if it read before these were written.
            if not (part.lines or part.lost):
                return
            lines = _fitting(part.lines)
            mailbox.logs[job] = lines[-1]["n"] if lines else after + part.lost
            mailbox.data(message(protocol.log(job, after, lines, part.lost)))
            if len(lines) == len(part.lines) < LINES_PER_READ:
                return

    # Time

    async def _heal_always(self) -> None:
        while True:
            await asyncio.sleep(conf.HEAL_INTERVAL)
            try:
                await self._heal()
            except Exception:
                logger.exception("Healing failed and is tried again")

    async def _heal(self) -> None:
        """Compare what is watched and not finished with the store, and send what is missing."""
        groups = {group for mailbox in self._mailboxes for group in self._groups_of(mailbox)}
        await self._listener.join(groups)
        open_jobs = {
            known.state["id"]: known.seq
            for known in self._known
            if known.state["status"] not in ENDS and self._is_watched(known.state)
        }
        lists = reading.Lists(
            owners=[topic[5:] for topic in self._watchers if topic.startswith("mine:")],
            roots=[topic[5:] for topic in self._watchers if topic.startswith("tree:")],
            everything="all" in self._watchers,
        )
        self.take_in(await in_thread(reading.newer, open_jobs, lists))
        for topic in list(self._watchers):
            if topic.startswith("log:") and (known := self._known.get(topic[4:])):
                self._tell_logs(known.state)

    def _groups_of(self, mailbox: Mailbox) -> Iterable[str]:
        for topic in mailbox.topics:
            kind, _, job = topic.partition(":")
            known = self._known.get(job)
            if kind == "all":
                yield from shards()
            elif kind == "mine":
                yield shard_of(mailbox.user)
            elif known:
                yield shard_of(known.state["owner"] or known.state["root"])

    async def _beat_always(self) -> None:
        while True:
            await asyncio.sleep(conf.HEARTBEAT / 4)
            late = self._loop.time() - conf.HEARTBEAT * 3 / 4
            frame = protocol.heartbeat(timestamp())
            for mailbox in list(self._mailboxes):
                if mailbox.spoke_at < late:
                    mailbox.say(frame)

    def _spawn(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.error("The hub met an error and goes on", exc_info=error)

    async def _close(self) -> None:
        """Stop everything; the next socket gets a new hub."""
        _hubs.pop(self._loop, None)
        if self._timer:
            self._timer.cancel()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._listener.close()


def _fitting(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return as many lines as one frame may hold, one at least."""
    sizes = accumulate(len(line["text"]) for line in lines)
    count = sum(1 for size in sizes if size <= LOG_CHARACTERS)
    return lines[: max(count, 1)]


def _key(mailbox: Mailbox, topic: str) -> str:
    return f"mine:{mailbox.user}" if topic == "mine" else topic


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def get_hub() -> Hub:
    """Return the hub of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]
