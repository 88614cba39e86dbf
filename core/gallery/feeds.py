"""What the gallery's connections say: frames of the contract, made by what makes all frames."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from core.gallery.specimens import (
    NOW,
    OWNER,
    Specimen,
    crowd,
    logs,
    notices,
    specimens,
    tray,
    trees,
)
from realtime import protocol
from realtime.protocol import Close

A_DAY = 86_400
"""Seconds of silence after which a browser takes a connection for dead: nobody says a word."""
WINDOW = 64
MANY = 120
"""Unread notices, more than a badge has room for."""
LEAVE = "leave"
"""The browser itself is offline."""


@dataclass(frozen=True, kw_only=True)
class Feed:
    """A connection that says what it was given, to whoever watches."""

    welcome: str
    """The first frame."""
    topics: dict[str, list[str]] = field(default_factory=dict)
    """The frames that answer a watch, by topic; of others nothing is said."""
    end: tuple[int, str] | str | None = None
    """With which code and reason it is closed after its first answer, or that the browser is."""


ENDS: dict[str, tuple[int, str] | str] = {
    "reconnecting": (Close.RESTART, "after=300;spread=0"),
    "offline": LEAVE,
    "signed-out": (Close.SIGNED_OUT, ""),
    "stopped": (Close.UNSUPPORTED, ""),
}
"""Connections that end."""


def feeds() -> dict[str, dict[str, Any]]:
    """Return every connection by the name that its address ends with."""
    topics: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for specimen in specimens():
        topics[specimen.feed] |= _answers(specimen)
    for one in logs():
        topics["live"] |= _jobs(f"job:{one.job}", [one.seen_state])
        lines = protocol.log(one.job, 0, one.seen_lines, one.lost)
        topics["live"][f"log:{one.job}"] = [lines, protocol.watching(f"log:{one.job}")]
    for tree in trees():
        topics["live"] |= _jobs(f"tree:{tree.root}", tree.states())
    topics["tray"] = _jobs("mine", tray())
    topics["live"] |= {"notices": [*_notices(notices()[-2:]), *_notices(notices())]}
    topics["crowd"] = {"notices": _notices(crowd(MANY), MANY)}
    topics["empty"] = {"notices": _notices([])}
    topics["silent"] = {}
    return {name: asdict(_feed(topics[name], ENDS.get(name))) for name in topics}


def _feed(topics: dict[str, list[str]], end: tuple[int, str] | str | None) -> Feed:
    welcome = protocol.welcome(user=OWNER, now=NOW, heartbeat=A_DAY, window=WINDOW)
    return Feed(welcome=welcome, topics=topics, end=end)


def _answers(specimen: Specimen) -> dict[str, list[str]]:
    topic = f"job:{specimen.job}"
    if specimen.refused:
        return {topic: [protocol.refused(topic, **specimen.refused)]}
    if not specimen.state:
        return {}
    return _jobs(topic, [specimen.seen_state or {}])


def _jobs(topic: str, states: Iterable[dict[str, Any]]) -> dict[str, list[str]]:
    told = protocol.jobs([protocol.encode_state(one) for one in states])
    return {topic: [told, protocol.watching(topic)]}


def _notices(told: Iterable[dict[str, Any]], unread: int | None = None) -> list[str]:
    newest = list(told)
    counted = sum(one["read_at"] is None for one in newest) if unread is None else unread
    return [protocol.notices(counted, newest)]
