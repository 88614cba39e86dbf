"""The states and notices that the gallery shows, as they are told to viewers everywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from realtime import notice_list
from realtime.events import ENDS, JobState, Status
from realtime.models import Job, Notice
from realtime.permissions import Role, view

TABLE = Path(__file__).with_name("specimens.json")
OWNER = "1"
NOW = "2026-11-22T10:00:00.000Z"
"""The moment at which everything in the gallery is looked at."""
EARLIER = {
    "queued_at": "2026-11-22T09:55:00.000Z",
    "started_at": "2026-11-22T09:57:56.000Z",
    "updated_at": NOW,
    "heard_at": NOW,
}
"""Times of every job, unless the table says others."""


@dataclass(frozen=True, kw_only=True)
class Specimen:
    """A bar in one state."""

    name: str
    """What it shows."""
    state: dict[str, Any] = field(default_factory=dict)
    """What of the job's state is worth a word; empty for one that has none."""
    seen: dict[str, Any] = field(default_factory=dict)
    """What viewers are told besides, as earlier runs would tell it."""
    refused: dict[str, str] = field(default_factory=dict)
    """Code and text, where the server does not let it be watched."""
    feed: str = "live"
    """Which of the gallery's connections it watches."""
    press: str = ""
    """The action that is pressed as soon as its button is there."""
    answer: str = "refused"
    """What becomes of a press: accepted, for the job to notice later, or refused."""
    compact: bool = False
    """Whether it is worth to be seen as a compact bar too."""
    direction: str = ""
    """The direction of the page around it."""

    @property
    def job(self) -> str:
        """Its job's id, the same in every process."""
        return _id(self.name)

    @property
    def seen_state(self) -> dict[str, Any] | None:
        """The state as its owner sees it, None where there is none."""
        return _seen(self.job, self.state) | self.seen if self.state else None


@dataclass(frozen=True, kw_only=True)
class Branch:
    """A job with what it has started."""

    state: dict[str, Any]
    """What of its state is worth a word."""
    name: str = ""
    """What the whole tree shows."""
    below: Sequence[dict[str, Any]] = ()
    """What it has started, each as this."""

    @property
    def root(self) -> str:
        """The id of a tree's root."""
        return _id(f"tree {self.name}")

    def states(self, root: str = "", parent: str | None = None) -> Iterator[dict[str, Any]]:
        """Yield all states of the tree as their owner sees them."""
        job = _id(f"tree {root} {self.state['title']}") if parent else self.root
        root = root or job
        yield _seen(job, {"root": root, "parent": parent, **self.state})
        for one in self.below:
            yield from Branch(**one).states(root, job)


@dataclass(frozen=True, kw_only=True)
class Log:
    """A job's log."""

    name: str
    """What it shows."""
    state: dict[str, Any]
    """What of the job's state is worth a word."""
    lines: Sequence[tuple[str, str]] = ()
    """Level and text of each."""
    lost: int = 0
    """Lines before these that are no longer kept."""

    @property
    def job(self) -> str:
        """Its job's id."""
        return _id(f"log {self.name}")

    @property
    def seen_state(self) -> dict[str, Any]:
        """The job as its owner sees it."""
        return _seen(self.job, self.state) | {"log": self.lost + len(self.lines)}

    @property
    def seen_lines(self) -> list[dict[str, Any]]:
        """The lines as the owner sees them."""
        numbered = enumerate(self.lines, self.lost + 1)
        return [{"n": n, "at": NOW, "level": level, "text": text} for n, (level, text) in numbered]


def logs() -> Sequence[Log]:
    """Return all logs of the gallery."""
    return [Log(**one) for one in _table()["logs"]]


def trees() -> Sequence[Branch]:
    """Return all trees of the gallery."""
    return [Branch(**one) for one in _table()["trees"]]


def tray() -> list[dict[str, Any]]:
    """Return the jobs of the gallery's tray, as their owner sees them."""
    return [_seen(_id(f"tray {one['title']}"), one) for one in _table()["tray"]]


def specimens() -> Sequence[Specimen]:
    """Return all bars of the gallery."""
    return [Specimen(**one) for one in _table()["bars"]]


def notices() -> list[dict[str, Any]]:
    """Return all notices of the gallery, newest first, as their person is shown them."""
    told = _table()["notices"]
    return [_notice(len(told) - place, **one) for place, one in enumerate(told)]


def crowd(count: int) -> list[dict[str, Any]]:
    """Return the newest of so many notices that nobody has read."""
    one = {"kind": "finished", "state": {"title": "Sync", "status": "succeeded"}, "at": NOW}
    return [_notice(count - place, **one) for place in range(notice_list.NEWEST)]


@cache
def _table() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(TABLE.read_text("utf-8"))
    return found


def _id(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"headway:gallery:{name}"))


def _state(job: str, told: dict[str, Any]) -> dict[str, Any]:
    """Return the state as the store would."""
    status = told["status"]
    own: dict[str, Any] = {"id": job, "root": job, "owner": OWNER, **EARLIER}
    if status == Status.QUEUED:
        own["started_at"] = None
    elif status in ENDS:
        own["finished_at"] = NOW
    return {**JobState(**own | told).values(), "seq": 1, "log": 0}


def _seen(job: str, told: dict[str, Any]) -> dict[str, Any]:
    return view(_state(job, told), Role.OWNER)


def _notice(number: int, **told: Any) -> dict[str, Any]:
    job = _id(f"notice {number} {told['state']['title']}")
    last = _state(job, told["state"])
    about = (last["question"] or {}).get("id", last["status"])
    times = {name: _moment(told.get(name)) for name in ("at", "read_at")}
    notice = Notice(
        pk=number,
        job=Job(id=job, seq=1, last=last),
        kind=told["kind"],
        about=about,
        text=told.get("text", ""),
        **{"title": last["title"], **times},
    )
    return notice_list.view(notice)


def _moment(said: str | None) -> datetime | None:
    return datetime.fromisoformat(said) if said else None
