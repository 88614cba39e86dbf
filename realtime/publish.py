"""The waist: every change of every job goes through `publish`, whoever makes it.

First remember (one atomic store call), then record (SQL, at transitions only), then announce
(the layer): whoever hears the announcement can already read it.
"""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from realtime import announcer, records
from realtime.errors import StoreAway
from realtime.events import JobState, Status, Wish, timestamp, with_numbers
from realtime.layer import shard_of
from realtime.metrics import counted
from realtime.stage_times import left
from realtime.states import State, read_one
from realtime.store import Crown, Part, Remembered, Report, get_store, told_of

logger = logging.getLogger("realtime")

DIED = gettext_noop("Its worker has died.")
COMES_BACK = gettext_noop("Its worker has died. The broker will deliver it again.")
BLIND_STEP = 1_000
"""How far an end's seq goes ahead when the store is away: further than reports got lost."""
QUEUED_SEQ = 2**20
"""Viewers have seen lower ones, of a job in line with the time (`line.py`), and the store, which
may have lost everything since, knows nothing of them."""
FORGOTTEN_STEP = 2**32
"""How far a seq goes ahead when the store may have lost what SQL never knew: further than a job
reports in its life, and often enough within the 2**53 that browsers count exactly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of one job."""

    state: JobState
    """The whole new state."""
    order: int
    """The attempt; 0 while only queued."""
    run: str = ""
    """Which execution reports."""
    claim: bool = False
    """Whether this execution takes the attempt over from another one."""
    floor: int = 0
    """The highest seq that the writer knows."""
    at: int | None = None
    """The seq of the state that was changed: the change is not made to any other one."""
    lines: tuple[str, ...] = ()
    """New log lines."""
    told: int = 0
    """How many lines this execution has told before these."""
    base: int | None = None
    """After which line of the log its first one comes, once that is known."""
    after: int = 0
    """After which line lines come where the store does not know how many there were: 0 where nobody
    else can have told any, else `FORGOTTEN_STEP`, for viewers leave out what they have seen."""
    items: records.Items | None = None
    """Failed and skipped items, for SQL alone."""
    transition: bool = False
    """Whether SQL must know."""
    passing: bool = False
    """Whether its writer comes again soon with what SQL could not be told."""
    silent: bool = False
    """Whether nothing has changed: only the lease is renewed."""
    promised: dict[str, float] = field(default_factory=dict)
    """Jobs of its tree that follow if it succeeds, and that nobody has queued yet; their weights.
    """
    crown: Crown | None = None
    """How it is told when jobs are below it, whose counts only the store knows."""
    silent_for: float = 0.0
    """Seconds: only the store may decide whether this change is made, and makes it only when the
    job was not heard for so long."""
    question: str = ""
    """The id of the question that the task waits to be answered."""
    asked: bool = True
    """Whether the job may have asked its owner something before, of which there is a notice."""

    @property
    def asks_no_more(self) -> bool:
        """Whether this tells that the question's time is over."""
        return not self.silent and self.state.question is None

    def later(self) -> Change:
        """Return the change as it is told again to a store that was away; SQL has it already.

        However often it is told in vain, its floor rises once: the next attempt is above it.
        """
        if not self.transition:
            return self
        return replace(self, transition=False, items=None, floor=self.floor + BLIND_STEP)

    def report(self) -> Report:
        """Return what the store is told."""
        return Report(
            job=self.state.id,
            order=self.order,
            run=self.run,
            claim=self.claim,
            floor=self.floor,
            at=self.at,
            body="" if self.silent else self._body(),
            ends=self.state.ended,
            lines=self.lines,
            told=self.told,
            base=self.base,
            after=self.after,
            silent_for=self.silent_for,
            wants=self.state.wants,
            question=self.question,
            part=self._part(),
            crown=self.crown,
        )

    def as_told(self, answer: Remembered) -> JobState:
        """Return the state with what the store has added to it."""
        if not answer.tail:
            return self.state
        return self.state.changed(**json.loads("{" + answer.tail[1:]))

    def _as_untold(self) -> JobState:
        """Return the state without what only the store could have said of a root's tree."""
        if self.crown is None:
            return self.state
        return self.state.changed(fraction=self.crown.best or None)

    def _body(self) -> str:
        if self.crown is None:
            return self.state.body()
        return self.state.body(without=told_of(self.crown))

    def _part(self) -> Part | None:
        state = self.state
        if state.is_root or self.silent:
            return None
        return Part(
            root=state.root,
            status=state.status,
            fraction=state.fraction or 0.0,
            weight=state.weight,
            promised=self.promised,
        )

    def recorded_as(self, answer: Remembered | None) -> bool:
        """Tell whether SQL must know of it, after what the store has answered."""
        if answer is None:
            return self.transition and not self.silent_for and not self.passing
        return self.transition and answer.accepted

    def _last_lines(self) -> tuple[str, ...]:
        """Return the lines that come with the job's end, if their numbers are known."""
        is_known = self.base is not None or not self.after
        return self.lines if self.state.ended and is_known else ()

    def row(self, answer: Remembered | None, body: str) -> records.Row:
        """Return what SQL is told; `body` is what the store was told."""
        more: dict[str, Any] = {"items": self.items, "asked": self.asked}
        if answer is None:
            log = (self.base or 0) + self.told + len(self.lines)
            seq, is_counted = self.floor + BLIND_STEP, self.base is not None
            body = "" if self.crown else body
            more |= {"counted": is_counted, "untold": True, "lines": self._last_lines()}
            return records.Row(self._as_untold(), seq, log, body=body, **more)
        body = completed(body, answer)
        return records.Row(self.as_told(answer), answer.seq, answer.log, body=body, **more)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What became of changes."""

    answers: list[Remembered | None]
    """The store's answers in the order of the changes, None where it is away."""
    unrecorded: list[records.Row]
    """What SQL must still be told, because the database is away."""


