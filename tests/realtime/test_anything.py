"""Any object that a task may say: it never raises into the task, and everybody can read it."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from billiard.exceptions import SoftTimeLimitExceeded
from django.contrib.auth.models import AnonymousUser
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

import realtime
from realtime import Cancelled, progress, protocol
from realtime.events import Status
from realtime.models import Job
from realtime.permissions import Role, view
from realtime.publish import publish
from realtime.running import RunningJob
from realtime.snapshot import Snapshots
from realtime.states import read_one
from realtime.store import get_store
from tests import tasks
from tests.services import RedisServer


class Odd(BaseException):
    """No `Exception`: most handlers let it through."""


class Raises:
    """Raises whatever is done with it."""

    def __init__(self, error: BaseException) -> None:
        """Take what is raised."""
        self.error = error

    def _raise(self, *_: object) -> Any:
        raise self.error

    __str__ = __repr__ = __float__ = __index__ = __int__ = __len__ = __iter__ = _raise
    __eq__ = __bool__ = __add__ = __radd__ = __lt__ = __gt__ = _raise
    __hash__ = _raise
    __class__ = property(_raise)


class Speaks:
    """Says something long, or something that is no text."""

    def __init__(self, said: Any) -> None:
        """Take what is said."""
        self.said = said

    def __str__(self) -> str:
        """Say it."""
        answer: str = self.said
        return answer


class Sly(str):
    """A text that is more than its characters."""

    __slots__ = ()

    def __getitem__(self, _: object) -> str:
        """Give another text than it has."""
        return "\x00" * 1_000_000

    def __len__(self) -> int:
        """Lie."""
        return -1  # noqa: PLE0303  that it lies is the point

    def __str__(self) -> str:
        """Stay as it is."""
        return self


class Vast(int):
    """A number that is compared and made in its own way."""

    def __int__(self) -> int:
        """Raise."""
        raise Odd

    __lt__ = __gt__ = __eq__ = __add__ = __radd__ = __int__  # type: ignore[assignment]
    __hash__ = int.__hash__


class Measured:
    """A number as numpy has them: it has a float, an index and a shape."""

    shape = ()

    def __float__(self) -> float:
        """Return it."""
        return 3.0

    def __index__(self) -> int:
        """Return it."""
        return 3

    def __radd__(self, other: Any) -> list[Any]:
        """Take a sum over, as arrays do."""
        return [other, self]


def cyclic() -> list[Any]:
    """Return a list that contains itself."""
    one: list[Any] = []
    one.append(one)
    return one


def deep() -> list[Any]:
    """Return a list within a list, a hundred thousand times."""
    one: list[Any] = []
    for _ in range(100_000):
        one = [one]
    return one


LONG = "字" * 5_000_000
MADE: list[Callable[[], Any]] = [
    lambda: Raises(RuntimeError("no")),
    lambda: Raises(Odd()),
    lambda: Raises(GeneratorExit()),
    lambda: Raises(MemoryError()),
    lambda: Raises(RecursionError()),
    lambda: Speaks(LONG),
    lambda: Speaks(7),
    lambda: Speaks(Sly("x")),
    lambda: SimpleLazyObject(lambda: "late"),
    lambda: SimpleLazyObject(lambda: Raises(Odd())),
    lambda: gettext_lazy("progress"),
    lambda: mark_safe("<b>"),
    lambda: Sly("\x00" * 1000),
    lambda: Vast(5),
    Measured,
    lambda: Decimal("sNaN"),
    lambda: Decimal("1e999999"),
    lambda: Fraction(10**400, 3),
    lambda: complex(1, 2),
    lambda: float("nan"),
    lambda: float("-inf"),
    lambda: 10**400,
    lambda: -(10**6000),
    lambda: True,
    lambda: LONG,
    lambda: "\ud800\x00\x1b[2J\u2028</script>" * 10,
    LONG.encode,
    lambda: type("\x01\u2028", (), {}),
    lambda: progress,
    lambda: status_of,
    cyclic,
    deep,
]
PLAIN = st.one_of(
    st.text(),
    st.binary(),
    st.floats(),
    st.integers(),
    st.decimals(),
    st.none(),
    st.recursive(st.none() | st.text(), lambda part: st.lists(part) | st.tuples(part, part)),
)
# As what makes them: Hypothesis itself would trip over some.
ANYTHING = st.sampled_from(MADE) | PLAIN.map(lambda value: lambda: value)


def status_of(job: str) -> str:
    """Return what SQL says of a job."""
    return str(Job.objects.get(pk=job).status)


def say_everything(*said: Any) -> None:
    """Make every progress call with these objects."""
    one, two, three = said
    progress.update(one, total=two, message=three, unit=one)
    progress.advance(two)
    progress.update(two)
    progress.advance(0.5)
    progress.advance(one)
    progress.log(one, level=two)
    progress.ok(three)
    progress.ok(one)
    progress.failed(two, three)
    progress.skipped(three, one)
    progress.stages(three)
    names: list[Any] = [one, (two, three), (one, two, three)]
    progress.stages(names)
    with progress.stage(two, weight=one), progress.stage(one, weight=three):
        for _ in progress.track([1, 2], total=one, unit=two, message=three):
            progress.update(message=one)


def new_job() -> RunningJob:
    """Return a job of its own."""
    return RunningJob(id=str(uuid.uuid4()), name="tests.work", title="Work")


@pytest.fixture
def job() -> Any:
    """Bind a running job to this test."""
    one = new_job()
    token = progress.bound.set(one)
    yield one
    progress.bound.reset(token)


@pytest.mark.django_db(transaction=True)
@limits(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.tuples(ANYTHING, ANYTHING, ANYTHING))
def test_any_object_reaches_store_row_and_frame(
    memory: None, monkeypatch: Any, makes: tuple[Callable[[], Any], ...]
) -> None:
    """The task goes on, and what is kept is small, valid JSON that every reader understands."""
    monkeypatch.setattr("realtime.announcer.announce", lambda shards: None)
    job = new_job()
    token = progress.bound.set(job)
    try:
        say_everything(*(make() for make in makes))
    finally:
        progress.bound.reset(token)
    snapshots = Snapshots(job)
    publish([snapshots.take(1.0, 0)])
    publish([snapshots.last(2.0, 1, Status.SUCCEEDED)])
    state = read_one(job.id)
    assert state is not None
    assert (state["status"], state["fraction"], status_of(job.id)) == (
        "succeeded",
        1.0,
        "succeeded",
    )
    lines = get_store().log(job.id, 0)
    assert (len(lines.lines), lines.lost) == (3, 0)
    for frame in (
        protocol.jobs([protocol.encode_state(view(state, Role.OWNER))]),
        protocol.log(job.id, 0, lines.lines, 0),
    ):
        assert len(frame.encode()) < 40_000
        assert "\\u0000" not in frame
        json.loads(frame, parse_constant=pytest.fail)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("make", MADE)
def test_any_object_may_be_a_title_or_a_tag(redis: RedisServer, make: Callable[[], Any]) -> None:
    """The job is queued under a text that can be shown, with few and short tags."""
    job = realtime.start(
        tasks.nothing, title=make(), tags=[make(), *map("tag {}".format, range(30))]
    )
    state = job.state()
    assert job.title == state["title"] != ""
    assert len(job.title) <= 500
    assert (len(state["tags"]), max(map(len, state["tags"])) <= 50) == (20, True)


@pytest.mark.django_db(transaction=True)
def test_one_word_is_one_tag(redis: RedisServer) -> None:
    """Not as many as it has letters, and the same one is not told twice."""
    assert realtime.start(tasks.nothing, tags="urgent").state()["tags"] == ["urgent"]
    assert realtime.start(tasks.nothing, tags=["a", "b", "a"]).state()["tags"] == ["a", "b"]


def test_who_is_not_signed_in_owns_no_job(redis: RedisServer, transactional_db: None) -> None:
    """What a request has for a user when nobody has signed in may be handed on."""
    assert realtime.start(tasks.nothing, owner=AnonymousUser()).owner_id is None


@pytest.fixture
def memory(settings: Any) -> None:
    """Keep states in memory."""
    settings.HEADWAY = {**settings.HEADWAY, "STORE": "memory"}


@pytest.mark.parametrize("make", MADE)
def test_each_odd_object_is_said_in_every_place(
    job: RunningJob, make: Callable[[], Any], caplog: Any
) -> None:
    """None of them raises into the task, and none hides the rest of its state."""
    say_everything(make(), make(), make())
    with caplog.at_level(logging.ERROR):
        state = Snapshots(job).state(1.0)
    assert not caplog.records
    assert len(state.stages) >= 3


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, SoftTimeLimitExceeded, Cancelled])
def test_what_is_meant_for_the_task_reaches_it(job: RunningJob, error: type[BaseException]) -> None:
    """A time limit that runs out while an object speaks is not swallowed."""
    calls: list[Callable[[Any], None]] = [progress.log, progress.update, progress.advance]
    for call in calls:
        with pytest.raises(error):
            call(Raises(error()))


def test_an_object_is_spoken_at_the_call(job: RunningJob) -> None:
    """In the task's thread, and as it is then: what changes later is another message."""
    said = ["before"]
    progress.update(message=said)
    progress.log(said)
    progress.failed(said, said)
    said[0] = "after"
    assert Snapshots(job).state(1.0).message == "['before']"
    lines = "".join(Snapshots(job).lines())
    assert (lines.count("before"), lines.count("after")) == (3, 0)
    kinds = {type(line[2]) for line in job.lines} | {type(job.message)}
    assert kinds == {str}


