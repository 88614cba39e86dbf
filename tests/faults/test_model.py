"""Any history: what may happen, in any order, and what must be true in the end all the same."""

from __future__ import annotations

import math
import os
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from realtime import states, store
from realtime.events import Status
from realtime.models import Job
from realtime.permissions import Role, view
from tests.faults import sabotage
from tests.faults.logs import Log, Said
from tests.faults.page import Page
from tests.faults.world import OWNER, Run, World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

LONG = os.environ.get("FAULTS") == "long"
SHRINKS = [] if os.environ.get(sabotage.NAME) else [Phase.shrink]
"""Of a mutant nobody wants to know the shortest history."""
PHASES = [Phase.explicit, Phase.reuse, Phase.generate, *SHRINKS]
HISTORIES = settings(
    max_examples=400 if LONG else 60,
    stateful_step_count=40,
    deadline=None,
    print_blob=True,
    phases=PHASES,
    report_multiple_bugs=False,
    derandomize=not LONG,
    suppress_health_check=list(HealthCheck),
)
some = st.integers(0, 7)
ANY_TIME = math.inf
"""When the store has lost everything: no history here counts what it had."""


def shown(state: dict[str, Any] | None) -> dict[str, Any]:
    """Return what people see of a state: neither its number nor a bare sign of life.

    Nor the forecast, for it depends on which runs had ended when it was made.
    """
    left_out = {"seq", "heard_at", "actions", "eta", "eta_range"}
    return {k: v for k, v in (state or {}).items() if k not in left_out}


