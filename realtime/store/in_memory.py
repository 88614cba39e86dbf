"""The store of unit tests: the same behaviour within one process; nothing expires."""

from __future__ import annotations

import json
import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

from realtime.conf import conf
from realtime.events import Wish, with_numbers
from realtime.store.contract import (
    LINES_PER_READ,
    REMEMBERED,
    WORKERS,
    Answered,
    Branch,
    Growth,
    Lead,
    Lines,
    News,
    Remembered,
    Report,
    Sign,
    Standing,
    Told,
    Totals,
    numbered,
)
from realtime.store.in_memory_tree import Tree


@dataclass(slots=True)
class _Record:
    seq: int = 0
    log: int = 0
    counted: bool = False
    ended: bool = False
    order: int = -1
    run: str = ""
    wants: str = ""
    answers: dict[str, str] = field(default_factory=dict)
    state: str = ""
    heard: float = 0.0
    base: int | None = None
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=conf.LOG_LINES))


class MemoryStore:
    """The store of unit tests: the same behaviour within one process, nothing expires."""

    def __init__(self) -> None:
        """Begin empty."""
        self._records: dict[str, _Record] = {}
        self._trees: dict[str, Tree] = {}
        self._lock = Lock()
        self._wished = time.time()
        self._leader = ("", 0.0)
        self._counts: Counter[str] = Counter()
        self._gauges: dict[str, tuple[float, dict[str, float]]] = {}
        self._here: dict[str, dict[str, float]] = {}
        self._holdings: dict[str, tuple[float, list[str] | None]] = {}
        self._workers: dict[str, tuple[float, dict[str, Any]]] = {}

    def remember(self, reports: list[Report]) -> list[Remembered]:
        """Take each report in under a lock."""
        with self._lock:
            return [self._take(report) for report in reports]

    def states(self, jobs: list[str]) -> dict[str, str]:
        """Return the states of those that are known."""
        found = {job: self._records[job].state for job in jobs if job in self._records}
        return {job: state for job, state in found.items() if state}

    def signs(self, jobs: list[str]) -> dict[str, Sign]:
        """Return seqs and ages of those that are known."""
        now = time.monotonic()
        known = {job: self._records[job] for job in jobs if job in self._records}
        return {
            job: Sign(
                seq=record.seq,
                age=now - record.heard,
                order=max(record.order, 0),
                ended=record.ended,
            )
            for job, record in known.items()
            if record.heard
        }

    def log(self, job: str, after: int, limit: int = LINES_PER_READ) -> Lines:
        """Return lines by number."""
        record = self._records.get(job, _Record())
        first = record.log - len(record.lines)
        start = max(after, first)
        found = list(record.lines)[start - first : start - first + limit]
        return numbered(found, start, after)

    def want(self, jobs: list[str], wish: str) -> None:
        """Keep the wish in the jobs' records."""
        with self._lock:
            self._wished = time.time()
            for record in (self._records.setdefault(job, _Record()) for job in jobs):
                record.wants = record.wants if record.wants == Wish.CANCEL else str(wish)

    def answer(self, job: str, question: str, answer: str) -> Answered:
        """Keep the answer in the job's record."""
        with self._lock:
            record = self._records.get(job, _Record())
            asked = json.loads(record.state)["question"] if record.state else None
            if not asked or asked["id"] != question:
                return Answered(taken=False, kept="")
            taken = question not in record.answers
            return Answered(taken=taken, kept=record.answers.setdefault(question, answer))

    def standing(self, job: str) -> Standing:
        """Look into the job's record."""
        record = self._records.get(job, _Record())
        return Standing(seq=record.seq, wants=record.wants)

    def wished(self) -> float:
        """Tell when `want` was last called."""
        return self._wished

    def growth(self, root: str) -> Growth:
        """Ask the tree."""
        growth = self._trees.get(root, Tree()).growth()
        return replace(growth, wants=self.standing(root).wants)

    def regrow(self, root: str, jobs: Iterable[Branch], *, held: bool, sealed: bool) -> None:
        """Tell the tree under the lock."""
        with self._lock:
            self._tree(root).regrow(jobs, held=held, sealed=sealed)

    def fell(self, root: str) -> None:
        """Keep of the tree that its root has ended."""
        with self._lock:
            self._trees[root] = Tree(ended=True)

    def renew(self, jobs: list[str]) -> None:
        """Renew leases under the lock."""
        with self._lock:
            for job in jobs:
                record = self._records.get(job)
                if record and record.heard and not record.ended:
                    record.heard = time.monotonic()

    def owns(self, job: str, order: int, run: str) -> bool:
        """Compare with the job's record."""
        record = self._records.get(job, _Record())
        return not record.ended and (
            record.order < order or (record.order == order and record.run in {"", run})
        )

    def lead(self, token: str, seconds: float) -> Lead:
        """Take or keep the lock."""
        now = time.monotonic()
        with self._lock:
            holder, until = self._leader
            mine = holder == token or now >= until
            if mine:
                self._leader = (token, now + seconds)
        return Lead(mine=mine, now=now)

    def resign(self, token: str) -> None:
        """Free the lock."""
        with self._lock:
            if self._leader[0] == token:
                self._leader = ("", 0.0)

    def hold(self, worker: str, messages: list[str] | None, *, keep: float) -> None:
        """Keep it with the time until which it holds."""
        with self._lock:
            self._holdings[worker] = (time.monotonic() + keep, messages)

    def holdings(self) -> list[list[str] | None]:
        """Return those whose time is not over."""
        now = time.monotonic()
        with self._lock:
            return [messages for until, messages in self._holdings.values() if until > now]

    def introduce(self, worker: str, about: dict[str, Any]) -> None:
        """Keep it with the time; the newest are kept."""
        with self._lock:
            self._workers.pop(worker, None)
            self._workers[worker] = (time.monotonic(), about)
            for one in list(self._workers)[:-WORKERS]:
                del self._workers[one]

    def introduced(self) -> dict[str, Told]:
        """Return those who were heard not too long ago."""
        now = time.monotonic()
        with self._lock:
            told = {
                worker: Told(about=about, age=now - at)
                for worker, (at, about) in self._workers.items()
            }
        return {worker: one for worker, one in told.items() if one.age <= REMEMBERED}

    def attend(self, process: str, people: Mapping[str, float]) -> None:
        """Keep until when each process sees each person."""
        now = time.monotonic()
        with self._lock:
            for one, seconds in people.items():
                self._here.setdefault(one, {})[process] = now + seconds

    def absent(self, people: list[str]) -> set[str]:
        """Look whether any process sees them still."""
        now = time.monotonic()
        with self._lock:
            return {one for one in people if max(self._here.get(one, {"": 0}).values()) <= now}

    def total(
        self, process: str, counts: dict[str, float], gauges: dict[str, float], *, keep: float
    ) -> None:
        """Add under the lock."""
        with self._lock:
            self._counts.update(counts)
            self._gauges[process] = (time.monotonic() + keep, gauges)

    def totals(self) -> Totals:
        """Return the sums, without the gauges of processes that are silent."""
        now, gauges = time.monotonic(), Counter[str]()
        with self._lock:
            for until, shown in self._gauges.values():
                gauges.update(shown if until > now else {})
            return Totals(counts=dict(self._counts), gauges=dict(gauges))

    def close(self) -> None:
        """Nothing is open."""

    def _tree(self, root: str) -> Tree:
        return self._trees.setdefault(root, Tree())

    def _take(self, report: Report) -> Remembered:
        """Do what a report says to its job and to the tree that the job belongs to."""
        if report.crown:
            tree = self._tree(report.job)
            tail = tree.tail(report.job, report.crown)
            done = self._take_one(replace(report, body=report.body[:-1] + tail))
            is_news = report.crown.mode == "sealed" or not tree.planted
            news = tree.news if is_news else News.NONE
            return replace(done, tail=tail, news=news)
        done = self._take_one(report)
        if not report.part:
            return done
        accepted = done.accepted and bool(report.body)
        tree = self._tree(report.part.root)
        return replace(done, news=News(tree.take(report.job, report.part, accepted=accepted)))

    def _take_one(self, report: Report) -> Remembered:
        record = self._records.setdefault(report.job, _Record())
        ended = record.ended
        if ended:
            # The same end told twice, because the first answer was lost, is no other end.
            accepted = bool(report.ends and report.run and report.run == record.run)
        elif accepted := _acceptable(record, report):
            _apply(record, report)
        answer = record.answers.get(report.question, "") if accepted and not ended else ""
        return Remembered(
            accepted=accepted,
            seq=record.seq,
            log=record.log,
            wants=record.wants,
            ended=ended,
            answer=answer,
        )


