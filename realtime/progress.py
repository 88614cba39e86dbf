"""What a task calls. Every call changes values in memory and returns; the reporter carries them.

Outside a tracked job each call works and shows nothing.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from pathlib import Path
from typing import IO, TypeVar
from weakref import ref

from realtime.running import Counter, RunningJob

Item = TypeVar("Item")

bound: ContextVar[RunningJob | None] = ContextVar("headway_job", default=None)
"""The running job; bound by `lifecycle` for as long as its task's code runs."""
_get = bound.get


def current() -> RunningJob | None:
    """Return the job that this code is a part of, None outside one."""
    return _get()


def track(
    iterable: Iterable[Item],
    *,
    total: float | None = None,
    unit: str = "",
    message: object = "",
) -> Iterator[Item]:
    """Yield the items and count them; each step is a checkpoint.

    `total` is the number of items, taken from `len()` where there is one.
    Inside another `track` it refines the outer one's step. Raises `Cancelled` after a cancel.
    """
    job = _get()
    if job is None:
        return iter(iterable)
    if total is None:
        total = _length(iterable)
    counter = Counter(total, unit)
    steps = _counted(iterable, job, counter, message)
    counter.loop = ref(steps)
    return steps


def update(
    current: float | None = None,
    *,
    total: float | None = None,
    message: object = None,
    unit: str | None = None,
) -> None:
    """Set what is given, leave the rest; raises `Cancelled` after a cancel."""
    job = _get()
    if job is None:
        return
    counter = job.counter
    if current is not None:
        counter.n = current
    if total is not None:
        counter.total = total
    if message is not None:
        job.message = message
    if unit is not None:
        counter.unit = unit
    job.dirty = True
    if job.asked:
        job.obey()


def advance(n: float = 1) -> None:
    """Count `n` more items; raises `Cancelled` after a cancel."""
    job = _get()
    if job is None:
        return
    job.counter.n += n
    job.dirty = True
    if job.asked:
        job.obey()


def stage(name: str, weight: float = 1) -> AbstractContextManager[None]:
    """Enter a named part of the job; its share is its weight among its siblings' weights."""
    job = _get()
    return nullcontext() if job is None else job.stage(name, weight)


def stages(names: Sequence[str | tuple[str, float]]) -> None:
    """Declare the stages to come, each a name or a name with its weight."""
    job = _get()
    if job is not None:
        job.declare([name if isinstance(name, tuple) else (name, 1) for name in names])


def log(text: object, level: str = "info") -> None:
    """Add a line to the job's log; levels are those of `logging`, in lower case."""
    job = _get()
    if job is not None:
        job.log(text, level)


def ok(n: int = 1) -> None:
    """Count items that went well."""
    job = _get()
    if job is not None:
        job.ok += n
        job.dirty = True


def skipped(item: object, reason: object) -> None:
    """Count an item that is left out, and log why."""
    job = _get()
    if job is not None:
        job.skipped += 1
        job.log_item(item, reason, "info")


def failed(item: object, reason: object) -> None:
    """Count an item that failed, and log why."""
    job = _get()
    if job is not None:
        job.failed += 1
        job.log_item(item, reason, "warning")


def attach(
    name: str, file_or_path: IO[bytes] | Path | str, content_type: str | None = None
) -> None:
    """Keep a file for the job's owner to download; this one does wait, for the storage.

    A second file of the same name replaces the first. Raises `OSError` when it cannot be read.
    """
    job = _get()
    if job is not None:
        from realtime.files import keep  # The app's models are only there once it is set up.

        job.add_file(keep(job.id, name, file_or_path, content_type))


def checkpoint() -> None:
    """Raise `Cancelled` when somebody has cancelled the job."""
    job = _get()
    if job is not None and job.asked:
        job.obey()


def _counted(
    iterable: Iterable[Item], job: RunningJob, counter: Counter, message: object
) -> Generator[Item, None, None]:
    # The reporter reads `n` where it is: see Counter.look.
    # Opened with the first step: a loop that is made early, or never run, counts for nothing yet.
    job.open_counter(counter, message)
    n = 0
    try:
        for item in iterable:
            yield item
            n += 1
            if counter.wanted:
                counter.wanted = False
                job.checkpoint()
    finally:
        counter.n = n
        job.close_counter(counter)


def _length(iterable: Iterable[object]) -> int | None:
    try:
        return len(iterable)  # type: ignore[arg-type]
    except TypeError:
        return None
