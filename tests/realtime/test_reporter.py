"""The reporter thread, with a publisher that the test controls."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from realtime import progress
from realtime.events import JobState, Status
from realtime.publish import Change, Published
from realtime.records import Row
from realtime.reporter import CROWDED, Reporter
from realtime.running import RunningJob
from realtime.stages import Counter
from realtime.store import Remembered
from realtime.transition import Transition
from realtime.watched import Watched
from tests.services import wait_until


class Publisher:
    """Answers as a store would, and can be away."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.times: list[float] = []
        self.away = False
        self.wants = ""
        self.seq = 0
        self.release = threading.Event()
        self.release.set()

    def __call__(  # noqa: D102  the shape of `publish`
        self, changes: list[Change], *, recorded: Callable[[], None], blind: bool
    ) -> Published:
        self.release.wait(10)
        if self.away or blind:
            recorded()
            return Published(answers=[None] * len(changes), unrecorded=[])
        self.changes += changes
        self.times.append(time.monotonic())
        recorded()
        return Published(answers=[self._answer() for _ in changes], unrecorded=[])

    def _answer(self) -> Remembered:
        self.seq += 1
        return Remembered(accepted=True, seq=self.seq, log=0, wants=self.wants)

    @property
    def states(self) -> list[Any]:
        """Return what was told, renewals left out."""
        return [change.state for change in self.changes if not change.silent]


@pytest.fixture
def publisher() -> Publisher:
    """Return a publisher that is there."""
    return Publisher()


@pytest.fixture
def reporter(publisher: Publisher) -> Iterator[Reporter]:
    """Return a reporter that ends with the test."""
    one = Reporter(publisher)
    yield one
    publisher.release.set()
    one.close(5)


def end_of(watched: Watched) -> Transition:
    """Return the success of a job."""
    return Transition(lambda: watched.snapshots.last(0, 0, Status.SUCCEEDED), ends=watched)


def test_the_newest_state_is_told_and_older_ones_are_gone(
    reporter: Reporter, publisher: Publisher, job: RunningJob
) -> None:
    """A thousand updates are a few reports, the last of which has the last number."""
    watched = reporter.watch(job)
    for number in range(1_000):
        progress.update(number, total=1_000)
    wait_until(lambda: publisher.states and publisher.states[-1].current == 999, "the newest")
    assert len(publisher.states) < 20
    assert reporter.put(end_of(watched)).wait(5)
    assert publisher.states[-1].status == "succeeded"


def test_a_job_reports_at_its_interval_and_lives_on_while_silent(
    reporter: Reporter, publisher: Publisher, job: RunningJob
) -> None:
    """Nothing changes: its lease is renewed, its state is not told again."""
    reporter.watch(job)
    wait_until(lambda: any(change.silent for change in publisher.changes), "a sign of life")
    assert len(publisher.states) == 1


def test_a_request_reaches_the_loop(
    reporter: Reporter, publisher: Publisher, job: RunningJob
) -> None:
    """What the store answers is raised by the next step."""
    reporter.watch(job)
    publisher.wants = "cancel"
    with pytest.raises(progress_cancelled()):
        for _ in progress.track(iter(int, 1)):
            time.sleep(0.001)


def progress_cancelled() -> type[Exception]:
    """Return the exception, imported late as users do."""
    from realtime import Cancelled

    return Cancelled


def test_a_slow_step_after_fast_ones_is_reported_soon(
    reporter: Reporter, publisher: Publisher, job: RunningJob
) -> None:
    """The loop's next step after it became slow is told within 200 ms, however fast it was."""
    reporter.watch(job)
    gate = threading.Event()
    ended: list[float] = []

    def work() -> None:
        progress.bound.set(job)
        for number in progress.track(range(300_001)):
            if number == 300_000:
                gate.wait(10)
        ended.append(time.monotonic())

    thread = threading.Thread(target=work)
    thread.start()
    wait_until(lambda: publisher.states and publisher.states[-1].current > 0, "a report")
    gate.set()
    thread.join()
    wait_until(lambda: publisher.states[-1].current == 300_001, "the last step")
    assert publisher.times[-1] - ended[0] < 0.2


def test_what_changes_while_the_reporter_looks_is_told(job: RunningJob) -> None:
    """The task is never slower than a look at its loops, and may then be silent for an hour."""

    class Loop(Counter):
        def look(self) -> bool:
            progress.update(message="the long part")
            return False

    watched = Watched(job)
    watched.learn(watched.take(0), Remembered(accepted=True, seq=1, log=0, wants=""), 0)
    assert not job.dirty
    job.open_counter(Loop(), "")
    job.dirty = False
    assert watched.is_due(0.5, 0.025)
    assert not watched.take(0.5).silent


def test_what_could_not_be_told_is_told_when_the_store_is_back(
    reporter: Reporter, publisher: Publisher, job: RunningJob
) -> None:
    """Log lines and ends wait for the store; the maker of an end does not."""
    publisher.away = True
    watched = reporter.watch(job)
    progress.log("one")
    progress.log("two")
    wait_until(lambda: not job.lines, "the lines to be taken")
    assert reporter.put(end_of(watched)).wait(5)
    publisher.away = False
    wait_until(lambda: publisher.changes, "the end to be told")
    told = publisher.changes[-1]
    assert (told.state.status, told.transition, len(told.lines)) == ("succeeded", False, 2)
    assert told.floor >= 1_000


