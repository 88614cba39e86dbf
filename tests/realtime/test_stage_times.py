"""How long stages take: noted where they are entered and left, told, and compared with before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

import realtime
from realtime import progress, stage_times
from realtime.conf import conf
from realtime.events import Status, timestamp
from realtime.models import Job
from realtime.running import RunningJob
from realtime.snapshot import Snapshots
from realtime.stage_times import by_path, left, taken
from realtime.usual import usual
from tests import tasks
from tests.processes import Child
from tests.realtime.test_filters import client_of
from tests.realtime.test_history import ran, running
from tests.services import wait_until

Shown = dict[tuple[str, ...], Any]


class Clock:
    """A clock that moves when a test says so."""

    now = 1_000.0

    def pass_by(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: Any) -> Clock:
    """Let stages be timed by a clock of the test's."""
    one = Clock()
    monkeypatch.setattr(stage_times, "monotonic", lambda: one.now)
    return one


def seen(job: RunningJob) -> list[dict[str, Any]]:
    """Return the stages that viewers see."""
    return [stage.view() for stage in job.trunk.children]


def test_a_stage_tells_how_long_it_took(job: RunningJob, clock: Clock) -> None:
    """With those within; one that is still to come, and one that runs, have no time yet."""
    progress.stages(["Read", "Resize", "Pack"])
    with progress.stage("Read"):
        clock.pass_by(2)
    with progress.stage("Resize"):
        clock.pass_by(0.25)
        with progress.stage("Large ones"):
            clock.pass_by(3.00049)
        read, resize, pack = seen(job)
    assert read["seconds"] == 2
    assert "began_at" not in read
    assert resize["stages"][0]["seconds"] == 3
    assert resize["began_at"] <= timestamp()
    assert "seconds" not in resize
    assert not {"seconds", "began_at"} & pack.keys()
    assert seen(job)[1]["seconds"] == 3.25


def test_a_stage_that_runs_is_no_news(job: RunningJob, clock: Clock) -> None:
    """Two looks at it see the same, however much time has passed: else each would be published."""
    with progress.stage("Read"):
        before = seen(job)
        clock.pass_by(60)
        assert seen(job) == before


@pytest.mark.parametrize("error", [KeyError, realtime.Cancelled])
def test_what_breaks_has_taken_its_time(job: RunningJob, clock: Clock, error: Any) -> None:
    """Of each part that the error goes through."""
    with pytest.raises(error), progress.stage("Outer"):
        clock.pass_by(1)
        with progress.stage("Inner"):
            clock.pass_by(2)
            raise error
    [outer] = seen(job)
    assert (outer["seconds"], outer["stages"][0]["seconds"]) == (3, 2)


def test_parts_that_are_left_late_are_timed_until_then(job: RunningJob, clock: Clock) -> None:
    """Generators that hold a stage open are in it until they are closed."""

    def part(name: str) -> Iterator[None]:
        with progress.stage(name):
            yield

    first, second = part("First"), part("Second")
    next(first)
    clock.pass_by(1)
    next(second)
    clock.pass_by(1)
    first.close()  # type: ignore[attr-defined]
    clock.pass_by(1)
    second.close()  # type: ignore[attr-defined]
    assert by_path(seen(job), None) == {("First",): 2, ("First", "Second"): 2}


def test_the_stages_of_all_steps_count(job: RunningJob, clock: Clock, settings: Any) -> None:
    """Also where there is no room for more: what comes then is added to the last of its name."""
    settings.HEADWAY = {**settings.HEADWAY, "STAGES": 10}
    assert conf.STAGES == 10
    for _ in progress.track(range(50)):
        with progress.stage("Read"):
            clock.pass_by(1)
        with progress.stage("Write"):
            clock.pass_by(2)
    assert len(job.trunk.children) == 10
    assert by_path(seen(job), None) == {("Read",): 50, ("Write",): 100}


def test_a_job_that_ends_within_a_stage_keeps_its_time(job: RunningJob, clock: Clock) -> None:
    """Nobody may have left it: until the end then, for whoever reads it."""
    held = progress.stage("Read")
    held.__enter__()
    clock.pass_by(5)
    state = Snapshots(job).last(0, 0, Status.SUCCEEDED).state
    later = timestamp(timezone.now() + timedelta(seconds=30))
    assert taken(state.stages[0], later) == pytest.approx(30, abs=5)


