"""The thread that carries states from a process to the outside; it owns all I/O.

It wakes some times a second, takes the newest state of each running job (older ones are simply
gone) and publishes all of them together. Transitions (queued, retried, ended) wake it at once.
"""

from __future__ import annotations

import atexit
import logging
import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from django.db import DEFAULT_DB_ALIAS, close_old_connections, connection, connections

from realtime import announcer, metrics, records
from realtime.forks import Unforked, disconnect
from realtime.greenlets import Prompter, breathing
from realtime.heralds import Heralds
from realtime.latch import Bell
from realtime.metrics import counted
from realtime.publish import Change, Published, publish
from realtime.running import RunningJob
from realtime.transition import Transition
from realtime.turns import Turns
from realtime.unsent import Unsent
from realtime.watched import Watched

logger = logging.getLogger("realtime")

TICK = 0.025
"""Seconds between two looks at the running jobs."""
PATIENCE = 1.0
"""Seconds between two tries while the store or the database is away."""
EXIT_SECONDS = 2.0
"""How long a process that ends waits for what it has queued to be announced."""
LAST_WORDS = 0.75
"""The part of that time in which it waits for a store that was away, and is told what it missed."""
LATE = 500
"""Changes that the store missed and is told of together."""
CROWDED = 20
"""Writes that wait for a database that is away, without log lines where there are more: the store
may yet be told these."""


