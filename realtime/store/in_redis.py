"""The store of a real installation: a record is a hash, its log a list beside it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from realtime.conf import conf
from realtime.errors import StoreAway
from realtime.store import scripts
from realtime.store.contract import (
    LINES_PER_READ,
    Answered,
    Lead,
    Lines,
    Remembered,
    Report,
    Sign,
    Standing,
    Totals,
    numbered,
)


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
        self._remember = self._redis.register_script(scripts.REMEMBER)
        self._want = self._redis.register_script(scripts.WANT)
        self._wished = self._redis.register_script(scripts.WISHED)
        self._answer = self._redis.register_script(scripts.ANSWER)
        self._log = self._redis.register_script(scripts.LOG)
        self._renew = self._redis.register_script(scripts.RENEW)
        self._lead = self._redis.register_script(scripts.LEAD)
        self._resign = self._redis.register_script(scripts.RESIGN)
        self._gauges = self._redis.register_script(scripts.GAUGES)

    def remember(self, reports: list[Report]) -> list[Remembered]:
        """Send all reports in one round trip."""
        answers = self._scripted(self._remember, [_arguments(report) for report in reports])
        return [
            Remembered(
                accepted=bool(accepted),
                seq=seq,
                log=log,
                wants=wants,
                ended=bool(ended),
                answer=answer,
            )
            for accepted, seq, log, wants, ended, answer in answers
        ]

    def states(self, jobs: list[str]) -> dict[str, str]:
        """Read all states in one round trip."""
        found = self._each(jobs, lambda pipe, key: pipe.hget(key, "state"))
        return {job: state for job, state in zip(jobs, found, strict=True) if state}

    def signs(self, jobs: list[str]) -> dict[str, Sign]:
        """Read all seqs and ages in one round trip."""
        names = ("seq", "heard", "order", "ended")
        found = self._each(jobs, lambda pipe, key: pipe.hmget(key, *names), time=True)
        seconds, micros = found.pop() if found else (0, 0)
        now = seconds + micros / 1e6
        return {
            job: Sign(
                seq=int(seq or 0), age=now - float(heard), order=int(order or 0), ended=bool(ended)
            )
            for job, (seq, heard, order, ended) in zip(jobs, found, strict=True)
            if heard
        }

    def log(self, job: str, after: int, limit: int = LINES_PER_READ) -> Lines:
        """Read lines by number."""
        keys = [_key(job), _log_key(job)]
        start, found = _answered(lambda: self._log(keys=keys, args=[after, limit]))
        return numbered(found, start, after)

    def want(self, jobs: list[str], wish: str) -> None:
        """Keep the wish in the jobs' records, in one round trip, after saying that there is one."""

        def send() -> None:
            with self._redis.pipeline(transaction=False) as pipe:
                self._wished(keys=[_name("wished")], args=["now", conf.KEEP_SILENT], client=pipe)
                for job in jobs:
                    self._want(keys=[_key(job)], args=[wish, conf.KEEP_SILENT], client=pipe)
                pipe.execute()

        _answered(send)

    def answer(self, job: str, question: str, answer: str) -> Answered:
        """Keep the answer in the job's record."""
        taken, kept = self._scripted(self._answer, [([_key(job)], [question, answer])])[0]
        return Answered(taken=bool(taken), kept=kept)

    def standing(self, job: str) -> Standing:
        """Look into the job's record."""
        seq, wants = _answered(lambda: self._redis.hmget(_key(job), ["seq", "wants"]))
        return Standing(seq=int(seq or 0), wants=wants or "")

    def wished(self) -> float:
        """Read one key for all jobs; a store without it begins to keep it now."""
        values: list[str | int] = ["", conf.KEEP_SILENT]
        return float(_answered(lambda: self._wished(keys=[_name("wished")], args=values)))

    def renew(self, jobs: list[str]) -> None:
        """Renew all leases in one round trip."""
        self._scripted(self._renew, [([_key(job)], []) for job in jobs])

    def owns(self, job: str, order: int, run: str) -> bool:
        """Compare with the job's record."""
        names = ["ended", "order", "run"]
        ended, known, holder = _answered(lambda: self._redis.hmget(_key(job), names))
        latest = int(known or 0)
        return not ended and (latest < order or (latest == order and (holder or "") in {"", run}))

    def lead(self, token: str, seconds: float) -> Lead:
        """Take or keep the lock, a key that expires."""
        milliseconds = int(seconds * 1000)
        mine, now, micros = _answered(
            lambda: self._lead(keys=[_name("reaper")], args=[token, milliseconds])
        )
        return Lead(mine=bool(mine), now=int(now) + int(micros) / 1e6)

    def resign(self, token: str) -> None:
        """Delete the lock's key."""
        _answered(lambda: self._resign(keys=[_name("reaper")], args=[token]))

    def total(
        self, process: str, counts: dict[str, float], gauges: dict[str, float], *, keep: float
    ) -> None:
        """Add to a hash of sums, and keep the gauges; those of silent processes are forgotten."""

        def send() -> None:
            with self._redis.pipeline(transaction=False) as pipe:
                for name, number in counts.items():
                    pipe.hincrbyfloat(_name("counts"), name, number)
                shown: list[str | float] = [process, json.dumps(gauges), keep]
                self._gauges(keys=_gauge_keys(), args=shown, client=pipe)
                pipe.execute()

        _answered(send)

    def totals(self) -> Totals:
        """Read the sums, and the gauges of the processes that live."""
        counts: Any = _answered(lambda: self._redis.hgetall(_name("counts")))
        gauges: Counter[str] = Counter()
        for shown in _answered(lambda: self._gauges(keys=_gauge_keys())):
            gauges.update(json.loads(shown))
        sums = {name: float(number) for name, number in counts.items()}
        return Totals(counts=sums, gauges=dict(gauges))

    def close(self) -> None:
        """Close all connections."""
        self._redis.connection_pool.disconnect()

    def _scripted(self, script: Any, calls: list[tuple[list[str], list[Any]]]) -> list[Any]:
        if not calls:
            return []
        if len(calls) == 1:
            keys, values = calls[0]
            return [_answered(lambda: script(keys=keys, args=values))]

        def send() -> list[Any]:
            with self._redis.pipeline(transaction=False) as pipe:
                for keys, values in calls:
                    script(keys=keys, args=values, client=pipe)
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


def _gauge_keys() -> list[str]:
    return [_name("gauges"), _name("processes-until")]


def _name(what: str) -> str:
    return f"{conf.PREFIX}:{what}"


def _arguments(report: Report) -> tuple[list[str], list[Any]]:
    keep = conf.KEEP_ENDED if report.ends else conf.KEEP_SILENT
    ends = "1" if report.ends else ""
    order, claim = report.order, "1" if report.claim else ""
    values = (order, report.run, report.floor, report.body, ends, keep, conf.LOG_LINES, claim)
    silent_for = report.silent_for or ""
    place = ("" if report.base is None else report.base, report.told)
    at = "" if report.at is None else report.at
    more = (silent_for, *place, conf.LOG_BYTES, report.wants, report.question, at)
    return [_key(report.job), _log_key(report.job)], [*values, *more, *report.lines]
