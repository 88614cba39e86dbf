"""Starts programs, starts them again when they die, and leaves none behind.

    async with Supervisor(console, environment) as house:
        house.start(redis)
        await house.until(redis_answers())
        await house.run(migrate)
        house.start(web)
        await house.until(told_to_stop.wait())

Leaving the block, however it is left, ends every program in good order.
"""

import asyncio
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from subprocess import DEVNULL, STDOUT
from typing import Any, BinaryIO, Self, TypeVar

from core.console import Console

KEEPER = Path(__file__).with_name("keeper.py")
#: A program that has lived this long has started; its later deaths are accidents.
STARTED_AFTER = 10.0
#: So many deaths without ever having started, and there is no hope.
HOPELESS_AFTER = 3
LONGEST_PAUSE = 30.0
#: A terminal, make and a service manager may each pass on one and the same signal.
SAME_WISH = 0.5
LONGEST_LINE = 64 * 1024
LAST_LINES = 15

T = TypeVar("T")


class GaveUp(Exception):
    """A program cannot start; the message holds its last lines."""


@dataclass(frozen=True)
class Program:
    """One line of the process table."""

    name: str
    command: tuple[str, ...]
    #: What it reads at its start.
    stdin: str = ""
    #: Open files that it inherits, such as a listening socket.
    files: tuple[int, ...] = ()
    #: Says much that only matters when it dies.
    quiet: bool = False
    #: Programs of a higher rank are ended first, for they need those of a lower one.
    rank: int = 0
    #: How it is asked to end, and how many seconds it is given each time.
    stops: tuple[tuple[signal.Signals, float], ...] = ((signal.SIGTERM, 10.0),)


