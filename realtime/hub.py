"""The one place in each web process that hears the layer and passes frames to the sockets.

It joins a group once however many sockets watch, encodes a state once for each role, sends what
comes close together as one frame, and every few seconds compares what its viewers have with what
the store has: the layer may lose messages, the service may not.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import uuid
from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

from realtime import protocol, reading
from realtime.conf import conf
from realtime.events import ENDS, timestamp, topics_of
from realtime.layer import open_layer, shard_of, shards
from realtime.mailbox import Mailbox
from realtime.permissions import Role, view
from realtime.states import State
from realtime.store import LINES_PER_READ
from realtime.threads import in_thread

logger = logging.getLogger("realtime")

FAST = 0.05
"""Seconds between two frames to a socket that watches jobs or trees."""
SLOW = 0.25
"""Seconds between two frames to a socket that watches lists only."""
STATES_PER_FRAME = 200
KNOWN = 20_000
"""States kept in memory; others are read again."""
ECHO = 1.0
"""Seconds to wait until the layer is heard to deliver to a group that was just joined."""


class Known:
    """One job's newest state, encoded at most once for each role."""

    __slots__ = ("_texts", "seq", "state")

    def __init__(self, state: State) -> None:
        """Hold a state."""
        self.state = state
        self.seq: int = state["seq"]
        self._texts: dict[Role, str] = {}

    def text(self, role: Role) -> str:
        """Return the state as this role sees it, as JSON."""
        if role not in self._texts:
            self._texts[role] = protocol.encode_state(view(self.state, role))
        return self._texts[role]


Frames = dict[tuple[Role, tuple[str, ...]], str]
"""Frames joined in one pass, which many sockets share."""


