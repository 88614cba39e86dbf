"""The words of a job's life: its statuses and its state. Pure: nothing but the standard library."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from operator import attrgetter
from time import time_ns
from typing import Any


class Status(StrEnum):
    """What a job is doing."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    WAITING = "waiting"
    RETRYING = "retrying"
    CANCELLING = "cancelling"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"


class Wish(StrEnum):
    """What people want of a job: not an event but what holds until they want something else.

    So a wish may be told again and again, to every run of the job, and is obeyed once.
    """

    GO_ON = "resume"
    PAUSE = "pause"
    CANCEL = "cancel"
    """Nothing takes it back."""


class NoticeKind(StrEnum):
    """What a person is told by a notice."""

    FINISHED = "finished"
    """A job has succeeded, perhaps with warnings."""
    FAILED = "failed"
    """A job has failed, or was lost."""
    ASKS = "asks"
    """A job waits for an answer."""


ALERT = "alert"
"""The kind of a notice that is of no job: its rule says how it is told."""


class Way(StrEnum):
    """By which way a notice reaches its person."""

    TOAST = "toast"
    """Shown for a while on the page that they are on."""
    INBOX = "inbox"
    """Kept, and counted by the bell while it is unread."""
    MAIL = "mail"
    """Sent to who was away and has not read it for a while."""
    BROWSER = "browser"
    """Shown by the browser while its tabs are hidden."""


ELSEWHERE = "elsewhere:"
"""What the queue of a job begins with that is run by others than Celery: no broker has it."""

ENDS = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELLED, Status.LOST})
CANVAS = ("celery.group", "celery.chord", "celery.chain")
"""The names of jobs that stand for what was queued together."""
CHILDREN = ("queued", "running", "retrying", "succeeded", "failed", "cancelled", "lost")
"""What a root counts of its tree, beside the total: jobs that are at work are all running."""