class Histories(RuleBasedStateMachine):
    """A service to which anything happens."""

    def __init__(self) -> None:
        """Begin with an empty service."""
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        Job.objects.all().delete()
        self.world = World(self.patch)

    def teardown(self) -> None:
        """Let all be well, and compare each page with a fresh reader."""
        try:
            self.world.heal()
            self.world.note_ends()
            self.compare()
        finally:
            self.world.close()
            self.patch.undo()
            store.close_stores()

    def compare(self) -> None:
        """See that state and frames together are the fresh state, and each log whole."""
        fresh = states.read(self.world.jobs)
        for page in self.world.pages:
            assert not page.screen.broken, page.screen.broken
            for job in self.world.jobs:
                if f"job:{job}" in page.topics:
                    assert shown(page.screen.states.get(job)) == shown(
                        view(fresh[job], Role.OWNER)
                    ), f"G2 {job}"
                if f"log:{job}" in page.topics:
                    assert page.screen.after[job] >= fresh[job]["log"], f"G6 {job}"

        for job in self.world.jobs:
            wrong = self._log(job).wrong(succeeded=False)
            assert not wrong, f"G6 {job}: {wrong}"

    def _log(self, job: str) -> Log:
        """Return what was said in a job's log, and what the pages show of it."""
        runs = [run for run in self.world.begun if run.id == job]
        said = {run.run[-6:]: Said([0.0] * run.logged) for run in runs}
        pages = [page.shown(job) for page in self.world.pages if f"log:{job}" in page.topics]
        return Log(said, pages, [ANY_TIME])

    @initialize()
    def begin(self) -> None:
        """Queue two jobs, and let one page watch."""
        self.world.queue()
        self.world.start(self.world.queue())
        self.new_page(logs=True)

    @precondition(lambda self: len(self.world.jobs) < 4)
    @rule(late=st.booleans())
    def start(self, late: bool) -> None:  # noqa: FBT001
        """Start a job that waits, or queue another one."""
        runs = {run.job.id for run in self.world.runs}
        waiting = [job for job in self.world.jobs if job not in runs | set(self.world.ends)]
        job = waiting[0] if waiting else self.world.queue()
        self.world.start(
            job, redelivers=late, redelivered=job in {run.id for run in self.world.begun}
        )

    @rule(at=some, lines=st.integers(0, 3))
    def step(self, at: int, lines: int) -> None:
        """Let a task go on."""
        if run := self._one(at):
            run.step(lines)

    @rule()
    def beat(self) -> None:
        """Let the reporters report."""
        self.world.beat()

    @rule(at=some, status=st.sampled_from([Status.SUCCEEDED, Status.FAILED]))
    def end(self, at: int, status: Status) -> None:
        """Let a task end."""
        if run := self._one(at):
            run.end(status)

    @rule(at=some)
    def retry(self, at: int) -> None:
        """Let a task fail and try again in another worker."""
        if run := self._one(at):
            self.world.retry(run)

    @rule(at=some)
    def redeliver(self, at: int) -> None:
        """Let the broker deliver a job to a second worker while the first one runs it."""
        if (
            (run := self._one(at))
            and not self.world.away
            and run.job.attempt == self.world.attempts[run.job.id]
        ):
            self.world.start(run.job.id, redelivered=True)

    @rule(at=some)
    def redeliver_what_has_ended(self, at: int) -> None:
        """Let the broker deliver a job again of whose end it has not heard."""
        ended = [job for job in self.world.jobs if job in self.world.ends]
        if ended and not self.world.away:
            self.world.start(ended[at % len(ended)], redelivered=True)

    @rule(at=some)
    def die(self, at: int) -> None:
        """Kill a worker."""
        if run := self._one(at):
            self.world.die(run)

    @rule(at=some)
    def freeze(self, at: int) -> None:
        """Stop a worker's process, or let it go on."""
        if run := self._one(at):
            run.frozen = not run.frozen

    @rule(at=some)
    def cancel(self, at: int) -> None:
        """Ask a job to stop."""
        if (run := self._one(at)) and not self.world.away:
            store.get_store().want([run.job.id], "cancel")

    @rule()
    def lose_store(self) -> None:
        """Flush Redis."""
        self.world.lose_store()

    @rule()
    def store_goes_or_comes(self) -> None:
        """Let the store be away, or be back."""
        self.world.bury()
        self.world.away = not self.world.away

    @rule(place=some, again=st.booleans())
    def deliver(self, place: int, again: bool) -> None:  # noqa: FBT001
        """Deliver an announcement, out of order, perhaps twice."""
        self.world.air.deliver(place, again=again)

    @rule(place=some)
    def lose(self, place: int) -> None:
        """Lose an announcement."""
        self.world.air.lose(place)

    @precondition(lambda self: len(self.world.pages) < 3)
    @rule(logs=st.booleans())
    def new_page(self, logs: bool) -> None:  # noqa: FBT001
        """Let somebody open a page."""
        kinds = ("job", "log") if logs else ("job",)
        topics = [f"{kind}:{job}" for job in self.world.jobs for kind in kinds]
        page = Page(OWNER, topics)
        self.world.pages.append(page)
        self.world.run(page.come())

    @rule(at=some)
    def lose_socket(self, at: int) -> None:
        """Lose a page's socket."""
        self.world.run(self._page(at).leave())

    @rule(at=some)
    def come_back(self, at: int) -> None:
        """Let a page come back."""
        self.world.run(self._page(at).come())

    @rule(at=some)
    def read(self, at: int) -> None:
        """Let a page read; it acknowledges what it has read."""
        self.world.run(self._page(at).read())

    @rule(seconds=st.sampled_from([0.1, 0.5, 3.0, 12.0]))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.world.wait(seconds)

    @invariant()
    def ends_stay(self) -> None:
        """See that what has ended stays as it ended."""
        if not self.world.away:
            self.world.note_ends()

    def _one(self, at: int) -> Run | None:
        going = [run for run in self.world.runs if not run.over]
        return going[at % len(going)] if going else None

    def _page(self, at: int) -> Page:
        return self.world.pages[at % len(self.world.pages)]


def test_any_history_ends_in_the_truth(
    transactional_db: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Order, one end, truth and whole logs hold, whatever is lost, doubled, late or killed."""
    get_user_model().objects.create_user("ana", password="x", pk=int(OWNER))
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    settings.HEADWAY = {**settings.HEADWAY, "STORE": "memory", "WINDOW": 4}
    run_state_machine_as_test(Histories, settings=HISTORIES)
