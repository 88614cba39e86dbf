"""One body over both stores: what one promises, the other keeps."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from realtime.errors import StoreAway
from realtime.events import JobState, Status
from realtime.store import WORKERS, RedisStore, Remembered, Report, Store
from realtime.store.redis_words import key_of
from tests.services import RedisServer, wait_until


def state(job: str, status: Status = Status.RUNNING, **more: Any) -> JobState:
    """Return a small state."""
    given = {"name": "tests.count", "title": "Count"} | more
    return JobState(id=job, root=job, status=status, **given)


ORCHARD = ("apples", "pears_sum", "trees", "hives")  # names that nothing else counts under
LINE = '{"at":"","level":"info","text":"x"}'


def report(job: str, **more: Any) -> Report:
    """Return a report of a first attempt, unless said otherwise."""
    given: dict[str, Any] = {"order": 1, "run": "one", "body": state(job).body()} | more
    return Report(job=job, **given)


def one(store: Store, said: Report) -> Remembered:
    """Let the store remember a single report."""
    return store.remember([said])[0]


@pytest.fixture
def job() -> str:
    """Return the id of a job that nobody knows yet."""
    return str(uuid.uuid4())


def test_seqs_rise_and_the_newest_state_is_kept(store: Store, job: str) -> None:
    """Each state gets the next number, and is read back with it."""
    bodies = [state(job, current=n).body() for n in range(3)]
    answers = store.remember([report(job, body=body) for body in bodies])
    assert [answer.seq for answer in answers] == [1, 2, 3]
    kept = json.loads(store.states([job])[job])
    assert (kept["seq"], kept["log"], kept["current"]) == (3, 0, 2)
    assert JobState.from_dict(kept) == state(job, current=2)


def test_a_redis_that_has_forgotten_our_scripts_reads_them_again(redis: RedisServer) -> None:
    """Of many reports none is lost, and none is taken twice."""
    jobs = [str(uuid.uuid4()) for _ in range(20)]
    store = RedisStore()
    with redis.client() as client:
        for _ in range(2):
            client.script_flush()
            answers = store.remember([report(one) for one in jobs])
            assert all(answer.accepted for answer in answers)
        assert {answer.seq for answer in answers} == {2}
    store.close()


def test_what_redis_refuses_is_no_answer(redis: RedisServer) -> None:
    """A key that is something else, as a full or read-only Redis: the store counts as away."""
    jobs = [str(uuid.uuid4()) for _ in range(3)]
    store = RedisStore()
    with redis.client() as client:
        client.set(key_of(jobs[1]), "no hash")
        with pytest.raises(StoreAway, match="WRONGTYPE"):
            store.remember([report(one) for one in jobs])
        client.delete(key_of(jobs[1]))
    assert {answer.seq for answer in store.remember([report(one) for one in jobs])} <= {1, 2}
    store.close()


def test_nothing_comes_after_the_end(store: Store, job: str) -> None:
    """An end is the last state; later reports are refused, from whomever."""
    one(store, report(job, body=state(job, Status.SUCCEEDED).body(), ends=True))
    late = one(store, report(job, lines=('{"text":"late"}',)))
    assert (late.accepted, late.seq, late.log) == (False, 1, 0)
    assert not one(store, report(job, order=2, run="two", claim=True)).accepted
    assert json.loads(store.states([job])[job])["status"] == "succeeded"


def test_a_late_queued_report_does_not_take_a_start_back(store: Store, job: str) -> None:
    """The web process may be slower than the worker."""
    assert one(store, report(job)).accepted
    assert not one(store, report(job, order=0, run="")).accepted


def test_the_same_queued_report_counts_once(store: Store, job: str) -> None:
    """A report that is sent again, because its answer was lost, makes no second state."""
    assert one(store, report(job, order=0, run="")).accepted
    assert not one(store, report(job, order=0, run="")).accepted


def test_an_older_attempt_is_refused(store: Store, job: str) -> None:
    """What the first try says after the second has begun is void."""
    one(store, report(job, order=2))
    assert not one(store, report(job, order=1)).accepted


def test_the_run_that_claimed_last_is_heard(store: Store, job: str) -> None:
    """A worker that was taken for dead and comes back changes nothing."""
    one(store, report(job, run="dead", claim=True))
    assert one(store, report(job, run="alive", claim=True)).accepted
    assert not one(store, report(job, run="dead")).accepted
    assert one(store, report(job, run="alive")).accepted


def test_a_run_takes_over_before_it_says_anything(store: Store, job: str) -> None:
    """What it reads is then the last of the other one; its lines come behind the other's."""
    one(store, report(job, run="old", claim=True, lines=(LINE,) * 2))
    assert one(store, report(job, run="new", claim=True, body="")).seq == 1
    assert not one(store, report(job, run="old", told=2, lines=(LINE,))).accepted
    assert one(store, report(job, run="new", claim=True, lines=(LINE,))).log == 3
    assert one(store, report(job, run="new", told=1, base=2, lines=(LINE,))).log == 4


