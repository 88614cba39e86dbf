"""Tasks of Django's own that tests run: those of Django 6, or of the backport."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import django
from asgiref.sync import sync_to_async

from realtime import JobError, progress

task: Callable[[Any], Any]
task = import_module("django_tasks" if django.VERSION < (6, 0) else "django.tasks").task


def _waits_for(gate: str) -> None:
    deadline = time.monotonic() + 60
    while gate and not Path(gate).exists():
        assert time.monotonic() < deadline, f"nobody opened {gate}"
        time.sleep(0.01)


@task
def count(total: int, gate: str = "") -> int:
    """Count to `total`, waiting for a gate at the half."""
    for number in progress.track(range(total), unit="item", message="counts"):
        if number == total // 2:
            _waits_for(gate)
    progress.log("counted")
    return total


@task
async def count_in_a_loop(total: int, gate: str = "") -> int:
    """Do so in a coroutine, which may be elsewhere for a while."""
    for number in progress.track(range(total), unit="item", message="counts"):
        if number == total // 2:
            await sync_to_async(_waits_for)(gate)
    await sync_to_async(progress.log)("counted")
    return total


@task
def fail(text: str, *, public: bool = False) -> None:
    """Fail."""
    raise JobError(text) if public else ValueError(text)


@task
def until_cancelled(gate: str) -> None:
    """Go on until somebody cancels; the gate is opened at the first step."""
    for number in progress.track(range(100_000)):
        if number == 1:
            Path(gate).touch()
        time.sleep(0.005)


@task
def touch(path: str) -> None:
    """Leave a trace, and make no progress call."""
    Path(path).touch()


@task
def start_child() -> str:
    """Enqueue another task, and go on."""
    child = count.enqueue(2)
    progress.update(1, total=1)
    return str(child.id)
