"""A tqdm whose bars are seen where the job is: `from realtime.contrib.tqdm import tqdm, trange`.

Inside a tracked job a bar is reported and not printed: a worker's terminal is a log file, in which
each refresh would be a line. Outside a job it is tqdm's own. Needs tqdm, which Headway does not.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any
from weakref import ref

from tqdm.asyncio import tqdm_asyncio

from realtime import progress
from realtime.cleaning import number, shown
from realtime.running import LONG, RunningJob
from realtime.stages import Counter

__all__ = ["tqdm", "trange"]

UNIT = "it"
"""What tqdm calls an item of which it knows nothing."""


def _told(name: str) -> property:
    """Return an attribute of a bar that viewers are told of whenever it is set."""
    kept = f"_{name}"

    def read(bar: tqdm) -> Any:
        try:
            return bar.__dict__[kept]
        except KeyError:
            raise AttributeError(name) from None

    def write(bar: tqdm, value: Any) -> None:
        bar.__dict__[kept] = value
        bar.tell()

    return property(read, write)


class tqdm(tqdm_asyncio):  # type: ignore[misc]  # noqa: N801  what it replaces
    """Counts as tqdm does; the description and the postfix are the job's message.

    A bar inside another one refines its step, as with `progress.track`. A step, and `update`, are
    checkpoints. `write` is a line of the job's log, too.
    """

    _job: RunningJob | None = None
    _counter: Counter | None = None
    _loop: ref[Generator[Any, None, None]] | None = None
    _before = _said = ""
    n: float

    total = _told("total")
    unit = _told("unit")
    desc = _told("desc")
    postfix = _told("postfix")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what tqdm takes."""
        self._job = progress.current()
        if self._job is not None:
            kwargs["gui"] = True  # tqdm's word for bars that are not printed.
            if kwargs.get("disable", False) is None:  # As it is where there is no terminal.
                kwargs["disable"] = False
        super().__init__(*args, **kwargs)
        if self._job is not None and self.iterable is None and not self.disable:
            self._open(self._job)

    def __iter__(self) -> Iterator[Any]:
        """Yield the items and count them, at the price of `progress.track`."""
        if self._job is None or self.disable:
            found: Iterator[Any] = super().__iter__()
            return found
        steps = self._steps(self._job)
        self._loop = ref(steps)
        return steps

    def update(self, n: float = 1) -> bool | None:
        """Count further; waits while the job is paused, raises `Cancelled` after a cancel."""
        job = self._job
        if job is None or self.disable:
            printed: bool | None = super().update(n)
            return printed
        counter = self._counter or self._open(job)
        self.n += n
        counter.n = self.n
        job.dirty = True
        if job.asked:
            job.obey()
        return None

    def refresh(self, *args: Any, **kwargs: Any) -> bool | None:
        """Tell the bar as it is, without tqdm's lock, which all processes of a worker share."""
        if self._job is None:
            printed: bool | None = super().refresh(*args, **kwargs)
            return printed
        if self._counter is not None and self._loop is None:
            self._counter.n = self.n
        self.tell()
        return True

    def display(self, *args: Any, **kwargs: Any) -> bool | None:
        """Print, where there is no job."""
        return super().display(*args, **kwargs) if self._job is None else self.refresh()

    def clear(self, *args: Any, **kwargs: Any) -> None:
        """Make room on the terminal, where there is no job."""
        if self._job is None:
            super().clear(*args, **kwargs)

    def close(self) -> None:
        """End the bar; the numbers of an outermost one stay, as with `progress.track`."""
        job, counter, self._counter = self._job, self._counter, None
        if job is not None and counter is not None:
            counter.n = self.n
            job.close_counter(counter)
            inside = job.counter is not counter
            if (inside or self.leave is False) and job.message is self._said:
                job.message = self._before
        super().close()

    @classmethod
    def write(cls, s: str, file: Any = None, end: str = "\n", **kwargs: Any) -> None:
        """Print a message above the bars; without a `file` it is a line of the job's log, too."""
        super().write(s, file=file, end=end, **kwargs)
        if file is None:
            progress.log(s)

    def tell(self) -> None:
        """Tell the total and the words as they are now."""
        if self._job is None or self._counter is None:
            return
        self._counter.total, self._counter.unit = number(self.total), self._kind()
        words = self._words()
        if words or self._job.message is self._said:
            self._job.message = self._said = words
        self._job.dirty = True

    def _steps(self, job: RunningJob) -> Generator[Any, None, None]:
        # The reporter reads `n` where it is: see Counter.look.
        counter = self._counter or self._open(job)
        counter.loop, n = self._loop, self.n
        try:
            job.checkpoint()
            for item in self.iterable:
                yield item
                n += 1
                if counter.wanted:
                    counter.wanted = False
                    job.checkpoint()
        finally:
            counter.loop = self._loop = None
            self.n = n
            self.close()

    def _open(self, job: RunningJob) -> Counter:
        counter = self._counter = Counter(number(self.total), self._kind())
        counter.n = self.n
        self._before, self._said = job.message, self._words()
        job.open_counter(counter, self._said)
        return counter

    def _kind(self) -> str:
        return "" if self.unit == UNIT else shown(self.unit, LONG).strip()

    def _words(self) -> str:
        described = shown(self.desc or "", LONG).removesuffix(": ")
        return ", ".join(filter(None, (described, shown(self.postfix or "", LONG))))


def trange(*args: Any, **kwargs: Any) -> tqdm:
    """Return `tqdm(range(*args), **kwargs)`."""
    return tqdm(range(*args), **kwargs)
