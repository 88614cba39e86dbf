"""What every store does, and the words in which it is asked and answers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from realtime.events import ENDS

LINES_PER_READ = 1_000
GROWING = 5.0
"""Seconds without a further job after which a tree's size, and so its fraction, counts as known
though nobody has said that all of it is queued: who queued it has died."""
HEALING = 1.5
"""Seconds in which the jobs of a tree that the store has lost speak again, before its root does."""
CROWNED = ("fraction", "children")
"""What the store tells of every root that is crowned."""
COUNTED = ("current", "total", "ok", "failed")
"""What it tells besides of a root that has no task."""
REPLACED = ("current", "total")
"""What it tells besides of a root whose task was replaced: how many of the others have ended."""
WORKERS = 500
"""Workers that the store knows at most; who has been silent longest goes first."""
REMEMBERED = 600
"""Seconds that it knows of a worker that says nothing any more."""
WHOLE = 10_000
"""A fraction of 1, as the store adds fractions up: in whole numbers, which never drift."""
GRAMS = 100
"""A weight of 1, likewise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a job is of the tree that it belongs to."""

    root: str
    """The tree's root."""
    status: str
    """The job's status."""
    fraction: float
    """The part of it that is done, 0 to 1; an end is 1, whichever it is."""
    weight: float = 1.0
    """How much of the root's bar it is, beside others that weigh 1."""
    promised: dict[str, float] = field(default_factory=dict)
    """Jobs that follow if this one succeeds, and that nobody has queued yet; their weights."""


class Branch(NamedTuple):
    """A job of a tree, as SQL knows it."""

    job: str
    """The job's id."""
    status: str
    """The job's status."""
    weight: float = 1.0
    """How much of the root's bar it is."""
    fraction: float | None = None
    """The part of it that was done when SQL was told last."""
    promised: Mapping[str, float] = MappingProxyType({})
    """Jobs that follow if this one succeeds, with their weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crown:
    """How a root is told: its fraction and the counts of its tree are the store's to give."""

    mode: str
    """"plant" begins its tree, "sealed" says that all of it is queued, "own" that its task runs,
    "held" that its tree decides about it, "replaced" that moreover its task goes on as that."""
    own: float | None = None
    """The part of its own task that is done; None where it has no task."""
    weight: float = 1.0
    """How much of its bar its own task is."""
    best: float = 0.0
    """The fraction that viewers have seen, below which it never goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the store is asked to remember of one job."""

    job: str
    """The job's id."""
    order: int
    """The attempt; 0 for a job that is only queued, so that a start is never taken back."""
    run: str = ""
    """Which execution of the attempt reports, or how the names of a worker's executions begin;
    "" speaks for none and is not refused for it."""
    claim: bool = False
    """Whether this run takes the job over from another run of the same attempt; of a job that is
    only queued, whether there is more to say of it."""
    floor: int = 0
    """The highest seq that the writer knows: seqs go on from here when Redis lost everything."""
    at: int | None = None
    """The seq of the state that the writer has changed, 0 where the store had none: the report is
    refused when there is another one by now; None is taken anyway."""
    silent_for: float = 0.0
    """Seconds: the report is refused when the job was heard more recently; 0 takes it anyway."""
    body: str = ""
    """The state without its numbers; "" only renews the lease."""
    ends: bool = False
    """Whether this is the job's last state."""
    lines: tuple[str, ...] = ()
    """Log lines, each a JSON object without its number."""
    told: int = 0
    """How many lines this run has told before these: lines told twice, because the first answer
    was lost, are kept once."""
    base: int | None = None
    """After which line the run's first one comes, once the writer knows: numbers go on from here
    when Redis lost everything."""
    after: int = 0
    """After which line lines come where neither writer nor store knows how many there were; 0 says
    that there were none."""
    wants: str = ""
    """What the writer has heard that people want: kept where the store has lost it."""
    question: str = ""
    """The id of the question that the run asks, "" for none: its answer is handed back."""
    part: Part | None = None
    """What it is of another job's tree."""
    crown: Crown | None = None
    """How it is told as the root of its own."""