def test_a_stage_that_nobody_works_on_any_more_is_over() -> None:
    """At the moment that is said; its earlier entries count, and what was over stays as it was."""
    began, at = "2026-11-27T10:00:00.000Z", "2026-11-27T10:00:04.500Z"
    ran_before = {"name": "a", "status": "running", "seconds": 1.0, "began_at": began}
    over = {"name": "b", "status": "succeeded", "seconds": 2.0}
    found = left({"name": "c", "status": "running", "stages": [ran_before, over]}, "failed", at)
    assert found == {
        "name": "c",
        "status": "failed",
        "stages": [{"name": "a", "status": "failed", "seconds": 5.5}, over],
    }


def stages_of(**times: float | None) -> list[dict[str, Any]]:
    """Return stages as a job has left them, a nested one by two underscores."""
    found: dict[str, dict[str, Any]] = {}
    for name, seconds in times.items():
        above, _, inner = name.partition("__")
        one: dict[str, Any] = {"name": inner or above, "status": "succeeded"}
        if seconds is not None:
            one["seconds"] = seconds
        if inner:
            found[above].setdefault("stages", []).append(one)
        else:
            found[above] = one
    return list(found.values())


def ran_with(seconds: float, size: float | None = None, **times: float | None) -> None:
    """Write a run of an hour ago, with its stages."""
    ran("t", seconds, size=size)
    newest = Job.objects.order_by("-finished_at").first()
    assert newest
    ago = timedelta(hours=1)
    Job.objects.filter(pk=newest.pk).update(
        last={"size": size, "stages": stages_of(**times)},
        started_at=F("started_at") - ago,
        finished_at=F("finished_at") - ago,
    )


def told(state: dict[str, Any]) -> Shown:
    """Return what is usual for a state's stages, by path: median, number of runs, this run's."""
    found = usual(state)
    assert found is not None
    return {
        tuple(one["path"]): (one["p50"], one["runs"], one["seconds"]) for one in found["stages"]
    }


@pytest.mark.django_db(transaction=True)
def test_the_usual_time_of_a_stage_is_that_of_the_runs_before() -> None:
    """The middle of them; those of this run first, then those that it may come to."""
    for more in (1, 2, 9):
        ran_with(10 + more, read=1, resize=8 + more, resize__large=more, pack=1)
    found = told(running(stages=stages_of(resize=30.0, resize__large=25.0)))
    assert list(found) == [("resize",), ("resize", "large"), ("read",), ("pack",)]
    assert found["resize",] == (pytest.approx(10), 3, 30)
    assert found["resize", "large"] == (pytest.approx(2), 3, 25)
    assert found["pack",] == (pytest.approx(1), 3, None)


@pytest.mark.django_db(transaction=True)
def test_it_is_told_for_as_many_items() -> None:
    """Of each stage by itself: opening takes as long for many, reading does not."""
    for size in (100, 200, 400, 800):
        for _ in range(3):
            ran_with(5 + size / 10, size=size, open=5, read=size / 10)
    found = told(running(size=1600, stages=stages_of(open=5.0, read=100.0)))
    assert found["open",][0] == pytest.approx(5)
    assert found["read",][0] == pytest.approx(160)


@pytest.mark.django_db(transaction=True)
def test_what_only_few_runs_had_is_not_usual() -> None:
    """Nor what workers did not note that were older: such runs tell of the whole alone."""
    for n in range(4):
        ran_with(10, read=1 if n else None, rare=1 if n > 2 else None)
    state = running(stages=stages_of(read=3.0, rare=3.0, new=1.0, untold=None))
    found = told(state)
    assert found["read",] == (pytest.approx(1), 3, 3)
    assert found["rare",] == (None, 1, 3)
    assert found["new",] == (None, 0, 1)
    assert found["untold",] == (None, 0, None)
    assert told(running()) == {("read",): (pytest.approx(1), 3, None)}


