"""The one place in each web process that hears the layer and passes frames to the sockets.

It joins a group once however many sockets watch, encodes a state once for each role, sends what
comes close together as one frame, and every few seconds compares what its viewers have with what
the store has: the layer may lose messages, the service may not.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

from realtime import metrics, protocol, reading
from realtime.arrivals import Arrivals
from realtime.attendance import Attendance
from realtime.conf import conf
from realtime.delivery import Delivery
from realtime.events import ENDS, timestamp
from realtime.healing import Healing
from realtime.known import KnownStates
from realtime.layer import shard_of, shards
from realtime.line import line
from realtime.listener import Listener
from realtime.log_feed import LogFeed
from realtime.mailbox import Mailbox
from realtime.metrics import counted
from realtime.notice_feed import NoticeFeed
from realtime.placing import Placing
from realtime.reach import OWN
from realtime.rights import Rights
from realtime.sessions import Visitor
from realtime.states import State
from realtime.threads import in_thread
from realtime.together import Together
from realtime.watchers import Watchers

logger = logging.getLogger("realtime")

FOR_GUESTS = frozenset({"job", "tree"})
"""The kinds of topics that somebody with a share token may watch."""


class Hub:
    """One for each event loop; it lives as long as it has sockets."""

    def __init__(self) -> None:
        """Prepare; the first socket starts it."""
        self._loop = asyncio.get_running_loop()
        self.mailboxes: set[Mailbox] = set()
        self.watchers = Watchers()
        self.notices = NoticeFeed(self._spawn, self.watchers)
        self.listener = Listener(self._hear, called=self.notices.call)
        self.known = KnownStates()
        self._delivery = Delivery(self.known, missing=lambda job: self._spawn(self._load([job])))
        self._states = Together(reading.states)
        self._arrivals = Arrivals(self._spawn, self._pass_on)
        self._logs = LogFeed(self._spawn)
        self._healing = Healing(self)
        self._placing = Placing(self)
        self._attendance = Attendance()
        self._rights = Rights(self.mailboxes, changed=self._judge)
        self._tasks: set[asyncio.Task[Any]] = set()

    # Sockets

    def enter(self, mailbox: Mailbox) -> None:
        """Take a socket in."""
        mailbox.on_room = self._has_room
        self.mailboxes.add(mailbox)
        if mailbox.user:
            self._attendance.enter(mailbox.user)
        if not self._tasks:
            self._spawn(self._attendance.tell_always())
            self._spawn(self._rights.look_always())
            self._spawn(self._healing.heal_always())
            self._spawn(self._placing.place_always())
            self._spawn(self._beat_always())
            self._spawn(self._count_always())

    async def leave(self, mailbox: Mailbox) -> None:
        """Let a socket go; the last one stops the hub."""
        mailbox.stop()
        if mailbox in self.mailboxes and mailbox.user:
            self._attendance.leave(mailbox.user, comes_back=mailbox.comes_back)
        self.mailboxes.discard(mailbox)
        self._delivery.forget(mailbox)
        for topic in list(mailbox.topics):
            self.unwatch(mailbox, topic)
        if not self.mailboxes:
            await self._close()

    async def watch(self, mailbox: Mailbox, topic: str, have: int) -> None:
        """Register a topic, then bring the browser from what it has to what is."""
        kind, job = protocol.parse_topic(topic)
        if topic not in mailbox.topics and len(mailbox.topics) >= conf.WATCHES:
            text = f"One socket may watch {conf.WATCHES} topics: unwatch some first."
            mailbox.answer(protocol.refused(topic, "too_many", text))
            return
        reach = mailbox.reach
        groups = await self._groups(mailbox, kind, job)
        if groups is None:
            mailbox.refuse(topic)
            return
        await self.listener.join(groups)
        if mailbox.reach != reach:  # Meanwhile: ask as who they are now.
            await self.watch(mailbox, topic, have)
            return
        if mailbox.closed:
            return
        mailbox.misses_all = mailbox.misses_all and topic != "all"
        alive = self.watchers.add(mailbox, topic)
        mailbox.add(topic)
        if kind == "log":
            mailbox.logs[job] = have
            known = self.known.get(job)
            await self._logs.send(mailbox, job, known.state["log"] if known else 0)
        elif kind == "notices":
            self.notices.begin(mailbox)
        else:
            await self._send_first(mailbox, topic, kind, job, have, alive=alive)

    def unwatch(self, mailbox: Mailbox, topic: str) -> None:
        """Forget a topic."""
        mailbox.remove(topic)
        self.watchers.remove(mailbox, topic)
        kind, _, job = topic.partition(":")
        if topic == "all":
            mailbox.misses_all = False
        elif kind == "log":
            mailbox.logs.pop(job, None)
        elif kind == "job":
            mailbox.seen.pop(job, None)
        elif kind == "tree":
            mailbox.shown.pop(job, None)
        elif kind == "notices":
            self.notices.forget(mailbox)

    async def _judge(self, mailbox: Mailbox, who: Visitor) -> None:
        """Let a viewer whose rights have changed watch no more than they may, and no less."""
        mailbox.operator, mailbox.tags = who.operator, who.tags
        # Logs first: states are sent by role, lines to whoever watches.
        for topic in sorted(mailbox.topics, key=lambda one: not one.startswith("log:")):
            kind, job = protocol.parse_topic(topic)
            if await self._groups(mailbox, kind, job) is None:
                self._take_back(mailbox, topic)
        if "all" in mailbox.topics:
            # What a browser has of it is not its any more: it begins again with what is.
            self._take_back(mailbox, "all")
        if mailbox.misses_all and mailbox.reach != OWN:
            await self.watch(mailbox, "all", 0)

    def _take_back(self, mailbox: Mailbox, topic: str) -> None:
        self.unwatch(mailbox, topic)
        mailbox.promised.pop(topic, None)
        mailbox.refuse(topic)

    async def _groups(self, mailbox: Mailbox, kind: str, job: str) -> list[str] | None:
        """Return the groups in which a topic is announced, None when it may not be watched."""
        if mailbox.shared and kind not in FOR_GUESTS:
            return None
        if kind == "all":
            return shards() if mailbox.operator or mailbox.tags else None
        if kind in {"mine", "notices"}:
            return [shard_of(mailbox.user)]
        state = await self._state(job)
        if state is None or mailbox.role(state) is None:
            return None
        return [shard_of(state["owner"] or state["root"])]

    async def _state(self, job: str) -> State | None:
        known = self.known.get(job)
        if known and (known.state["status"] in ENDS or self.watchers.follow(known.state)):
            return known.state
        await self._load([job])
        known = self.known.get(job)
        return known.state if known else None

    async def _send_first(  # noqa: PLR0913  the parts of a topic
        self, mailbox: Mailbox, topic: str, kind: str, job: str, have: int, *, alive: bool
    ) -> None:
        if kind == "job":
            # Read again unless others watch: a change may have come before this process listened.
            if not alive:
                await self._load([job])
            elif known := self.known.get(job):
                # Its page may have been made later than the others were last told, with less in it.
                self.take_in([line.placed(known.state, ahead=1)])
            mailbox.seen[job] = max(have or -1, mailbox.seen.get(job, -1))
            ids = [job]
        else:
            ids = await in_thread(reading.first_ids, kind, job, mailbox.user, mailbox.reach)
            if kind == "tree":
                ids = [job, *(one for one in ids if one != job and mailbox.shows(one, job))]
            await self._load(ids)
            for one in ids:
                mailbox.seen.pop(one, None)
        mailbox.changed.update(dict.fromkeys(ids))
        mailbox.promised[topic] = None
        self._delivery.flush_one(mailbox)

    # States

    def _hear(self, states: list[State]) -> None:
        counted.count("states_heard", len(states))
        self._arrivals.take(self._wanted(states))

    def take_in(self, states: Iterable[State]) -> None:
        """Keep states that are newer than what is known, and pass them to who watches them."""
        self._pass_on(self._wanted(states))

    def _wanted(self, states: Iterable[State]) -> list[State]:
        return [one for one in states if one["id"] in self.known or self.watchers.follow(one)]

    def _pass_on(self, states: Iterable[State]) -> None:
        news: dict[str, State] = {}
        for state in states:
            if self.known.is_news(state):
                placed = line.placed(state, ahead=1)
                self.known.keep(placed)
                news[state["id"]] = placed
        self._delivery.tell({job: self.watchers.of(state) for job, state in news.items()})
        for state in news.values():
            self.tell_logs(state)

    async def _load(self, jobs: list[str]) -> None:
        """Read states and take in what is new."""
        self._pass_on((await self._states.ask(jobs)).values())

    def tell_logs(self, state: State) -> None:
        """Send what is new of a job's log to who watches it."""
        self._logs.tell(state, self.watchers.of_log(state["id"]))

    def _has_room(self, mailbox: Mailbox) -> None:
        self._delivery.has_room(mailbox)
        self.notices.has_room(mailbox)
        for job in mailbox.logs:
            if known := self.known.get(job):
                self._logs.tell(known.state, (mailbox,))

    # Time

    async def _beat_always(self) -> None:
        while True:
            await asyncio.sleep(conf.HEARTBEAT / 4)
            late = self._loop.time() - conf.HEARTBEAT * 3 / 4
            frame = protocol.heartbeat(timestamp())
            for mailbox in list(self.mailboxes):
                if mailbox.spoke_at < late:
                    mailbox.say(frame)

    async def _count_always(self) -> None:
        counted.show("sockets", lambda: len(self.mailboxes))
        # Of lists, made in one step: a thread reads them while sockets come and go.
        counted.show("watches", lambda: sum(len(one.topics) for one in list(self.mailboxes)))
        counted.show("slow_readers", lambda: sum(one.full for one in list(self.mailboxes)))
        try:
            while True:
                await asyncio.sleep(metrics.INTERVAL)
                await in_thread(counted.settle)
        finally:
            counted.hide("sockets", "watches", "slow_readers")

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
        self._delivery.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._attendance.settle()
        await self.listener.close()


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def get_hub() -> Hub:
    """Return the hub of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]


def open_sockets() -> list[Mailbox]:
    """Return the sockets of the running event loop."""
    hub = _hubs.get(asyncio.get_running_loop())
    return list(hub.mailboxes) if hub else []