def test_a_text_is_said_in_the_language_of_the_task(job: RunningJob) -> None:
    """What is translated late is translated at the call."""
    from django.utils import translation

    with translation.override("de"):
        progress.update(message=gettext_lazy("Monday"))
    assert Snapshots(job).state(1.0).message == "Montag"


@pytest.mark.parametrize("wrong", ["x", None, object(), float("nan"), cyclic()])
def test_what_is_no_number_counts_for_nothing(job: RunningJob, wrong: Any) -> None:
    """The count stays what it was."""
    progress.update(3, total=10)
    if not isinstance(wrong, float):
        progress.update(wrong)
    progress.advance(wrong)
    progress.ok(wrong)
    state = Snapshots(job).state(1.0)
    assert (state.current, state.total, state.ok) == (3, 10, 0)


def test_a_length_that_cannot_be_told_is_unknown(job: RunningJob) -> None:
    """A range beyond all memory, and a list that does not want to be counted, are looped over."""

    class Shy(list[int]):
        def __len__(self) -> int:
            raise Odd

    assert next(iter(progress.track(range(10**30)))) == 0
    assert sum(progress.track(Shy([1, 2]))) == 3
    assert Snapshots(job).state(1.0).total is None


def test_a_count_may_be_too_large_to_be_added_to_a_part(job: RunningJob) -> None:
    """Python adds no integer of four hundred digits to a fraction; the task goes on."""
    for n in (1.5, 10**400, 1):
        progress.ok(n)  # type: ignore[arg-type]  # a task may do so
        progress.advance(n)
    assert job.ok > 10**15
