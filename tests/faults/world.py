"""A whole service in one thread, on a clock of its own: what can happen to it is done by name.

Real: reporters, snapshots, publishing, the store, SQL, the reaper, listener, hub, mailboxes.
Played: processes, the layer (which loses, doubles and reorders), sockets, time.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any

import pytest

from realtime import admission, announcer, progress, reaper, records, runs, store
from realtime import publish as publishing
from realtime.errors import Cancelled, StoreAway
from realtime.events import JobState, Status, timestamp
from realtime.publish import QUEUED_SEQ
from realtime.reporter import Reporter
from realtime.running import RunningJob
from realtime.states import read_one
from realtime.transition import Transition
from realtime.watched import Watched
from tests.faults.air import Air
from tests.faults.page import Page
from tests.faults.timeless import TimelessLoop

OWNER = "1"
STEPS = 8


class Run:
    """One execution of a job in a worker."""

    def __init__(
        self, job: RunningJob, watched: Watched, reporter: Reporter, loop: TimelessLoop
    ) -> None:
        """Begin."""
        self._loop = loop
        self.job = job
        self.watched = watched
        self.reporter = reporter
        self.steps = 0
        self.frozen = False
        self.over = False

    def step(self, lines: int = 1) -> None:
        """Let the task make progress; it obeys what it is asked."""
        token = progress.bound.set(self.job)
        try:
            for _ in range(lines):
                progress.log(f"{self.job.run[-6:]} {self.job.logged + 1}")
            progress.update(min(self.steps, STEPS), total=STEPS)
            self.job.checkpoint()
            self.steps += 1
        except Cancelled:
            self.end(Status.CANCELLED)
        finally:
            progress.bound.reset(token)

    def end(self, status: Status) -> None:
        """End the attempt as the lifecycle does."""
        self.over = True
        watched = self.watched
        if self.job.fenced:
            self.reporter.put(Transition(lambda: None, ends=watched))
            return

        def last() -> Any:
            return watched.snapshots.last(self._loop.time(), watched.known, status)

        self.reporter.put(Transition(last, ends=watched))


class World:
    """The service, and what can happen to it."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        """Begin with nothing."""
        self.loop = TimelessLoop()
        self.air = Air()
        self.pages: list[Page] = []
        self.runs: list[Run] = []
        self.begun: list[RunningJob] = []
        self.jobs: list[str] = []
        self.ends: dict[str, str] = {}
        self.attempts: dict[str, int] = {}
        self.reporters: list[Reporter] = []
        self.web = self.new_reporter()
        self.reaper = reaper.Reaper()
        self.away = False
        store.close_stores()
        self._wire(patch)

    def new_reporter(self) -> Reporter:
        """Return the reporter of a new process; its thread is played by `beat`."""
        one = Reporter()
        one._start = lambda: None  # type: ignore[method-assign]
        self.reporters.append(one)
        return one

    # What happens to jobs

    def queue(self) -> str:
        """Queue a job."""
        job, at = str(uuid.uuid4()), timestamp()
        state = JobState(id=job, name="t", owner=OWNER, root=job, queued_at=at, updated_at=at)
        records.create(state)
        change = publishing.Change(state=state, order=0)
        self.web.put(Transition(lambda: change))
        self.jobs.append(job)
        self.attempts[job] = 1
        return job

    def start(
        self,
        job: str,
        *,
        seq: int = QUEUED_SEQ,
        redelivered: bool = False,
        redelivers: bool = False,
    ) -> Run:
        """Let a new worker start a job, or run it again after a redelivery."""
        attempt = self.attempts[job]
        running = RunningJob(id=job, name="t", title="T", owner=OWNER, attempt=attempt)
        running.redelivers = redelivers
        self.begun.append(running)
        running.first = attempt == 1 and not redelivered
        if redelivered:
            seq = runs.resumed(running, seq)
        elif attempt > 1:
            runs.begun_before(running)
        standing = admission.standing_of(job, running.started_at, retried=attempt > 1)
        here = self.new_reporter()
        run = Run(running, here.watch(running, max(seq, standing.seq)), here, self.loop)
        self.runs.append(run)
        return run

    def retry(self, run: Run) -> None:
        """Let an attempt fail and the next one begin; its message says what is known."""
        run.end(Status.RETRYING)
        self.beat()
        if not run.job.fenced:
            self.attempts[run.job.id] = max(self.attempts[run.job.id], run.job.attempt + 1)
            self.start(run.job.id, seq=run.watched.known + 2 * publishing.BLIND_STEP)

    def die(self, run: Run) -> None:
        """Kill a worker: what it has not said is lost."""
        self.runs.remove(run)
        self.reporters.remove(run.reporter)

    # What happens to the parts

    def lose_store(self) -> None:
        """Flush."""
        self.bury()
        memory: Any = store.get_store()
        memory._records.clear()

    def bury(self) -> None:
        """Let runs die that were given up: without the store nobody can tell them apart."""
        newest = {run.job.id: run for run in self.runs}
        for run in list(self.runs):
            if run.frozen or (newest[run.job.id] is not run and not run.over):
                self.die(run)

    def wait(self, seconds: float) -> None:
        """Let time pass: reporters, reaper, hub and pages go on."""
        for _ in range(max(int(seconds / 0.5), 1)):
            self.beat()
            self.reaper.look()
            self.run(asyncio.sleep(min(seconds, 0.5)))

    def beat(self) -> None:
        """Let each reporter look at its jobs."""
        frozen = {id(run.reporter) for run in self.runs if run.frozen}
        for one in self.reporters:
            if id(one) not in frozen:
                one._beat(self.loop.time())

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run something of the web process."""
        return self.loop.run_until_complete(work)

    def heal(self) -> None:
        """Let all be well again, and wait until nothing more can come."""
        self.away = False
        self.air.lose_all()
        for run in self.runs:
            run.frozen = False
        for page in self.pages:
            page.reads = True
            self.run(page.go_on())
        for _ in range(4):
            self.wait(4)
            self._let_pages_read()
        # What changed last is on every page within the five seconds of G2.
        for _ in range(5):
            self.run(asyncio.sleep(1))
            self._let_pages_read()

    def _let_pages_read(self) -> None:
        for page in self.pages:
            self.run(page.go_on())

    def note_ends(self) -> None:
        """Remember which jobs have ended, and see that none has another end than before."""
        for job in self.jobs:
            state = read_one(job)
            if state and state["finished_at"]:
                first = self.ends.setdefault(job, state["status"])
                assert state["status"] == first, f"G3: {job} was {first}, is {state['status']}"
            else:
                assert job not in self.ends, f"G3: {job} was {self.ends[job]}, is {state}"

    def close(self) -> None:
        """Let the pages go."""
        for page in self.pages:
            self.run(page.leave())
        self.run(asyncio.sleep(0))
        self.loop.close()

    def _wire(self, patch: pytest.MonkeyPatch) -> None:
        clock = SimpleNamespace(monotonic=self.loop.time, time=time.time, sleep=lambda _: None)
        for module in ("realtime.reporter", "realtime.store.in_memory"):
            patch.setattr(f"{module}.time", clock)
        patch.setattr("realtime.listener.open_layer", lambda: self.air)
        patch.setattr(announcer, "announce", self.air.announce)
        patch.setattr(reaper, "get_reporter", lambda: self.web)
        for module in ("hub", "healing", "log_feed", "rights", "together"):
            patch.setattr(f"realtime.{module}.in_thread", self._at_once)
        memory: Any = store.get_store()
        for name in ("remember", "states", "signs", "standing", "log", "lead", "owns"):
            patch.setattr(memory, name, self._answering(getattr(memory, name)))

    async def _at_once(self, call: Any, *values: Any) -> Any:
        await asyncio.sleep(0)
        answer = call(*values)
        await asyncio.sleep(0)
        return answer

    def _answering(self, call: Any) -> Any:
        def answer(*values: Any) -> Any:
            if self.away:
                raise StoreAway("It is away in this history.")
            return call(*values)

        return answer