@pytest.mark.django_db(transaction=True)
def test_a_run_is_told_until_now_or_its_end() -> None:
    """While a stage runs; of a job that waits for its next attempt until it has failed."""
    for _ in range(3):
        ran_with(10, read=1)
    ago, later = (timestamp(timezone.now() - timedelta(seconds=one)) for one in (60, 40))
    reading = [{"name": "read", "status": "running", "began_at": ago}]
    assert told(running(stages=reading))["read",][2] == pytest.approx(60, abs=20)
    over = running(stages=reading, status="retrying", updated_at=later)
    assert told(over)["read",][2] == pytest.approx(20)
    over = running(stages=reading, status="succeeded", finished_at=later)
    assert told(over)["read",][2] == pytest.approx(20)


@pytest.mark.slow
@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_a_real_run_is_slower_at_one_stage(
    workers: Any, ana: Any, tmp_path: Path, pool: str
) -> None:
    """Four quick ones and one that waits: the answer tells where, while it runs and afterwards."""
    workers.running(pool)
    quick = [realtime.start(tasks.staged, owner=ana) for _ in range(4)]
    ids = [one.pk for one in quick]
    over = Job.objects.filter(pk__in=ids, status=Status.SUCCEEDED)
    wait_until(lambda: over.count() == len(ids), "the quick ones to end", 40)
    gate = tmp_path / "gate"
    slow = realtime.start(tasks.staged, str(gate), owner=ana)
    client = client_of(ana)

    def asked() -> Shown:
        found = client.get(f"/headway/api/jobs/{slow.pk}").json()["usual"]["stages"]
        return {tuple(one["path"]): (one["p50"], one["seconds"]) for one in found}

    wait_until(lambda: (asked().get(("Resize", "Large ones")) or (0, 0))[1], "the stage", 40)
    wait_until(lambda: asked()["Resize", "Large ones"][1] > 0.5, "time to pass", 40)
    assert asked()["Pack",][1] is None
    gate.touch()
    wait_until(lambda: Job.objects.get(pk=slow.pk).ended, "the job to end", 40)
    lost = {path: seconds - p50 for path, (p50, seconds) in asked().items()}
    assert len(lost) == 5
    assert {path for path, seconds in lost.items() if seconds > 0.4} == {
        ("Resize",),
        ("Resize", "Large ones"),
    }
    assert all("began_at" not in one for one in Job.objects.get(pk=slow.pk).last["stages"])


@pytest.mark.slow
def test_each_attempt_begins_anew(threads_worker: Child, ana: Any, tmp_path: Path) -> None:
    """What the first one took is forgotten; one that fails keeps its time where it has failed."""
    gate = tmp_path / "gate"
    job = realtime.start(tasks.staged, str(gate), fails="once", owner=ana)

    def stages() -> Any:
        return client_of(ana).get(f"/headway/api/jobs/{job.pk}").json()["stages"]

    def inner() -> Any:
        return stages()[1]["stages"][1]

    wait_until(lambda: len(stages()) > 1 and len(stages()[1].get("stages", ())) > 1, "it", 40)
    began = inner()["began_at"]
    wait_until(lambda: timestamp(timezone.now() - timedelta(seconds=0.6)) > began, "it", 40)
    gate.touch()
    wait_until(lambda: Job.objects.get(pk=job.pk).ended, "the job to end", 40)
    assert Job.objects.get(pk=job.pk).attempt == 2
    assert inner()["seconds"] < 0.5
    job = realtime.start(tasks.staged, fails="for good", owner=ana)
    wait_until(lambda: Job.objects.get(pk=job.pk).ended, "the job to end", 40)
    read, resize = stages()
    assert [resize["status"], inner()["status"]] == ["failed", "failed"]
    assert resize["seconds"] >= inner()["seconds"] >= 0
    assert read["seconds"] >= 0


def test_a_pause_counts_as_it_does_for_the_whole(
    job: RunningJob, clock: Clock, monkeypatch: Any
) -> None:
    """A job took what it took by the clock, from its start to its end, and so do its stages."""

    def rest(*_: Any) -> bool:
        clock.pass_by(60)
        job.wants = "resume"
        return True

    monkeypatch.setattr(job, "_wait", rest)
    with progress.stage("Read"):
        job.hear("pause")
        progress.checkpoint()
    assert seen(job)[0]["seconds"] == 60
