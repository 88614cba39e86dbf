"""What a task calls: the numbers that viewers see of it."""

from __future__ import annotations

import json
import math
import time
import uuid
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from realtime import Cancelled, progress
from realtime.conf import conf
from realtime.events import Status
from realtime.running import RunningJob
from realtime.snapshot import Snapshots


@pytest.fixture
def job() -> Iterator[RunningJob]:
    """Bind a running job to this test."""
    one = new_job()
    token = progress.bound.set(one)
    yield one
    progress.bound.reset(token)


def new_job() -> RunningJob:
    """Return a job of its own."""
    return RunningJob(id=str(uuid.uuid4()), name="tests.work", title="Work")


def seen(job: RunningJob) -> Any:
    """Return the state as the reporter would publish it."""
    for counter in job.counters():
        counter.look()
    return Snapshots(job).state(time.monotonic())


def test_everything_works_outside_a_job() -> None:
    """A task is a plain function where nobody watches."""
    assert list(progress.track(iter("abc"), total=3)) == ["a", "b", "c"]
    progress.update(1, total=2, message="m", unit="u")
    progress.advance()
    progress.stages(["a"])
    with progress.stage("a"):
        progress.log("text")
    progress.ok()
    progress.skipped("a", "b")
    progress.failed("a", "b")
    progress.attach("name", "/no/such/file")
    progress.checkpoint()
    assert progress.current() is None


def test_track_counts_what_is_done(job: RunningJob) -> None:
    """The item in work is not counted yet; the total comes from len()."""
    for number in progress.track(["a", "b", "c", "d"], unit="letter", message="Spelling"):
        if number == "c":
            state = seen(job)
    assert (state.current, state.total, state.fraction) == (2, 4, 0.5)
    assert (state.unit, state.message) == ("letter", "Spelling")
    assert (seen(job).current, seen(job).fraction) == (4, 1.0)


def test_a_total_may_stay_unknown(job: RunningJob) -> None:
    """A generator has no length: the count is shown, a fraction is not."""
    steps = progress.track(iter(range(10)))
    for number in steps:
        if number == 3:
            break
    assert (seen(job).current, seen(job).total, seen(job).fraction) == (3, None, None)


def test_a_loop_that_is_left_keeps_its_count(job: RunningJob) -> None:
    """Leaving by an error counts what was done before it."""
    with pytest.raises(ZeroDivisionError):
        for number in progress.track(range(10)):
            1 / (5 - number)
    assert seen(job).current == 5
    assert len(job.counters()) == 1


def test_a_loop_counts_in_whole_numbers(job: RunningJob) -> None:
    """While it runs and when it is left: viewers see 2, not 2.0."""
    steps = progress.track(range(5))
    counts = []
    for number in steps:
        counts.append(json.dumps(seen(job).current))
        if number == 2:
            break
    del steps
    assert [*counts, json.dumps(seen(job).current)] == ["0", "1", "2", "2"]


def test_an_inner_loop_refines_the_outer_ones_step(job: RunningJob) -> None:
    """Two of four done and half of the third: 62.5 %; the counts shown are the outer's."""
    for outer in progress.track(range(4), unit="file"):
        for inner in progress.track(range(10), unit="row"):
            if (outer, inner) == (2, 5):
                state = seen(job)
    assert (state.current, state.total, state.fraction, state.unit) == (2, 4, 0.625, "file")
    assert seen(job).fraction == 1.0


def test_update_and_advance(job: RunningJob) -> None:
    """Set what is given, leave the rest, count further."""
    progress.update(3, total=12, message="Reading", unit="row")
    progress.advance(3)
    progress.update(message="Writing")
    state = seen(job)
    assert (state.current, state.total, state.fraction) == (6, 12, 0.5)
    assert (state.message, state.unit) == ("Writing", "row")


def test_stages_are_weighted(job: RunningJob) -> None:
    """Declared ones are shown at once; the fraction is the weighted one of all."""
    progress.stages([("Read", 1), ("Resize", 3)])
    assert [stage["status"] for stage in seen(job).stages] == ["queued", "queued"]
    with progress.stage("Read"):
        pass
    with progress.stage("Resize"):
        for number in progress.track(range(2)):
            if number == 1:
                state = seen(job)
    assert state.fraction == 0.625
    resize = {"name": "Resize", "fraction": 0.5, "weight": 3, "status": "running"}
    assert state.stages[1] == {**resize, "began_at": state.stages[1]["began_at"]}
    assert (state.current, state.total) == (1, 2)
    assert seen(job).fraction == 1.0