class Hub:
    """One for each event loop; it lives as long as it has sockets."""

    def __init__(self) -> None:
        """Prepare; the first socket starts it."""
        self._loop = asyncio.get_running_loop()
        self._layer = open_layer()
        self._channel = ""
        self._joined: set[str] = set()
        self._joining = asyncio.Lock()
        self._echoes: dict[str, asyncio.Event] = {}
        self._mailboxes: set[Mailbox] = set()
        self._watchers: dict[str, set[Mailbox]] = defaultdict(set)
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._dirty: dict[Mailbox, None] = {}
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
            mailbox.say(protocol.refused(topic, "too_many", text))
            return
        groups = await self._groups(mailbox, kind, job)
        if groups is None:
            mailbox.say(protocol.refused(topic, "not_found", "There is nothing here to watch."))
            return
        await self._join(groups)
        if mailbox.closed:
            return
        key = _key(mailbox, topic)
        alive = bool(self._watchers[key])
        self._watchers[key].add(mailbox)
        mailbox.topics.add(topic)
        if kind == "log":
            mailbox.logs[job] = have
            await self._send_log(mailbox, job)
        else:
            await self._send_first(mailbox, topic, kind, job, have, alive=alive)

    def unwatch(self, mailbox: Mailbox, topic: str) -> None:
        """Forget a topic."""
        mailbox.topics.discard(topic)
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
        mailbox.promised.append(topic)
        mailbox.free_at = 0.0
        self._flush(mailbox, {})

    # The layer

    async def _join(self, groups: Iterable[str]) -> None:
        """Hear these groups, for certain: what is announced from now on arrives."""
        missing = [group for group in groups if group not in self._joined]
        if not missing:
            return
        async with self._joining:
            try:
                if not self._channel:
                    self._channel = await self._layer.new_channel()
                    self._spawn(self._listen())
                await asyncio.gather(*(self._join_one(group) for group in missing))
            except Exception as error:  # noqa: BLE001  healing goes on without the layer
                logger.warning("The layer is away, healing instead: %r", error)

    async def _join_one(self, group: str) -> None:
        if group in self._joined:
            return
        await self._layer.group_add(group, self._channel)
        # The layer has written the subscription, not seen it confirmed: wait for an echo.
        token = uuid.uuid4().hex
        heard = self._echoes[token] = asyncio.Event()
        try:
            await self._layer.group_send(group, {"type": "echo", "token": token})
            await asyncio.wait_for(heard.wait(), ECHO)
            self._joined.add(group)
        finally:
            del self._echoes[token]

    async def _listen(self) -> None:
        while True:
            try:
                message = await self._layer.receive(self._channel)
                self._hear(message)
            except asyncio.CancelledError:
                raise
            except Exception:
                logger.exception("The layer failed; the hub joins its groups again")
                self._joined.clear()
                await asyncio.sleep(conf.HEAL_INTERVAL)

    def _hear(self, message: dict[str, Any]) -> None:
        if message["type"] == "echo":
            if heard := self._echoes.get(message["token"]):
                heard.set()
            return
        self.take_in([json.loads(text) for text in message["states"]])

    # States

    def take_in(self, states: Iterable[State]) -> None:
        """Keep states that are newer than what is known, and pass them to who watches them."""
        for state in states:
            known = self._known.get(state["id"])
            if known is not None and known.seq >= state["seq"]:
                continue
            watchers = self._watchers_of(state)
            if watchers or known is not None:
                self._keep(state)
            for mailbox in watchers:
                mailbox.changed[state["id"]] = None
                self._dirty[mailbox] = None
            self._tell_logs(state)
        self._flush_due()

    def _keep(self, state: State) -> None:
        self._known[state["id"]] = Known(state)
        self._known.move_to_end(state["id"])
        if len(self._known) > KNOWN:
            self._known.popitem(last=False)

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
            known = self._known.get(state["id"])
            if known is None or known.seq < state["seq"]:
                self._keep(state)
                for mailbox in self._watchers_of(state):
                    mailbox.changed[state["id"]] = None
                    self._dirty[mailbox] = None
                self._tell_logs(state)
        self._flush_due()

    # Frames

    def _flush_due(self) -> None:
        """Send to all whose turn it is; the others' turn comes with the timer."""
        now = self._loop.time()
        frames: Frames = {}
        for mailbox in list(self._dirty):
            if mailbox.free_at <= now:
                self._flush(mailbox, frames)
        if self._dirty and self._timer is None:
            next_at = min(mailbox.free_at for mailbox in self._dirty)
            self._timer = self._loop.call_at(next_at, self._on_timer)

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

    def _flush(self, mailbox: Mailbox, frames: Frames) -> None:
        """Send the newest state of each job that has changed, as far as the socket can take it."""
        self._dirty.pop(mailbox, None)
        while mailbox.changed and not mailbox.full:
            ids = tuple(mailbox.changed)[:STATES_PER_FRAME]
            for job in ids:
                del mailbox.changed[job]
            self._send(mailbox, ids, frames)
        if not mailbox.changed:
            for topic in mailbox.promised:
                mailbox.say(protocol.watching(topic))
            mailbox.promised.clear()
        mailbox.free_at = self._loop.time() + _interval(mailbox)

    def _send(self, mailbox: Mailbox, ids: tuple[str, ...], frames: Frames) -> None:
        roles: dict[Role, list[str]] = {}
        for job in ids:
            known = self._known.get(job)
            if known is None:
                self._spawn(self._load([job]))
                continue
            role = mailbox.role(known.state)
            if role is None or mailbox.seen.get(job, -1) >= known.seq:
                continue
            mailbox.seen[job] = known.seq
            roles.setdefault(role, []).append(job)
        for role, jobs in roles.items():
            key = (role, tuple(jobs))
            if key not in frames:
                frames[key] = protocol.jobs([self._known[job].text(role) for job in jobs])
            mailbox.data(frames[key])

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
            mailbox.logs[job] = part.lines[-1]["n"] if part.lines else after + part.lost
            mailbox.data(protocol.log(job, after, part.lines, part.lost))
            if len(part.lines) < LINES_PER_READ:
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
        await self._join(groups - self._joined)
        open_jobs = {
            job: known.seq
            for job, known in self._known.items()
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
        if not conf.LAYER:
            with contextlib.suppress(Exception):
                await self._layer.flush()


def _key(mailbox: Mailbox, topic: str) -> str:
    return f"mine:{mailbox.user}" if topic == "mine" else topic


def _interval(mailbox: Mailbox) -> float:
    lists = all(topic in {"mine", "all"} for topic in mailbox.topics)
    return SLOW if lists else FAST


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def get_hub() -> Hub:
    """Return the hub of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]
