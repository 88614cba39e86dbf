"""Who is taken for dead, when, and by whom; one body over both stores where nothing dies."""

from __future__ import annotations

import itertools
import json
import socket
import threading
import time
import uuid
import warnings
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from celery import current_app, states
from celery.backends.redis import RedisBackend
from django.db import OperationalError, connection

from realtime import publish, reaper, records, results
from realtime.events import JobState, Status, timestamp
from realtime.models import Job
from realtime.reaper import Contact, Reaper
from realtime.reporter import get_reporter
from realtime.store import Lead, RedisStore, Report, Store, get_store
from realtime.transition import Transition
from realtime.verdicts import verdict
from tests.services import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

LEASE = 0.4


@pytest.fixture(autouse=True)
def short_lease(store: Store, settings: Any, monkeypatch: pytest.MonkeyPatch, alone: None) -> None:
    """Judge after a fraction of a second, and be the only ones who judge."""
    settings.HEADWAY = {**settings.HEADWAY, "LEASE": LEASE}
    monkeypatch.setattr("realtime.announcer.announce", lambda shards: None)


def running(status: Status = Status.RUNNING, **more: Any) -> JobState:
    """Return the state of a job that some worker runs, known to store and SQL."""
    job = str(uuid.uuid4())
    state = JobState(
        id=job, root=job, name="t", queued_at=timestamp(), started_at=timestamp(), status=status
    ).changed(**more)
    said = say(state)
    assert records.try_record([records.Row(state, said, 0)]) == []
    return state


def say(state: JobState, **more: Any) -> int:
    """Let a worker report the state; returns its seq."""
    given: dict[str, Any] = {"run": "worker", "body": state.body(), "ends": state.ended} | more
    return get_store().remember([Report(job=state.id, order=1, **given)])[0].seq


def reap_until(condition: Any, what: str, *reapers: Reaper) -> Any:
    """Look again and again, as the thread does."""

    def looked() -> Any:
        for one in reapers:
            one.look()
        return condition()

    return wait_until(looked, what)


def row(state: JobState) -> Job:
    """Return what SQL knows."""
    return Job.objects.get(pk=state.id)


def kept(state: JobState) -> dict[str, Any]:
    """Return what the store knows."""
    found: dict[str, Any] = json.loads(get_store().states([state.id])[state.id])
    return found


def forget(store: Store) -> None:
    """Lose everything, as FLUSHALL does."""
    if isinstance(store, RedisStore):
        store._redis.flushdb()
    else:
        store._records.clear()  # type: ignore[attr-defined]


def keep_result(state: JobState, how: str = states.SUCCESS) -> datetime:
    """Let Celery's backend keep a result of the job's task; returns what it says of when."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Celery calls redis-py's older names.
        current_app.backend.store_result(state.id, None, how)
    meta = current_app.backend.get_task_meta(state.id, cache=False)
    return datetime.fromisoformat(meta["date_done"])


def ended(state: JobState) -> bool:
    """Tell whether SQL knows an end."""
    return row(state).ended


def test_a_silent_job_is_lost(store: Store) -> None:
    """In store and SQL, with a reason that its owner may read; not before its lease is over."""
    state = running()
    one = Reaper()
    began = time.monotonic()
    reap_until(lambda: ended(state), "the end", one)
    assert time.monotonic() - began >= LEASE
    assert (row(state).status, kept(state)["status"]) == ("lost", "lost")
    assert kept(state)["error"] == {
        "kind": "WorkerLost",
        "text": "Its worker has died.",
        "public": True,
    }
    assert kept(state)["finished_at"]
    assert row(state).seq == kept(state)["seq"]


def test_the_part_that_a_dead_worker_was_in_runs_no_longer(store: Store) -> None:
    """Nobody is shown a part that goes on in a job that does not; those to come stay so."""
    began = timestamp(datetime.now(UTC) - timedelta(minutes=5))
    inner = [{"name": "Row", "fraction": 0.5, "weight": 1, "status": "running", "began_at": began}]
    outer = {"name": "Pack", "fraction": 0.1, "weight": 1, "status": "running", "stages": inner}
    whole = {"name": "Read", "fraction": 1.0, "weight": 1, "status": "succeeded"}
    known = {**running(stages=[whole, outer]).values(), "seq": 1, "log": 0}
    for status, left in ((Status.LOST, "failed"), (Status.CANCELLED, "cancelled")):
        read, pack = publish.stopped(known, status).stages
        assert (read["status"], pack["status"]) == ("succeeded", left)
        [part] = pack["stages"]
        assert part["status"] == left
        assert part["seconds"] >= 300
        assert "began_at" not in part
        assert not {"seconds", "began_at"} & {*pack, *read}  # Of a worker that did not tell.


def test_a_silent_job_whose_result_is_kept_has_succeeded(store: Store) -> None:
    """Its worker died before it could tell; Celery knows when it was done."""
    part = {"name": "Pack", "fraction": 0.5, "weight": 1, "status": "running"}
    began = timestamp(datetime.now(UTC) - timedelta(seconds=2))
    state = running(started_at=began, stages=[part], current=3)
    done = keep_result(state)
    reap_until(lambda: ended(state), "the end", Reaper())
    assert (row(state).status, kept(state)["status"]) == ("succeeded", "succeeded")
    seen = kept(state)
    assert (seen["fraction"], seen["error"], seen["stages"][0]["status"]) == (
        1.0,
        None,
        "succeeded",
    )
    assert (seen["started_at"], seen["finished_at"]) == (began, timestamp(done))
    assert row(state).finished_at == datetime.fromisoformat(timestamp(done))


def test_only_a_success_of_this_very_task_counts(store: Store) -> None:
    """What has failed is said by who saw it; a root, or what comes again, goes on elsewhere."""
    failed, root, again = running(), running(), running(redelivers=True)
    keep_result(failed, states.FAILURE)
    for one in (root, again):
        keep_result(one)
    child = JobState(id=str(uuid.uuid4()), root=root.id, name="t", queued_at=timestamp())
    records.create(child)
    judge = Reaper()
    reap_until(lambda: ended(failed) and ended(root), "the ends", judge)
    reap_until(lambda: row(again).status == "retrying", "the wait", judge)
    assert [row(state).status for state in (failed, root)] == ["lost", "lost"]


def test_a_result_backend_that_is_away_holds_no_verdict_up(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody can tell, and silence is what is left."""
    away = RedisBackend(app=current_app, url="redis://127.0.0.1:1/0")
    monkeypatch.setattr(results, "current_app", SimpleNamespace(backend=away))
    state = running()
    reap_until(lambda: ended(state), "the end", Reaper())
    assert row(state).status == "lost"
    assert f"cannot be asked for job {state.id}" in caplog.text