def publish(
    changes: list[Change], *, recorded: Callable[[], None] | None = None, blind: bool = False
) -> Published:
    """Remember, record and announce changes; raises nothing when store, database or layer is away.

    `recorded` is called once nothing can be lost any more, before the announcement.
    `blind` does without the store, which is known to be away.
    """
    reports = [change.report() for change in changes]
    answers: list[Remembered | None] = [None] * len(reports)
    if not blind:
        answers = _remember(reports)
    unrecorded = records.try_record(
        [
            change.row(answer, report.body)
            for change, report, answer in zip(changes, reports, answers, strict=True)
            if change.recorded_as(answer)
        ]
    )
    if recorded and not unrecorded:
        recorded()
    _count(reports, changes, answers)
    _announce(changes, reports, answers)
    return Published(answers=answers, unrecorded=unrecorded)


def take_over(job: str, order: int, run: str) -> None:
    """Let a run have an attempt before it says anything: what others say of it is refused now."""
    _remember([Report(job=job, order=order, run=run, claim=True)])


def _remember(reports: list[Report]) -> list[Remembered | None]:
    try:
        return list(get_store().remember(reports))
    except StoreAway as error:
        counted.count("store_errors")
        logger.warning("The store is away, reports are kept for later: %s", error)
        return [None] * len(reports)


def _count(reports: list[Report], changes: list[Change], answers: list[Remembered | None]) -> None:
    counted.count("reports", len(reports))
    for report, change, answer in zip(reports, changes, answers, strict=True):
        if report.ends and answer and answer.accepted:
            counted.count("jobs_ended", label=change.state.status)


def _announce(
    changes: list[Change], reports: list[Report], answers: list[Remembered | None]
) -> None:
    shards: dict[str, list[str]] = defaultdict(list)
    for change, report, answer in zip(changes, reports, answers, strict=True):
        if answer and answer.accepted and report.body:
            whole = with_numbers(completed(report.body, answer), answer.seq, answer.log)
            shards[shard_of(change.state.shard_key)].append(whole)
    if shards:
        announcer.announce(shards)


def completed(body: str, answer: Remembered) -> str:
    """Return a body with what the store has added to it."""
    return body[:-1] + answer.tail if answer.tail else body


def end_elsewhere(
    job: str, status: Status, *, run: str = "", known: State | None = None, **more: Any
) -> Change | None:
    """Return the end of an attempt that does not run in this process, None when it is unknown.

    Its worker died, it was revoked, or nobody will ever start it. `run` says whose it may be:
    the beginning of the names of one worker's runs; another worker's is then left alone. `known`
    is its state where that was just read.
    """
    known = known or read_one(job)
    if known is None:
        return None
    if status is Status.CANCELLED:
        more = {"wants": Wish.CANCEL, **more}
    state = stopped(known, status, **more)
    order = max(state.attempt, 1)
    # No higher one: who knows more than the store is taken for the newer run.
    floor = max(known["seq"], QUEUED_SEQ)
    return Change(
        state=state, order=order, run=run, floor=floor, after=FORGOTTEN_STEP, transition=True
    )


def worker_lost(*, comes_back: bool = False) -> dict[str, Any]:
    """Return the error of a job whose worker has died, which its owner may read."""
    return {"kind": "WorkerLost", "text": COMES_BACK if comes_back else DIED, "public": True}


def unheard(ttl: int) -> dict[str, Any]:
    """Return the error of a job outside Celery that was silent for too long."""
    said = _("It was not heard of for %(seconds)d s.") % {"seconds": ttl}
    return {"kind": "Unheard", "text": said, "public": True}


def stopped(known: State, status: Status, **more: Any) -> JobState:
    """Return the state of a job that its worker runs no longer."""
    at = timestamp()
    finished = None if status is Status.RETRYING else at
    still: dict[str, Any] = {
        "updated_at": at,
        "finished_at": finished,
        "stalled": False,
        "eta": None,
        "question": None,
        "position": None,
    }
    as_what = status.value if status in {Status.CANCELLED, Status.SUCCEEDED} else "failed"
    still["stages"] = [left(stage, as_what, at) for stage in known.get("stages") or []]
    return JobState.from_dict(known).changed(status=status, **(still | more))
