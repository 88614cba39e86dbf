"""The store of a real installation: a record is a hash, its log a list beside it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError
from redis.retry import Retry

from realtime.conf import conf
from realtime.errors import StoreAway
from realtime.store import scripts, tree_scripts
from realtime.store.contract import (
    GROWING,
    HEALING,
    LINES_PER_READ,
    REMEMBERED,
    WORKERS,
    Answered,
    Branch,
    Growth,
    Lead,
    Lines,
    Remembered,
    Report,
    Sign,
    Standing,
    Told,
    Totals,
    numbered,
)
from realtime.store.redis_words import (
    arguments,
    bundles,
    gauge_keys,
    here_key_of,
    holding_keys,
    key_of,
    log_key_of,
    name_of,
    remembered,
    tree_key_of,
    worker_keys,
)

PEOPLE = 500
"""People who are told of in one round trip."""


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
        self._branch = self._redis.register_script(tree_scripts.BRANCH)
        self._root = self._redis.register_script(tree_scripts.ROOT)
        self._regrow = self._redis.register_script(tree_scripts.REGROW)
        self._growth = self._redis.register_script(tree_scripts.GROWTH)
        self._fell = self._redis.register_script(tree_scripts.FELL)
        self._log = self._redis.register_script(scripts.LOG)
        self._renew = self._redis.register_script(scripts.RENEW)
        self._lead = self._redis.register_script(scripts.LEAD)
        self._resign = self._redis.register_script(scripts.RESIGN)
        self._living = self._redis.register_script(scripts.LIVING)
        self._attend = self._redis.register_script(scripts.ATTEND)
        self._introduce = self._redis.register_script(scripts.INTRODUCE)
        self._introduced = self._redis.register_script(scripts.INTRODUCED)

    def remember(self, reports: list[Report]) -> list[Remembered]:
        """Send all reports in one round trip."""
        calls = [(self._script_for(report), *arguments(report)) for report in reports]
        return [remembered(answer) for answer in self._scripted(calls)]

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
        keys = [key_of(job), log_key_of(job)]
        start, found = _answered(lambda: self._log(keys=keys, args=[after, limit]))
        return numbered(found, start, after)

    def want(self, jobs: list[str], wish: str) -> None:
        """Keep the wish in the jobs' records, in one round trip, after saying that there is one."""
        said = (self._wished, [name_of("wished")], ["now", conf.KEEP_SILENT])
        self._scripted(
            [said, *((self._want, [key_of(job)], [wish, conf.KEEP_SILENT]) for job in jobs)]
        )

    def answer(self, job: str, question: str, answer: str) -> Answered:
        """Keep the answer in the job's record."""
        [found] = self._scripted([(self._answer, [key_of(job)], [question, answer])])
        taken, kept = found
        return Answered(taken=bool(taken), kept=kept)

    def standing(self, job: str) -> Standing:
        """Look into the job's record."""
        seq, wants = _answered(lambda: self._redis.hmget(key_of(job), ["seq", "wants"]))
        return Standing(seq=int(seq or 0), wants=wants or "")

    def wished(self) -> float:
        """Read one key for all jobs; a store without it begins to keep it now."""
        values: list[str | int] = ["", conf.KEEP_SILENT]
        return float(_answered(lambda: self._wished(keys=[name_of("wished")], args=values)))

    def renew(self, jobs: list[str]) -> None:
        """Renew all leases in one round trip."""
        self._scripted([(self._renew, [key_of(job)], []) for job in jobs])

    def growth(self, root: str) -> Growth:
        """Read the tree's sums."""
        keys = [tree_key_of(root), key_of(root)]
        [found] = self._scripted([(self._growth, keys, [GROWING])])
        planted, still, jobs, started, settled, resting, busy, wants = found
        return Growth(
            planted=bool(planted),
            open=still,
            jobs=jobs,
            started=bool(started),
            settled=bool(settled),
            resting=bool(resting),
            busy=bool(busy),
            wants=wants,
        )

    def regrow(self, root: str, jobs: Iterable[Branch], *, held: bool, sealed: bool) -> None:
        """Tell the tree's hash of many jobs at a time."""
        for words, last in bundles(jobs):
            flags = ["1" if flag else "" for flag in (last, held, sealed)]
            more = [*flags, conf.KEEP_SILENT, HEALING, conf.TREE_JOBS, *words]
            self._scripted([(self._regrow, [tree_key_of(root)], more)])

    def fell(self, root: str) -> None:
        """Leave of the tree's hash that its root has ended."""
        self._scripted([(self._fell, [tree_key_of(root)], [conf.KEEP_ENDED])])

    def owns(self, job: str, order: int, run: str) -> bool:
        """Compare with the job's record."""
        names = ["ended", "order", "run"]
        ended, known, holder = _answered(lambda: self._redis.hmget(key_of(job), names))
        latest = int(known or 0)
        return not ended and (latest < order or (latest == order and (holder or "") in {"", run}))

    def lead(self, token: str, seconds: float) -> Lead:
        """Take or keep the lock, a key that expires."""
        milliseconds = int(seconds * 1000)
        mine, now, micros = _answered(
            lambda: self._lead(keys=[name_of("reaper")], args=[token, milliseconds])
        )
        return Lead(mine=bool(mine), now=int(now) + int(micros) / 1e6)

    def resign(self, token: str) -> None:
        """Delete the lock's key."""
        _answered(lambda: self._resign(keys=[name_of("reaper")], args=[token]))

    def hold(self, worker: str, messages: list[str] | None, *, keep: float) -> None:
        """Keep it in a hash, from which silent workers are taken."""
        shown: list[str | float] = [worker, json.dumps(messages), keep]
        _answered(lambda: self._living(keys=holding_keys(), args=shown))

    def holdings(self) -> list[list[str] | None]:
        """Read the hash."""
        found = _answered(lambda: self._living(keys=holding_keys()))
        return [json.loads(messages) for messages in found]

    def introduce(self, worker: str, about: dict[str, Any]) -> None:
        """Keep it in a hash, and the time in a sorted set beside it."""
        said: list[str | float] = [worker, json.dumps(about), REMEMBERED, WORKERS]
        _answered(lambda: self._introduce(keys=worker_keys(), args=said))

    def introduced(self) -> dict[str, Told]:
        """Read both."""
        found = _answered(lambda: self._introduced(keys=worker_keys(), args=[REMEMBERED]))
        return {
            worker: Told(about=json.loads(about), age=float(age)) for worker, about, age in found
        }

    def attend(self, process: str, people: Mapping[str, float]) -> None:
        """Keep a sorted set for each person, which expires with the last that has seen them."""
        seen = list(people.items())
        for at in range(0, len(seen), PEOPLE):
            some = seen[at : at + PEOPLE]
            self._scripted([(self._attend, [here_key_of(one)], [process, s]) for one, s in some])

    def absent(self, people: list[str]) -> set[str]:
        """Look whose set is there."""

        def ask() -> list[int]:
            with self._redis.pipeline(transaction=False) as pipe:
                for one in people:
                    pipe.exists(here_key_of(one))
                return list(pipe.execute())

        found = _answered(ask) if people else []
        return {one for one, is_here in zip(people, found, strict=True) if not is_here}

    def total(
        self, process: str, counts: dict[str, float], gauges: dict[str, float], *, keep: float
    ) -> None:
        """Add to a hash of sums, and keep the gauges; those of silent processes are forgotten."""

        def send() -> None:
            with self._redis.pipeline(transaction=False) as pipe:
                for name, number in counts.items():
                    pipe.hincrbyfloat(name_of("counts"), name, number)
                shown: list[str | float] = [process, json.dumps(gauges), keep]
                self._living(keys=gauge_keys(), args=shown, client=pipe)
                pipe.execute()

        _answered(send)

    def totals(self) -> Totals:
        """Read the sums, and the gauges of the processes that live."""
        counts: Any = _answered(lambda: self._redis.hgetall(name_of("counts")))
        gauges: Counter[str] = Counter()
        for shown in _answered(lambda: self._living(keys=gauge_keys())):
            gauges.update(json.loads(shown))
        sums = {name: float(number) for name, number in counts.items()}
        return Totals(counts=sums, gauges=dict(gauges))

    def close(self) -> None:
        """Close all connections."""
        self._redis.connection_pool.disconnect()

    def _script_for(self, report: Report) -> Any:
        if report.crown:
            return self._root
        return self._branch if report.part else self._remember

    def _scripted(self, calls: list[tuple[Any, list[str], list[Any]]]) -> list[Any]:
        if not calls:
            return []
        if len(calls) == 1:
            script, keys, values = calls[0]
            return [_answered(lambda: script(keys=keys, args=values))]
        answers: list[Any] = _answered(lambda: self._called(calls))
        unknown = [n for n, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        # One by one each is read to a Redis that has begun anew, and obeyed.
        for n in unknown:
            [answers[n]] = self._scripted([calls[n]])
        for answer in answers:
            if isinstance(answer, redis.RedisError):
                raise StoreAway(f"{type(answer).__name__}: {answer}") from answer
        return answers

    def _called(self, calls: list[tuple[Any, list[str], list[Any]]]) -> list[Any]:
        """Call scripts by their names in one round trip; redis-py asks in one more what is there.

        Returns what went wrong in the place of an answer.
        """
        with self._redis.pipeline(transaction=False) as pipe:
            for script, keys, values in calls:
                pipe.evalsha(script.sha, len(keys), *keys, *values)
            return list(pipe.execute(raise_on_error=False))

    def _each(self, jobs: list[str], read: Any, *, time: bool = False) -> list[Any]:
        if not jobs:
            return []

        def send() -> list[Any]:
            with self._redis.pipeline(transaction=False) as pipe:
                for job in jobs:
                    read(pipe, key_of(job))
                if time:
                    pipe.time()
                return list(pipe.execute())

        return list(_answered(send))


def _answered(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except redis.RedisError as error:
        raise StoreAway(f"{type(error).__name__}: {error}") from error