def test_stages_nest(job: RunningJob) -> None:
    """A part of a part counts as its part of that part."""
    progress.stages(["A", "B"])
    with progress.stage("A"):
        progress.stages(["a1", "a2"])
        with progress.stage("a1"):
            pass
        assert seen(job).fraction == 0.25
        assert [one["status"] for one in seen(job).stages[0]["stages"]] == ["succeeded", "queued"]


def test_a_stage_that_breaks_is_shown_as_broken(job: RunningJob) -> None:
    """Its status tells where the job failed, and the next stages are reachable."""
    with pytest.raises(KeyError), progress.stage("Broken"):
        raise KeyError
    assert seen(job).stages[0]["status"] == "failed"
    with progress.stage("Next"):
        assert seen(job).stages[1]["status"] == "running"


def test_the_fraction_never_goes_back(job: RunningJob) -> None:
    """A total that grows holds the bar; it does not pull it back."""
    snapshots = Snapshots(job)
    progress.update(5, total=10)
    assert snapshots.state(0).fraction == 0.5
    progress.update(total=100)
    assert snapshots.state(1).fraction == 0.5
    progress.update(60)
    assert snapshots.state(2).fraction == 0.6


def test_outcomes_are_counted_and_their_reasons_logged(job: RunningJob) -> None:
    """Reasons can be read later; counts are in the state."""
    progress.ok(3)
    progress.failed("a.jpg", "it is damaged")
    progress.skipped("b.txt", "it is no picture")
    state = seen(job)
    assert (state.ok, state.failed, state.skipped) == (3, 1, 1)
    lines = "".join(Snapshots(job).lines())
    assert '"level":"warning","text":"a.jpg: it is damaged"' in lines
    assert '"level":"info","text":"b.txt: it is no picture"' in lines


def test_a_cancel_is_raised_once_by_the_next_call(job: RunningJob) -> None:
    """The calls of the cleaning up that follows do not raise again."""
    job.hear("cancel")
    with pytest.raises(Cancelled):
        progress.checkpoint()
    job.hear("cancel")
    progress.checkpoint()
    progress.update(1)
    assert seen(job).status == "cancelling"


@pytest.mark.parametrize("call", [lambda: progress.update(1), progress.advance])
def test_each_progress_call_is_a_checkpoint(job: RunningJob, call: Any) -> None:
    """A cancel does not wait for a checkpoint of its own."""
    job.hear("cancel")
    with pytest.raises(Cancelled):
        call()


def test_a_running_loop_hears_a_cancel(job: RunningJob) -> None:
    """The reporter raises the loop's flag, the loop looks at its next step."""
    done = []
    with pytest.raises(Cancelled):
        for number in progress.track(range(1_000)):
            done.append(number)
            if number == 200:
                job.hear("cancel")
                job.counter.look()
    assert done[-1] == 200


def test_the_count_is_seen_in_the_middle_of_a_step(job: RunningJob) -> None:
    """However fast the steps before it were: the loop need not tell, and does not."""
    steps = progress.track(iter(range(10_000)))
    for done in (1, 1_000, 1_001):
        while next(steps) < done:
            pass
        assert seen(job).current == done
        assert not job.counter.look()  # Nothing new, so there is nothing to report.


def test_a_loop_that_nobody_holds_is_over(job: RunningJob) -> None:
    """That its number is read from outside does not keep it alive."""
    steps = progress.track(range(10))
    next(steps)
    assert len(job.counters()) == 2
    del steps
    assert len(job.counters()) == 1


@pytest.mark.parametrize("n", [Decimal(3), 3.0, Fraction(3), 3])
def test_outcomes_may_be_counted_in_any_kind_of_number(job: RunningJob, n: Any) -> None:
    """A count that JSON does not know would take the reports of all other jobs with it."""
    progress.ok(n)
    assert json.loads(Snapshots(job).state(0).body())["ok"] == 3


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -1, "heavy", None, Decimal(0)])
def test_a_weight_that_is_none_weighs_nothing(job: RunningJob, wrong: Any) -> None:
    """The other stages are the whole, and no frame holds what browsers cannot read."""
    if isinstance(wrong, float):
        job.ok += wrong
    with progress.stage("Outer"):
        with progress.stage("Odd", weight=wrong):
            pass
        with progress.stage("Even"):
            state = json.loads(Snapshots(job).state(0).body(), parse_constant=pytest.fail)
    assert state["fraction"] == 0
    assert [stage["weight"] for stage in state["stages"][0]["stages"]] == [0, 1]


