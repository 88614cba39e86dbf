"""The log of an ended job outlives Redis: brought to SQL once, whole, and not for ever."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

import realtime
from realtime import archive, publish, reading
from realtime.archive import Archive
from realtime.events import JobState, Status, timestamp
from realtime.models import Job, LogPart
from realtime.publish import Change
from realtime.store import Lines, MemoryStore, Report, Store, get_store
from tests import tasks
from tests.processes import Child
from tests.services import RedisServer, wait_until
from tests.sockets import sign_in, viewer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Announce nothing."""
    monkeypatch.setattr("realtime.announcer.announce", lambda shards: None)


def lines(count: int) -> tuple[str, ...]:
    """Return lines as the reporter tells them."""
    texts = (f"line {number} \N{SNOWMAN}\n" for number in range(1, count + 1))
    return tuple(json.dumps({"at": "", "level": "info", "text": text}) for text in texts)


def ended(count: int, *, blind: bool = False) -> tuple[str, Change]:
    """Let a job end with so many lines, perhaps while the store is away.

    Nobody knows then after which line of earlier attempts they come.
    """
    job = str(uuid.uuid4())
    state = JobState(id=job, root=job, name="t", title="T", queued_at=timestamp())
    state = state.changed(status=Status.SUCCEEDED, finished_at=timestamp())
    place: dict[str, Any] = {"after": publish.FORGOTTEN_STEP} if blind else {"base": 0}
    end = Change(state=state, order=1, run="one", lines=lines(count), transition=True, **place)
    publish.publish([end], blind=blind)
    return job, end


def cut_short(*, told: int, untold: int) -> tuple[str, Change]:
    """Let a job tell lines, and end with others while the store is away."""
    job = str(uuid.uuid4())
    state = JobState(id=job, root=job, name="t", title="T", queued_at=timestamp())
    begun = state.changed(status=Status.RUNNING, started_at=timestamp(), attempt=1)
    said = lines(told + untold)
    first = Change(state=begun, order=1, run="one", lines=said[:told], transition=True)
    publish.publish([first])
    last = begun.changed(status=Status.SUCCEEDED, finished_at=timestamp())
    rest: dict[str, Any] = {"lines": said[told:], "told": told, "base": 0}
    end = Change(state=last, order=1, run="one", floor=1, transition=True, **rest)
    publish.publish([end], blind=True)
    return job, end


def numbers(job: str, after: int, newest: int) -> list[int]:
    """Return the numbers of the lines that a reader is given, who asks until all have come."""
    found: list[int] = []
    while after < newest and (part := reading.log(job, after, 1_000, newest)).lines:
        assert not part.lost
        found += [line["n"] for line in part.lines]
        after = found[-1]
    return found


def forget() -> None:
    """Make the store as it is after FLUSHALL."""
    store = get_store()
    if isinstance(store, MemoryStore):
        store._records.clear()
    else:
        store._redis.flushdb()  # type: ignore[attr-defined]


def test_a_log_is_read_from_sql_when_the_store_has_forgotten_it(store: Store) -> None:
    """The same lines with the same numbers, from any line on and across the parts."""
    job, _ = ended(2_300)
    before = reading.log(job, 0, 1_000, 2_300)
    Archive().look()
    forget()
    assert reading.log(job, 0, 1_000, 2_300) == before
    part = reading.log(job, 950, 1_000, 2_300)
    assert [line["n"] for line in part.lines] == list(range(951, 1_951))
    assert len(reading.log(job, 1_400, 1_000, 2_300).lines) == 900
    assert reading.log(job, 2_300, 1_000, 2_300).lines == []
    assert not Job.objects.get(pk=job).log_due


def test_lines_that_were_cut_before_are_counted(store: Store, settings: Any) -> None:
    """The log kept no more than it may, and so does what was made of it."""
    settings.HEADWAY = {**settings.HEADWAY, "LOG_LINES": 100, "STORE": "redis"}
    if isinstance(store, MemoryStore):
        pytest.skip("it reads its bound when a job begins")
    job, _ = ended(150)
    Archive().look()
    forget()
    part = reading.log(job, 0, 1_000, 150)
    assert (part.lost, part.lines[0]["n"], len(part.lines)) == (50, 51, 100)


