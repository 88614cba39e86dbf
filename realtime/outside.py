"""Jobs that run outside Celery: a script, or a program in another language, tells of them.

For as long as one report takes, such a job is a `RunningJob`, made anew from its state: what is
said of it is cleaned, counted and bounded as what a task says. No worker has a lease on it; who
made it says for how long it may be silent (`ttl`), and after that the reaper calls it lost.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from django.db import OperationalError
from django.utils.translation import gettext as _

from realtime import progress
from realtime.cleaning import text
from realtime.conf import conf
from realtime.errors import Refused, StoreAway
from realtime.events import ENDS, Status, Wish, timestamp
from realtime.language import spoken
from realtime.lines import WaitingLines
from realtime.models.tags import TAG
from realtime.outcomes import WaitingItems
from realtime.publish import FORGOTTEN_STEP, QUEUED_SEQ, Change
from realtime.records import Items
from realtime.reporter import get_reporter
from realtime.running import RunningJob
from realtime.snapshot import Snapshots
from realtime.states import State, completed, parsed
from realtime.store import Remembered, get_store
from realtime.transition import Inquiry

TRIES = 5
"""How often a report is made anew because another one came in between."""
YOUNG = 5.0
"""Seconds before which a forecast would mean nothing."""
BUSY = "Too many reports of this job come at once: send one after the other."
WORKED = "A worker runs this job, so only its task can tell of it: see `progress`."


def create(owner: str, told: dict[str, Any]) -> State:
    """Begin a job that runs outside, and return its state. Raises `StoreAway`."""
    job = _begun(owner, told)
    job.repeats = "outside"
    values = {"ttl": int(told["ttl"]), "planned": job.trunk.planned, "heard_at": timestamp()}
    state = Snapshots(job).state(0, **values)
    change = Change(state=state, order=1, floor=QUEUED_SEQ, transition=True, asked=False)
    answer = _told(change)
    return {**state.values(), "seq": answer.seq if answer else QUEUED_SEQ, "log": 0}


def report(job: str, told: dict[str, Any]) -> tuple[State, str]:
    """Take in what is told of a job; returns its state and what people want of it.

    Raises `Refused` when it has ended, in another way than is told now, or a worker runs it;
    `StoreAway` when the report could not be kept, and is to be sent again.
    """
    for __ in range(TRIES):
        known, live = _known(job, ends=told.get("status") in ENDS)
        if not known.get("ttl"):
            raise Refused(WORKED)
        if known["status"] in ENDS:
            return _ended(known, told), known.get("wants") or ""
        change = _changed(known, live, told)
        answer = _told(change)
        if answer is None or answer.accepted:
            return _state(change, answer), change.state.wants
    raise Refused(BUSY)


def _begun(owner: str, told: dict[str, Any]) -> RunningJob:
    at, name = timestamp(), text(told["name"], 255)
    job = RunningJob(
        id=str(uuid.uuid4()),
        name=name,
        title=text(told.get("title") or name, conf.TEXT_LENGTH),
        owner=owner,
        tags=tuple(text(tag, TAG) for tag in told.get("tags", ())),
        queued_at=at,
    )
    job.started_at, job.language = at, spoken()
    if stages := told.get("stages"):
        job.declare([(stage["name"], stage.get("weight", 1)) for stage in stages])
    _apply(job, {key: told[key] for key in ("total", "unit", "message") if key in told})
    return job


def _known(job: str, *, ends: bool) -> tuple[State, State | None]:
    """Return the newest state, and the store's, which is needed unless the job ends."""
    try:
        live = parsed(get_store().states([job]))
    except StoreAway:
        if not ends:
            raise
        live = {}
    found = completed([job], live).get(job)
    if found is None:
        raise Refused("There is no such job any more.")
    return found, live.get(job)


def _ended(known: State, told: dict[str, Any]) -> State:
    """Return the state of a job that has ended; the same end told twice is no other end."""
    if told.get("status") == known["status"]:
        return known
    raise Refused(_("The job has already ended: %(status)s.") % {"status": known["status"]})


def _changed(known: State, live: State | None, told: dict[str, Any]) -> Change:
    """Return the change that a report makes to a state."""
    job = _revived(known)
    wants = _wants(job.id) or job.wants
    job.wants, before = wants, job.kept
    _apply(job, told)
    state = Snapshots(job).state(0, **_outcome(job, known, told))
    kept = WaitingItems(job).rest().kept
    items = Items(job.id, kept, min(before, conf.ITEMS)) if kept else None
    moved = (state.status, wants) != (known["status"], known.get("wants") or "")
    return Change(
        state=state,
        order=max(state.attempt, 1),
        # What the store has lost may have been seen, and SQL knows no more than the last status.
        floor=known["seq"] if live else known["seq"] + FORGOTTEN_STEP,
        at=None if live is None and state.ended else live["seq"] if live else 0,
        after=0 if live else FORGOTTEN_STEP,
        lines=WaitingLines(job).take(),
        items=items,
        transition=moved or bool(items) or live is None,
        asked=False,
    )


