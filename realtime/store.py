"""Where live states and logs are kept: in Redis, or in memory for tests. One contract.

Each job has one record: its newest state, its numbers, who runs it and what people ask of it.
`remember` is the only way to change a state, and is one atomic step for each job:
refuse what comes after the end or from an older run, give the next seq, append the log lines,
renew the lease, hand back what people ask.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Protocol

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from realtime.conf import conf
from realtime.errors import StoreAway
from realtime.events import with_numbers

LINES_PER_READ = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the store is asked to remember of one job."""

    job: str
    """The job's id."""
    order: int
    """The attempt; 0 for a job that is only queued, so that a start is never taken back."""
    run: str = ""
    """Which execution of the attempt reports; "" speaks for none and is not refused for it."""
    claim: bool = False
    """Whether this run takes the job over from another run of the same attempt."""
    floor: int = 0
    """The highest seq that the writer knows: seqs go on from here when Redis lost everything."""
    body: str = ""
    """The state without its numbers; "" only renews the lease."""
    ends: bool = False
    """Whether this is the job's last state."""
    lines: tuple[str, ...] = ()
    """Log lines, each a JSON object without its number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What the store answers."""

    accepted: bool
    """False when the job had ended, or another run of it reports."""
    seq: int
    """The job's seq now."""
    log: int
    """The number of the newest log line."""
    asks: str
    """What people ask of the job: "" or "cancel"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """A job's seq and how long ago its worker was heard."""

    seq: int
    """The newest seq."""
    age: float
    """Seconds since the lease was renewed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """A part of a job's log."""

    lines: list[dict[str, Any]]
    """Each with its number `n`, `at`, `level` and `text`."""
    lost: int
    """How many lines before them are no longer kept."""


class Store(Protocol):
    """What both stores do; every call raises `StoreAway` when there is no answer in time."""

    def remember(self, reports: list[Report]) -> list[Remembered]:
        """Take reports in, in order; one answer for each."""

    def states(self, jobs: list[str]) -> dict[str, str]:
        """Return the whole states, as JSON, of those jobs that are known."""

    def signs(self, jobs: list[str]) -> dict[str, Sign]:
        """Return seq and age of those jobs that are known."""

    def log(self, job: str, after: int, limit: int = LINES_PER_READ) -> Lines:
        """Return the lines that follow line `after`."""

    def ask(self, job: str, what: str) -> None:
        """Leave a request, which the job's next report brings back to it."""

    def close(self) -> None:
        """Close connections; a later call opens new ones."""


_REMEMBER = """
local had = redis.call('HMGET', KEYS[1], 'seq', 'log', 'ended', 'order', 'run', 'asks')
local seq, log = tonumber(had[1] or 0), tonumber(had[2] or 0)
local order, run, floor = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local body, ends, keep, cap = ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7])
local claim = ARGV[8]
local asks = had[6] or ''
local known = tonumber(had[4] or -1)
if had[3] or order < known or (order == 0 and known == 0) then return {0, seq, log, asks} end
if order == known and claim == '' and run ~= '' and (had[5] or '') ~= '' and had[5] ~= run then
  return {0, seq, log, asks}
end
local now = redis.call('TIME')
redis.call('HSET', KEYS[1], 'heard', now[1] .. '.' .. string.format('%06d', now[2]))
if #ARGV > 8 then
  for i = 9, #ARGV do redis.call('RPUSH', KEYS[2], ARGV[i]) end
  redis.call('LTRIM', KEYS[2], -cap, -1)
  log = log + #ARGV - 8
end
if body ~= '' then
  seq = math.max(seq, floor) + 1
  local whole = string.format('{"seq":%.0f,"log":%.0f,', seq, log) .. string.sub(body, 2)
  redis.call('HSET', KEYS[1], 'seq', string.format('%.0f', seq), 'log', log, 'order', order,
    'state', whole)
  if run ~= '' then redis.call('HSET', KEYS[1], 'run', run) end
  if ends == '1' then redis.call('HSET', KEYS[1], 'ended', '1') end
elseif #ARGV > 8 then
  redis.call('HSET', KEYS[1], 'log', log)
end
redis.call('EXPIRE', KEYS[1], keep)
redis.call('EXPIRE', KEYS[2], keep)
return {1, seq, log, asks}
"""

_LOG = """
local newest = tonumber(redis.call('HGET', KEYS[1], 'log') or 0)
local kept = redis.call('LLEN', KEYS[2])
local first = newest - kept
local from = math.max(tonumber(ARGV[1]), first)
return {from, redis.call('LRANGE', KEYS[2], from - first, from - first + ARGV[2] - 1)}
"""