def test_a_job_that_sql_cannot_be_told_of_holds_nobody_else_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its row may belong to a transaction that stays open; what else is told goes on."""
    open_rows: set[str] = set()

    def held(rows: list[Row]) -> list[Row]:
        return [row for row in rows if row.state.id in open_rows]

    def publish(changes: list[Change], **_: Any) -> Published:
        rows = [Row(change.state, 1, 0) for change in changes]
        answer = Remembered(accepted=True, seq=1, log=0, wants="")
        return Published(answers=[answer for _ in changes], unrecorded=held(rows))

    def ended(job: str) -> Transition:
        state = JobState(id=job, root=job, status=Status.SUCCEEDED)
        return Transition(lambda: Change(state=state, order=1, transition=True))

    monkeypatch.setattr("realtime.records.try_record", held)
    reporter, ends = Reporter(publish), {job: ended(job) for job in ("held", "free", "later")}
    open_rows |= {"held", "later"}
    reporter._carry([ends["held"], ends["free"]], [], [], 0, blind=False)
    reporter._carry([ends["later"]], [], [], 0, blind=False)
    assert [job for job, end in ends.items() if end.wait(0)] == ["free"]
    open_rows.remove("later")
    for now in (100, 200):
        reporter._record_again(now)
    assert [job for job, end in ends.items() if end.wait(0)] == ["free", "later"]
    open_rows.clear()
    reporter._record_again(300)
    assert ends["held"].wait(0)
    assert not reporter._unrecorded


def test_lines_wait_for_sql_only_while_few_writes_do() -> None:
    """Store and database are both away: the memory of the process does not fill with logs."""

    def publish(changes: list[Change], **_: Any) -> Published:
        rows = [Row(change.state, 1, 1, lines=("{}",)) for change in changes]
        return Published(answers=[None for _ in changes], unrecorded=rows)

    reporter = Reporter(publish)
    for number in range(CROWDED + 2):
        state = JobState(id=str(number), root=str(number), status=Status.SUCCEEDED)
        end = Transition(partial(Change, state=state, order=1, transition=True))
        reporter._carry([end], [], [], 0, blind=False)
    kept = [row.lines for rows, _ in reporter._unrecorded for row in rows]
    assert kept == [("{}",)] * CROWDED + [()] * 2


def test_a_transition_that_cannot_be_made_is_tried_again(
    reporter: Reporter, publisher: Publisher, job: RunningJob, caplog: pytest.LogCaptureFixture
) -> None:
    """The database may be away while an end is put together."""
    tries: list[int] = []
    watched = Watched(job)

    def make() -> Change:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("away")
        return watched.snapshots.last(0, 0, Status.FAILED)

    reporter.put(Transition(make))
    wait_until(lambda: publisher.states, "the second try")
    assert "tried again" in caplog.text


def test_a_job_that_cannot_be_read_keeps_no_other_from_being_told(
    publisher: Publisher, reporter: Reporter, job: RunningJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither another one's report nor an end that was put in the same moment."""
    broken = reporter.watch(RunningJob(id=str(uuid.uuid4()), name="t", title="T"))
    monkeypatch.setattr(broken, "snapshots", None)
    watched = reporter.watch(job)
    wait_until(lambda: publisher.states, "the other's report")
    end = Transition(
        lambda: watched.snapshots.last(time.monotonic(), watched.known, Status.SUCCEEDED),
        ends=watched,
    )
    assert reporter.put(end).wait(5)
    assert publisher.states[-1].status == "succeeded"


def test_ends_that_come_together_are_told_together(
    reporter: Reporter, publisher: Publisher
) -> None:
    """All of them, in their order, and far fewer times than one by one."""
    jobs = [RunningJob(id=str(n), name="t", title="T") for n in range(200)]
    ends = [reporter.gather(end_of(reporter.watch(job))) for job in jobs]
    assert all(end.wait(10) for end in ends)
    told = [state.id for state in publisher.states if state.status == Status.SUCCEEDED]
    assert told == [job.id for job in jobs]
    assert len(publisher.times) < 100


def test_an_end_that_is_alone_is_told_at_once(
    reporter: Reporter, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for others that may never come."""
    monkeypatch.setattr("realtime.reporter.TICK", 10.0)
    first, second = (RunningJob(id=one, name="t", title="T") for one in "ab")
    watched = [reporter.watch(first), reporter.watch(second)]
    wait_until(lambda: reporter._rests, "the reporter to rest")
    assert reporter.gather(end_of(watched[0])).wait(5)
    wait_until(lambda: reporter._rests, "the reporter to rest again")
    together = reporter.gather(end_of(watched[1]))
    assert not together.wait(0.2)
    reporter.close(5)
    assert together.wait(0)


def test_closing_tells_what_is_left(publisher: Publisher, job: RunningJob) -> None:
    """A worker that is shut down has told its ends."""
    one = Reporter(publisher)
    publisher.release.clear()
    watched = one.watch(job)
    transition = one.put(end_of(watched))
    threading.Timer(0.05, publisher.release.set).start()
    one.close(5)
    assert transition.wait(0)
    assert publisher.states[-1].status == "succeeded"


def test_closing_tells_a_store_that_was_away(publisher: Publisher, job: RunningJob) -> None:
    """A worker stops just after Redis was gone: SQL has the end, nobody else the last lines."""
    one = Reporter(publisher)
    publisher.away = True
    watched = one.watch(job)
    assert one.put(end_of(watched)).wait(5)
    publisher.away = False
    one.close(5)
    assert publisher.states[-1].status == "succeeded"


def test_closing_does_not_wait_for_ever(publisher: Publisher, job: RunningJob) -> None:
    """A store that stays away is left alone."""
    one = Reporter(publisher)
    publisher.away = True
    assert one.put(end_of(one.watch(job))).wait(5)
    one.close(0.4)
    assert one._thread is not None
    one._thread.join(10)
    assert not one._thread.is_alive()
