"""How far a job is by its stages: right where it can be known, and never less than before."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from realtime import progress
from realtime.events import Status
from realtime.running import RunningJob
from realtime.snapshot import Snapshots
from realtime.stages import Stage

QUICK = limits(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Viewer:
    """Sees a job as its viewers do, after whatever its task says."""

    def __init__(self) -> None:
        self.job = RunningJob(id=str(uuid.uuid4()), name="tests.work", title="Work")
        self.snapshots = Snapshots(self.job)
        self.seen: list[float] = []
        self.parts: dict[tuple[int, ...], float] = {}
        self.now = 0.0

    def look(self) -> Any:
        """Take the state, and compare it with all that came before."""
        for counter in self.job.counters():
            counter.look()
        self.now += 0.1
        state = self.snapshots.state(self.now)
        fraction = state.fraction if state.fraction is not None else 0.0
        assert not self.seen or (fraction >= self.seen[-1] and state.fraction is not None)
        if state.fraction is not None:
            assert 0 <= fraction <= 1
            self.seen.append(fraction)
        return state

    def compare(self, stages: list[dict[str, Any]], path: tuple[int, ...] = ()) -> None:
        """Look at parts of parts, too; there must not be so many that some are used again."""
        for at, stage in enumerate(stages):
            known = self.parts.get((*path, at), 0.0)
            assert (stage["fraction"] or 0.0) >= known, stage["name"]
            self.parts[*path, at] = stage["fraction"] or 0.0
            self.compare(stage.get("stages", []), (*path, at))


@pytest.fixture
def viewer() -> Iterator[Viewer]:
    """Let the calls of this test be a job's."""
    one = Viewer()
    token = progress.bound.set(one.job)
    yield one
    progress.bound.reset(token)


class Part(NamedTuple):
    """A stage of a made-up task, with what is done in it."""

    name: str
    weight: float
    work: list[Any]


class Loop(NamedTuple):
    """A loop of a made-up task."""

    steps: int
    total: int | None
    work: list[Any]


class Call(NamedTuple):
    """A call that counts, or tells a total, late or not."""

    name: str
    n: float


class Plan(NamedTuple):
    """A declaration of stages to come."""

    parts: list[tuple[str, float]]


names = st.sampled_from("ABC")
weights = st.sampled_from([0, 0.5, 1, 3, 16])
calls = st.builds(Call, st.sampled_from(["advance", "current", "total"]), st.integers(0, 40))
plans = st.builds(Plan, st.lists(st.tuples(names, weights), max_size=3))
work = st.recursive(
    st.lists(calls | plans, max_size=4),
    lambda inner: st.lists(
        calls
        | plans
        | st.builds(Part, names, weights, inner)
        | st.builds(Loop, st.integers(0, 3), st.none() | st.integers(0, 5), inner),
        max_size=4,
    ),
    max_leaves=12,
)


def perform(todo: list[Any], viewer: Viewer) -> None:
    """Do what a made-up task does, and look after each of its calls."""
    for one in todo:
        match one:
            case Part(name, weight, inner):
                with progress.stage(name, weight=weight):
                    perform(inner, viewer)
            case Loop(steps, total, inner):
                for _ in progress.track(iter(range(steps)), total=total):
                    perform(inner, viewer)
            case Call("advance", n):
                progress.advance(n)
            case Call("current", n):
                progress.update(n)
            case Call(_, n):
                progress.update(total=n)
            case Plan(parts):
                progress.stages(parts)
        viewer.compare(viewer.look().stages)


@QUICK
@given(todo=work)
def test_no_fraction_goes_back_whatever_becomes_known(todo: list[Any]) -> None:
    """Stages declared and found, parts of parts, late and growing totals; a success is whole."""
    viewer = Viewer()
    viewer.job._stages = -1_000  # None is used a second time for want of room.
    token = progress.bound.set(viewer.job)
    try:
        perform(todo, viewer)
    finally:
        progress.bound.reset(token)
    assert viewer.snapshots.last(viewer.now + 1, 0, Status.SUCCEEDED).state.fraction == 1.0