def _revived(known: State) -> RunningJob:
    """Return the job as its last report has left it."""
    names = ("id", "name", "title", "attempt", "owner", "root", "parent", "queued_at")
    job = RunningJob(**{name: known[name] for name in names}, tags=tuple(known["tags"]))
    job.started_at = known["started_at"] or job.started_at
    job.repeats, job.again_of = known.get("repeats", ""), known["again_of"]
    job.language = known.get("language") or ""
    job.message, job.reached = known["message"], known["fraction"]
    job.ok, job.failed, job.skipped = known["ok"], known["failed"], known["skipped"]
    job.kept = job.failed + job.skipped
    job.wants = known.get("wants") or ""
    _resume(job, known["stages"])
    job.trunk.planned = bool(known.get("planned"))
    job.counter.n, job.counter.total = known["current"], known["total"]
    job.counter.unit = known["unit"]
    return job


def _resume(job: RunningJob, seen: list[dict[str, Any]]) -> None:
    """Give the job its parts back, and enter the one that runs."""
    job.declare([(stage["name"], stage["weight"]) for stage in seen])
    for stage, before in zip(job.trunk.children, seen, strict=False):
        stage.status = "queued" if before["status"] == "running" else before["status"]
        stage.time.take_over(before)
    for before in seen:
        if before["status"] == "running":
            job.proceed(before["name"])
            job.path[-1].time.take_over(before)


def _apply(job: RunningJob, told: dict[str, Any]) -> None:
    """Do what a task would have called."""
    if "stage" in told and text(told["stage"], conf.NAME_LENGTH) != job.path[-1].name:
        job.proceed(told["stage"])
    bound = progress.bound.set(job)
    try:
        values = {key: told[key] for key in ("current", "total", "message", "unit") if key in told}
        progress.update(**values)
        progress.advance(told.get("advance", 0))
        progress.ok(int(told.get("ok", 0)))
        for line in told.get("log", ()):
            progress.log(line["text"], line.get("level", "info"))
        for one in told.get("failed", ()):
            progress.failed(one["item"], one["reason"])
        for one in told.get("skipped", ()):
            progress.skipped(one["item"], one["reason"])
    finally:
        progress.bound.reset(bound)


def _outcome(job: RunningJob, known: State, told: dict[str, Any]) -> dict[str, Any]:
    """Return the rest of the state: how the job stands, how fast it was, since when."""
    at = timestamp()
    status = _status(job, known, told)
    values: dict[str, Any] = {"status": status, "updated_at": at, "heard_at": at}
    values |= {"ttl": known["ttl"], "planned": bool(known.get("planned"))}
    if known.get("size") is not None:
        values["size"] = known["size"]
    if status not in ENDS:
        return values | _pace(job)
    for stage in job.path[1:]:
        stage.leave(status)
    if status == Status.FAILED:
        values["error"] = _error(told.get("error", {}))
    if status == Status.SUCCEEDED:
        values["fraction"] = 1.0
    return values | {"finished_at": at}


def _status(job: RunningJob, known: State, told: dict[str, Any]) -> str:
    said = str(told.get("status", known["status"]))
    return Status.CANCELLING if job.wants == Wish.CANCEL and said not in ENDS else said


def _error(said: dict[str, Any]) -> dict[str, Any]:
    """Return why it failed; who tells of it is its owner, and may read it."""
    return {
        "kind": text(said.get("kind", "Failed"), conf.NAME_LENGTH),
        "text": text(said.get("text", ""), conf.TEXT_LENGTH),
        "public": True,
    }


def _pace(job: RunningJob) -> dict[str, Any]:
    """Return rate and ETA by the mean of all that was: nobody smooths between two reports."""
    elapsed = (datetime.now(UTC) - datetime.fromisoformat(job.started_at)).total_seconds()
    fraction = max(job.trunk.fraction or 0.0, job.reached or 0.0)
    if elapsed < YOUNG or not fraction:
        return {}
    rate = {} if job.trunk.children else {"rate": round(job.counter.count / elapsed, 2)}
    return {**rate, "eta": round(elapsed * (1 - fraction) / fraction, 2)}


def _wants(job: str) -> str:
    try:
        return get_store().standing(job).wants
    except StoreAway:
        return ""


def _told(change: Change) -> Remembered | None:
    """Send a change through the waist, and return what the store has answered."""
    inquiry = Inquiry(change)
    if not get_reporter().put(inquiry).wait(conf.END_TIMEOUT):
        raise OperationalError("The report is not recorded yet.")
    if inquiry.answer is None and not change.transition:
        raise StoreAway("The store has not answered.")
    return inquiry.answer


def _state(change: Change, answer: Remembered | None) -> State:
    seq, log = (answer.seq, answer.log) if answer else (change.floor, 0)
    return {**change.state.values(), "seq": seq, "log": log}
