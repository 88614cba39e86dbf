"""Tasks that tests run in real workers."""

from __future__ import annotations

import ctypes
import io
import logging
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from celery import Task, chain, chord, group, shared_task
from celery.exceptions import Ignore
from celery_progress import backend as own_celery_progress

from realtime import Cancelled, HeadwayError, JobError, items, progress
from realtime.contrib.celery_progress import ProgressRecorder
from realtime.contrib.tqdm import tqdm
from realtime.logging import JobHandler


def _waits_for(gate: str) -> None:
    """Wait until the test opens the gate: makes a file."""
    deadline = time.monotonic() + 60
    while gate and not Path(gate).exists():
        assert time.monotonic() < deadline, f"nobody opened {gate}"
        time.sleep(0.01)


@shared_task
def nothing() -> None:
    """Do nothing."""


@shared_task
def die() -> None:
    """Take this process along, without a word to anybody."""
    os.kill(os.getpid(), signal.SIGKILL)


@shared_task(rate_limit="1/h")
def rarely() -> None:
    """Do nothing, and only one of these in an hour."""


@shared_task
def count(total: int, gate: str = "", stop_at: int = 0) -> int:
    """Count to `total`, waiting for a gate before item `stop_at`."""
    for number in progress.track(range(total), unit="item"):
        if number == stop_at:
            progress.update(message=f"at {number}")
            _waits_for(gate)
    return total


@shared_task
def wait_silently(gate: str) -> str:
    """Make no progress calls until the gate opens."""
    _waits_for(gate)
    return "done"


def _occupy(gate: str, told: str) -> int:
    progress.update(40, total=100, message="before")
    with Path(told).open("a") as pids:
        pids.write(f"{os.getpid()}\n")
    _waits_for(gate)
    progress.update(100, message="after")
    progress.attach("after.txt", io.BytesIO(b"after"))
    return os.getpid()


@shared_task
def occupy(gate: str, told: str) -> int:
    """Tell which process this is, and wait there for the gate."""
    return _occupy(gate, told)


@shared_task(acks_late=True, reject_on_worker_lost=True)
def occupy_late(gate: str, told: str) -> int:
    """Do so in a message that is delivered again when the worker dies."""
    return _occupy(gate, told)


@shared_task(base=Task, retry_on_worker_lost=True, max_retries=1, default_retry_delay=0)
def occupy_again(gate: str, told: str) -> int:
    """Do so in a task that Celery tries again when the worker dies (since Celery 5.7)."""
    return _occupy(gate, told)


@shared_task
def hold_everything(seconds: int, told: str) -> None:
    """Let no other Python code of this process run, not even the reporter's."""
    Path(told).touch()
    ctypes.PyDLL(None).sleep(seconds)


@shared_task
def until_cancelled(gate: str) -> None:
    """Go on until somebody cancels; the gate is opened at the first step."""
    for number in progress.track(range(100_000)):
        if number == 1:
            Path(gate).touch()
        time.sleep(0.005)


@shared_task
def fail(text: str, *, public: bool = False) -> None:
    """Fail."""
    raise JobError(text) if public else ValueError(text)


@shared_task(bind=True, max_retries=3)
def fail_once(self: Task[Any, Any]) -> str:
    """Fail at the first attempt and succeed at the second."""
    for _ in progress.track(range(4)):
        pass
    if self.request.retries == 0:
        raise self.retry(exc=ConnectionError("not yet"), countdown=0)
    return "at last"


@shared_task(bind=True, max_retries=3)
def replace_itself(self: Task[Any, Any], how: str) -> None:
    """Let another task go on, after a first try that failed when told so."""
    if "retried" in how and self.request.retries == 0:
        raise self.retry(exc=ConnectionError("not yet"), countdown=0)
    if "chain" in how:
        raise self.replace(chain(nothing.si(), count.si(7)))
    raise self.replace(fail_once.si() if "fails" in how else count.si(7))


@shared_task
def ignore() -> None:
    """Say that the result is set by somebody else."""
    raise Ignore


@shared_task
def talk(lines: int) -> None:
    """Write a log."""
    for number in range(1, lines + 1):
        progress.log(f"line {number}")


