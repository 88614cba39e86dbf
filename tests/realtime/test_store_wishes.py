"""What people want of jobs and answer, in both stores."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from realtime.events import JobState, Status
from realtime.store import Answered, RedisStore, Remembered, Report, Standing, Store
from tests.services import RedisServer

ASKED = {"id": "q1", "text": "Replace?", "choices": None, "asked_at": "", "expires_at": None}


@pytest.fixture
def job() -> str:
    """Return the id of a job that nobody knows yet."""
    return str(uuid.uuid4())


def told(store: Store, job: str, asks: dict[str, Any] | None = None, **more: Any) -> Remembered:
    """Let the store remember a state, with what it asks."""
    status = Status.WAITING if asks else Status.RUNNING
    body = JobState(id=job, root=job, status=status, question=asks).body()
    given: dict[str, Any] = {"order": 1, "run": "one", "body": body} | more
    return store.remember([Report(job=job, **given)])[0]


def test_what_is_wanted_last_holds(store: Store, job: str) -> None:
    """It is told with each report until something else is wanted, to each run."""
    told(store, job)
    for wish in ("pause", "resume", "pause"):
        store.want([job], wish)
        assert [told(store, job).wants, told(store, job, body="").wants] == [wish, wish]
    assert told(store, job, run="two", claim=True).wants == "pause"
    assert told(store, job, order=2, run="three").wants == "pause"


def test_nothing_takes_a_cancel_back(store: Store, job: str) -> None:
    """Who wants to pause or to resume comes too late."""
    store.want([job], "cancel")
    store.want([job], "resume")
    store.want([job, str(uuid.uuid4())], "pause")
    assert told(store, job).wants == "cancel"


def test_what_the_store_has_lost_is_restored_by_the_next_report(store: Store, job: str) -> None:
    """A worker that knows it says it again; what people said since holds."""
    assert told(store, job, wants="pause").wants == "pause"
    assert told(store, job, run="two", claim=True).wants == "pause"
    store.want([job], "resume")
    assert told(store, job, run="two", wants="pause").wants == "resume"


def test_who_is_refused_restores_nothing(store: Store, job: str) -> None:
    """A run that was taken over has no say."""
    told(store, job, run="two", claim=True)
    told(store, job, run="dead", wants="cancel")
    assert told(store, job, run="two").wants == ""


def test_how_a_job_stands(store: Store, job: str) -> None:
    """Who is about to run it learns what is wanted, and whether anybody knows it."""
    assert store.standing(job) == Standing(seq=0, wants="")
    store.want([job], "cancel")
    assert store.standing(job) == Standing(seq=0, wants="cancel")
    told(store, job)
    assert store.standing(job) == Standing(seq=1, wants="cancel")


def test_when_something_was_last_wanted(store: Store, job: str) -> None:
    """What is wanted of any job moves it; reports do not."""
    began = store.wished()
    told(store, job)
    assert store.wished() == began
    store.want([job, str(uuid.uuid4())], "pause")
    later = store.wished()
    assert later > began
    store.want([str(uuid.uuid4())], "cancel")
    assert store.wished() > later


def test_a_store_that_has_lost_everything_knows_no_wish_before_that(redis: RedisServer) -> None:
    """Jobs that were queued before are then looked for one by one."""
    store = RedisStore(redis.url)
    began = store.wished()
    with redis.client() as client:
        client.flushall()
    assert store.wished() > began


def test_the_first_answer_counts(store: Store, job: str) -> None:
    """It is told to who asks, in this run and in the next; others are told that it is there."""
    told(store, job, ASKED)
    assert store.answer(job, "q1", '"Yes"') == Answered(taken=True, kept='"Yes"')
    assert store.answer(job, "q1", '"No"') == Answered(taken=False, kept='"Yes"')
    assert told(store, job, ASKED, question="q1").answer == '"Yes"'
    assert told(store, job, body="", question="q1").answer == '"Yes"'
    assert told(store, job, ASKED).answer == ""
    assert told(store, job, ASKED, question="q2").answer == ""
    again = told(store, job, ASKED, run="two", claim=True, question="q1")
    assert again.answer == '"Yes"'


def test_of_many_answers_at_once_one_counts(store: Store, job: str) -> None:
    """They come in one after the other."""
    told(store, job, ASKED)
    with ThreadPoolExecutor(8) as people:
        given = list(people.map(lambda n: store.answer(job, "q1", json.dumps(n)), range(40)))
    assert sum(answered.taken for answered in given) == 1
    assert len({answered.kept for answered in given}) == 1


def test_what_is_not_asked_is_not_answered(store: Store, job: str) -> None:
    """Neither a job that is not known, nor another question, nor one that is over."""
    nothing = Answered(taken=False, kept="")
    assert store.answer(job, "q1", "1") == nothing
    told(store, job)
    assert store.answer(job, "q1", "1") == nothing
    told(store, job, ASKED)
    assert store.answer(job, "q2", "1") == nothing
    store.answer(job, "q1", "1")
    closed = told(store, job, question="q1")
    assert closed.answer == "1"
    assert store.answer(job, "q1", "2") == nothing


def test_a_state_that_another_one_has_changed_is_left(store: Store, job: str) -> None:
    """Who changes what they have read is refused when it is not the newest any more."""
    assert told(store, job, run="", at=0).accepted
    assert not told(store, job, run="", at=0).accepted
    seq = told(store, job, run="").seq
    late = told(store, job, run="", at=seq - 1, lines=('{"text": "late"}',))
    assert (late.accepted, late.seq, late.log, late.ended) == (False, seq, 0, False)
    assert told(store, job, run="", at=seq).seq == seq + 1
