"""One scenario: its jobs, its viewers, what was broken, and whether all is whole in the end."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from asgiref.sync import sync_to_async

import realtime
from realtime.models import Job
from realtime.replies import schemas
from tests.faults.audience import Spectator
from tests.faults.crowds import Crowd, FarCrowd, Sight
from tests.faults.pictures import Picture, watches
from tests.faults.screen import State
from tests.faults.stage import Stage
from tests.faults.table import Outcome

ENDED = ("succeeded", "failed", "cancelled", "lost")


class Cast:
    """Who takes part in a scenario."""

    def __init__(
        self, stage: Stage, outcome: Outcome, *, owner: Any, cookie: str, gate: Path
    ) -> None:
        """Begin with nobody; tasks wait at the gate until it is made, or the scenario is over."""
        self.stage = stage
        self.gate = gate
        self.outcome = outcome
        self.owner = owner
        self.cookie = cookie
        self.jobs: list[str] = []
        self.spectators: list[Spectator] = []
        self.crowds: list[FarCrowd] = []

    async def start(self, task: Any, *values: Any, **named: Any) -> str:
        """Queue a job."""
        job = await sync_to_async(realtime.start)(task, *values, owner=self.owner, **named)
        self.jobs.append(str(job.pk))
        return str(job.pk)

    async def audience(
        self, count: int, *topics: str, port: int = 0, cookie: str = ""
    ) -> list[Spectator]:
        """Let viewers come, through the front, and wait until all are live."""
        come = [
            Spectator(port or self.stage.front.port, cookie or self.cookie, topics)
            for _ in range(count)
        ]
        for one in come:
            one.start()
        self.spectators += come
        await until(lambda: all(one.live for one in come), "viewers to be live", 30)
        return come

    async def crowd(self, count: int, *topics: str, port: int) -> FarCrowd:
        """Let a crowd come from other processes, past the front, and wait until all are live."""
        crowd = Crowd(port=port, cookie=self.cookie, topics=list(topics), viewers=count)
        one = FarCrowd(crowd)
        self.crowds.append(one)
        await one.come()
        await self.seen(one, lambda sight: sight.live == count, "the crowd to be live", 60)
        return one

    async def seen(
        self, crowd: FarCrowd, condition: Callable[[Sight], Any], what: str, seconds: float
    ) -> Sight:
        """Wait until a crowd shows this."""
        begun = now()
        while not condition(sight := await crowd.sight()):
            told = f"{sight.live} live, closes {sight.closes}"
            assert now() - begun < seconds, f"expected {what} in {seconds} s, got: {told}"
            await asyncio.sleep(0.2)
        return sight

    def faulted(self, times: int = 1) -> None:
        """Count faults."""
        self.outcome.faults += times

    async def shows(self, job: str, condition: Callable[[State], Any], seconds: float = 15) -> None:
        """Wait until all viewers who watch a job show this."""
        watchers = [one for one in self.spectators if watches(one.topics, job)]

        def missing() -> list[State | None]:
            states = (one.screen.states.get(job) for one in watchers)
            return [state for state in states if state is None or not condition(state)]

        begun = now()
        while late := missing():
            took = now() - begun
            assert took < seconds, f"{len(late)} do not see it after {took:.0f} s: {late[0]}"
            await asyncio.sleep(0.02)

    async def recorded(self, *jobs: str, seconds: float = 30) -> None:
        """Wait until SQL has the ends of these jobs, of all when none is given."""
        left = list(jobs or self.jobs)
        ended = Job.objects.filter(pk__in=left, status__in=ENDED)
        count = sync_to_async(ended.count)
        begun = now()
        while await count() < len(left):
            statuses = await sync_to_async(_statuses)(left)
            assert now() - begun < seconds, f"expected ends in SQL, got: {statuses}"
            await asyncio.sleep(0.05)

    async def whole(
        self,
        within: float,
        *,
        since: float | None = None,
        ends: Sequence[str] = ("succeeded",),
    ) -> None:
        """Wait until each viewer shows what a fresh reader reads, and note how long it took.

        `since` is when the fault ended, now when not given; `ends` is what the jobs may be.
        """
        begun = now() if since is None else since
        while True:
            wrong = await self._wrong(ends)
            took = now() - begun
            if not wrong or took > within:
                break
            await asyncio.sleep(0.1)
        self.outcome.heal = max(self.outcome.heal, took)
        broken = [text for one in self.spectators for text in one.screen.broken]
        broken += [text for one in self.crowds for text in (await one.sight()).broken]
        assert not wrong, f"after {took:.1f} s: {wrong[:5]}"
        assert not broken, broken[:5]
        assert took <= within, f"expected all to be whole within {within} s, got: {took:.1f} s"

    async def leave(self) -> None:
        """Let the viewers go, and count."""
        self.gate.touch()
        outcome = self.outcome
        for crowd in self.crowds:
            outcome.viewers += crowd.viewers
            outcome.reports += (await crowd.sight()).applied
        await asyncio.gather(*(one.leave() for one in self.spectators))
        await asyncio.gather(*(one.leave() for one in self.crowds))
        outcome.jobs = len(self.jobs)
        outcome.viewers += len(self.spectators)
        outcome.reports += sum(one.screen.applied for one in self.spectators)

    async def fresh(self) -> dict[str, State]:
        """Read all jobs as somebody who comes now."""
        return await asyncio.to_thread(_read_all, self.stage.front.port, self.cookie, self.jobs)

    async def log(self, job: str) -> list[dict[str, Any]]:
        """Read a job's log as somebody who comes now."""
        return await asyncio.to_thread(_read_log, self.stage.front.port, self.cookie, job)

    async def logged(self, job: str, texts: list[str], within: float) -> None:
        """Wait until a job's log has these lines, as somebody reads it who comes now."""
        begun = now()
        while (read := [line["text"] for line in await self.log(job)]) != texts:
            took = now() - begun
            assert took <= within, f"after {took:.1f} s: {len(read)} lines of {len(texts)}"
            await asyncio.sleep(0.1)

    async def _wrong(self, ends: Sequence[str]) -> list[str]:
        fresh = await self.fresh()
        states = fresh.items()
        found = [f"{job} is {one['status']}" for job, one in states if one["status"] not in ends]
        if len(fresh) < len(self.jobs):
            found.append(f"{len(self.jobs) - len(fresh)} jobs cannot be read")
        lost, differ = len(found), 0
        for one in await self._pictures():
            wrong = one.wrong(self.jobs, fresh)
            differ += one.viewers * bool(wrong)
            found += wrong
        self.outcome.ends_lost, self.outcome.differ = lost, differ
        return found

    async def _pictures(self) -> list[Picture]:
        """Return what is shown."""
        own = [
            Picture(topics=one.topics, states=one.screen.states, after=one.screen.after)
            for one in self.spectators
        ]
        return own + [
            picture for crowd in self.crowds for picture in (await crowd.sight()).pictures
        ]


