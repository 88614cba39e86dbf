"""What a message tells of the group, chord or chain that it is a part of.

Celery says no more than this: who has queued a job, the group that it is a member of, the chord's
body, and the rest of its chain, the last link first. All ids are known from the start, so the
outermost group is found from each of its members, however deep.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from realtime.events import CANVAS
from realtime.tracking import tracked, uuid_like
from realtime.weights import weight_of

PROMISES = 1_000
"""Jobs to come that are told of one message."""
HEADER = "headway"
"""The message header that carries what a job inherits: owner, title, root, parent, tags."""
CHAIN, CHORD, GROUP = "celery.chain", "celery.chord", "celery.group"

Signature = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """A group, chord or chain that was queued as a whole."""

    root: str
    """The id under which it is a job: the group's own, or one made from the first link's."""
    name: str
    """What it is."""
    final: str | None = None
    """The last job of a chord or chain."""


class ToCome(NamedTuple):
    """A task that is queued when others have succeeded."""

    job: str
    """Its id."""
    name: str
    """Its name."""
    header: object
    """What its message will say to us."""


def canvas_of(headers: dict[str, Any], body: Any) -> Canvas | None:
    """Return what a message is the first seen part of, None for a task that stands alone."""
    chain, chord = _rest(body)
    if not (headers.get("group") or chain or chord):
        return None
    group, final = headers.get("group"), None
    if chain:
        options = _options(_last(chain[0]))
        group, chord = options.get("group_id"), options.get("chord")
    while chord:
        options = _options(_last(chord))
        # The body of a chord within another group names that one, else its own.
        around = options.get("group_id") or group
        final = options.get("task_id") if around == group else None
        group, chord = around, options.get("chord")
    if group and uuid_like(group):
        return Canvas(root=group, name=CHORD if final else GROUP, final=final)
    if not chain:
        return None
    root = str(uuid.uuid5(uuid.UUID(headers["id"]), CHAIN))
    return Canvas(root=root, name=CHAIN, final=_options(_last(chain[0])).get("task_id"))


def promised(body: Any) -> dict[str, float]:
    """Return the tracked jobs that a message brings about when its task succeeds, and weights."""
    chain, chord = _rest(body)
    if not (chain or chord):
        return {}
    found = (one for one in _to_come(chain, chord) if tracked(one.name))
    return {one.job: weight_of(one.name, one.header) for one in islice(found, PROMISES)}


def called_off(chain: list[Signature] | None, chord: Signature | None) -> list[str]:
    """Return the ids, of tracked jobs or not, that nobody runs any more when a task fails."""
    return [one.job for one in islice(_to_come(chain or [], chord), PROMISES)]


def _to_come(chain: list[Signature], chord: Signature | None) -> Iterator[ToCome]:
    for signature in [*reversed(chain), *([chord] if chord else [])]:
        yield from _jobs(signature)


def _rest(body: Any) -> tuple[list[Signature], Signature | None]:
    """Return the links that follow, the last one first, and the chord's body."""
    try:
        embedded = body[2]
        return embedded.get("chain") or [], embedded.get("chord")
    except (TypeError, IndexError, KeyError, AttributeError):
        return [], None  # A message of Celery's first protocol.


def _jobs(signature: Signature) -> Iterator[ToCome]:
    """Yield a signature's tasks, in about the order in which they run."""
    for part in _parts(signature):
        yield from _jobs(part)
    name, options = signature.get("task") or "", _options(signature)
    job = options.get("task_id")
    if name not in CANVAS and job and uuid_like(job):
        yield ToCome(job, name, (options.get("headers") or {}).get(HEADER))
    for follower in [*reversed(options.get("chain") or []), options.get("chord")]:
        if follower:
            yield from _jobs(follower)


def _parts(signature: Signature) -> list[Signature]:
    given = signature.get("kwargs") or {}
    if signature.get("task") == CHORD:
        header, body = given.get("header") or [], given.get("body")
        tasks = _parts(header) if isinstance(header, dict) else list(header)
        return [*tasks, *([body] if body else [])]
    if signature.get("task") in CANVAS:
        return list(given.get("tasks") or [])
    return []


def _last(signature: Signature) -> Signature:
    """Return the task with which a signature ends; a group has no last one and is returned."""
    while signature.get("task") in {CHAIN, CHORD} and (parts := _parts(signature)):
        signature = parts[-1]
    return signature


def _options(signature: Signature) -> dict[str, Any]:
    return signature.get("options") or {}