@shared_task
def talk_on(lines: int, gate: str) -> None:
    """Write lines into the log, and as many more of several levels once the gate is open."""
    levels = ("info", "warning", "error", "debug")
    for number in range(1, lines + 1):
        progress.log(f"line {number}")
    _waits_for(gate)
    for number in range(lines + 1, 2 * lines + 1):
        progress.log(f"line {number}", levels[number % len(levels)])


@shared_task
def stages() -> None:
    """Go through stages, one of them nested."""
    progress.stages([("Read", 1), ("Resize", 3)])
    with progress.stage("Read"):
        for _ in progress.track(range(10)):
            pass
    with progress.stage("Resize"):
        for _ in progress.track(range(10)):
            progress.ok()
        progress.failed("b.jpg", "it is damaged")
        progress.skipped("c.txt", "it is no picture")


@shared_task(bind=True, max_retries=3)
def fail_items(self: Task[Any, Any], items: list[Any], gate: str = "", tries: int = 1) -> None:
    """Let all items fail, and the whole attempt too until it is the last one."""
    for item in items:
        progress.failed(item, f"attempt {self.request.retries + 1}")
    progress.skipped("the rest", "nobody needs it")
    _waits_for(gate)
    if self.request.retries + 1 < tries:
        raise self.retry(exc=ConnectionError("not yet"), countdown=0)


@shared_task
@items("numbers")
def halve(numbers: list[Any], odd: str = "is odd") -> None:
    """Let odd numbers fail."""
    for number in progress.track(numbers):
        if number % 2:
            progress.failed(number, odd)
        else:
            progress.ok()


@shared_task
@items(flag="only_failed")
def remember(kept: str, *, only_failed: bool = False) -> None:
    """Let some items fail, and know by itself which."""


@shared_task
def log_with_a_library(name: str) -> None:
    """Log as libraries do."""
    logger = logging.getLogger("tests.library")
    logger.setLevel(logging.INFO)
    if not logger.handlers:
        logger.addHandler(JobHandler())
    logger.info("hello from %s", name)
    logger.info("goodbye, %s", name)


@shared_task
def with_tqdm(rows: int) -> None:
    """Report as scripts do."""
    with tqdm(total=rows, desc="Import", unit="row") as bar:
        for _ in range(rows):
            bar.update()
            bar.set_postfix(rows=bar.n)
        tqdm.write("all read")


# The oldest Celery's tasks are not generic while they run.
if TYPE_CHECKING:
    AnyTask = Task[Any, Any]
else:
    AnyTask = Task


class OwnTask(AnyTask):
    """A base class as projects have."""

    abstract = True


@shared_task(bind=True, base=OwnTask)
def updates_state(self: Task[Any, Any], gate: str) -> int:
    """Report as Celery's documentation says, and wait for the gate at the half."""
    for number in range(11):
        meta = {"current": number, "total": 10, "status": f"Row {number}"}
        self.update_state(state="PROGRESS", meta=meta)
        if number == 5:
            _waits_for(gate)
    return 10


@shared_task(bind=True)
def updates_others(self: Task[Any, Any]) -> None:
    """Report for others alone: by their id, and eagerly."""
    self.update_state("6f0e6f0e-0000-4000-8000-000000000000", "PROGRESS", {"current": 7})
    updates_state.apply(("",)).get(disable_sync_subtasks=False)


@shared_task(bind=True)
def records_progress(self: Task[Any, Any], *, ours: bool) -> list[Any]:
    """Report through one of celery-progress's recorders, or its twin of ours."""
    recorder = (ProgressRecorder if ours else own_celery_progress.ProgressRecorder)(self)
    told = recorder.set_progress(1, 4, description="Row 1")
    recorder.increment_progress(by=2, description="Row 3")
    recorder.increment_progress()
    return list(told)


