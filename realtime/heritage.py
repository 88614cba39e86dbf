"""What a job inherits from who has queued it: a job, a group, chord or chain, or a person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from celery import current_task

from realtime import canvas, planting, progress, trees
from realtime.caller import outside_loop, record_queued
from realtime.canvas import HEADER
from realtime.cleaning import text
from realtime.events import JobState, timestamp
from realtime.language import spoken
from realtime.models.tags import TAG, TAGS
from realtime.owners import current_owner, requester
from realtime.reporter import get_reporter
from realtime.tracking import default_title
from realtime.transition import Transition


@dataclass(frozen=True, slots=True)
class Above:
    """What a job inherits from who has queued it."""

    id: str | None
    root: str | None
    owner: str | None
    language: str
    tags: Sequence[str] = ()
    """Who may see what is above may see all below it."""


def above_of(name: str, headers: dict[str, Any], body: Any) -> Above:
    """Return what a job is queued by: a job that runs here, a group, chord or chain, or nobody."""
    parent = progress.current()
    if parent:
        parent.children += 1
        return Above(parent.id, parent.root, parent.owner, parent.language, parent.tags)
    passed = _passed_on()
    if passed:
        above = (passed.get("parent"), passed.get("root"), passed.get("owner"))
        return Above(*above, spoken(), passed.get("tags") or ())
    if whole := canvas.canvas_of(headers, body):
        owner = (headers.get(HEADER) or {}).get("owner")
        root = _planted(whole, name, owner)
        return Above(root.id, root.id, root.owner, root.language, root.tags)
    return Above(None, None, outside_loop(current_owner) if requester.get() else None, spoken())


def tags_of(above: Above, own: Iterable[str]) -> list[str]:
    """Return the tags of what a job is queued by, then its own.

    Those of its root come first, so that none of them is left out however deep the tree is.
    """
    inherited = list(above.tags)[:TAGS]
    return list(dict.fromkeys([*inherited, *(text(tag, TAG) for tag in islice(own, TAGS))]))


def pass_on(headers: dict[str, Any], body: Any) -> None:
    """Let a task that is not tracked hand on the tree in which it is queued."""
    parent = progress.current()
    if parent:
        parent_of = {"owner": parent.owner, "root": parent.root, "parent": parent.id}
        headers[HEADER] = {**parent_of, "tags": list(parent.tags), "passed": True}
    elif passed := _passed_on():
        headers[HEADER] = passed
    elif canvas.promised(body) and (whole := canvas.canvas_of(headers, body)):
        root = _planted(whole, headers.get("task") or "", None)
        headers[HEADER] = {
            "owner": root.owner,
            "root": root.id,
            "parent": root.id,
            "tags": list(root.tags),
            "passed": True,
        }


def _passed_on() -> dict[str, Any] | None:
    """Return what the task that runs here was handed on, which is not tracked itself."""
    task = current_task
    request = task.request if task else None
    header = (getattr(request, "headers", None) or {}).get(HEADER)
    return header if isinstance(header, dict) and header.get("passed") else None


def _planted(whole: canvas.Canvas, name: str, owner: str | None) -> JobState:
    """Return the root of a group, chord or chain, which its first message makes."""
    root, is_new = planting.plant(whole, lambda given: _canvas_state(whole, name, owner, given))
    if is_new:
        record_queued(root)
        change = trees.planted(root)
        get_reporter().put(Transition(lambda: change), soon=True)
    return root


def _canvas_state(
    whole: canvas.Canvas, name: str, owner: str | None, given: planting.Given | None
) -> JobState:
    at = timestamp()
    return JobState(
        id=whole.root,
        name=whole.name,
        title=(given and given.title) or default_title(name),
        owner=(given and given.owner) or owner or outside_loop(current_owner),
        root=whole.root,
        tags=given.tags if given else [],
        unit="job",
        held=True,
        final=whole.final,
        language=spoken(),
        queued_at=at,
        updated_at=at,
    )


def seal(root: JobState) -> None:
    """Tell that all which is queued together with a root is queued."""
    change = trees.sealed(root)
    get_reporter().put(Transition(lambda: change), soon=True)
