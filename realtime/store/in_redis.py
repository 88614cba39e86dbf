"""The store of a real installation: a record is a hash, its log a list beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from realtime.conf import conf
from realtime.errors import StoreAway
from realtime.store.contract import LINES_PER_READ, Lines, Remembered, Report, Sign, numbered

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
        return numbered(found, start, after)

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
