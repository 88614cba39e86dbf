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
from tests.faults.audience import Spectator
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

    def faulted(self, times: int = 1) -> None:
        """Count faults."""
        self.outcome.faults += times

    async def shows(self, job: str, condition: Callable[[State], Any], seconds: float = 15) -> None:
        """Wait until all viewers who watch a job show this."""
        watchers = [one for one in self.spectators if _watches(one, job)]

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
        assert not wrong, f"after {took:.1f} s: {wrong[:5]}"
        assert not broken, broken[:5]
        assert took <= within, f"expected all to be whole within {within} s, got: {took:.1f} s"

    async def leave(self) -> None:
        """Let the viewers go, and count."""
        self.gate.touch()
        await asyncio.gather(*(one.leave() for one in self.spectators))
        outcome = self.outcome
        outcome.jobs = len(self.jobs)
        outcome.viewers += len(self.spectators)
        outcome.reports = sum(one.screen.applied for one in self.spectators)

    async def fresh(self) -> dict[str, State]:
        """Read all jobs as somebody who comes now."""
        return await asyncio.to_thread(_read_all, self.stage.front.port, self.cookie, self.jobs)

    async def log(self, job: str) -> list[dict[str, Any]]:
        """Read a job's log as somebody who comes now."""
        return await asyncio.to_thread(_read_log, self.stage.front.port, self.cookie, job)

    async def _wrong(self, ends: Sequence[str]) -> list[str]:
        fresh = await self.fresh()
        states = fresh.items()
        found = [f"{job} is {one['status']}" for job, one in states if one["status"] not in ends]
        if len(fresh) < len(self.jobs):
            found.append(f"{len(self.jobs) - len(fresh)} jobs cannot be read")
        lost, differ = len(found), 0
        for one in self.spectators:
            wrong = [job for job in self.jobs if _watches(one, job) and _differs(one, job, fresh)]
            wrong += [job for job in _logs(one) if _lacks_lines(one, job, fresh)]
            differ += bool(wrong)
            found += [f"{job}: {_told(one, job)}, not {_brief(fresh.get(job))}" for job in wrong]
        self.outcome.ends_lost, self.outcome.differ = lost, differ
        return found


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


def _watches(one: Spectator, job: str) -> bool:
    return f"job:{job}" in one.topics or "mine" in one.topics or "all" in one.topics


def _logs(one: Spectator) -> list[str]:
    return [topic[4:] for topic in one.topics if topic.startswith("log:")]


def _differs(one: Spectator, job: str, fresh: dict[str, State]) -> bool:
    # When it was last heard is a sign of life, which is no change and told to nobody.
    return _steady(one.screen.states.get(job)) != _steady(fresh.get(job))


def _steady(state: State | None) -> State | None:
    return None if state is None else {**state, "heard_at": None}


def _lacks_lines(one: Spectator, job: str, fresh: dict[str, State]) -> bool:
    return job in fresh and one.screen.after[job] < fresh[job]["log"]


def _told(one: Spectator, job: str) -> str:
    return f"{_brief(one.screen.states.get(job))} and line {one.screen.after[job]}"


def _brief(state: State | None) -> str:
    if state is None:
        return "nothing"
    return f"{state['status']} {state['current']} at {state['seq']}, log {state['log']}"


def _read_all(port: int, cookie: str, jobs: list[str]) -> dict[str, State]:
    found = {}
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as asked:
        for job in jobs:
            if state := _get(asked, f"/headway/api/jobs/{job}", cookie):
                found[job] = state
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
