"""A job while it runs, in the memory of its worker: written by the task, read by the reporter."""

from __future__ import annotations

import uuid
from asyncio import CancelledError
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from realtime.cleaning import shown, text
from realtime.conf import conf
from realtime.errors import Cancelled
from realtime.events import timestamp
from realtime.plain import item_as_json
from realtime.stages import Counter, Stage
from realtime.steered import Steered

DEPTH = 20
"""Stages within stages."""
LONG = 10_000
"""Characters of a text that is kept as the task gave it; viewers see far fewer."""
ITEM_LENGTH = 900
"""Characters kept of an item and of its reason, which share one log line."""
CANCELLED = (Cancelled, CancelledError)
"""What a part may be left with that has not failed."""
LEVELS = ("debug", "info", "warning", "error", "critical")


HELD: dict[str, Any] = {"held": True, "fraction": 1.0}
"""What is said of a crowned job that has done its own work, and goes on with what it queued."""


class RunningJob(Steered):
    """One attempt of a job in this process: the task's code writes, the reporter reads."""

    language = ""
    """In which language it was started, where that is not the project's."""

    def __init__(  # noqa: PLR0913  a job is known by what it inherits
        self,
        *,
        id: str,  # noqa: A002  the contract's name
        name: str,
        title: str,
        attempt: int = 1,
        owner: str | None = None,
        root: str | None = None,
        parent: str | None = None,
        tags: tuple[str, ...] = (),
        queued_at: str | None = None,
        worker: str | None = None,
    ) -> None:
        """Begin an attempt."""
        super().__init__()
        self.id = id
        self.name = name
        self.title = title
        self.attempt = attempt
        self.owner = owner
        self.root = root or id
        self.parent = parent
        self.tags = tags
        self.queued_at = queued_at
        self.worker = worker
        self.run = uuid.uuid4().hex
        """Tells this execution from another one of the same attempt."""
        self.started_at = timestamp()
        self.message = ""
        self.ok: float = 0
        self.failed = 0
        self.skipped = 0
        self.items: deque[tuple[str, str, str, str]] = deque()
        """Failed and skipped items: outcome, when, the item as JSON, the reason as it was said."""
        self.kept = 0
        """How many items were kept so far, also those that wait no longer."""
        self.first = True
        """Whether nothing can have been kept of this job before this run, nor told."""
        self.again_of: str | None = None
        """The job that this one runs again."""
        self.repeats = ""
        """What of it can be run again, or why nothing can."""
        self.files: list[dict[str, Any]] = []
        self.lines: deque[tuple[str, str, str]] = deque(maxlen=conf.LINES_WAITING)
        self.logged = 0
        """How many lines there were, also those that were pushed out of `lines`."""
        self.trunk = Stage("", 1)
        self.path = [self.trunk]
        self._stages = 0
        self.counter = self.trunk.counters[0]
        self.redelivers = False
        """Whether the broker delivers the job again when its worker dies."""
        self.claimed = False
        """Whether the store knows that this run has the job."""
        self.reached: float | None = None
        """The fraction that an earlier run of the same attempt has reached."""
        self.weight = 1.0
        """How much of its tree's bar it is."""
        self.children = 0
        """How many jobs it has queued; those that these have queued are not among them."""
        self.held = False
        """Whether its task is replaced by several, of which the last goes on as this job."""

    @property
    def is_crowned(self) -> bool:
        """Whether it is the root of jobs that it has queued: it stands for them too."""
        return self.children > 0 and self.root == self.id

    def open_counter(self, counter: Counter, message: str) -> None:
        """Begin a loop: the stage's own count, or a refinement of the loop around it."""
        counters = self.path[-1].counters
        self.message = message or self.message
        counter.unit = counter.unit or counters[-1].unit
        counter.wanted = self.asked
        counters.append(counter)
        self.counter = counter
        self.dirty = True

    def close_counter(self, counter: Counter) -> None:
        """End a loop; the outermost one's numbers stay, as the stage's."""
        for stage in self.path:
            if counter in stage.counters:
                del stage.counters[stage.counters.index(counter) :]
                if len(stage.counters) == 1:
                    stage.counters[0] = counter
        self.counter = self.path[-1].counters[-1]
        self.dirty = True

    @contextmanager
    def stage(self, name: str, weight: object) -> Iterator[None]:
        """Enter a part of the current stage, and leave it as succeeded, failed or cancelled."""
        self.checkpoint()
        stage = self._part(name, weight)
        if stage is None:
            yield
            return
        self._enter(stage)
        try:
            yield
        except BaseException as error:
            stage.leave("cancelled" if isinstance(error, CANCELLED) else "failed")
            raise
        else:
            stage.leave("succeeded")
        finally:
            self._leave(stage)

    def proceed(self, name: str) -> None:
        """Leave the part that runs as succeeded, and enter the next one; for who cannot nest."""
        if len(self.path) > 1:
            self.path[1].leave("succeeded")
            self._leave(self.path[1])
        if stage := self._part(name, 1):
            self._enter(stage)

    def declare(self, stages: list[tuple[str, object]]) -> None:
        """Add parts that are still to come to the current stage."""
        around = self.path[-1]
        loop, room = around.open_loop(), conf.STAGES - self._stages
        fresh = [Stage(name, weight, loop) for name, weight in stages[:room]]
        self._stages += len(fresh)
        around.planned = True
        around.children.extend(fresh)
        self.dirty = True

    def log(self, said: object, level: object) -> None:
        """Keep a line until the reporter fetches it."""
        if type(said) is not str or len(said) > conf.LINE_LENGTH:
            said = shown(said, conf.LINE_LENGTH)
        if type(level) is not str or level not in LEVELS:
            level = _level(level)
        self.lines.append((timestamp(), level, said))
        self.logged += 1
        self.dirty = True

    def keep_item(self, outcome: str, item: object, reason: object) -> None:
        """Keep what became of one item, with a line in the log; past the bound only the line."""
        why = _brief(reason)
        self.log(f"{_brief(item)}: {why}", "warning" if outcome == "failed" else "info")
        if self.kept < conf.ITEMS:
            self.kept += 1
            self.items.append((outcome, timestamp(), item_as_json(item), why))

    def add_file(self, file: dict[str, Any]) -> None:
        """Show a file; one of the same name is replaced."""
        self.files = [one for one in self.files if one["name"] != file["name"]] + [file]
        self.dirty = True

    def counters(self) -> list[Counter]:
        """Return the counters of all loops that are open, the outermost first."""
        return [counter for stage in self.path for counter in stage.counters]

    def _part(self, name: str, weight: object) -> Stage | None:
        around = self.path[-1]
        name = text(name, conf.NAME_LENGTH)
        declared = around.declared(name)
        if declared is not None:
            return declared
        if self._stages >= conf.STAGES or len(self.path) > DEPTH:
            return around.latest(name)
        self._stages += 1
        around.children.append(Stage(name, weight, around.open_loop()))
        return around.children[-1]

    def _enter(self, stage: Stage) -> None:
        stage.enter()
        self.path.append(stage)
        self.counter = stage.counters[-1]
        self.dirty = True

    def _leave(self, stage: Stage) -> None:
        # A generator that is closed late may leave when the part around it has been left.
        if stage in self.path:
            del self.path[self.path.index(stage) :]
        self.counter = self.path[-1].counters[-1]
        self.dirty = True


def _level(level: object) -> str:
    known = shown(level, 20).lower()
    return known if known in LEVELS else "info"


def _brief(value: object) -> str:
    if type(value) is str and len(value) <= ITEM_LENGTH:
        return value
    return text(value, ITEM_LENGTH)