def now() -> float:
    """Return the event loop's clock."""
    return asyncio.get_running_loop().time()


async def until(condition: Callable[[], Any], what: str, seconds: float = 10) -> Any:
    """Return the first true answer, or fail with what was waited for; viewers go on meanwhile."""
    begun = now()
    while not (answer := condition()):
        assert now() - begun < seconds, f"expected {what} within {seconds} s, got: {answer!r}"
        await asyncio.sleep(0.02)
    return answer


def _statuses(jobs: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for status in Job.objects.filter(pk__in=jobs).values_list("status", flat=True):
        found[status] = found.get(status, 0) + 1
    return found


def _read_all(port: int, cookie: str, jobs: list[str]) -> dict[str, State]:
    found = {}
    told = schemas()["State"]["properties"]
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as asked:
        for job in jobs:
            if state := _get(asked, f"/headway/api/jobs/{job}", cookie):
                # Without what is answered besides, and no frame tells.
                found[job] = {key: state[key] for key in state if key in told}
    return found


def _read_log(port: int, cookie: str, job: str) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as asked:
        while True:
            after = lines[-1]["n"] if lines else 0
            part = _get(asked, f"/headway/api/jobs/{job}/log?after={after}", cookie)
            if not part or not part["lines"]:
                return lines
            lines += part["lines"]


def _get(asked: http.client.HTTPConnection, path: str, cookie: str) -> dict[str, Any] | None:
    asked.request("GET", path, headers={"Cookie": cookie})
    with asked.getresponse() as answer:
        text = answer.read()
        return json.loads(text) if answer.status == http.HTTPStatus.OK else None