def test_parts_may_be_left_in_any_order(job: RunningJob) -> None:
    """Generators that each hold a stage open are closed as it comes, late or early."""

    def part(name: str) -> Iterator[None]:
        with progress.stage(name):
            yield

    first, second = part("First"), part("Second")
    next(first)
    next(second)
    first.close()  # type: ignore[attr-defined]
    second.close()  # type: ignore[attr-defined]
    with progress.stage("Third"):
        pass
    assert [stage["name"] for stage in seen(job).stages] == ["First", "Third"]


def test_a_loop_that_is_made_early_counts_when_it_runs(job: RunningJob) -> None:
    """Two loops made beforehand run one after the other, not one within the other."""
    first, second, _never = (progress.track(range(n)) for n in (10, 20, 30))
    for _ in first:
        pass
    for n in second:
        if n == 15:
            state = seen(job)
            assert (state.current, state.total, state.fraction) == (15, 20, 0.75)
            break


def test_stages_of_stages_stay_within_bounds(job: RunningJob) -> None:
    """A hundred times a hundred stages, or very deep ones, make no state that nobody can send."""

    def descend(levels: int) -> int:
        with progress.stage(f"level {levels}"):
            return descend(levels - 1) if levels else len(seen(job).body())

    for outer in range(100):
        with progress.stage(f"{outer}"):
            for inner in range(100):
                with progress.stage(f"{inner}"):
                    pass
    assert len(seen(job).body()) < 20_000
    token = progress.bound.set(new_job())
    try:
        assert descend(200) < 20_000
    finally:
        progress.bound.reset(token)


def test_lines_that_come_too_fast_are_counted(job: RunningJob, monkeypatch: Any) -> None:
    """What does not fit between two looks, or while the store is away, is told in its place."""
    snapshots = Snapshots(job)

    def told() -> list[str]:
        return [json.loads(line)["text"] for line in snapshots.lines()]

    for n in range(conf.LINES_WAITING + 10):
        progress.log(n)
    change = snapshots.take(0, 0)
    assert [json.loads(line)["text"] for line in change.lines[:2]] == [
        "(10 lines were left out here)",
        "10",
    ]
    snapshots.give_back(change)
    for n in range(4):
        progress.log(f"later {n}")
    snapshots.give_back(snapshots.take(0, 0))
    lines = told()
    assert lines[0] == "(14 lines were left out here)"
    assert (lines[1], lines[-1]) == ("14", "later 3")
    assert told() == []


def test_a_job_holds_no_long_text(job: RunningJob) -> None:
    """Cut at the call: what the task has let go is not kept alive by its job."""
    for n in range(20):
        progress.update(message="m" * 1_000_000)
        progress.log(f"{n}" * 1_000_000)
        progress.failed("i" * 1_000_000, "r" * 1_000_000)
        progress.stages(["s" * 1_000_000])
    kept = [job.message, *(line[2] for line in job.lines)]
    kept += [stage.name for stage in job.trunk.children]
    assert max(map(len, kept)) <= 10_001


def test_a_report_carries_so_many_lines(job: RunningJob) -> None:
    """A task that logs without end makes several reports, in order, and none that is too large."""
    for n in range(2_000):
        progress.log(f"{n} {'x' * 1_000}")
    snapshots, found = Snapshots(job), []
    reports = 0
    while lines := snapshots.take(0, 0).lines:
        assert sum(map(len, lines)) < 600_000
        found += [int(json.loads(line)["text"].split()[0]) for line in lines]
        assert job.dirty is (len(found) < 2_000)
        reports += 1
    assert (found, reports) == (list(range(2_000)), 5)


def test_the_end_brings_what_a_log_can_hold(job: RunningJob, settings: Any) -> None:
    """All that the store would keep, and a word on the rest."""
    settings.HEADWAY = {**settings.HEADWAY, "LOG_BYTES": 50_000}
    for n in range(100):
        progress.log(f"{n} {'x' * 1_000}")
    lines = Snapshots(job).last(0, 0, Status.SUCCEEDED).lines
    told = [json.loads(line)["text"].split(" x")[0] for line in lines]
    assert sum(map(len, lines)) < 51_000
    assert told == [f"({100 - len(lines) + 1} lines were left out here)", *told[1:]]
    assert told[-1] == "99"