@shared_task
def shown(gate: str) -> None:
    """Show something of everything, and wait for the gate in the middle."""
    progress.stages([("Read", 1), ("Resize", 3)])
    with progress.stage("Read"):
        for _ in progress.track(range(10)):
            pass
    with progress.stage("Resize"), progress.stage("Large ones"):
        for number in progress.track(range(100), unit="picture"):
            progress.ok()
            if number == 31:
                progress.failed("b.jpg", "it is damaged")
                progress.update(message=f"Holidays \x9b31m/IMG_00{number}.jpg")
                _waits_for(gate)
    progress.attach("pictures.txt", io.BytesIO(b"x" * 12_345))


@shared_task(bind=True, max_retries=1)
def staged(self: Task[Any, Any], gate: str = "", *, fails: str = "") -> None:
    """Read, then resize in two parts, and wait for the gate in the second one."""
    first = self.request.retries == 0
    with progress.stage("Read"):
        pass
    with progress.stage("Resize"):
        with progress.stage("Small ones"):
            pass
        with progress.stage("Large ones"):
            _waits_for(gate if first else "")
            if fails == "once" and first:
                raise self.retry(exc=ConnectionError("not yet"), countdown=0)
            if fails == "for good":
                raise ValueError(fails)
    with progress.stage("Pack"):
        pass


@shared_task
def leave_file(text: str) -> None:
    """Leave a file."""
    progress.attach("report.txt", io.BytesIO(text.encode()))


@shared_task
def start_child() -> str:
    """Start another task from inside."""
    return str(nothing.delay().id)


@shared_task
def start_children(total: int, gate: str = "", own: str = "") -> None:
    """Start many other tasks from inside, which wait for the gate, and go through the own gate."""
    for _ in range(total):
        wait_silently.delay(gate)
    progress.update(50, total=100)
    _waits_for(own)


@shared_task(acks_late=True, reject_on_worker_lost=True)
def start_children_late(total: int, told: str, gate: str, own: str) -> None:
    """Do so in a message that is delivered again, and tell which process does."""
    start_children(total, gate)
    with Path(told).open("a") as pids:
        pids.write(f"{os.getpid()}\n")
    _waits_for(own)


@shared_task(bind=True, max_retries=3)
def one_of_many(self: Task[Any, Any], number: int) -> int:
    """Do nothing; every twentieth fails at first, every hundredth for good."""
    if number % 100 == 1:
        raise JobError("it is the hundredth")
    if number % 20 == 2 and self.request.retries == 0:
        raise self.retry(exc=ConnectionError("not yet"), countdown=0)
    return number


@shared_task(bind=True)
def replace_by_many(self: Task[Any, Any], numbers: list[int], gate: str = "") -> None:
    """Let a group go on."""
    waits = [wait_silently.si(gate)] if gate else []
    raise self.replace(group([*waits, *(one_of_many.si(number) for number in numbers)]))


@shared_task(bind=True, acks_late=True)
def replace_by_chord(self: Task[Any, Any], queue: str) -> None:
    """Let a chord go on, of which one job waits in another queue."""
    raise self.replace(chord([nothing.si(), nothing.si().set(queue=queue)], gather.si([])))


@shared_task
def gather(numbers: list[Any], more: str = "") -> str:
    """Put together what others have done."""
    return f"{len(numbers)} {more}"


@shared_task
def time_calls(gate: str, told: str) -> None:
    """Tell how long the slowest of many progress calls took, in seconds."""
    Path(gate + ".waiting").touch()
    _waits_for(gate)
    slowest = 0.0
    for number in range(1_000):
        before = time.perf_counter()
        progress.update(number, total=1_000, message=number)
        progress.log(number)
        progress.advance()
        slowest = max(slowest, time.perf_counter() - before)
        time.sleep(0.001)
    Path(told + ".part").write_text(str(slowest))
    Path(told + ".part").rename(told)


@shared_task
def shout(times: int, size: int) -> str:
    """Tell far too much of everything, and say how many files were taken."""
    for number in range(times):
        progress.update(number, message=f"number {number}")
        progress.advance()
        progress.log(f"line {number}")
        progress.failed(f"item {number}", "it is damaged")
        with progress.stage(f"stage {number}"):
            pass
    for number in range(10):
        progress.update(message=f"{number} {'x' * size}")
        progress.log(f"{number} {'x' * size}")
        progress.failed("x" * size, "y" * size)
    _descend(100)
    taken = 0
    try:
        for number in range(200):
            progress.attach(f"{'n' * 10_000}{number}.txt", io.BytesIO(b"text"))
            taken += 1
    except HeadwayError as refused:
        progress.log(refused)
    return str(taken)


