"""A tree in the store of unit tests: what the scripts of `tree_scripts` do."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from realtime.conf import conf
from realtime.events import ENDS, Status
from realtime.store.contract import (
    GROWING,
    HEALING,
    WHOLE,
    Branch,
    Crown,
    Growth,
    News,
    Part,
    grams,
    share,
    told_of,
)

PROMISED = "promised"
"""The status of a job that nobody has queued yet."""
AT_WORK = (Status.RUNNING, Status.PAUSED, Status.WAITING, Status.CANCELLING)
"""The statuses that are counted as running."""
TASKS = ("held", "replaced")
"""How a root is told whose task has queued all that there is."""
BUSY = (Status.RUNNING, Status.CANCELLING)
"""Those of them in which a task does something."""


@dataclass(slots=True)
class Tree:
    """The jobs below a root, and their sums."""

    jobs: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    followers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    open: int = 0
    sum: int = 0
    whole: int = 0
    best: int = 0
    grew: float = 0.0
    rests: float = 0.0
    planted: bool = False
    held: bool = False
    sealed: bool = False
    ended: bool = False

    def take(self, job: str, part: Part, *, accepted: bool) -> News:
        """Take a job's report in, and what it promises even when it comes too late."""
        if self.ended:
            return News.NONE
        was = self._status(job)
        if part.promised and was not in ENDS:
            self._promise(job, part.promised)
        if accepted and was not in ENDS:
            self._put(job, part.status, share(part.fraction, part.status), grams(part.weight))
            self._settle(job, part.status)
        return self.news

    def tail(self, job: str, crown: Crown) -> str:
        """Return what a root's body ends with."""
        if crown.mode == "plant":
            self.planted, self.grew = True, time.monotonic()
        self.held = self.held or crown.mode != "own"
        if crown.mode == "sealed" or (crown.mode in TASKS and crown.own is not None):
            self.sealed = True
        if crown.mode in {"own", "replaced"}:
            self._drop(job)
        items = self._items()
        told = {name: items[name] for name in told_of(crown) if name in items}
        numbers = {**told, "fraction": self._fraction(crown), "children": self._children()}
        return "," + json.dumps(numbers, separators=(",", ":"))[1:]

    def growth(self) -> Growth:
        """Return how it is."""
        return Growth(
            planted=self.planted,
            open=self._still,
            jobs=len(self.jobs) - self.counts[PROMISED],
            busy=any(self.counts[status] for status in BUSY),
            started=len(self.jobs) > self.counts[Status.QUEUED] + self.counts[PROMISED],
            settled=self._is_settled,
            resting=time.monotonic() < self.rests,
        )

    def regrow(self, jobs: Iterable[Branch], *, held: bool, sealed: bool) -> None:
        """Take in what is not known better."""
        if not self.planted:
            now = time.monotonic()
            # Its jobs may still be on their way to SQL, too.
            self.rests, self.grew = now + HEALING, now
        for one in jobs:
            was = self._status(one.job)
            if was in {"", PROMISED} or (one.status in ENDS and was not in ENDS):
                self._put(one.job, one.status, share(one.fraction, one.status), grams(one.weight))
            if one.promised and self._status(one.job) not in ENDS:
                self._promise(one.job, one.promised)
        self.planted, self.held = True, self.held or held
        self.sealed = self.sealed or sealed

    @property
    def news(self) -> News:
        """What is to be told of the root."""
        if self.planted and not self.held:
            return News.NONE
        over = self.planted and not self._still and len(self.jobs) < conf.TREE_JOBS
        return News.ALL_ENDED if over else News.SOME

    @property
    def _still(self) -> int:
        return self.open - self.counts[PROMISED]

    @property
    def _is_settled(self) -> bool:
        return self.sealed or time.monotonic() - self.grew >= GROWING

    def _status(self, job: str) -> str:
        return self.jobs.get(job, ("", 0, 0))[0]

    def _put(self, job: str, status: str, done: int, heft: int) -> None:
        was, had, weighed = self.jobs.get(job, ("", 0, 0))
        done = max(done, had)
        is_too_much = not was and len(self.jobs) >= conf.TREE_JOBS
        if (was, had, weighed) == (status, done, heft) or is_too_much:
            return
        if was:
            self.counts[was] -= 1
        else:
            self.grew = time.monotonic()
        self.jobs[job] = (status, done, heft)
        self.counts[status] += 1
        self.open += (status not in ENDS) - (bool(was) and was not in ENDS)
        self.sum += done * heft - had * weighed
        self.whole += heft - weighed

    def _promise(self, job: str, promised: Mapping[str, float]) -> None:
        for one, heft in promised.items():
            if one not in self.jobs:
                self._put(one, PROMISED, 0, grams(heft))
        self.followers[job] = tuple(promised)

    def _settle(self, job: str, status: str) -> None:
        if status in ENDS:
            promised = self.followers.pop(job, ())
            for one in promised if status != Status.SUCCEEDED else ():
                self._drop(one)

    def _drop(self, job: str) -> None:
        if self._status(job) == PROMISED:
            self.whole -= self.jobs.pop(job)[2]
            self.counts[PROMISED] -= 1
            self.open -= 1

    def _fraction(self, crown: Crown) -> float | None:
        known = self.best > 0 or self._is_settled
        heft = 0 if crown.own is None else grams(crown.weight)
        own = None if crown.own is None else int(crown.own * WHOLE) * heft
        done = self.sum + (own or 0) if known else own
        best = max(int(crown.best * WHOLE), self.best)
        if done is None and not best:
            return None
        self.best = max(best, min((done or 0) // max(self.whole + heft, 1), WHOLE - 1))
        return self.best / WHOLE

    def _items(self) -> dict[str, object]:
        ended = sum(self.counts[status] for status in ENDS)
        bad = self.counts[Status.FAILED] + self.counts[Status.LOST]
        total, ok = len(self.jobs), self.counts[Status.SUCCEEDED]
        return {"current": ended, "total": total, "ok": ok, "failed": bad}

    def _children(self) -> dict[str, int]:
        named = ("queued", "retrying", "succeeded", "failed", "cancelled", "lost")
        counts = {status: self.counts[status] for status in named}
        return {
            "total": len(self.jobs),
            "queued": counts.pop("queued"),
            "running": sum(self.counts[status] for status in AT_WORK),
            **counts,
        }
