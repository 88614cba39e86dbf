"""Tells of roots that their trees decide about, some times a second each, for a reporter."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.db import Error

from realtime import trees
from realtime.conf import conf
from realtime.errors import StoreAway
from realtime.events import CANVAS
from realtime.publish import Change, Published
from realtime.states import State
from realtime.store import HEALING, News, Remembered, get_store

logger = logging.getLogger("realtime")

UNKNOWN = 0.5
"""Seconds until a root is told again whose fraction is not known yet."""
SOON = 0.05
"""Seconds until it is looked again whether SQL has the ends that the store has."""
SELDOM = 5.0
"""Seconds between two looks at a tree that is too large for the store."""
LATE = 20
"""Looks after which what store and SQL know of a tree is put together anew."""

LARGEST = 10_000
"""Roots of which it is remembered when they were told."""


class Heralds:
    """The roots of whose trees this process has reported something."""

    def __init__(self) -> None:
        """Begin with none."""
        self._due: dict[str, float] = {}
        self._told_at: dict[str, float] = {}
        self._best: dict[str, float] = {}
        self._looks: dict[str, int] = {}

    def __len__(self) -> int:
        """Return how many roots have something to be told."""
        return len(self._due)

    def learn(self, changes: list[Change], done: Published, now: float) -> None:
        """Take in what reports mean for the roots of their trees."""
        for change, answer in zip(changes, done.answers, strict=False):
            if answer and answer.accepted and change.state.held and change.crown:
                self._note(change, answer)
            if answer and answer.news:
                at_once = answer.news is News.ALL_ENDED
                self.call(change.state.root, now if at_once else self._next(change.state.root))
            elif answer and answer.accepted and change.state.held and change.state.is_root:
                self.call(change.state.id, now)

    def _note(self, told: Change, answer: Remembered) -> float | None:
        """Keep in mind how far a root was told to be: the store may lose it."""
        fraction = told.as_told(answer).fraction
        if fraction is not None:
            self._best[told.state.id] = fraction
        return fraction

    def call(self, root: str, at: float) -> None:
        """Tell of a root at this moment, or before."""
        self._due[root] = min(self._due.get(root, at), at)

    def speak(self, now: float, publish: Callable[[list[Change]], Published]) -> None:
        """Tell of those roots whose time has come."""
        for root in [root for root, at in self._due.items() if at <= now]:
            del self._due[root]
            self._told_at[root] = now
            try:
                self._tell(root, now, publish)
            except StoreAway:
                self.call(root, now + 1)
            except Error as error:
                logger.warning("The database is away, root %s is told later: %s", root, error)
                self.call(root, now + 1)
        for kept in (self._told_at, self._best):
            if len(kept) > LARGEST:
                kept.clear()

    def _next(self, root: str) -> float:
        return self._told_at.get(root, 0.0) + conf.REPORT_INTERVAL

    def _tell(self, root: str, now: float, publish: Callable[[list[Change]], Published]) -> None:
        read, growth = trees.read(root), get_store().growth(root)
        if read is None:
            return  # Queued in a transaction that is not committed yet.
        state, at = read
        recorded = growth.wants in {"", state.get("wants")}
        if not recorded:
            state = {**state, "wants": growth.wants}
        if state["finished_at"]:
            get_store().fell(root)
        elif not growth.planted:
            trees.regrow(state)
            self.call(root, now + HEALING)
        elif not state.get("held"):
            return
        elif growth.resting or (growth.open == 0 and not growth.settled):
            self.call(root, now + conf.REPORT_INTERVAL)
        elif growth.open == 0:
            self._end(state, growth.jobs, now, publish)
        elif growth.started or state["started_at"]:
            self._go_on(state, now, publish, at=at, busy=growth.busy, recorded=recorded)
        elif state["name"] in CANVAS:
            publish([trees.waiting(state)])

    def _go_on(
        self, state: State, now: float, publish: Callable[..., Published], **more: Any
    ) -> None:
        root = state["id"]
        self._looks.pop(root, None)
        told = trees.told(state, best=self._best.get(root, 0.0), **more)
        [answer] = publish([told]).answers
        if answer is None:
            self.call(root, now + 1)
        elif told.at is not None and not (answer.accepted or answer.ended):
            self.call(root, now + conf.REPORT_INTERVAL)  # It is another one by now.
        elif answer.accepted and self._note(told, answer) is None:
            self.call(root, now + UNKNOWN)

    def _end(self, state: State, jobs: int, now: float, publish: Callable[..., Published]) -> None:
        """End a root when SQL has all the ends below it, which it learns after the store.

        For rows that SQL should have and has not it is waited too, but not for ever: they may
        have been deleted.
        """
        root = state["id"]
        if not trees.is_recorded(root):
            # A row that was rolled back comes with this, and one that is not committed does later.
            self._go_on(state, now, publish, recorded=False)
            self.call(root, now + 1)
            return
        counts = trees.counted(root)
        change = trees.ended(state, counts)
        is_short = counts["total"] < jobs and self._looks.get(root, 0) < 2 * LATE - 1
        if change is None or is_short:
            self._wait(state, jobs, now)
            return
        self._looks.pop(root, None)
        [answer] = publish([change]).answers
        if answer is None:
            self.call(root, now + 1)
        elif answer.accepted or answer.ended:
            get_store().fell(root)
            trees.forget_followers(root)
            self._told_at.pop(root, None)
            self._best.pop(root, None)

    def _wait(self, state: State, jobs: int, now: float) -> None:
        root = state["id"]
        if jobs >= conf.TREE_JOBS:
            # Of such a tree only SQL knows, which takes long to count it, whether it is over.
            self._told_at[root] = now + SELDOM
            self.call(root, now + SELDOM)
            return
        looks = self._looks[root] = self._looks.get(root, 0) + 1
        if looks % LATE == 0:
            trees.regrow(state)
        if looks < 2 * LATE:
            self.call(root, now + SOON)
        else:
            del self._looks[root]  # The reaper looks after it.