class Reporter:
    """One for each process, started on first use after the fork."""

    def __init__(self, publisher: Callable[..., Published] = publish) -> None:
        """Prepare; the thread starts with the first job."""
        self._publish = publisher
        self._watched: dict[int, Watched] = {}
        self._urgent: deque[Transition] = deque()
        self._retried: list[Transition] = []
        self._unsent = Unsent()
        self._heralds = Heralds()
        self._unrecorded: deque[tuple[list[records.Row], list[Transition]]] = deque()
        self._wake = Bell()
        self._turns = Turns()
        self._asleep = False
        self._rests = False
        self._closing = False
        self._leave_at = 0.0
        self._away_until = 0.0
        self._record_at = 0.0
        self._retry_at = 0.0
        self._count_at = 0.0
        self._gathered_at = 0.0
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._connection: Any = None
        self._beating = Unforked(before=self._disconnect)
        self._prompter = Prompter(lambda: [one.job for one in list(self._watched.values())])

    def watch(self, job: RunningJob, known: int = 0) -> Watched:
        """Report on a job from now on, until its last transition is put.

        `known` is a seq that all states of this execution must be above.
        """
        return self.follow(Watched(job, known))

    def follow(self, watched: Watched) -> Watched:
        """Report, from now on, on a job that may have been told of before."""
        job = watched.job
        self._watched[id(watched)] = watched
        self._turns.settle(len(self._watched))
        job.breathe = breathing(lambda: not self._rests)
        if job.breathe:
            self._prompter.start()
        self._start()
        if self._asleep:
            self._wake.ring()
        return watched

    def put(self, transition: Transition, *, soon: bool = False) -> Transition:
        """Publish a transition at once, or with the next beat when `soon` is enough."""
        self._urgent.append(transition)
        self._start()
        if not soon or self._asleep:
            self._wake.ring()
        return transition

    def gather(self, transition: Transition) -> Transition:
        """Publish a transition together with those that come just before and after it.

        One that is alone is published at once.
        """
        now = time.monotonic()
        alone, self._gathered_at = now - self._gathered_at > TICK, now
        return self.put(transition, soon=not alone)

    def tell(self, root: str) -> None:
        """Tell of a root that its tree decides about, soon."""
        self._heralds.call(root, time.monotonic())
        self._start()
        self._wake.ring()

    def call(self, person: str) -> None:
        """Let a person's sockets know soon that their notices have changed."""
        announcer.tell([person])
        self._start()
        self._wake.ring()

    def close(self, timeout: float) -> None:
        """Publish what is there and stop; waits at most `timeout` seconds."""
        self._leave_at = time.monotonic() + timeout * LAST_WORDS
        self._closing = True
        self._wake.ring()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _start(self) -> None:
        if self._thread is not None and self._thread.is_alive():
            return
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._run, name="headway-reporter", daemon=True
                )
                self._thread.start()

    def _run(self) -> None:
        busy = time.monotonic()
        self._connection = connections[DEFAULT_DB_ALIAS]
        counted.show("running_jobs", lambda: len(self._watched))
        while not self._closing or self._urgent or self._has_last_words():
            now = time.monotonic()
            try:
                with self._beating:
                    self._beat(now)
            except Exception:
                logger.exception("The reporter met an error and goes on")
                time.sleep(PATIENCE)
            if self._watched or self._urgent or self._has_waiting():
                busy = now
            self._rest(idle=now - busy > PATIENCE)
        self._say_last()
        self._turns.give_back()
        announcer.settle(now=True)
        announcer.close()
        counted.settle()
        connection.close()

    def _has_last_words(self) -> bool:
        """Tell whether a store that was away may still be told what nobody else knows."""
        return bool(self._unsent) and time.monotonic() < self._leave_at

    def _say_last(self) -> None:
        """Tell of the roots whose turn would come: nobody else may do so for a while."""
        if not self._heralds or time.monotonic() < self._away_until:
            return
        try:
            self._heralds.speak(math.inf, self._spread)
        except Exception:
            logger.exception("The last of roots cannot be told; the reaper looks after them")

    def _disconnect(self) -> None:
        if self._connection is not None:
            disconnect(self._connection)

    def _has_waiting(self) -> bool:
        waits = self._unsent or self._unrecorded or self._retried or self._heralds
        return bool(waits) or announcer.waits()

    def _rest(self, *, idle: bool) -> None:
        if not idle or self._closing:
            announcer.settle()
            self._rests = True
            began = time.monotonic()
            self._wake.wait(TICK)
            self._rests = False
            self._turns.settle(len(self._watched), time.monotonic() - began - TICK)
        else:
            with self._beating:
                close_old_connections()
                counted.settle()
            self._asleep = True
            # Looked at again now that the flag is up: who came before did not wake us.
            if not self._watched and not self._urgent:
                self._wake.wait(60)
            self._asleep = False

    def _beat(self, now: float) -> None:
        if now >= self._count_at:
            self._count_at = now + metrics.INTERVAL
            counted.settle()
        self._record_again(now)
        if self._retried and now >= self._retry_at:
            self._urgent.extend(self._retried)
            self._retried, self._retry_at = [], now + PATIENCE
        urgent = [self._urgent.popleft() for _ in range(len(self._urgent))]
        for transition in urgent:
            if transition.ends:
                self._watched.pop(id(transition.ends), None)
        blind = now < self._away_until
        reports = [] if blind else self._reports(now)
        late = [] if blind else self._unsent.take(LATE)
        if urgent or late or reports:
            self._carry(urgent, reports, late, now, blind=blind)
        if self._heralds and not blind:
            self._heralds.speak(now, self._spread)

    def _reports(self, now: float) -> list[tuple[Watched, Change]]:
        """Take the states whose turn it is; one that cannot be read keeps none of the others."""
        found = []
        for watched in list(self._watched.values()):
            try:
                if watched.is_due(now, TICK):
                    found.append((watched, watched.take(now)))
            except Exception:
                logger.exception("The progress of job %s cannot be told", watched.job.id)
                watched.rest(now)
        return found

    def _carry(
        self,
        urgent: list[Transition],
        reports: list[tuple[Watched, Change]],
        late: list[Change],
        now: float,
        *,
        blind: bool,
    ) -> None:
        musts = late + self._made(urgent)

        def recorded() -> None:
            for transition in urgent:
                transition.recorded()

        changes = musts + [change for _, change in reports]
        done = self._publish(changes, recorded=recorded, blind=blind)
        self._heralds.learn(changes, done, now)
        passing = {change.state.id for _, change in reports if change.passing}
        left = [row for row in done.unrecorded if row.state.id not in passing]
        if left:
            if len(self._unrecorded) >= CROWDED:
                left = [row._replace(lines=()) for row in left]
            self._unrecorded.append((left, _held(urgent, left)))
            self._record_at = now + PATIENCE
        for change, answer in zip(musts, done.answers, strict=False):
            if answer is None and not change.silent_for:
                self._unsent.keep(change.later())
        made = (transition for transition in urgent if transition.job)
        for transition, answer in zip(made, done.answers[len(late) :], strict=False):
            transition.hear(answer)
        answers = done.answers[len(musts) :]
        missed = {row.state.id for row in done.unrecorded}
        for (watched, change), answer in zip(reports, answers, strict=True):
            watched.learn(change, answer, now, recorded=change.state.id not in missed)
        if None in done.answers and not blind:
            self._away_until = time.monotonic() + PATIENCE

    def _spread(self, changes: list[Change]) -> Published:
        """Publish what roots have to tell, for which nobody waits."""
        done = self._publish(changes)
        if done.unrecorded:
            self._unrecorded.append((done.unrecorded, []))
        return done

    def _made(self, urgent: list[Transition]) -> list[Change]:
        changes = []
        for transition in list(urgent):
            try:
                change = transition.make()
            except Exception:
                logger.exception("A transition could not be made and is tried again")
                urgent.remove(transition)
                if transition.try_again():
                    self._retried.append(transition)
            else:
                transition.job = change.state.id if change else ""
                changes += [change] if change else []
        return changes

    def _record_again(self, now: float) -> None:
        """Tell SQL what it could not be told; an end must not be lost."""
        while self._unrecorded and now >= self._record_at:
            rows, transitions = self._unrecorded.popleft()
            left = records.try_record(rows)
            held = _held(transitions, left)
            if left:
                # Behind the others: these may be held up by one transaction that stays open.
                self._unrecorded.append((left, held))
                self._record_at = now + PATIENCE


def _held(transitions: list[Transition], rows: list[records.Row]) -> list[Transition]:
    """Return the transitions whose rows SQL could not be told; the makers of others may go on."""
    jobs = {row.state.id for row in rows}
    for transition in transitions:
        if transition.job not in jobs:
            transition.recorded()
    return [transition for transition in transitions if transition.job in jobs]


_reporter: Reporter | None = None


def get_reporter() -> Reporter:
    """Return this process's reporter."""
    global _reporter  # noqa: PLW0603  one for each process; a child of a fork begins anew
    if _reporter is None:
        _reporter = Reporter()
        atexit.register(_reporter.close, EXIT_SECONDS)
    return _reporter


def _forget() -> None:
    global _reporter  # noqa: PLW0603
    _reporter = None


os.register_at_fork(after_in_child=_forget)
