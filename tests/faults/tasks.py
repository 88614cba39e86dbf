"""Tasks of the fault scenarios; the faults' own Django app brings them into workers."""

from __future__ import annotations

import os
import time
import uuid
from pathlib import Path
from typing import Any

from celery import shared_task, signals

from realtime import progress


def _walk(total: int, gate: str, stop_at: int, pause: float, lines: int) -> int:
    for number in progress.track(range(total), unit="step"):
        for one in range(lines):
            progress.log(f"line {number * lines + one + 1}")
        if number == stop_at and gate:
            told = Path(f"{gate}.{progress.current().id}.waits")  # type: ignore[union-attr]
            told.write_text(str(os.getpid()))
            _wait_for(gate)
        if pause:
            time.sleep(pause)
    return total


def _wait_for(gate: str) -> None:
    deadline = time.monotonic() + 120
    while not Path(gate).exists():
        assert time.monotonic() < deadline, f"nobody opened {gate}"
        time.sleep(0.01)


@shared_task
def walk(total: int, gate: str = "", stop_at: int = 0, pause: float = 0.0, lines: int = 0) -> int:
    """Go steps, each with log lines, and wait at one of them until the gate is opened."""
    return _walk(total, gate, stop_at, pause, lines)


@shared_task(acks_late=True, reject_on_worker_lost=True)
def walk_late(
    total: int, gate: str = "", stop_at: int = 0, pause: float = 0.0, lines: int = 0
) -> int:
    """Walk, and be delivered again when the worker dies."""
    return _walk(total, gate, stop_at, pause, lines)


def _chat(steps: int, told: str, lines: int) -> None:
    """Go steps of a tenth of a second, and leave in a file when each line was said, and the end."""
    run, number = uuid.uuid4().hex[:8], 0
    path = Path(f"{told}.{progress.current().id}.{run}")  # type: ignore[union-attr]
    with path.open("w", buffering=1) as said:
        for _ in progress.track(range(steps), unit="step"):
            for _ in range(lines):
                number += 1
                said.write(f"{time.time()}\n")
                progress.log(f"{run} {number}")
            time.sleep(0.1)
        said.write("end\n")


@shared_task
def chat(steps: int, told: str, lines: int) -> None:
    """Say lines that tell which run says them."""
    _chat(steps, told, lines)


@shared_task(acks_late=True, reject_on_worker_lost=True)
def chat_late(steps: int, told: str, lines: int) -> None:
    """Chat, and be delivered again when the worker dies."""
    _chat(steps, told, lines)


# Its result would wait for Redis before Celery says that the task has ended.
@shared_task(ignore_result=True)
def time_calls(gate: str, told: str) -> None:
    """Tell how long the slowest of many progress calls took, in seconds."""
    Path(gate + ".waits").touch()
    _wait_for(gate)
    slowest = 0.0
    for number in range(500):
        before = time.perf_counter()
        progress.update(number, total=500, message=f"at {number}")
        progress.log(f"line {number + 1}")
        progress.advance()
        slowest = max(slowest, time.perf_counter() - before)
        time.sleep(0.002)
    Path(told + ".calls").write_text(f"{slowest} {time.time()}")


@signals.task_postrun.connect
def _tell_end(args: Any = (), task: Any = None, **_: Any) -> None:
    """Add how long the end took; connected after the package's own signals, so called last."""
    if task is not None and task.name == time_calls.name:
        told = args[1]
        slowest, ended = Path(told + ".calls").read_text().split()
        Path(told + ".part").write_text(f"{slowest} {time.time() - float(ended)}")
        Path(told + ".part").rename(told)


@shared_task
def tell_time(steps: int) -> None:
    """Say what time it is, as often as reports go out."""
    for number in range(steps):
        progress.update(number, total=steps, message=f"{time.time():.6f}")
        time.sleep(0.05)


class Liar:
    """An object that raises whatever it is asked."""

    def __str__(self) -> str:
        raise ValueError("no")

    __repr__ = __float__ = __bool__ = __len__ = __str__


HOSTILE: dict[str, Any] = {
    "nul": "a\x00b",
    "half a character": "\ud800",
    "not a number": float("nan"),
    "infinite": float("-inf"),
    "huge": 10**400,
    "long": "x" * 10_000_000,
    "liar": Liar(),
    "bytes": b"\xff\xfe",
}


@shared_task
def say(kind: str) -> None:
    """Say one hostile thing in every place."""
    said = HOSTILE[kind]
    with progress.stage(said, weight=said):
        progress.update(said, total=said, message=said, unit=said)
        progress.log(said, level=said)
        progress.failed(said, said)
        progress.skipped(said, said)
        progress.ok(said)
        progress.advance(said)