def test_a_result_backend_that_does_not_answer_holds_no_verdict_up(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is waited for once, and asked no more until it has answered."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        silent = RedisBackend(app=current_app, url=f"redis://127.0.0.1:{mute.getsockname()[1]}/0")
        monkeypatch.setattr(results, "current_app", SimpleNamespace(backend=silent))
        monkeypatch.setattr(results, "PATIENCE", 0.1)
        states = [running() for _ in range(20)]
        reap_until(lambda: all(map(ended, states)), "the ends", Reaper())
        assert {row(state).status for state in states} == {"lost"}
        assert caplog.text.count("does not answer") == 1


def test_a_job_that_is_delivered_again_waits_for_it(store: Store) -> None:
    """Its task is acknowledged late: that is no end, and what the dead worker says is void."""
    state = running(redelivers=True)
    reap_until(lambda: row(state).status == "retrying", "the verdict", Reaper())
    assert (kept(state)["retry_at"], kept(state)["finished_at"]) == (None, None)
    assert "deliver it again" in kept(state)["error"]["text"]
    before = kept(state)
    say(state)
    assert kept(state) == before


def test_a_job_that_is_heard_of_is_left_alone(store: Store) -> None:
    """Its reports, or its worker's lease alone, keep it."""
    speaks, leased, silent = running(), running(), running()
    one = Reaper()

    def looked() -> bool:
        say(speaks)
        store.renew([leased.id])
        return ended(silent)

    reap_until(looked, "the silent one's end", one)
    assert (row(speaks).status, row(leased).status) == ("running", "running")


def test_a_job_that_speaks_before_the_verdict_wins(store: Store) -> None:
    """The store decides in one step; a verdict that comes too late changes nothing."""
    state = running()
    seq = say(state.changed(current=1))
    change = verdict(kept(state), seq)
    done = publish.publish([change])
    assert [answer.accepted for answer in done.answers if answer] == [False]
    assert (row(state).status, kept(state)["current"]) == ("running", 1)


@pytest.mark.parametrize("first", ["finisher", "reaper"])
def test_a_job_ends_once_whoever_is_first(store: Store, first: str) -> None:
    """A worker that was taken for dead, and one that ended before it was judged."""
    state = running()
    end = state.changed(status=Status.SUCCEEDED, finished_at=timestamp())
    wait_until(lambda: store.signs([state.id])[state.id].age > LEASE, "silence")
    doom = verdict(kept(state), 1)
    if first == "finisher":
        say(end)
        assert publish.publish([doom]).answers[0].accepted is False  # type: ignore[union-attr]
    else:
        publish.publish([doom])
        say(end)
    last = {"finisher": "succeeded", "reaper": "lost"}[first]
    assert kept(state)["status"] == last
    reap_until(lambda: row(state).status == last, "SQL to agree", Reaper())


def test_nobody_is_judged_by_a_store_that_is_away(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The verdict is the store's alone: SQL is not told without it."""
    state = running()
    done = publish.publish([verdict(kept(state), 1)], blind=True)
    assert (done.answers, done.unrecorded) == ([None], [])
    assert row(state).status == "running"


def test_two_reapers_reap_each_job_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock lets one look; and if both did, the store would take one verdict."""
    states = [running() for _ in range(5)]
    one, other = Reaper(), Reaper()
    put: list[Any] = []
    reporter = get_reporter()
    monkeypatch.setattr(reporter, "put", put.append)
    reap_until(lambda: len(put) >= 5, "verdicts", one, other)
    assert len(put) == 5
    verdicts = [transition.make() for transition in put]
    twice = [verdict(kept(state), 1) for state in states]
    answers = publish.publish(verdicts + twice).answers
    assert [bool(answer and answer.accepted) for answer in answers] == [True] * 5 + [False] * 5


def test_another_process_takes_over_from_a_leader_that_is_gone(store: Store) -> None:
    """It was in contact all the time, so it need not wait for another lease."""
    one, other = Reaper(), Reaper()
    state = running()
    one.look()
    other.look()
    assert not store.lead("third", 1).mine
    reap_until(lambda: ended(state), "the end", other)


def test_a_leader_that_resigns_is_followed_at_once(store: Store) -> None:
    """A worker that stops in good order leaves the lock."""
    one = Reaper()
    one.look()
    one.resign()
    assert store.lead("other", 1).mine


def test_what_the_store_lost_is_missed_from_the_first_look(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reaper that has just begun needs one lease, not one for itself and then one for the job."""
    state = running()
    forget(store)
    clock = itertools.count(0, LEASE / 4)
    monkeypatch.setattr(store, "lead", lambda *_: Lead(mine=True, now=next(clock)))
    one = Reaper()
    for _ in range(4):
        one.look()
    get_reporter().put(Transition(lambda: None)).wait(5)  # Whatever was put before is done.
    assert not ended(state)
    one.look()
    wait_until(lambda: ended(state), "the end")


def test_a_job_that_the_store_lost_counts_from_when_it_was_missed(
    store: Store, settings: Any
) -> None:
    """Its worker has a whole lease to speak again; viewers take its end for newer."""
    state, lost = running(), running()
    one = Reaper()

    def in_contact() -> bool:
        say(lost)
        say(state)
        return one._contact._last - one._contact._since > LEASE

    reap_until(in_contact, "contact", one)
    forget(store)
    began = time.monotonic()

    def looked() -> bool:
        say(state)
        return ended(lost)

    reap_until(looked, "the end", one)
    assert time.monotonic() - began >= LEASE
    assert kept(lost)["seq"] > 2**32
    assert row(state).status == "running"


def test_sql_is_told_of_what_died_between_store_and_sql(store: Store) -> None:
    """An end, a retry and a start: the store knew, and its worker was killed."""
    done, again, queued = running(), running(), running(Status.QUEUED)
    say(done.changed(status=Status.SUCCEEDED, finished_at=timestamp()))
    say(again.changed(status=Status.RETRYING, retry_at=timestamp()))
    say(queued.changed(status=Status.RUNNING))
    reap_until(
        lambda: (
            {row(one).status for one in (done, again, queued)} == {"succeeded", "retrying", "lost"}
        ),
        "SQL to know",
        Reaper(),
    )
    assert (row(done).status, row(queued).status) == ("succeeded", "lost")


def test_jobs_that_wait_are_left_alone(store: Store) -> None:
    """Nobody has begun with them: their silence means nothing."""
    job = str(uuid.uuid4())
    queued = JobState(id=job, root=job, name="t", queued_at=timestamp())
    store.remember([Report(job=job, order=0, body=queued.body())])
    records.create(queued)
    retrying = running(Status.RETRYING)
    silent = running()
    reap_until(lambda: ended(silent), "the end", Reaper())
    assert (row(queued).status, row(retrying).status) == ("queued", "retrying")


def test_contact_begins_anew_after_a_gap(settings: Any) -> None:
    """A store that was frozen, a process or a machine that was: all have a lease to speak."""
    contact = Contact()
    now = 1000.0
    assert not contact.note(now)
    while not contact.note(now := now + LEASE / 5):
        assert now < 1000 + 2 * LEASE
    assert now >= 1000 + LEASE
    assert not contact.note(now + 30)
    assert not contact.note(now + 30 + LEASE / 5)
    assert not contact.note(now - 30)


def test_many_pages_of_jobs_are_all_looked_at(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A round is bounded in memory, not in what it sees."""
    monkeypatch.setattr(reaper, "PAGE", 2)
    states = [running() for _ in range(5)]
    reap_until(lambda: all(map(ended, states)), "all ends", Reaper())


def test_the_database_that_is_away_is_told_of_once(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """And it is tried again."""
    state = running()
    one = Reaper()
    with monkeypatch.context() as outage:

        def away(*_: Any) -> Any:
            connection.close()
            raise OperationalError("gone")

        outage.setattr(reaper, "_pages", away)
        reap_until(lambda: "silent jobs are not looked for" in caplog.text, "the outage", one)
        for _ in range(3):
            one.look()
    assert caplog.text.count("silent jobs are not looked for") == 1
    reap_until(lambda: ended(state), "the end", one)


def test_the_thread_stops_and_starts_again(store: Store) -> None:
    """In a web server it begins with the first request; nothing runs twice."""
    reaper.start()
    reaper.start()
    names = [thread.name for thread in threading.enumerate()]
    assert names.count("headway-reaper") == isinstance(store, RedisStore)
    reaper.stop()
    assert not reaper._rounds.alive