def _acceptable(record: _Record, report: Report) -> bool:
    if report.order < record.order:
        return False
    if report.order == record.order == 0 and not report.claim:
        return False
    if report.at not in {None, record.seq}:
        return False
    if record.heard and time.monotonic() - record.heard < report.silent_for:
        return False
    # Who knows a higher seq ran it last: the store had lost everything, and an older run spoke.
    ours = record.run.startswith(report.run) or not record.run
    return report.order > record.order or ours or report.claim or report.floor > record.seq


def _apply(record: _Record, report: Report) -> None:
    record.heard = time.monotonic()
    record.wants = record.wants or report.wants
    lines = _fresh(record, report)
    record.lines.extend(lines)
    _bound(record.lines)
    record.log += len(lines)
    record.counted |= bool(record.log or (report.body and not report.after))
    if report.body:
        record.seq = max(record.seq, report.floor) + 1
        record.order, record.ended = report.order, report.ends
        record.run = report.run or record.run
        record.state = with_numbers(report.body, record.seq, record.log)
    elif report.claim:
        record.run, record.base = report.run, None


def _fresh(record: _Record, report: Report) -> tuple[str, ...]:
    """Return the lines that are not there yet, and make room where lines before them are lost."""
    if not (report.told or report.lines):
        return ()
    base = report.base
    if base is None:
        base = record.base if report.run and record.run == report.run else None
    if base is None:
        base = record.log if record.counted else report.after
    record.base = base
    place = record.base + report.told
    if place > record.log:
        record.lines.clear()
        record.log = place
    return report.lines[record.log - place :]


def _bound(lines: deque[str]) -> None:
    """Let the oldest lines go that are more bytes than are kept."""
    size = sum(len(line.encode()) for line in lines)
    while size > conf.LOG_BYTES:
        size -= len(lines.popleft().encode())