def test_seqs_go_on_from_what_the_writer_knows(store: Store, job: str) -> None:
    """After the store has lost everything, numbers still rise."""
    assert one(store, report(job, floor=41)).seq == 42
    assert one(store, report(job, floor=7)).seq == 43


def test_a_renewal_changes_no_state(store: Store, job: str) -> None:
    """A sign of life has no number; it makes the job younger."""
    one(store, report(job))
    assert one(store, report(job, body="")).seq == 1
    sign = store.signs([job])[job]
    assert sign.seq == 1
    assert 0 <= sign.age < 5


def test_lines_are_numbered_and_read_by_number(store: Store, job: str) -> None:
    """Lines count from 1, across reports, with and without a state."""
    lines = [json.dumps({"text": str(n)}) for n in range(1, 8)]
    one(store, report(job, lines=tuple(lines[:3])))
    assert one(store, report(job, body="", lines=tuple(lines[3:]), told=3)).log == 7
    part = store.log(job, 2, 3)
    assert [(line["n"], line["text"]) for line in part.lines] == [(3, "3"), (4, "4"), (5, "5")]
    assert part.lost == 0
    assert store.log(job, 7).lines == []
    assert store.log(job, 99).lines == []


def test_lines_beyond_the_cap_are_counted(store: Store, job: str, settings: Any) -> None:
    """The oldest lines go first, and the reader is told how many are gone."""
    settings.HEADWAY = {**settings.HEADWAY, "LOG_LINES": 5}
    lines = tuple(json.dumps({"text": str(n)}) for n in range(1, 9))
    one(store, report(job, lines=lines))
    part = store.log(job, 0)
    assert ([line["n"] for line in part.lines], part.lost) == ([4, 5, 6, 7, 8], 3)
    assert store.log(job, 2).lost == 1
    assert store.log(job, 5).lost == 0


def test_a_log_keeps_so_many_bytes(store: Store, job: str, settings: Any) -> None:
    """However long its lines are: the oldest go, and the reader is told how many."""
    settings.HEADWAY = {**settings.HEADWAY, "LOG_BYTES": 1_000}

    def log(told: int, *texts: str) -> list[int]:
        lines = tuple(json.dumps({"text": text}, ensure_ascii=False) for text in texts)
        one(store, report(job, told=told, lines=lines))
        return [line["n"] for line in store.log(job, 0).lines]

    for n in range(20):
        kept = log(n, "ü" * 100)
    assert (kept, store.log(job, 0).lost) == ([17, 18, 19, 20], 16)
    assert log(20, *("short" for _ in range(10))) == list(range(18, 31))
    assert log(30, "x" * 2_000) == []
    assert log(31, "last") == [32]
    assert store.log(job, 0).lost == 31


def test_requests_come_back_with_the_next_report(store: Store, job: str) -> None:
    """What people ask travels on the answer, also to a job that has just ended."""
    one(store, report(job))
    store.want([job], "cancel")
    assert one(store, report(job)).wants == "cancel"
    assert one(store, report(job, body="")).wants == "cancel"


