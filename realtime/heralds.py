"""Tells of roots that their trees decide about, some times a second each, for a reporter."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import Error

from realtime import trees
from realtime.conf import conf
from realtime.errors import StoreAway
from realtime.publish import Change, Published
from realtime.states import State
from realtime.store import HEALING, News, get_store

logger = logging.getLogger("realtime")

UNKNOWN = 0.5
"""Seconds until a root is told again whose fraction is not known yet."""
SOON = 0.05
"""Seconds until it is looked again whether SQL has the ends that the store has."""
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
        self._looks: dict[str, int] = {}

    def __len__(self) -> int:
        """Return how many roots have something to be told."""
        return len(self._due)

    def learn(self, changes: list[Change], done: Published, now: float) -> None:
        """Take in what reports mean for the roots of their trees."""
        for change, answer in zip(changes, done.answers, strict=False):
            if answer and answer.news:
                at_once = answer.news is News.ALL_ENDED
                self.call(change.state.root, now if at_once else self._next(change.state.root))
            elif answer and answer.accepted and change.state.held and change.state.is_root:
                self.call(change.state.id, now)

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
        if len(self._told_at) > LARGEST:
            self._told_at.clear()

    def _next(self, root: str) -> float:
        return self._told_at.get(root, 0.0) + conf.REPORT_INTERVAL

    def _tell(self, root: str, now: float, publish: Callable[[list[Change]], Published]) -> None:
        state, growth = trees.read(root), get_store().growth(root)
        if state is None:
            return  # Queued in a transaction that is not committed yet.
        if growth.wants:
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
            self._end(state, now, publish)
        elif growth.started:
            self._go_on(state, now, publish)

    def _go_on(self, state: State, now: float, publish: Callable[..., Published]) -> None:
        root = state["id"]
        self._looks.pop(root, None)
        [answer] = publish([trees.told(state)]).answers
        if answer is None:
            self.call(root, now + 1)
        elif answer.accepted and '"fraction":null' in answer.tail:
            self.call(root, now + UNKNOWN)

    def _end(self, state: State, now: float, publish: Callable[..., Published]) -> None:
        """End a root when SQL has all the ends below it, which it learns after the store."""
        root = state["id"]
        change = trees.ended(state, trees.counted(root))
        if change is None:
            self._wait(state, now)
            return
        self._looks.pop(root, None)
        [answer] = publish([change]).answers
        if answer is None:
            self.call(root, now + 1)
        elif answer.accepted or answer.ended:
            get_store().fell(root)
            self._told_at.pop(root, None)

    def _wait(self, state: State, now: float) -> None:
        root = state["id"]
        looks = self._looks[root] = self._looks.get(root, 0) + 1
        if looks % LATE == 0:
            trees.regrow(state)
        if looks < 2 * LATE:
            self.call(root, now + SOON)
        else:
            del self._looks[root]  # The reaper looks after it.
