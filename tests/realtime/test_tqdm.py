"""tqdm's bars in a job: what tqdm shows on a terminal, viewers see on the job's bar."""

from __future__ import annotations

import io
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tqdm import tqdm as own_tqdm

from realtime import Cancelled, progress
from realtime.contrib.tqdm import tqdm, trange
from realtime.events import Wish
from realtime.models import Job
from realtime.running import RunningJob
from realtime.snapshot import Snapshots
from tests import tasks
from tests.processes import Child
from tests.services import wait_until


def seen(job: RunningJob) -> Any:
    """Return the state as the reporter would publish it."""
    for counter in job.counters():
        counter.look()
    return Snapshots(job).state(time.monotonic())


def numbers(job: RunningJob) -> tuple[float, float | None, str]:
    """Return what is done of what, and of what kind."""
    state = seen(job)
    return state.current, state.total, state.unit


def test_outside_a_job_it_is_tqdms_own() -> None:
    """It prints what tqdm prints."""
    ours, theirs = io.StringIO(), io.StringIO()
    for kind, file in ((tqdm, ours), (own_tqdm, theirs)):
        bar = kind(range(3), desc="Rows", file=file, ncols=40, bar_format="{desc}{n_fmt}/{total}")
        assert list(bar) == [0, 1, 2]
        with kind(total=2, file=file, bar_format="{n_fmt}/{total}{postfix}") as bar:
            bar.update()
            bar.set_postfix(loss=0.5)
        kind.write("done", file=file)
    assert ours.getvalue() == theirs.getvalue() != ""


def test_each_step_is_counted_and_nothing_is_printed(
    job: RunningJob, capfd: pytest.CaptureFixture[str]
) -> None:
    """A worker's terminal is a log file."""
    for number in tqdm(range(4), desc="Rows", unit=" row"):
        assert numbers(job) == (number, 4, "row")
        assert seen(job).message == "Rows"
    assert numbers(job) == (4, 4, "row")
    assert seen(job).fraction == 1
    assert capfd.readouterr() == ("", "")


def test_trange_counts_too(job: RunningJob) -> None:
    """The unit that tqdm gives to anything is none."""
    assert [numbers(job) for _ in trange(2)] == [(0, 2, ""), (1, 2, "")]


def test_a_bar_by_hand_is_seen_from_the_start(job: RunningJob) -> None:
    """`update` counts by as much as it is told."""
    with tqdm(total=100, initial=20, unit="B", unit_scale=True) as bar:
        assert numbers(job) == (20, 100, "B")
        bar.update(30)
        assert numbers(job) == (50, 100, "B")
        bar.update(-10)
        assert bar.n == seen(job).current == 40
    bar.update(7)  # A bar that is closed counts no more.
    assert seen(job).current == 40


def test_a_bar_without_total_has_none(job: RunningJob) -> None:
    """It may become known on the way, and grow."""
    bar = tqdm(iter("abc"))
    assert [seen(job).total for _ in bar] == [None] * 3
    bar = tqdm()
    bar.update(5)
    assert (seen(job).total, seen(job).fraction) == (None, None)
    bar.total = 10
    assert seen(job).fraction == 0.5
    bar.reset(total=20)
    assert numbers(job) == (0, 20, "")
    bar.total = float("inf")
    assert seen(job).total is None
    bar.close()


def test_description_and_postfix_are_the_message(job: RunningJob) -> None:
    """Also those that tqdm would print with its next refresh alone."""
    bar = trange(2, desc="Train", postfix={"epoch": 1})
    for _ in bar:
        assert seen(job).message == "Train, epoch=1"
        bar.set_description("Test", refresh=False)
        assert seen(job).message == "Test, epoch=1"
        bar.set_description_str("Check")
        bar.set_postfix(loss=0.25, refresh=False)
        assert seen(job).message == "Check, loss=0.25"
        bar.set_postfix_str("fine")
        assert seen(job).message == "Check, fine"
        bar.set_description(None)
        assert seen(job).message == "fine"
        bar.set_postfix_str("")
        assert not seen(job).message
        break


