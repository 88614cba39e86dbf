"""What a task calls. Every call changes values in memory and returns; the reporter carries them.

Outside a tracked job each call works and shows nothing.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from itertools import islice
from pathlib import Path
from typing import IO, Any, TypeVar
from weakref import ref

from realtime.cleaning import is_meant, number, shown, total_of
from realtime.conf import conf
from realtime.question import Question
from realtime.running import LONG, RunningJob
from realtime.stages import Counter

Item = TypeVar("Item")

NO_JOB = "There is nobody to answer: this is no tracked job."

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
    Inside another `track` it refines the outer one's step. Waits while paused, raises `Cancelled`
    after a cancel.
    """
    job = _get()
    if job is None:
        return iter(iterable)
    known = _length(iterable) if total is None else number(total)
    counter = Counter(known, shown(unit, LONG))
    steps = _counted(iterable, job, counter, shown(message, LONG))
    counter.loop = ref(steps)
    return steps


def update(
    current: float | None = None,
    *,
    total: float | None = None,
    message: object = None,
    unit: str | None = None,
) -> None:
    """Set what is given, leave the rest; waits while paused, raises `Cancelled` after a cancel."""
    job = _get()
    if job is None:
        return
    counter = job.counter
    # What is plain is taken as it is; the rest is spoken and counted here, in the task's thread.
    if current is not None:
        kind = type(current)
        plain = kind is int or kind is float
        counter.n = current if plain else _or(number(current), counter.n)
    if total is not None:
        counter.total = number(total)
    if message is not None:
        if type(message) is not str or len(message) > LONG:
            message = shown(message, LONG)
        job.message = message
    if unit is not None:
        counter.unit = shown(unit, LONG)
    job.dirty = True
    if job.asked:
        job.obey()


def advance(n: float = 1) -> None:
    """Count `n` more items; waits while paused, raises `Cancelled` after a cancel."""
    job = _get()
    if job is None:
        return
    counter = job.counter
    if type(n) is int and type(counter.n) is int:
        counter.n += n
    else:
        counter.n = total_of(counter.n, n)
    job.dirty = True
    if job.asked:
        job.obey()


def stage(name: str, weight: float = 1) -> AbstractContextManager[None]:
    """Enter a named part of the job; its share is its weight among its siblings' weights."""
    job = _get()
    return nullcontext() if job is None else job.stage(shown(name, LONG), weight)


def stages(names: Sequence[str | tuple[str, float]]) -> None:
    """Declare the stages to come, each a name or a name with its weight."""
    job = _get()
    if job is not None:
        job.declare(_parts(names))


def log(text: object, level: str = "info") -> None:
    """Add a line to the job's log; levels are those of `logging`, in lower case."""
    job = _get()
    if job is not None:
        job.log(text, level)


def ok(n: int = 1) -> None:
    """Count items that went well."""
    job = _get()
    if job is not None:
        whole = type(n) is int and type(job.ok) is int
        job.ok = job.ok + n if whole else total_of(job.ok, n)
        job.dirty = True


def skipped(item: object, reason: object) -> None:
    """Count an item that is left out, and keep why."""
    job = _get()
    if job is not None:
        job.skipped += 1
        job.keep_item("skipped", item, reason)


def failed(item: object, reason: object) -> None:
    """Count an item that failed, and keep why; what is JSON is kept as it is, else as text."""
    job = _get()
    if job is not None:
        job.failed += 1
        job.keep_item("failed", item, reason)


def attach(
    name: str,
    file_or_path: IO[bytes] | Path | str,
    content_type: str | None = None,
    *,
    keep: float | None = None,
) -> None:
    """Keep a file for the job's owner to download; this one does wait, for the storage.

    It is kept for `keep` seconds, 0 for ever, without it for `KEEP_FILES`. A second file of the
    same name replaces the first. Raises `OSError` when it cannot be read, `BadFile` when it is no
    file, or one more than a job may leave, `Cancelled` when another worker runs the job now.
    """
    job = _get()
    if job is not None:
        from realtime import files  # The app's models are only there once it is set up.
        from realtime.fence import check

        given = (name, file_or_path, content_type)
        job.add_file(files.keep(job.id, *given, lambda: check(job), keep_for=keep))


def checkpoint() -> None:
    """Wait while the job is paused; raise `Cancelled` when somebody has cancelled it."""
    job = _get()
    if job is not None and job.asked:
        job.obey()


def ask(
    question: object, choices: Iterable[object] | None = None, timeout: float | None = None
) -> Any:
    """Wait for the owner's answer and return it: one of `choices`, or a text where there are none.

    The same question has the same answer in every run of the job, also after a retry; asked
    again within a run it is a new one. Raises `TimeoutError` after `timeout` seconds, and at once
    where nobody can answer: outside a tracked job, and while cleaning up after a cancel.
    Raises `Cancelled` after a cancel.
    """
    job = _get()
    if job is None:
        raise TimeoutError(NO_JOB)
    return job.ask(Question(question, choices, timeout))


def _counted(
    iterable: Iterable[Item], job: RunningJob, counter: Counter, message: str
) -> Generator[Item, None, None]:
    # The reporter reads `n` where it is: see Counter.look.
    # Opened with the first step: a loop that is made early, or never run, counts for nothing yet.
    job.open_counter(counter, message)
    n = 0.0  # Python keeps used floats at hand, which makes a step a sixth cheaper.
    try:
        job.checkpoint()
        for item in iterable:
            yield item
            n += 1.0
            if counter.wanted:
                counter.wanted = False
                job.checkpoint()
    finally:
        counter.n = int(n)
        job.close_counter(counter)


def _length(iterable: Iterable[object]) -> float | None:
    try:
        return number(len(iterable))  # type: ignore[arg-type]
    except BaseException as error:
        if is_meant(error):
            raise
        return None


def _or(found: float | None, else_: float) -> float:
    return else_ if found is None else found


def _parts(names: Any) -> list[tuple[str, object]]:
    """Return names with weights; what is no series of names is the name of one part."""
    found: list[tuple[str, object]] = []
    one = type(names) is str or not issubclass(type(names), Iterable)
    try:
        found.extend(_part(name) for name in islice([names] if one else names, conf.STAGES))
    except BaseException as error:
        if is_meant(error):
            raise
    return found


def _part(name: Any) -> tuple[str, object]:
    if issubclass(type(name), tuple) and len(name) == 2:  # noqa: PLR2004  a name with its weight
        return shown(name[0], LONG), name[1]
    return shown(name, LONG), 1