def test_a_log_is_brought_once_whoever_does_it(store: Store) -> None:
    """Two processes may take themselves for the one that judges."""
    job, _ = ended(1_200)
    Archive().look()
    Job.objects.filter(pk=job).update(log_due=True)
    Archive().look()
    assert list(LogPart.objects.order_by("first").values_list("first", "last")) == [
        (1, 1_000),
        (1_001, 1_200),
    ]


def test_a_job_without_a_log_is_never_due(store: Store) -> None:
    """An empty task costs its archive nothing."""
    job, _ = ended(0)
    assert not Job.objects.get(pk=job).log_due
    Archive().look()
    assert not LogPart.objects.exists()


def test_lines_on_their_way_to_the_store_are_waited_for(store: Store) -> None:
    """It was away at the end, which SQL knows all the same."""
    job, end = ended(3, blind=True)
    assert Job.objects.get(pk=job).log_due
    one = Archive()
    one.look()
    assert Job.objects.get(pk=job).log_due
    assert reading.log(job, 0, 1_000, 3) == Lines(lines=[], lost=0)
    publish.publish([end.later()])
    assert len(reading.log(job, 0, 1_000, 3).lines) == 3
    one.look()
    part = LogPart.objects.get(job_id=job)
    assert part.last - part.first == 2


def test_lines_that_the_store_had_and_lost_are_not_waited_for(store: Store) -> None:
    """Nobody tells them a second time; readers are told at once how many there were."""
    job, _ = ended(3)
    forget()
    assert reading.log(job, 0, 1_000, 3) == Lines(lines=[], lost=3)
    Archive().look()
    assert not Job.objects.get(pk=job).log_due