def test_bars_nest(job: RunningJob) -> None:
    """An inner one refines the outer one's step, and gives its message back."""
    fractions = []
    for _ in tqdm(range(2), desc="Files"):
        for _ in trange(2, desc="Rows", leave=False):
            fractions.append(seen(job).fraction)
            assert seen(job).message == "Rows"
        assert numbers(job)[:2] == (len(fractions) // 2 - 1, 2)
        assert seen(job).message == "Files"
    assert fractions == [0, 0.25, 0.5, 0.75]


def test_a_bar_that_does_not_stay_takes_its_words_along(job: RunningJob) -> None:
    """Unless the task has said something else meanwhile."""
    progress.update(message="before")
    list(tqdm([1], desc="short", leave=False))
    assert seen(job).message == "before"
    for _ in tqdm([1], desc="short", leave=False):
        progress.update(message="said")
    assert seen(job).message == "said"
    list(tqdm([1], desc="stays"))
    assert seen(job).message == "stays"


def test_a_bar_that_is_left_or_forgotten_is_closed(job: RunningJob) -> None:
    """The next one is none inside it."""
    for number in tqdm(range(10)):
        if number == 3:
            break
    bar = tqdm(total=10)
    bar.update(5)
    del bar
    with pytest.raises(ZeroDivisionError):
        for number in tqdm(range(10)):
            number // 0
    list(tqdm(range(2)))
    assert numbers(job) == (2, 2, "")
    assert seen(job).fraction == 1


def test_a_disabled_bar_shows_nothing(job: RunningJob) -> None:
    """None is no reason: a worker never has a terminal."""
    assert list(tqdm(range(3), disable=True)) == [0, 1, 2]
    tqdm(total=5, disable=True).update()
    assert numbers(job) == (0, None, "")
    list(tqdm(range(3), disable=None))
    assert numbers(job) == (3, 3, "")


def test_what_is_written_is_a_line_of_the_log(
    job: RunningJob, capfd: pytest.CaptureFixture[str]
) -> None:
    """It goes where it always went besides; with a file of its own there alone."""
    file = io.StringIO()
    for _ in trange(1):
        tqdm.write("between")
        tqdm.write("elsewhere", file=file)
    assert [text for _, _, text in job.lines] == ["between"]
    assert capfd.readouterr() == ("between\n", "")
    assert file.getvalue() == "elsewhere\n"


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_cancel_reaches_the_next_step(job: RunningJob, by_hand: bool) -> None:  # noqa: FBT001
    """And the bar is closed by it."""
    done = 0
    with pytest.raises(Cancelled), tqdm(range(10)) as bar:
        for _ in range(10) if by_hand else bar:
            done += 1
            if done == 3:
                job.hear(Wish.CANCEL)
            if by_hand:
                bar.update()
    assert done == 3
    assert len(job.counters()) == 1


async def test_what_is_asynchronous_is_counted(job: RunningJob) -> None:
    """As with `tqdm.asyncio`."""

    async def letters() -> AsyncIterator[str]:
        for letter in "abc":
            yield letter

    counts = [(letter, seen(job).current) async for letter in tqdm(letters(), total=3)]
    assert counts == [("a", 1), ("b", 2), ("c", 3)]
    assert [number async for number in trange(2)] == [0, 1]


def test_files_are_read_through_a_bar(job: RunningJob) -> None:
    """What tqdm makes of itself is of this class, too."""
    with tqdm.wrapattr(io.BytesIO(b"x" * 10), "read", total=10) as file:
        file.read(4)
        assert numbers(job) == (4, 10, "B")


@pytest.mark.django_db(transaction=True)
def test_a_real_worker_carries_it(threads_worker: Child) -> None:
    """The row says what the bars said last."""
    job = tasks.with_tqdm.delay(50).id
    row = Job.objects.filter(pk=job, status="succeeded")
    wait_until(row.exists, "the end")
    last = row.get().last
    assert (last["current"], last["total"], last["unit"]) == (50, 50, "row")
    assert (last["message"], last["log"]) == ("Import, rows=50", 1)
    assert "Import" not in threads_worker.printed()
