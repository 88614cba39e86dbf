"""The store of unit tests: the same behaviour within one process; nothing expires."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from threading import Lock

from realtime.conf import conf
from realtime.events import with_numbers
from realtime.store.contract import LINES_PER_READ, Lines, Remembered, Report, Sign, numbered


@dataclass(slots=True)
class _Record:
    seq: int = 0
    log: int = 0
    ended: bool = False
    order: int = -1
    run: str = ""
    asks: str = ""
    state: str = ""
    heard: float = 0.0
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=conf.LOG_LINES))


class MemoryStore:
    """The store of unit tests: the same behaviour within one process, nothing expires."""

    def __init__(self) -> None:
        """Begin empty."""
        self._records: dict[str, _Record] = {}
        self._lock = Lock()

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
            job: Sign(seq=record.seq, age=now - record.heard)
            for job, record in known.items()
            if record.seq
        }

    def log(self, job: str, after: int, limit: int = LINES_PER_READ) -> Lines:
        """Return lines by number."""
        record = self._records.get(job, _Record())
        first = record.log - len(record.lines)
        start = max(after, first)
        found = list(record.lines)[start - first : start - first + limit]
        return numbered(found, start, after)

    def ask(self, job: str, what: str) -> None:
        """Keep the request in the job's record."""
        with self._lock:
            self._records.setdefault(job, _Record()).asks = what

    def close(self) -> None:
        """Nothing is open."""

    def _take(self, report: Report) -> Remembered:
        record = self._records.setdefault(report.job, _Record())
        if accepted := _acceptable(record, report):
            _apply(record, report)
        return Remembered(accepted=accepted, seq=record.seq, log=record.log, asks=record.asks)


def _acceptable(record: _Record, report: Report) -> bool:
    if record.ended or report.order < record.order or report.order == record.order == 0:
        return False
    other = report.run and record.run and record.run != report.run and not report.claim
    return not (report.order == record.order and other)


def _apply(record: _Record, report: Report) -> None:
    record.heard = time.monotonic()
    record.lines.extend(report.lines)
    record.log += len(report.lines)
    if report.body:
        record.seq = max(record.seq, report.floor) + 1
        record.order, record.ended = report.order, report.ends
        record.run = report.run or record.run
        record.state = with_numbers(report.body, record.seq, record.log)