class LineReader(asyncio.Protocol):
    """Cuts the output of a process into lines."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._rest = b""
        self.ended = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        """Pass on the lines that are complete, and what is too long for one."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            lines.append(self._rest)
            self._rest = b""
        for line in lines:
            self._tell(line.decode(errors="replace").rstrip())

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Pass on a last line without an end."""
        if self._rest:
            self.data_received(b"\n")
        self.ended.set()


@dataclass
class Child:
    """A program and the process that it is at the moment."""

    program: Program
    environment: Mapping[str, str]
    console: Console
    keeper: int
    process: asyncio.subprocess.Process | None = None
    #: Keeps it running; None for a program that runs once.
    life: asyncio.Task[None] | None = None
    stopping: bool = False
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_LINES))

    async def live(self) -> None:
        """Run it again and again, ever more slowly; give up when it never gets going."""
        deaths, has_started = 0, False
        while True:
            born = time.monotonic()
            ending = describe(await self.run())
            if self.stopping:
                return
            lived = time.monotonic() - born
            has_started = has_started or lived > STARTED_AFTER
            deaths = 1 if lived > STARTED_AFTER else deaths + 1
            if deaths >= HOPELESS_AFTER and not has_started:
                raise self.gave_up(f"{ending}, {deaths} times while starting")
            pause = min(0.25 * 2**deaths, LONGEST_PAUSE)
            self._tell_ending(f"{ending}; again in {pause:g} s")
            await asyncio.sleep(pause)

    async def run(self) -> int:
        """Run it once, leave none of its children behind, and return its exit code."""
        lines = LineReader(self._tell)
        with pipe_of(self.program.stdin) as stdin, await writer_to(lines) as output:
            self.process = await self._spawn(stdin, output)
        code = await self.process.wait()
        self.signal_group(signal.SIGKILL)
        with suppress(TimeoutError):  # A child that left the group may keep the pipe open.
            await asyncio.wait_for(lines.ended.wait(), 1)
        self._write_keeper("-", self.process.pid)
        self.process = None
        return code

    async def stop(self) -> None:
        """Ask it to end, more and more firmly, then kill it with all its children."""
        self.stopping = True
        process = self.process
        for number, seconds in self.program.stops:
            if process and process.returncode is None:
                with suppress(ProcessLookupError, TimeoutError):
                    process.send_signal(number)
                    await asyncio.wait_for(process.wait(), seconds)
        self.signal_group(signal.SIGKILL)
        if process:
            await process.wait()
        if self.life:
            self.life.cancel()

    def signal_group(self, number: signal.Signals) -> None:
        """Signal the process and all its children."""
        if self.process:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)

    def gave_up(self, what: str) -> GaveUp:
        """Return why it is no use, with what the program said last."""
        return GaveUp("\n".join([f"{self.program.name} {what}", *self.last_lines]))

    async def _spawn(self, stdin: int, output: BinaryIO) -> asyncio.subprocess.Process:
        try:
            return await asyncio.create_subprocess_exec(
                *self.program.command,
                stdin=stdin,
                stdout=output,
                stderr=STDOUT,
                env={**os.environ, **self.environment},
                pass_fds=self.program.files,
                # Out of the terminal's reach: Ctrl-C is for the supervisor alone.
                start_new_session=True,
                preexec_fn=self._tell_keeper,
            )
        except OSError as error:
            raise self.gave_up(f"cannot be run: {error}") from None

    def _tell(self, line: str) -> None:
        self.last_lines.append(line)
        if not self.program.quiet:
            self.console.write(self.program.name, line)

    def _tell_ending(self, ending: str) -> None:
        for line in self.last_lines if self.program.quiet else ():
            self.console.write(self.program.name, line)
        self.console.write("headway", f"{self.program.name} {ending}")

    def _tell_keeper(self) -> None:
        self._write_keeper("+", os.getpid())

    def _write_keeper(self, sign: str, group: int) -> None:
        with suppress(OSError):
            os.write(self.keeper, f"{sign}{group}\n".encode())


class Supervisor:
    """Looks after programs until its block is left."""

    def __init__(self, console: Console, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)
        self._console = console
        self._children: list[Child] = []
        self._interrupted_at: float | None = None
        self._task: asyncio.Task[Any] | None = None

    async def __aenter__(self) -> Self:
        read_end, self._keeper_end = os.pipe()
        self._keeper = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", KEEPER), stdin=read_end, start_new_session=True
        )
        os.close(read_end)
        self._task = asyncio.current_task()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self._interrupt)
        return self

    async def __aexit__(self, kind: object, error: object, trace: object) -> bool:
        """End everything; a signal is no error, so its cancellation ends here."""
        self._console.write("headway", "stopping")
        by_rank = sorted(self._children, key=lambda child: child.program.rank, reverse=True)
        for _, children in groupby(by_rank, key=lambda child: child.program.rank):
            await asyncio.gather(*(child.stop() for child in children))
        os.close(self._keeper_end)
        await self._keeper.wait()
        return kind is asyncio.CancelledError and self._interrupted_at is not None

    def start(self, *programs: Program) -> None:
        """Start programs that are to run all the time."""
        for program in programs:
            child = self._child(program)
            child.life = asyncio.create_task(child.live())

    async def run(self, program: Program) -> None:
        """Run a program that is to end well by itself."""
        child = self._child(program)
        if code := await self.until(child.run()):
            raise child.gave_up(describe(code))

    async def until(self, awaitable: Coroutine[Any, Any, T]) -> T:
        """Wait for something, but no longer than all programs live."""
        waiting = asyncio.create_task(awaitable)
        lives = [child.life for child in self._children if child.life]
        try:
            await asyncio.wait([waiting, *lives], return_when=asyncio.FIRST_COMPLETED)
            for life in lives:
                if life.done():
                    life.result()
            return await waiting
        finally:
            waiting.cancel()

    def _child(self, program: Program) -> Child:
        child = Child(program, self.environment, self._console, self._keeper_end)
        self._children.append(child)
        return child

    def _interrupt(self) -> None:
        now = time.monotonic()
        if self._interrupted_at is None and self._task:
            self._interrupted_at = now
            self._task.cancel()
        elif self._interrupted_at and now - self._interrupted_at > SAME_WISH:
            self._console.write("headway", "stopping at once")
            for child in self._children:
                child.signal_group(signal.SIGKILL)


async def writer_to(lines: LineReader) -> BinaryIO:
    """Return the file for a program to write to, so that its lines are read."""
    read_end, write_end = os.pipe()
    await asyncio.get_running_loop().connect_read_pipe(lambda: lines, os.fdopen(read_end, "rb"))
    return os.fdopen(write_end, "wb")


@contextmanager
def pipe_of(text: str) -> Iterator[int]:
    """Give a text to a program as its standard input."""
    if not text:
        yield DEVNULL
        return
    read_end, write_end = os.pipe()
    try:
        os.write(write_end, text.encode())
        os.close(write_end)
        yield read_end
    finally:
        os.close(read_end)


def describe(code: int) -> str:
    """Say how a process ended."""
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"
