"""Takes the state of a running job, cleaned, for the reporter to publish."""

from __future__ import annotations

import logging
import math
import statistics
from collections import deque
from typing import Any

from realtime.cleaning import number, text
from realtime.conf import conf
from realtime.events import ENDS, JobState, Status, Wish, timestamp
from realtime.lines import WaitingLines
from realtime.outcomes import WaitingItems
from realtime.pace import Pace
from realtime.publish import FORGOTTEN_STEP, Change
from realtime.records import Items
from realtime.running import RunningJob
from realtime.stages import Counter
from realtime.store import Crown, Remembered

logger = logging.getLogger("realtime")

RESTING = (Status.PAUSED, Status.WAITING)
"""The statuses of a job whose task waits for people."""
STALL_SECONDS = 30.0
STALL_FACTOR = 5.0
UNIT = 50
"""Characters kept of a unit."""
LINES_SIZE = 500_000
"""Characters of log lines in one report: many more would make the store late for all jobs."""


class Snapshots:
    """Turns one running job into changes, one after the other."""

    def __init__(self, job: RunningJob) -> None:
        """Begin with nothing taken."""
        self._job = job
        self._pace = Pace()
        self._best = job.reached
        self._measure: Counter | None = None
        self._updated_at = timestamp()
        self._changed = 0.0
        self._intervals: deque[float] = deque(maxlen=9)
        self._stalled = False
        self._known = False
        self._told: tuple[str, str, str] | None = None
        self._asked = False
        self._lines = WaitingLines(job)
        self._items = WaitingItems(job)
        self._shown = 0.0
        self._base: int | None = None

    def take(self, now: float, known: int) -> Change:
        """Return the newest state with the log lines since the last one."""
        job = self._job
        changed = job.dirty
        if changed:
            job.dirty = False
            self._note_change(now)
        stalled = self._is_stalled(now)
        # What its jobs do changes it, and only the store knows of that.
        silent = not changed and stalled == self._stalled and not job.is_crowned
        self._stalled = stalled
        told = self._lines.told
        items = self._items.take(now) if self._known else self._anew()
        asked = job.question
        self._asked = self._asked or asked is not None
        state = self.state(now)
        is_new = _standing(state) != self._told
        return Change(
            state=state,
            crown=self._crown(state),
            order=job.attempt,
            run=job.run,
            claim=not self._known,
            floor=known,
            lines=self.lines(LINES_SIZE),
            told=told,
            base=self._base,
            after=self._after,
            items=items,
            transition=is_new or bool(items),
            passing=self._known and not is_new,
            silent=silent and self._known,
            question=asked.id if asked else "",
            asked=self._may_have_asked,
        )

    def state(self, now: float, **more: Any) -> JobState:
        """Return the state as it is, or with other values.

        What cannot be read of a job never hides the job.
        """
        try:
            return JobState(**{**self._values(now), **more})
        except Exception:
            logger.exception("The progress of job %s cannot be read", self._job.id)
            known = {"status": _status(self._job), "started_at": self._job.started_at}
            return JobState(**{**identity(self._job), **known, **more})

    def _values(self, now: float) -> dict[str, Any]:
        job = self._job
        counter = (job.path[-1].counters[1:2] or job.path[-1].counters)[0]
        fraction = self._forward(job.trunk.fraction)
        status = _status(job)
        asked = job.question if status == Status.WAITING else None
        rests = status in RESTING
        if rests:
            self._pace.rest(now)
        else:
            self._pace.observe(now, counter.count, fraction)
        return {
            **identity(job),
            "status": status,
            "wants": job.wants,
            "question": asked.view() if asked else None,
            "current": counter.count,
            "total": number(counter.total),
            "size": self._size(counter),
            "unit": text(counter.unit, UNIT),
            "fraction": fraction,
            "message": text(job.message, conf.TEXT_LENGTH),
            "rate": None if rests else _rounded(self._pace.rate),
            "eta": None if rests else _rounded(self._pace.eta(now)),
            "stages": [stage.view() for stage in job.trunk.children],
            "ok": _whole(job.ok),
            "failed": _whole(job.failed),
            "skipped": _whole(job.skipped),
            "files": list(job.files),
            "started_at": job.started_at,
            "updated_at": self._updated_at,
            "heard_at": timestamp(),
            "stalled": self._stalled,
        }

    def last(self, now: float, known: int, status: Status, **more: Any) -> Change:
        """Return the change with which the attempt ends; a success is whole."""
        told, state = self._lines.told, self._last_state(now, status, more)
        return Change(
            state=state,
            crown=self._crown(state),
            order=self._job.attempt,
            run=self._job.run,
            claim=not self._known,
            floor=known,
            lines=self.lines(),
            told=told,
            base=self._base,
            after=self._after,
            items=self._last_items(),
            transition=True,
            asked=self._may_have_asked,
        )

    def _last_state(self, now: float, status: Status, more: dict[str, Any]) -> JobState:
        at = timestamp()
        more = {"updated_at": at, "stalled": False, "eta": None, **more}
        if status is Status.SUCCEEDED:
            more |= {"fraction": 1.0}
        if status in ENDS:
            more |= {"finished_at": at}
        return self.state(now, status=status, **more)

    def _crown(self, state: JobState) -> Crown | None:
        """Return how a root is told that has queued jobs; before it had, it told for itself."""
        if not self._job.is_crowned:
            self._shown = state.fraction or 0.0
            return None
        mode = "held" if state.held else "own"
        own = state.fraction or 0.0
        return Crown(mode=mode, own=own, weight=state.weight, best=self._shown)

    def lines(self, size: float = math.inf) -> tuple[str, ...]:
        """Fetch log lines that have come since, each as a JSON object: about `size` characters."""
        return self._lines.take(size)

    def give_back(self, change: Change) -> None:
        """Take back what could not be published, to be told with the next state."""
        self._lines.give_back(change.lines)
        self.give_back_items(change)
        self._job.dirty = True

    def give_back_items(self, change: Change) -> None:
        """Take back the items that SQL could not be told."""
        if change.items:
            self._items.give_back(change.items)

    def accepted(self, change: Change, answer: Remembered) -> None:
        """Note that store and SQL know this execution, and where its lines begin in the log."""
        if change.crown:
            self._shown = change.as_told(answer).fraction or self._shown
        self._known = self._job.claimed = True
        self._told = _standing(change.state)
        if answer.log or not self._after:
            self._base = answer.log - change.told - len(change.lines)

    @property
    def _after(self) -> int:
        """After which line its first one comes, should nobody know what was told before."""
        return 0 if self._job.first else FORGOTTEN_STEP

    @property
    def _may_have_asked(self) -> bool:
        """Whether there may be a notice of a question, of this run or of one before."""
        return self._asked or not self._job.first

    def _anew(self) -> Items | None:
        """Return no items, in the place of those that an earlier run may have left."""
        return None if self._job.first else Items(self._job.run)

    def _last_items(self) -> Items | None:
        rest = self._items.rest()
        if rest.kept:
            return rest
        return None if self._known else self._anew()

    def _size(self, counter: Counter) -> float | None:
        """Return the total of the first loop that has one: known at its start, same at its end."""
        if self._measure is None and number(counter.total) is not None:
            self._measure = counter
        return number(self._measure.total) if self._measure else None

    def _note_change(self, now: float) -> None:
        if self._changed:
            self._intervals.append(now - self._changed)
        self._changed = now
        self._updated_at = timestamp()

    def _is_stalled(self, now: float) -> bool:
        if self._job.paused or self._job.question:
            self._changed = now
        if _status(self._job) is not Status.RUNNING:
            return False
        usual = statistics.median(self._intervals) if self._intervals else 0.0
        return now - self._changed > max(STALL_SECONDS, STALL_FACTOR * usual)

    def _forward(self, fraction: float | None) -> float | None:
        """Return a fraction that never goes back within the attempt."""
        if fraction is not None:
            self._best = max(self._best or 0.0, fraction)
        return None if self._best is None else round(self._best, 4)


def identity(job: RunningJob) -> dict[str, Any]:
    """Return the part of a job's state that does not change within an attempt."""
    return {
        "id": job.id,
        "name": job.name,
        "title": job.title,
        "attempt": job.attempt,
        "owner": job.owner,
        "root": job.root,
        "parent": job.parent,
        "again_of": job.again_of,
        "repeats": job.repeats,
        "tags": list(job.tags),
        "queued_at": job.queued_at,
        "worker": job.worker,
        "redelivers": job.redelivers,
        "weight": job.weight,
        "language": job.language,
        "held": job.held,
        "final": job.id if job.held else None,
    }


def _standing(state: JobState) -> tuple[str, str, str]:
    """Return that of a state which SQL must know at once, when it has changed."""
    return state.status, state.wants, state.question["id"] if state.question else ""


def _status(job: RunningJob) -> Status:
    if job.cancelling or job.wants == Wish.CANCEL:
        return Status.CANCELLING
    if job.paused:
        return Status.PAUSED
    asked = job.question
    return Status.WAITING if asked and not asked.closing else Status.RUNNING


def _whole(value: object) -> int:
    return int(number(value) or 0)


def _rounded(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, 2)
