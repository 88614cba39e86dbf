"""A tree in the store of unit tests: what the scripts of `tree_scripts` do."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from realtime.conf import conf
from realtime.events import ENDS, Status
from realtime.store.contract import GROWING, HEALING, WHOLE, Crown, Growth, News, Part, share

PROMISED = "promised"
"""The status of a job that nobody has queued yet."""
AT_WORK = (Status.RUNNING, Status.PAUSED, Status.WAITING, Status.CANCELLING)
"""The statuses that are counted as running."""


@dataclass(slots=True)
class Tree:
    """The jobs below a root, and their sums."""

    jobs: dict[str, tuple[str, int]] = field(default_factory=dict)
    followers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    open: int = 0
    sum: int = 0
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
            for one in part.promised:
                if one not in self.jobs:
                    self._put(one, PROMISED, 0)
            self.followers[job] = part.promised
        if accepted and was not in ENDS:
            self._put(job, part.status, share(part.fraction, part.status))
            self._settle(job, part.status)
        return self.news

    def tail(self, job: str, crown: Crown) -> str:
        """Return what a root's body ends with."""
        if crown.mode == "plant":
            self.planted, self.grew = True, time.monotonic()
        self.held = self.held or crown.mode != "own"
        if crown.mode == "sealed" or (crown.mode == "held" and crown.own is not None):
            self.sealed = True
        if crown.mode == "own":
            self._drop(job)
        items = self._items() if crown.own is None else {}
        numbers = {**items, "fraction": self._fraction(crown), "children": self._children()}
        return "," + json.dumps(numbers, separators=(",", ":"))[1:]

    def growth(self) -> Growth:
        """Return how it is."""
        return Growth(
            planted=self.planted,
            open=self._still,
            jobs=len(self.jobs) - self.counts[PROMISED],
            started=len(self.jobs) > self.counts[Status.QUEUED] + self.counts[PROMISED],
            settled=self._is_settled,
            resting=time.monotonic() < self.rests,
        )

    def promised(self) -> list[str]:
        """Return who is to follow."""
        return [job for job, (status, _) in self.jobs.items() if status == PROMISED]

    def regrow(self, jobs: Iterable[tuple[str, str]], *, held: bool, sealed: bool) -> None:
        """Take in what is not known better."""
        if not self.planted:
            self.rests = time.monotonic() + HEALING
        for job, status in jobs:
            was = self._status(job)
            if was in {"", PROMISED} or (status in ENDS and was not in ENDS):
                self._put(job, status, share(0, status))
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
        return self.jobs.get(job, ("", 0))[0]

    def _put(self, job: str, status: str, done: int) -> None:
        was, had = self.jobs.get(job, ("", 0))
        done = max(done, had)
        if (was, had) == (status, done) or (not was and len(self.jobs) >= conf.TREE_JOBS):
            return
        if was:
            self.counts[was] -= 1
        else:
            self.grew = time.monotonic()
        self.jobs[job] = (status, done)
        self.counts[status] += 1
        self.open += (status not in ENDS) - (bool(was) and was not in ENDS)
        self.sum += done - had

    def _settle(self, job: str, status: str) -> None:
        if status in ENDS:
            promised = self.followers.pop(job, ())
            for one in promised if status != Status.SUCCEEDED else ():
                self._drop(one)

    def _drop(self, job: str) -> None:
        if self._status(job) == PROMISED:
            del self.jobs[job]
            self.counts[PROMISED] -= 1
            self.open -= 1

    def _fraction(self, crown: Crown) -> float | None:
        known = self.best > 0 or self._is_settled
        own = None if crown.own is None else int(crown.own * WHOLE)
        done = self.sum + (own or 0) if known else own
        best = max(int(crown.best * WHOLE), self.best)
        if done is None and not best:
            return None
        jobs = len(self.jobs) + (own is not None)
        self.best = max(best, min((done or 0) // max(jobs, 1), WHOLE - 1))
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
