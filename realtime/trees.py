"""What a root says that its tree decides about: how far it is, and how it ends.

Such a root is held: no worker runs it. It stands for a whole group, chord or chain, or its task
has returned while jobs that it queued go on.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from django.db.models import Count
from django.utils.translation import gettext as _

from realtime.events import CANVAS, CHILDREN, ENDS, JobState, Status, Wish, timestamp
from realtime.language import speaking
from realtime.models import Job
from realtime.publish import FORGOTTEN_STEP, QUEUED_SEQ, Change
from realtime.states import State
from realtime.store import Branch, Crown, get_store

logger = logging.getLogger("realtime")

PAGE = 500
"""Jobs of a tree that are asked together: more would take the store too long."""
WAITING = (Status.QUEUED, Status.RETRYING)
"""The statuses of jobs that no worker runs."""
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


def followers(root: str) -> list[str]:
    """Return the jobs of a tree that follow others, and that nobody has queued yet."""
    found = {one: None for _, _, _, _, promised in _rows(root) for one in promised}
    return list(found)


def forget_followers(root: str) -> None:
    """Make room in SQL: nothing more follows in a tree whose root has ended."""
    Job.objects.filter(root=root).exclude(promised={}).update(promised={})


def regrow(root: State) -> None:
    """Tell a store that has lost a tree what SQL knows of it; live reports add the rest."""
    jobs = [Branch(*row) for row in _rows(root["id"])]
    # One that was told before has been queued as a whole; a new one may still be.
    sealed = root["seq"] > FORGOTTEN_STEP or root["name"] not in CANVAS
    # First, for a tree that is there is not told again.
    _wish_again(root.get("wants") or "", jobs)
    get_store().regrow(root["id"], jobs, held=bool(root.get("held")), sealed=sealed)


def _rows(root: str) -> Iterator[tuple[str, str, float, float | None, dict[str, float]]]:
    below = Job.objects.filter(root=root).exclude(pk=root)
    rows = below.values_list("pk", "status", "last__weight", "last__fraction", "promised")
    for job, status, weight, fraction, promised in rows.iterator():
        yield str(job), status, weight or 1.0, fraction, {} if status in ENDS else promised


def _wish_again(wish: str, jobs: list[Branch]) -> None:
    """Leave again what was wanted of jobs that no worker speaks for."""
    left = {one: None for job in jobs for one in job.promised}
    if wish == Wish.PAUSE:
        left |= {one.job: None for one in jobs if one.status in WAITING}
    if wish in {Wish.PAUSE, Wish.CANCEL}:
        for start in range(0, len(left), PAGE):
            get_store().want(list(islice(left, start, start + PAGE)), wish)


class Read(NamedTuple):
    """A root as it was read, to be told anew."""

    state: State
    """Its state, with a seq that all states to come are above."""
    at: int | None
    """The seq that the store gave it, None where only SQL knew it."""


def read(root: str) -> Read | None:
    """Return a root as store or SQL know it."""
    kept = get_store().states([root]).get(root)
    if kept:
        state = dict(json.loads(kept))
        return Read(state, state["seq"])
    row = Job.objects.filter(pk=root).first()
    if row is None:
        return None
    state = row.state()
    # Nobody has seen more of one that SQL knows only as queued.
    seq = state["seq"] + (FORGOTTEN_STEP if state["seq"] else QUEUED_SEQ)
    return Read({**state, "seq": seq}, None)


def planted(state: JobState) -> Change:
    """Return how a root that is no task begins."""
    return Change(state=state, order=0, crown=Crown(mode="plant"))


def sealed(state: JobState) -> Change:
    """Return what is said when all that is queued together is queued: how much that is."""
    return Change(state=state, order=0, claim=True, crown=Crown(mode="sealed"))


def waiting(known: State) -> Change:
    """Return a root of whose tree nothing has started, for a store that may have lost it.

    One that knows the root refuses this: it knows better.
    """
    state, crown = JobState.from_dict(known), Crown(mode="held")
    return Change(state=state, order=0, floor=known["seq"], crown=crown)


def told(
    known: State,
    *,
    at: int | None = None,
    busy: bool = True,
    best: float = 0.0,
    recorded: bool = True,
) -> Change:
    """Return a held root as its tree is now; the store adds the numbers.

    `at` is the seq that it was read with; `busy` tells whether any job of it works; `best` is what
    this process has told before, which the store may have lost since.
    """
    state = JobState.from_dict(known)
    now = timestamp()
    state = state.changed(rested=_rested(state, now))
    state = state.changed(
        status=_at_work(state, busy=busy),
        started_at=state.started_at or now,
        updated_at=now,
        heard_at=now,
        eta=_eta(state, now) if busy else None,
        unit=state.unit or ("job" if _is_replaced(state) else ""),
    )
    best = max(state.fraction or 0.0, best)
    mode = "replaced" if _is_replaced(state) else "held"
    crown = Crown(mode=mode, own=_own(state), weight=state.weight, best=best)
    return Change(
        state=state,
        order=max(state.attempt, 1),
        floor=known["seq"],
        # Its last task may have begun, and even ended, since: that must not be taken back.
        at=at if _is_replaced(state) else None,
        after=FORGOTTEN_STEP,
        crown=crown,
        transition=known["status"] != state.status or not recorded,
        asked=False,
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
        with speaking(state.language):
            text = _("%(failed)d of %(total)d jobs failed.")
        text %= {"failed": bad, "total": counts["total"]}
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


def _at_work(state: JobState, *, busy: bool) -> Status:
    if state.wants == Wish.CANCEL:
        return Status.CANCELLING
    return Status.PAUSED if state.wants == Wish.PAUSE and not busy else Status.RUNNING


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
    took = _seconds(state.started_at, at) - state.rested
    return round(max(took, 0.0) * (1 - done) / done, 2)


def _rested(state: JobState, at: str) -> float:
    """Return for how long a root was paused so far."""
    is_paused = state.status == Status.PAUSED and state.updated_at
    return state.rested + (_seconds(state.updated_at or at, at) if is_paused else 0.0)


def _seconds(since: str, until: str) -> float:
    return (datetime.fromisoformat(until) - datetime.fromisoformat(since)).total_seconds()
