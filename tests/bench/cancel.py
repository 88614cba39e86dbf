"""From a cancel to a loop that has stopped: ten million steps, in every pool, the reporter's way.

The request waits in the store until the job's next report brings it back; the loop's next step
obeys. The task tells the time at which it was stopped; it reads the same clock.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench.table import Promise, Row, Table
from tests.bench.timing import percentile
from tests.processes import Child, child
from tests.services import wait_until

POOLS = ("prefork", "threads", "gevent", "solo")
STEPS = 10_000_000
WITHIN = 1.0
"""Seconds within which 99 of 100 loops are stopped."""


def run(*, quick: bool) -> list[Table]:
    """Cancel one loop after the other, in a worker of each pool."""
    tries = 5 if quick else 50
    rows = []
    for pool in POOLS:
        with _worker(pool), tempfile.TemporaryDirectory(prefix="hw-bench-") as folder:
            late = [_stopped(Path(folder) / str(number)) for number in range(tries)]
        rows.append(_row(pool, late))
    return [Table(title=f"cancel: loops of {STEPS:,} steps, {tries} tries a pool", rows=rows)]


@contextmanager
def _worker(pool: str) -> Iterator[Child]:
    command = ("celery", "-A", "tests.bench.worker", "worker", "-P", pool, "-c", "1")
    names = ("-n", f"cancel-{pool}@bench", "-Q", "endless", "-l", "INFO")
    lean = ("--without-gossip", "--without-mingle")
    more: Any = {"DJANGO_SETTINGS_MODULE": "tests.bench.settings"}
    with child(sys.executable, "-m", *command, *names, *lean, **more) as one:
        # Not asked: a worker of the solo pool answers nobody while it works.
        wait_until(lambda: _is_ready(one), "the worker to be ready", seconds=60)
        yield one


def _is_ready(one: Child) -> bool:
    assert one.process.poll() is None, one.printed()
    return " ready." in one.printed()


def _stopped(told: Path) -> float:
    """Return after how many seconds a running loop was stopped."""
    from realtime import control
    from realtime.states import read_one
    from tests.bench.jobs import endless

    job = endless.apply_async((str(told), STEPS), queue="endless").id
    wait_until(lambda: _runs(read_one(job)), "the loop to run", seconds=30)
    begun = time.time()
    control.cancel(job)
    wait_until(told.exists, "the loop to be stopped", seconds=30)
    wait_until(lambda: bool(told.read_text()), "the time to be told", seconds=5)
    return float(told.read_text()) - begun


def _runs(state: dict[str, Any] | None) -> bool:
    return bool(state and state["status"] == "running" and state["current"])


def _row(pool: str, late: list[float]) -> Row:
    slow = percentile(late, 0.99)
    figures = {
        "tries": len(late),
        "p50 ms": percentile(late, 0.5) * 1000,
        "p99 ms": slow * 1000,
        "worst ms": max(late) * 1000,
    }
    promise = Promise(
        text=f"a loop stops within {WITHIN:.0f} s of its cancel, 99 of 100 times ({pool})",
        measured=f"p99 {slow * 1000:.0f} ms",
        kept=slow < WITHIN,
    )
    return Row(pool, figures, (promise,))