def _descend(levels: int) -> None:
    with progress.stage("level " + "x" * 1_000):
        if levels:
            _descend(levels - 1)


@shared_task
def steps(told: str, steps: int = 100_000) -> str:
    """Write each step to a file; clean up in three steps when cancelled."""
    try:
        for number in progress.track(range(steps)):
            Path(told).write_text(str(number))
            time.sleep(0.01)
    except Cancelled:
        for number in progress.track(range(3), message="cleaning up"):
            Path(told + ".cleaned").write_text(str(number))
            time.sleep(0.2)
        raise
    return "done"


@shared_task
def whirl(told: str) -> None:
    """Step through nothing, without ever waiting for anything, until that is stopped."""
    Path(told).touch()
    while True:
        for _ in progress.track(range(10_000_000)):
            pass


@shared_task(acks_late=True, reject_on_worker_lost=True)
def steps_late(told: str, steps: int) -> int:
    """Write each step, and which process does it, in a message that may be delivered again."""
    for number in progress.track(range(steps)):
        with Path(told).open("a") as file:
            file.write(f"{os.getpid()} {number}\n")
        time.sleep(0.01)
    return os.getpid()


@shared_task(acks_late=True, reject_on_worker_lost=True)
def asks(told: str, gate: str = "", timeout: float | None = None) -> str:
    """Ask two questions, tell the answers, and wait for the gate between them."""
    with Path(told).open("a") as file:
        file.write(f"{os.getpid()} asks\n")
    try:
        first = progress.ask("Replace them?", choices=["Yes", "No"], timeout=timeout)
    except TimeoutError:
        first = "nobody"
    with Path(told).open("a") as file:
        file.write(f"{os.getpid()} {first}\n")
    _waits_for(gate)
    return f"{first}, {progress.ask('By what?')}" if gate else first


@shared_task(acks_late=True, reject_on_worker_lost=True)
def asks_twice(told: str) -> None:
    """Ask the same question twice, and tell each answer with the process that has it."""
    for _ in range(2):
        said = progress.ask("More?", choices=["Yes", "No"])
        with Path(told).open("a") as file:
            file.write(f"{os.getpid()} {said}\n")


@shared_task
def start_many(told: str, children: int) -> None:
    """Start tasks that would go on for long, tell their ids, and go on as well."""
    jobs = [steps.delay(f"{told}.{number}").id for number in range(children)]
    Path(told + ".part").write_text(" ".join(jobs))
    Path(told + ".part").rename(told)
    for _ in progress.track(range(100_000)):
        time.sleep(0.01)


@shared_task(acks_late=True, reject_on_worker_lost=True)
def cleans_late(told: str) -> None:
    """Go on until cancelled, then clean up for long, in a message that may come again."""
    path = Path(told)
    try:
        path.write_text(str(os.getpid()))
        for _ in progress.track(range(100_000)):
            time.sleep(0.01)
    except Cancelled:
        path.with_name("cleaning").touch()
        for _ in progress.track(range(100_000), message="cleaning up"):
            time.sleep(0.01)


@shared_task
def work_through(total: int, seconds: float, gate: str = "") -> None:
    """Take so many seconds for each of some items; wait for the gate before the first."""
    for number in progress.track(range(total), unit="item"):
        if number == 0:
            _waits_for(gate)
        time.sleep(seconds)


@shared_task
def start_later(gate: str) -> None:
    """Start another task when the gate opens."""
    _waits_for(gate)
    nothing.delay()


@shared_task
def start_who_starts_later(gate: str) -> None:
    """Start a task that starts another one, when this one has long returned."""
    start_later.delay(gate)


@shared_task
def start_canvas() -> None:
    """Start a chain of a group of chains, a chord's body and one more."""
    links = chain(nothing.si(), nothing.si())
    chain(
        nothing.si(), group(links, links.clone()), nothing.si(), nothing.si(), nothing.si()
    ).delay()