def test_a_request_may_come_before_the_first_report(store: Store, job: str) -> None:
    """Cancelling a job of which the store knows nothing yet is not forgotten."""
    store.want([job], "cancel")
    assert store.states([job]) == {}
    assert store.signs([job]) == {}
    answer = one(store, report(job))
    assert (answer.accepted, answer.wants) == (True, "cancel")


def test_an_end_that_is_told_twice_is_one_end(store: Store, job: str) -> None:
    """The first answer was lost on its way; another run's end is refused."""
    end = report(job, body=state(job, Status.SUCCEEDED).body(), ends=True)
    assert (one(store, end).accepted, one(store, end)) == (
        True,
        Remembered(accepted=True, seq=1, log=0, wants="", ended=True),
    )
    other = report(job, run="two", body=state(job, Status.FAILED).body(), ends=True)
    assert not one(store, other).accepted


def test_a_job_that_was_heard_meanwhile_is_not_taken_for_silent(store: Store, job: str) -> None:
    """Who judges and who speaks may come in every order; the one who speaks wins."""
    verdict = report(job, run="judge", claim=True, silent_for=60.0)
    one(store, report(job))
    assert not one(store, verdict).accepted
    assert one(store, report(job, run="judge", claim=True, silent_for=1e-9)).accepted
    assert not one(store, report(job)).accepted


def test_a_job_of_which_nothing_is_known_is_silent(store: Store, job: str) -> None:
    """The store has lost it; who judges has counted the seconds."""
    assert one(store, report(job, claim=True, silent_for=60.0, floor=9)).seq == 10


def test_a_run_that_knows_more_than_the_store_is_heard(store: Store, job: str) -> None:
    """Everything was lost, and an older run spoke first."""
    one(store, report(job, run="old", floor=7))
    assert one(store, report(job, run="new", floor=2**32)).accepted
    assert not one(store, report(job, run="old", floor=8)).accepted


def test_a_workers_runs_are_known_by_how_their_names_begin(store: Store, job: str) -> None:
    """A worker ends what its dead child ran, and not what another worker runs now."""
    one(store, report(job, run="here-1", claim=True))
    assert not one(store, report(job, run="there-")).accepted
    assert one(store, report(job, run="here-")).accepted


def test_leases_are_renewed_for_jobs_that_live(store: Store, job: str) -> None:
    """Nothing else changes; of what is unknown or has ended, nothing does."""
    ended, unknown = str(uuid.uuid4()), str(uuid.uuid4())
    one(store, report(job))
    one(store, report(ended, ends=True))
    wait_until(lambda: store.signs([job])[job].age > 0.5, "the lease to age")
    before = store.signs([job, ended])
    store.renew([job, ended, unknown])
    after = store.signs([job, ended, unknown])
    assert after[job].age < before[job].age
    assert after[ended].age > before[ended].age
    assert (after[job].seq, unknown in after) == (1, False)
    store.renew([])


def test_signs_tell_the_attempt_and_the_end(store: Store, job: str) -> None:
    """Who judges needs no more than signs to see what there is to look at."""
    queued = str(uuid.uuid4())
    one(store, report(queued, order=0, run=""))
    one(store, report(job, order=2))
    signs = store.signs([queued, job])
    assert (signs[queued].order, signs[job].order, signs[job].ended) == (0, 2, False)
    one(store, report(job, order=2, ends=True))
    assert store.signs([job])[job].ended


def test_a_worker_is_heard_of_though_the_state_is_lost(store: Store, job: str) -> None:
    """A sign of life after the store has lost everything is one."""
    one(store, report(job, body=""))
    assert store.signs([job])[job].seq == 0


def test_a_run_owns_its_job_until_it_ends_or_another_claims_it(store: Store, job: str) -> None:
    """What a task leaves beside its state asks first."""
    assert store.owns(job, 1, "one")
    one(store, report(job, run="one", claim=True))
    assert (store.owns(job, 1, "one"), store.owns(job, 2, "two")) == (True, True)
    one(store, report(job, run="two", claim=True))
    assert (store.owns(job, 1, "one"), store.owns(job, 1, "two")) == (False, True)
    one(store, report(job, run="two", ends=True))
    assert not store.owns(job, 1, "two")