class RedisStore:
    """The store of a real installation; one record is a hash, its log a list beside it."""

    def __init__(self, url: str | None = None) -> None:
        """Prepare a client; nothing is connected before the first call."""
        self._redis = redis.Redis.from_url(
            url or conf.REDIS_URL,
            decode_responses=True,
            socket_timeout=conf.STORE_TIMEOUT,
            socket_connect_timeout=conf.STORE_TIMEOUT,
            retry=Retry(NoBackoff(), 1),
            max_connections=1_000,
        )
        self._remember = self._redis.register_script(_REMEMBER)
        self._log = self._redis.register_script(_LOG)

    def remember(self, reports: list[Report]) -> list[Remembered]:
        """Send all reports in one round trip."""
        answers = self._scripted([_arguments(report) for report in reports])
        return [
            Remembered(accepted=bool(accepted), seq=seq, log=log, asks=asks)
            for accepted, seq, log, asks in answers
        ]

    def states(self, jobs: list[str]) -> dict[str, str]:
        """Read all states in one round trip."""
        found = self._each(jobs, lambda pipe, key: pipe.hget(key, "state"))
        return {job: state for job, state in zip(jobs, found, strict=True) if state}

    def signs(self, jobs: list[str]) -> dict[str, Sign]:
        """Read all seqs and ages in one round trip."""
        found = self._each(jobs, lambda pipe, key: pipe.hmget(key, "seq", "heard"), time=True)
        seconds, micros = found.pop() if found else (0, 0)
        now = seconds + micros / 1e6
        return {
            job: Sign(seq=int(seq), age=now - float(heard))
            for job, (seq, heard) in zip(jobs, found, strict=True)
            if seq
        }

    def log(self, job: str, after: int, limit: int = LINES_PER_READ) -> Lines:
        """Read lines by number."""
        keys = [_key(job), _log_key(job)]
        start, found = _answered(lambda: self._log(keys=keys, args=[after, limit]))
        return _numbered(found, start, after)

    def ask(self, job: str, what: str) -> None:
        """Keep the request in the job's record."""

        def send() -> None:
            with self._redis.pipeline(transaction=True) as pipe:
                pipe.hset(_key(job), "asks", what)
                pipe.expire(_key(job), conf.KEEP_SILENT)
                pipe.execute()

        _answered(send)

    def close(self) -> None:
        """Close all connections."""
        self._redis.connection_pool.disconnect()

    def _scripted(self, calls: list[tuple[list[str], list[Any]]]) -> list[Any]:
        if len(calls) == 1:
            keys, values = calls[0]
            return [_answered(lambda: self._remember(keys=keys, args=values))]

        def send() -> list[Any]:
            with self._redis.pipeline(transaction=False) as pipe:
                for keys, values in calls:
                    self._remember(keys=keys, args=values, client=pipe)
                return list(pipe.execute())

        return list(_answered(send))

    def _each(self, jobs: list[str], read: Any, *, time: bool = False) -> list[Any]:
        if not jobs:
            return []

        def send() -> list[Any]:
            with self._redis.pipeline(transaction=False) as pipe:
                for job in jobs:
                    read(pipe, _key(job))
                if time:
                    pipe.time()
                return list(pipe.execute())

        return list(_answered(send))


def _answered(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except redis.RedisError as error:
        raise StoreAway(f"{type(error).__name__}: {error}") from error


def _key(job: str) -> str:
    return f"{conf.PREFIX}:job:{{{job}}}"


def _log_key(job: str) -> str:
    return f"{conf.PREFIX}:log:{{{job}}}"


def _arguments(report: Report) -> tuple[list[str], list[Any]]:
    keep = conf.KEEP_ENDED if report.ends else conf.KEEP_SILENT
    ends = "1" if report.ends else ""
    order, claim = report.order, "1" if report.claim else ""
    values = (order, report.run, report.floor, report.body, ends, keep, conf.LOG_LINES, claim)
    return [_key(report.job), _log_key(report.job)], [*values, *report.lines]


def _numbered(found: list[str], start: int, after: int) -> Lines:
    lines = [{"n": start + place, **json.loads(line)} for place, line in enumerate(found, 1)]
    return Lines(lines=lines, lost=start - after if lines or start > after else 0)


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
        return _numbered(found, start, after)

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


_stores: dict[tuple[str, str], Store] = {}


def get_store() -> Store:
    """Return this process's store, as the settings name it."""
    key = (conf.STORE, conf.REDIS_URL)
    if key not in _stores:
        _stores[key] = MemoryStore() if conf.STORE == "memory" else RedisStore()
    return _stores[key]


def close_stores() -> None:
    """Close this process's stores; the next call opens new ones."""
    for store in _stores.values():
        store.close()
    _stores.clear()