def test_last_lines_outlive_their_worker(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store was away at the end and is never told: SQL has them, and later all."""
    monkeypatch.setattr(archive, "LEASES", 0)
    job, _ = cut_short(told=1_500, untold=700)
    assert numbers(job, 0, 2_200) == list(range(1, 2_201))
    Archive().look()
    assert not Job.objects.get(pk=job).log_due
    assert numbers(job, 0, 2_200) == list(range(1, 2_201))
    forget()
    assert numbers(job, 0, 2_200) == list(range(1, 2_201))
    assert numbers(job, 1_200, 2_200) == list(range(1_201, 2_201))
    part = reading.log(job, 1_400, 1_000, 2_200)
    assert part.lines[-1]["text"] == "line 2200 \N{SNOWMAN}\n"


def test_last_lines_that_the_store_is_told_later_are_kept_once(store: Store) -> None:
    """In the parts of the whole log."""
    job, end = cut_short(told=3, untold=2)
    publish.publish([end.later()])
    assert numbers(job, 0, 5) == [1, 2, 3, 4, 5]
    Archive().look()
    [part] = LogPart.objects.filter(job_id=job)
    assert (part.first, part.last) == (1, 5)


def test_what_the_store_may_have_is_not_lost_while_it_is_away(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQL has the last lines only, and does not call those before them lost."""
    job, _ = cut_short(told=3, untold=2)
    with monkeypatch.context() as patch:
        patch.setattr(reading, "ask", lambda call, nothing: nothing)
        assert reading.log(job, 0, 1_000, 5) == Lines(lines=[], lost=0)
        assert numbers(job, 3, 5) == [4, 5]
    assert numbers(job, 0, 5) == [1, 2, 3, 4, 5]


def test_lines_lost_before_the_last_ones_are_counted_in_their_place(store: Store) -> None:
    """The store has lost all, and was told of none again."""
    job, _ = cut_short(told=3, untold=2)
    forget()
    part = reading.log(job, 0, 1_000, 5)
    assert (part.lost, [line["n"] for line in part.lines]) == (3, [4, 5])


def test_lines_that_the_store_has_though_its_answer_was_lost_are_shown_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Store and SQL have some of them both."""
    monkeypatch.setattr(archive, "LEASES", 0)
    job, end = cut_short(told=3, untold=4)
    more = replace(end, state=end.state.changed(status=Status.RUNNING), lines=end.lines[:2])
    store.remember([more.report()])
    assert numbers(job, 0, 7) == [1, 2, 3, 4, 5, 6, 7]
    Archive().look()
    forget()
    assert numbers(job, 0, 7) == [1, 2, 3, 4, 5, 6, 7]


def test_lines_of_earlier_attempts_are_kept_though_the_last_ended_without_the_store(
    store: Store,
) -> None:
    """It said nothing, and could not be told how many lines there were."""
    job = str(uuid.uuid4())
    state = JobState(id=job, root=job, name="t", title="T", queued_at=timestamp())
    first = state.changed(status=Status.RETRYING)
    publish.publish([Change(state=first, order=1, run="one", lines=lines(2), transition=True)])
    last = state.changed(status=Status.SUCCEEDED, finished_at=timestamp(), attempt=2)
    end = Change(state=last, order=2, run="two", floor=2_000, transition=True)
    publish.publish([end], blind=True)
    publish.publish([end.later()])
    Archive().look()
    forget()
    assert [line["n"] for line in reading.log(job, 0, 1_000, 2).lines] == [1, 2]


def test_lines_that_never_come_are_not_waited_for_long(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their worker died with them; readers are told how many there were."""
    monkeypatch.setattr(archive, "LEASES", 0)
    job, _ = ended(3, blind=True)
    Archive().look()
    assert not Job.objects.get(pk=job).log_due
    assert reading.log(job, 0, 1_000, 3).lost == 3


def test_a_database_that_is_away_is_told_later(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log stays due."""
    job, _ = ended(3)

    def away(job: str) -> None:
        raise OperationalError("away")

    with monkeypatch.context() as patch:
        patch.setattr(archive, "_keep", away)
        Archive().look()
    assert Job.objects.get(pk=job).log_due
    Archive().look()
    assert LogPart.objects.filter(job_id=job).exists()


def test_old_logs_go(store: Store) -> None:
    """After KEEP_LOGS; readers are told how many lines there were."""
    (old, _), (young, _) = ended(2), ended(2)
    Archive().look()
    LogPart.objects.filter(job_id=old).update(kept_at=timezone.now() - timedelta(days=31))
    Archive().look()
    forget()
    assert (reading.log(old, 0, 10, 2).lost, len(reading.log(young, 0, 10, 2).lines)) == (2, 2)


def test_a_running_job_s_log_is_its_store_s_affair(store: Store) -> None:
    """Nothing is brought before the end."""
    job = str(uuid.uuid4())
    store.remember([Report(job=job, order=1, run="one", body='{"id":"x"}', lines=lines(2))])
    Archive().look()
    assert not LogPart.objects.exists()


async def test_viewers_read_a_log_that_redis_has_forgotten(
    web: Child, threads_worker: Child, redis: RedisServer, ana: Any
) -> None:
    """A real worker's log, over HTTP and over a socket, from the first line to the last."""
    job = str((await sync_to_async(realtime.start)(tasks.talk, 2_500, owner=ana)).pk)

    def archived() -> bool:
        return Job.objects.filter(pk=job, status="succeeded", log_due=False).exists()

    await sync_to_async(wait_until)(archived, "the archive", seconds=30)
    with redis.client() as client:
        client.flushdb()
    async with viewer(web, await sync_to_async(sign_in)(ana)) as ana_sees:
        await ana_sees.watch(f"log:{job}", f"job:{job}")
        await ana_sees.until(lambda: len(ana_sees.lines) >= 2_500)
        assert [line["n"] for line in ana_sees.lines] == list(range(1, 2_501))
    assert await sync_to_async(last_line)(ana, job) == "line 2500"


def last_line(user: Any, job: str) -> str:
    """Return the last line of a log over HTTP."""
    client = Client()
    client.force_login(user)
    answer = client.get(f"/headway/api/jobs/{job}/log?after=2499").json()
    return str(answer["lines"][-1]["text"])