trees = st.recursive(
    st.tuples(st.integers(1, 9), st.integers(1, 4)),
    lambda inner: st.tuples(st.integers(1, 9), st.lists(inner, min_size=1, max_size=3)),
    max_leaves=6,
)


def declared(parts: list[Any], share: float, before: float, viewer: Viewer) -> None:
    """Go through declared parts, and compare the bar at each step with what is done."""
    whole = sum(weight for weight, _ in parts)
    progress.stages([(f"{at}", weight) for at, (weight, _) in enumerate(parts)])
    for at, (weight, inner) in enumerate(parts):
        mine = share * weight / whole
        with progress.stage(f"{at}"):
            if isinstance(inner, list):
                declared(inner, mine, before, viewer)
            else:
                for n in progress.track(range(inner)):
                    fraction = viewer.look().fraction
                    assert fraction == pytest.approx(before + mine * n / inner, abs=1e-4)
        before += mine


@QUICK
@given(parts=st.lists(trees, min_size=1, max_size=3))
def test_the_bar_is_what_is_done_of_what_was_declared(parts: list[Any]) -> None:
    """Weighted at each level, however deep."""
    viewer = Viewer()
    token = progress.bound.set(viewer.job)
    try:
        declared(parts, 1.0, 0.0, viewer)
        assert viewer.look().fraction == 1.0
    finally:
        progress.bound.reset(token)


def test_a_part_that_is_found_leaves_room_for_the_next(viewer: Viewer) -> None:
    """Nobody has said how many come: halves, thirds, and whole only at the end."""
    for name in ("Read", "Sort", "Write"):
        with progress.stage(name):
            for _ in progress.track(range(2)):
                viewer.look()
        viewer.look()
    assert viewer.seen == [0.0, 0.25, 0.5, 0.5, 0.5833, 0.6667, 0.6667, 0.7083, 0.75]


def test_a_loop_counts_for_the_parts_of_its_steps(viewer: Viewer) -> None:
    """Four files, each read and written: the loop knows how many there are, the parts do not."""
    seen = []
    for _ in progress.track(range(4)):
        for name in ("Read", "Write"):
            with progress.stage(name):
                seen.append(viewer.look().fraction)
    assert seen == [0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875]
    assert viewer.look().fraction == 1.0


def test_what_breaks_stays_where_it_was(viewer: Viewer) -> None:
    """A part that failed is not taken for done, and one that goes on after it is seen."""
    with pytest.raises(KeyError), progress.stage("Broken"):
        for n in progress.track(range(4)):
            if n == 2:
                before = viewer.look().fraction
                raise KeyError
    assert viewer.look().fraction == before == 0.25


def test_a_total_that_is_known_late_moves_the_bar_on(viewer: Viewer) -> None:
    """A stage without one counts as not begun; one that grows holds the bar until it is true."""
    progress.stages(["Count", "Copy"])
    with progress.stage("Count"):
        progress.update(5)
        assert viewer.look().fraction == 0.0
        progress.update(total=10)
        assert viewer.look().fraction == 0.25
        progress.update(total=40)
        state = viewer.look()
        assert (state.fraction, state.stages[0]["fraction"]) == (0.25, 0.5)
        progress.update(30)
        assert viewer.look().fraction == 0.375


def test_a_loop_of_many_parts_stays_in_one_look() -> None:
    """A part knows its step when it begins, without the reporter."""
    job = RunningJob(id=str(uuid.uuid4()), name="tests.work", title="Work")
    token = progress.bound.set(job)
    try:
        steps = progress.track(range(3))
        next(steps)
        next(steps)
        with progress.stage("Second"):
            part = job.path[-1]
        assert (type(part), part.step) == (Stage, 1)
    finally:
        progress.bound.reset(token)