# Made once: `json.dumps` would make an encoder for each call.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True, kw_only=True)
class JobState:
    """Everything a viewer sees of a job, whole, at one sequence number."""

    id: str
    """The Celery task id, a UUID."""
    name: str = ""
    """The task's dotted name."""
    title: str = ""
    """What people call this job."""
    status: str = Status.QUEUED
    """What the job is doing."""
    attempt: int = 1
    """Which try this is, from 1."""
    current: float = 0
    """How many items are done."""
    total: float | None = None
    """How many items there are; None while unknown."""
    unit: str = ""
    """What an item is, in the singular."""
    fraction: float | None = None
    """The part that is done, 0 to 1; None while unknown."""
    message: str = ""
    """What the task says it is doing."""
    rate: float | None = None
    """Items a second."""
    eta: float | None = None
    """Seconds to the end; None while unknown."""
    stages: list[dict[str, Any]] = field(default_factory=list)
    """The named parts: name, fraction, weight, status, and since when and how long they run."""
    ok: int = 0
    """Items that went well."""
    failed: int = 0
    """Items that failed."""
    skipped: int = 0
    """Items that were left out."""
    files: list[dict[str, Any]] = field(default_factory=list)
    """What the job leaves to download: name, size, url."""
    question: dict[str, Any] | None = None
    """What the job asks its owner: id, text, choices, asked_at, expires_at."""
    error: dict[str, Any] | None = None
    """Why the job failed: kind, text, whether the text is meant for the owner, and a traceback."""
    owner: str | None = None
    """The primary key of the person the job belongs to, as text."""
    root: str = ""
    """The id of the tree's root."""
    parent: str | None = None
    """The id of the job that started this one."""
    again_of: str | None = None
    """The id of the job that this one runs again."""
    tags: list[str] = field(default_factory=list)
    """Words to find the job by."""
    queued_at: str | None = None
    """When it was queued, ISO 8601 in UTC."""
    started_at: str | None = None
    """When this attempt started."""
    updated_at: str | None = None
    """When it last changed."""
    heard_at: str | None = None
    """When its worker last gave a sign of life."""
    finished_at: str | None = None
    """When it ended."""
    children: dict[str, int] | None = None
    """Of a root: how many jobs its tree has below it, by status; None for all others."""
    position: int | None = None
    """Its place in the queue: 0 while it waits in line, for a place is counted when it is shown."""
    retry_at: str | None = None
    """When the next attempt starts."""
    stalled: bool = False
    """Whether it has not changed for unusually long though its worker lives."""
    worker: str | None = None
    """The worker that runs it."""
    queue: str = ""
    """The queue it waits in, where it was sent straight to one; viewers are not told."""
    urgency: int = 0
    """How much sooner than others it is served in its queue; viewers are not told."""
    repeats: str = ""
    """What of it can be run again, or why nothing can; viewers are told by `actions`."""
    size: float | None = None
    """How much there is to do, as earlier runs are compared by; viewers are not told."""
    wants: str = ""
    """What people want of it, as far as its worker has heard; viewers are not told."""
    redelivers: bool = False
    """Whether the broker delivers it again when its worker dies; viewers are not told."""
    weight: float = 1.0
    """How much of its tree's bar it is; viewers are not told."""
    rested: float = 0.0
    """Seconds that it was paused, where its tree decides about it; viewers are not told."""
    ttl: int = 0
    """Seconds that it may be silent, where it runs outside Celery; viewers are not told."""
    planned: bool = False
    """Whether its parts were declared, where it runs outside Celery; viewers are not told."""
    held: bool = False
    """Whether no worker runs it and the jobs below it decide how it ends; viewers are not told."""
    final: str | None = None
    """The job whose end decides about this one that is held; viewers are not told."""
    language: str = ""
    """In which language it was started, where that is not the project's; viewers are not told."""

    @property
    def ended(self) -> bool:
        """Whether nothing can change it any more."""
        return self.status in ENDS

    @property
    def is_root(self) -> bool:
        """Whether it is the root of its tree."""
        return self.root == self.id

    @property
    def is_canvas(self) -> bool:
        """Whether it stands for a whole group, chord or chain, and is no task itself."""
        return self.name in CANVAS

    @property
    def shard_key(self) -> str:
        """What decides through which group of the layer the job is announced."""
        return self.owner or self.root

    def body(self, *, without: Collection[str] = ()) -> str:
        """Return the state as JSON without `seq` and `log`, which only the store knows."""
        values = self.values()
        for name in without:
            del values[name]
        return _encode(values)

    def values(self) -> dict[str, Any]:
        """Return the fields by name; lists and dictionaries are the state's own, not copies."""
        return dict(zip(self.__slots__, _fields(self), strict=True))

    def changed(self, **values: Any) -> JobState:
        """Return the state with some values replaced."""
        return replace(self, **values)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> JobState:
        """Read a state back from what a store or a database row holds."""
        return cls(**{name: values[name] for name in cls.__slots__ if name in values})


_fields = attrgetter(*JobState.__slots__)


def with_numbers(body: str, seq: int, log: int) -> str:
    """Put the two numbers that the store gives in front of a body: a whole state as JSON."""
    return f'{{"seq":{seq},"log":{log},{body[1:]}'


def newest(one: dict[str, Any] | None, other: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the state with the higher sequence number; a missing one is older than any.

    An end is newer than all else: a run that goes on after it is one that was given up.
    """
    if one is None or other is None:
        return one or other
    if bool(one["finished_at"]) != bool(other["finished_at"]):
        return one if one["finished_at"] else other
    return one if one["seq"] >= other["seq"] else other


def topics_of(state: dict[str, Any]) -> tuple[str, str, str, str]:
    """Return the topics that a state belongs to."""
    return f"job:{state['id']}", f"tree:{state['root']}", f"mine:{state['owner']}", "all"


def timestamp(moment: datetime | None = None) -> str:
    """Return a moment (now, when none is given) as ISO 8601 in UTC with milliseconds."""
    if moment is None:
        seconds, milliseconds = divmod(time_ns() // 1_000_000, 1000)
        return f"{_second(seconds)}.{milliseconds:03d}Z"
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@lru_cache(maxsize=2)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