class News(IntEnum):
    """What a report means for the root of its tree."""

    NONE = 0
    SOME = 1
    ALL_ENDED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What the store answers."""

    accepted: bool
    """False when the job had ended, another run of it reports, or the state was another one."""
    seq: int
    """The job's seq now."""
    log: int
    """The number of the newest log line."""
    wants: str
    """What people want of the job, a `Wish`; "" while they have said nothing."""
    ended: bool = False
    """Whether the job had ended before."""
    answer: str = ""
    """The answer to the question of the report, as JSON; "" while there is none."""
    news: News = News.NONE
    """Whether the root of its tree has something to tell."""
    tail: str = ""
    """Of a root: what the store has added to its body, JSON that ends an object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a job stands, for who is about to run it."""

    seq: int
    """The newest seq; 0 while no state of it is there."""
    wants: str
    """What people want of it, "" while they have said nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What became of an answer."""

    taken: bool
    """Whether this is the answer that counts."""
    kept: str
    """The answer that counts, as JSON; "" when the question is not asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """A tree, as far as its root's next step depends on it."""

    planted: bool = False
    """Whether all jobs of it are counted; False when the store has lost what it knew."""
    open: int = 0
    """How many jobs have not ended; what is only promised is not among them."""
    jobs: int = 0
    """How many jobs there are; what is only promised is not among them."""
    started: bool = False
    """Whether one of them has started."""
    busy: bool = False
    """Whether one of them works now: neither waits nor is paused."""
    resting: bool = False
    """Whether its jobs are given time to speak, after the store has lost what it knew."""
    settled: bool = True
    """Whether all of it is queued, as far as can be told."""
    wants: str = ""
    """What people want of the root, "" while they have said nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """A job's seq and how long ago its worker was heard."""

    seq: int
    """The newest seq; 0 when the store has lost the state and has only heard of the worker."""
    age: float
    """Seconds since the lease was renewed, by the store's clock."""
    order: int = 0
    """The attempt; 0 for a job that is only queued."""
    ended: bool = False
    """Whether the job has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """Whether a process may judge the silent jobs of all others."""

    mine: bool
    """Whether it may."""
    now: float
    """The store's clock, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """A part of a job's log."""

    lines: list[dict[str, Any]]
    """Each with its number `n`, `at`, `level` and `text`."""
    lost: int
    """How many lines before them are no longer kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What the processes of an installation have counted."""

    counts: dict[str, float]
    """Sums since the store began, by name."""
    gauges: dict[str, float]
    """Sums over the processes that live, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a worker has told of itself."""

    about: dict[str, Any]
    """What it said last."""
    age: float
    """Seconds since then, by the store's clock."""


class Store(Protocol):
    """What both stores do; every call raises `StoreAway` when there is no answer in time."""

    def remember(self, reports: list[Report]) -> list[Remembered]:
        """Take reports in, in order; one answer for each."""

    def states(self, jobs: list[str]) -> dict[str, str]:
        """Return the whole states, as JSON, of those jobs that are known."""

    def signs(self, jobs: list[str]) -> dict[str, Sign]:
        """Return seq and age of those jobs that are known."""

    def log(self, job: str, after: int, limit: int = LINES_PER_READ) -> Lines:
        """Return the lines that follow line `after`."""

    def want(self, jobs: list[str], wish: str) -> None:
        """Leave what people want of jobs, brought back by each report; a cancel stays."""

    def answer(self, job: str, question: str, answer: str) -> Answered:
        """Leave an answer, as JSON, if the job's state asks this and nobody was faster."""

    def standing(self, job: str) -> Standing:
        """Tell how a job stands."""

    def wished(self) -> float:
        """Return when a wish was last left for any job, by the store's clock in seconds.

        A store that has lost everything says when that was noticed: what was left before is lost.
        """

    def growth(self, root: str) -> Growth:
        """Return how a tree is."""

    def regrow(self, root: str, jobs: Iterable[Branch], *, held: bool, sealed: bool) -> None:
        """Take in the jobs of a tree that the store does not know better."""

    def fell(self, root: str) -> None:
        """Forget the jobs of a tree, whose root has ended."""

    def renew(self, jobs: list[str]) -> None:
        """Renew the leases of those jobs that are known and have not ended; no state changes."""

    def owns(self, job: str, order: int, run: str) -> bool:
        """Tell whether this run may still change the job; True while nothing is known of it."""

    def lead(self, token: str, seconds: float) -> Lead:
        """Take or keep the lock of the one process that judges; it is free after `seconds`."""

    def resign(self, token: str) -> None:
        """Give the lock back if it is held with this token."""

    def hold(self, worker: str, messages: list[str] | None, *, keep: float) -> None:
        """Note which messages of the broker a worker holds; it is forgotten after `keep` s.

        None when it holds too many to say.
        """

    def holdings(self) -> list[list[str] | None]:
        """Return what each worker holds that lives."""

    def introduce(self, worker: str, about: dict[str, Any]) -> None:
        """Note what a worker says of itself, under its name."""

    def introduced(self) -> dict[str, Told]:
        """Return what each worker has said, those too that were silent for a while."""

    def attend(self, process: str, people: Mapping[str, float]) -> None:
        """Note that a process sees people, each of whom counts as here for so many seconds."""

    def absent(self, people: list[str]) -> set[str]:
        """Return those whom no process sees."""

    def total(
        self, process: str, counts: dict[str, float], gauges: dict[str, float], *, keep: float
    ) -> None:
        """Add to the sums, and note a process's gauges, which are forgotten after `keep` s."""

    def totals(self) -> Totals:
        """Return what has been counted."""

    def close(self) -> None:
        """Close connections; a later call opens new ones."""


def share(fraction: float | None, status: str) -> int:
    """Return a fraction in whole numbers."""
    return WHOLE if status in ENDS else int(WHOLE * min(max(fraction or 0.0, 0.0), 1.0))


def told_of(crown: Crown) -> tuple[str, ...]:
    """Return which fields of a root's state are the store's to give."""
    if crown.own is None:
        return (*COUNTED, *CROWNED)
    return (*REPLACED, *CROWNED) if crown.mode == "replaced" else CROWNED


def grams(weight: float) -> int:
    """Return a weight in whole numbers."""
    return max(round(weight * GRAMS), 1)


def numbered(found: list[str], start: int, after: int) -> Lines:
    """Return raw lines, of which the first follows line `start`, with their numbers."""
    lines = [{"n": start + place, **json.loads(line)} for place, line in enumerate(found, 1)]
    return Lines(lines=lines, lost=start - after if lines or start > after else 0)
