"""What a root says that its tree decides about: how far it is, and how it ends.

Such a root is held: no worker runs it. It stands for a whole group, chord or chain, or its task
has returned while jobs that it queued go on.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Count

from realtime.events import CANVAS, CHILDREN, ENDS, JobState, Status, Wish, timestamp
from realtime.models import Job
from realtime.publish import FORGOTTEN_STEP, QUEUED_SEQ, Change
from realtime.states import State
from realtime.store import Crown, get_store

logger = logging.getLogger("realtime")

SURE = 0.02
"""The part that must be done before the time that is left can be told from it."""


def unfinished(root: str) -> Iterator[str]:
    """Yield the ids of the jobs of a tree that have not ended, without its root."""
    below = Job.objects.filter(root=root).exclude(pk=root).exclude(status__in=ENDS)
    for job in below.order_by("queued_at").values_list("pk", flat=True).iterator():
        yield str(job)


def counted(root: str) -> dict[str, int]:
    """Return how many jobs a tree has below its root, by status, as SQL knows it."""
    below = Job.objects.filter(root=root).exclude(pk=root).order_by()
    found = dict(below.values_list("status").annotate(Count("pk")))
    counts = {status: found.pop(status, 0) for status in CHILDREN}
    counts["running"] += sum(found.values())
    return {"total": sum(counts.values()), **counts}


def is_recorded(root: str) -> bool:
    """Tell whether SQL has a root's row, and so the rows of what was queued with it.

    It has none while the transaction is open in which all of them are queued.
    """
    return Job.objects.filter(pk=root).exists()


def regrow(root: State) -> None:
    """Tell a store that has lost a tree what SQL knows of it; live reports add the rest."""
    below = Job.objects.filter(root=root["id"]).exclude(pk=root["id"])
    jobs = ((str(job), status) for job, status in below.values_list("pk", "status").iterator())
    # One that was told before has been queued as a whole; a new one may still be.
    sealed = root["seq"] > FORGOTTEN_STEP or root["name"] not in CANVAS
    get_store().regrow(root["id"], jobs, held=bool(root.get("held")), sealed=sealed)


def read(root: str) -> State | None:
    """Return a root's state with a seq that all states to come are above."""
    kept = get_store().states([root]).get(root)
    if kept:
        return dict(json.loads(kept))
    row = Job.objects.filter(pk=root).first()
    if row is None:
        return None
    state = row.state()
    # Nobody has seen more of one that SQL knows only as queued.
    return {**state, "seq": state["seq"] + (FORGOTTEN_STEP if state["seq"] else QUEUED_SEQ)}


def planted(state: JobState) -> Change:
    """Return how a root that is no task begins."""
    return Change(state=state, order=0, crown=Crown(mode="plant"))


def sealed(state: JobState) -> Change:
    """Return what is said when all that is queued together is queued; the state stays as it is."""
    return Change(state=state, order=0, crown=Crown(mode="sealed"))


def told(known: State, *, best: float = 0.0, recorded: bool = True) -> Change:
    """Return a held root as its tree is now; the store adds the numbers.

    `best` is what this process has told before, which the store may have lost since.
    """
    state = JobState.from_dict(known)
    at = timestamp()
    state = state.changed(
        status=_at_work(state),
        started_at=state.started_at or at,
        updated_at=at,
        heard_at=at,
        eta=_eta(state, at),
    )
    crown = Crown(mode="held", own=_own(state), best=max(state.fraction or 0.0, best))
    return Change(
        state=state,
        order=max(state.attempt, 1),
        floor=known["seq"],
        crown=crown,
        transition=known["status"] != state.status or not recorded,
    )


def ended(known: State, counts: dict[str, int]) -> Change | None:
    """Return the end of a held root of whose tree all jobs have ended, None while that is open."""
    state = JobState.from_dict(known)
    if _goes_on(state) or counts["queued"] + counts["running"] + counts["retrying"]:
        return None
    at = timestamp()
    status = _verdict(state, counts)
    bad = counts["failed"] + counts["lost"]
    more: dict[str, Any] = {}
    if state.is_canvas:
        done = {"current": counts["total"], "total": counts["total"]}
        more = {**done, "ok": counts["succeeded"], "failed": bad}
    if status == Status.FAILED:
        text = f"{bad} of {counts['total']} jobs failed."
        more["error"] = {"kind": "JobsFailed", "text": text, "public": True}
    state = state.changed(
        status=status,
        fraction=1.0,
        children=counts,
        held=False,
        eta=None,
        started_at=state.started_at or at,
        updated_at=at,
        heard_at=at,
        finished_at=at,
        **more,
    )
    order = max(state.attempt, 1)
    return Change(state=state, order=order, floor=known["seq"], transition=True)


def _verdict(state: JobState, counts: dict[str, int]) -> Status:
    """Return how a root ends: as Celery would say of what it stands for.

    The last job of a chord or chain decides; a group is well when one of its jobs is, with
    warnings when one is not; a task that has returned has succeeded. What was cancelled is, if
    any of its jobs has not got to its own end.
    """
    if state.wants == Wish.CANCEL and (counts["cancelled"] or _is_replaced(state)):
        return Status.CANCELLED
    if not state.is_canvas:
        return Status.SUCCEEDED
    if state.final:
        last = Job.objects.filter(pk=state.final).values_list("status", flat=True).first()
        well = last == Status.SUCCEEDED
    else:
        well = bool(counts["succeeded"]) or not counts["total"]
    if well:
        return Status.SUCCEEDED
    return Status.FAILED if counts["failed"] + counts["lost"] else Status.CANCELLED


def _own(state: JobState) -> float | None:
    if state.name in CANVAS:
        return None
    return 0.0 if _is_replaced(state) else 1.0


def _at_work(state: JobState) -> Status:
    return Status.CANCELLING if state.wants == Wish.CANCEL else Status.RUNNING


def _goes_on(state: JobState) -> bool:
    """Tell whether the last job of what has replaced a task is still to come."""
    return _is_replaced(state) and state.wants != Wish.CANCEL


def _is_replaced(state: JobState) -> bool:
    """Tell whether a job goes on as the last one of what has replaced its task."""
    return state.final == state.id


def _eta(state: JobState, at: str) -> float | None:
    done = state.fraction or 0.0
    if not state.started_at or done < SURE:
        return None
    took = datetime.fromisoformat(at) - datetime.fromisoformat(state.started_at)
    return round(took.total_seconds() * (1 - done) / done, 2)