@pytest.mark.usefixtures("alone")
def test_one_process_leads_at_a_time(store: Store) -> None:
    """The lock is kept by its holder alone, given back by its holder alone, and expires."""
    first = store.lead("a", 60)
    assert first.mine
    assert not store.lead("b", 60).mine
    again = store.lead("a", 60)
    assert again.mine
    assert again.now >= first.now
    store.resign("b")
    assert not store.lead("b", 60).mine
    store.resign("a")
    assert store.lead("b", 0.05).mine
    wait_until(lambda: store.lead("a", 60).mine, "the lock to expire")


def test_unknown_jobs_are_left_out(store: Store, job: str) -> None:
    """Who asks for several gets those that are there."""
    one(store, report(job))
    other = str(uuid.uuid4())
    assert set(store.states([other, job])) == {job}
    assert set(store.signs([other, job])) == {job}
    assert store.states([]) == {}
    assert store.signs([]) == {}
    assert store.log(other, 0).lines == []


def test_text_of_every_language_survives(store: Store, job: str) -> None:
    """What goes in comes out."""
    title = 'Ärger "quoted" \\ 进度 🚀 \u2028'
    one(store, report(job, body=state(job).changed(title=title).body()))
    assert json.loads(store.states([job])[job])["title"] == title


def test_redis_forgets_ended_jobs_and_only_after_a_while(redis: RedisServer, job: str) -> None:
    """Every key has an expiry: Redis does not grow for ever."""
    from realtime.store import RedisStore

    store = RedisStore(redis.url)
    store.remember([report(job, lines=("{}",))])
    store.want([str(uuid.uuid4())], "cancel")
    with redis.client() as client:
        keys = list(client.scan_iter("headway:*"))
        assert keys
        assert all(client.ttl(key) > 0 for key in keys)
    store.close()


def test_what_processes_count_adds_up(store: Store) -> None:
    """Sums of all, and the gauges of those that live."""
    store.total("one", {"apples": 2, "pears_sum": 0.25}, {"trees": 3}, keep=60)
    store.total("two", {"apples": 1}, {"trees": 4, "hives": 1}, keep=60)
    store.total("one", {"apples": 1}, {"trees": 1}, keep=60)
    store.total("gone", {"apples": 5}, {"trees": 100}, keep=0.01)

    def ours(numbers: dict[str, float]) -> dict[str, float]:
        # Processes that are kept for other tests count in the same Redis.
        return {name: numbers[name] for name in ORCHARD if name in numbers}

    wait_until(lambda: ours(store.totals().gauges) == {"trees": 5, "hives": 1}, "they go")
    assert ours(store.totals().counts) == {"apples": 9, "pears_sum": 0.25}


def test_what_workers_hold_is_known_while_they_live(store: Store) -> None:
    """The newest word of each counts; one that is silent holds nothing."""
    store.hold("one", ["a"], keep=60)
    store.hold("one", ["b", "c"], keep=60)
    store.hold("two", None, keep=60)
    store.hold("gone", ["d"], keep=0.01)
    # Workers of other tests tell what they hold, too.
    wait_until(lambda: ["d"] not in store.holdings(), "the silent one to be gone")
    held = store.holdings()
    assert ["b", "c"] in held
    assert None in held
    assert ["a"] not in held


def test_workers_introduce_themselves(store: Store) -> None:
    """What one says last counts; its age is the store's to tell."""
    store.introduce("a@x", {"pid": 1})
    store.introduce("b@x", {"pid": 2})
    store.introduce("a@x", {"pid": 3})
    told = store.introduced()
    assert {name: one.about for name, one in told.items()} == {"a@x": {"pid": 3}, "b@x": {"pid": 2}}
    assert all(0 <= one.age < 5 for one in told.values())


def test_so_many_workers_are_known(store: Store, redis: RedisServer) -> None:
    """Who has been silent longest is forgotten first, whatever the names are."""
    for n in range(WORKERS + 3):
        store.introduce(f"ü {n}", {"n": n})
    kept = {one.about["n"] for one in store.introduced().values()}
    assert len(kept) == WORKERS
    assert WORKERS + 2 in kept
