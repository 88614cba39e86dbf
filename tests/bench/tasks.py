"""How many empty tasks a worker does in a second: tracked, ignored, and without Headway.

Empty tasks show the whole price of tracking; a task that does something pays the same once.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
from django.conf import settings
from django.db import connection
from django.test import override_settings

from tests.bench.house import stop_reporting
from tests.bench.table import Promise, Row, Table
from tests.processes import ROOT, Child, child
from tests.services import postgres_server, wait_until

FLOOR = 0.65
"""The part of the rate without Headway that a tracked worker must reach."""
FREE = 1.1
"""The CPU that an ignored task may take, of one without Headway; steadier than its rate."""
NAMES = ("absent", "ignored", "tracked")
"""Without Headway, with IGNORE = ["*"], and as it comes."""
WARM = 0.1
"""The part of a round that is not counted: processes open their connections in it."""


@dataclass(frozen=True, slots=True)
class Round:
    """What came of one round."""

    queued: float
    """Tasks queued in a second, by one process."""
    worked: float
    """Tasks done in a second."""
    cpu: float
    """Seconds of CPU that the worker's processes took for a task."""


@dataclass
class Fleet:
    """One worker, which takes tasks only while a round is measured."""

    name: str
    """Its queues' and its node's name, and how it tracks."""
    worker: Child | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run the worker, of two processes."""
        command = ("celery", "-A", "tests.bench.worker", "worker", "-c", "2")
        names = ("-n", self.node, "-Q", f"idle-{self.name}")
        lean = ("--without-gossip", "--without-mingle")
        more: Any = {"DJANGO_SETTINGS_MODULE": "tests.bench.settings", "BENCH_TRACKING": self.name}
        with child(sys.executable, "-m", *command, *names, *lean, **more) as self.worker:
            yield

    def is_ready(self) -> bool:
        """Say whether the worker answers."""
        assert self.worker
        assert self.worker.process.poll() is None, self.worker.printed()
        return bool(_control().ping(destination=[self.node], timeout=1, limit=1))

    def end(self) -> None:
        """Tell the worker to end, without waiting for it."""
        assert self.worker
        self.worker.signal(signal.SIGTERM)

    def work(self, tasks: int) -> Round:
        """Queue tasks, then let the worker do them."""
        with tempfile.TemporaryDirectory(prefix="hw-bench-") as folder:
            tally, queue = Path(folder) / "tally", f"{self.name}-{time.monotonic_ns()}"
            queued = self._queue(queue, tally, tasks)
            before = self._cpu()
            _control().add_consumer(queue, destination=[self.node], reply=True, limit=1)
            wait_until(lambda: _count(tally) >= tasks, f"{tasks} tasks to be done", seconds=60)
            _control().cancel_consumer(queue, destination=[self.node], reply=True, limit=1)
            time.sleep(0.3)
            return Round(queued, _rate(tally), (self._cpu() - before) / tasks)

    def shrink(self) -> None:
        """Go on with one process."""
        _control().pool_shrink(1, destination=[self.node], reply=True, limit=1)

    @property
    def node(self) -> str:
        """The worker's name in Celery."""
        return f"{self.name}@bench"

    def _queue(self, queue: str, tally: Path, tasks: int) -> float:
        from tests.bench.jobs import nothing

        ignored = {} if self.name == "tracked" else {"IGNORE": ["*"]}
        with override_settings(HEADWAY={**settings.HEADWAY, **ignored}):
            begun = time.perf_counter()
            for _ in range(tasks):
                nothing.apply_async((str(tally),), queue=queue)
            rate = tasks / (time.perf_counter() - begun)
            stop_reporting()
        return rate

    def _cpu(self) -> float:
        assert self.worker
        parent = psutil.Process(self.worker.pid)
        return sum(sum(one.cpu_times()[:2]) for one in [parent, *parent.children(recursive=True)])


Rounds = list[dict[str, Round]]
"""For each round what came of each fleet, by its name."""


def run(*, quick: bool) -> list[Table]:
    """Measure workers of two processes and of one; then the first again on PostgreSQL."""
    tasks, rounds = (300, 2) if quick else (300, 10)
    with _fleets() as fleets:
        rows = _rows(_rounds(fleets, tasks, rounds), "2 processes")
        if connection.vendor == "sqlite":
            for fleet in fleets:
                fleet.shrink()
            rows += _rows(_rounds(fleets, tasks, rounds - 1), "1 process", queued=False)
    title = f"tasks: {tasks:,} empty tasks, Redis as broker, {connection.vendor}, median of rounds"
    tables = [Table(title=title, rows=rows)]
    return tables + (_on_postgres(quick=quick) if connection.vendor == "sqlite" else [])


@contextmanager
def _fleets() -> Iterator[list[Fleet]]:
    fleets = [Fleet(name) for name in NAMES]
    with ExitStack() as running:
        for fleet in fleets:
            running.enter_context(fleet.running())
        for fleet in fleets:
            wait_until(fleet.is_ready, "the worker to answer", seconds=60)
        yield fleets
        for fleet in fleets:
            fleet.end()


def _rounds(fleets: list[Fleet], tasks: int, rounds: int) -> Rounds:
    _in_turn(fleets, tasks // 4)  # Warms everything up.
    return [_in_turn(fleets[n % 3 :] + fleets[: n % 3], tasks) for n in range(rounds)]


def _in_turn(fleets: list[Fleet], tasks: int) -> dict[str, Round]:
    return {fleet.name: fleet.work(tasks) for fleet in fleets}


def _count(tally: Path) -> int:
    return tally.stat().st_size // 8 if tally.exists() else 0


def _rate(tally: Path) -> float:
    times = sorted(at for (at,) in struct.iter_unpack("d", tally.read_bytes()))
    first = int(len(times) * WARM)
    rate: float = (len(times) - 1 - first) / (times[-1] - times[first])
    return rate


def _control() -> Any:
    from tests.bench.worker import app

    return app.control


def _rows(rounds: Rounds, by: str, *, queued: bool = True) -> list[Row]:
    rows = [_row(f"{name}, {by}", [(one[name], one["absent"]) for one in rounds]) for name in NAMES]
    return rows if queued else [_without_queued(row) for row in rows]


def _row(name: str, rounds: list[tuple[Round, Round]]) -> Row:
    median = statistics.median
    figures = {
        "done /s": median(one.worked for one, _ in rounds),
        "of absent": median(one.worked / absent.worked for one, absent in rounds),
        "CPU ms a task": median(one.cpu for one, _ in rounds) * 1000,
        "CPU of absent": median(one.cpu / absent.cpu for one, absent in rounds),
        "queued /s": median(one.queued for one, _ in rounds),
        "queued of absent": median(one.queued / absent.queued for one, absent in rounds),
    }
    return Row(name, figures, _promises(name, figures))


def _without_queued(row: Row) -> Row:
    return replace(row, figures={name: row.figures[name] for name in list(row.figures)[:4]})


def _promises(name: str, figures: dict[str, float]) -> tuple[Promise, ...]:
    mode, _, by = name.partition(", ")
    if mode == "absent":
        return ()
    share, cpu = figures["of absent"], figures["CPU of absent"]
    if mode == "ignored":
        return (
            Promise(
                text=f"an ignored task takes at most {FREE} of the CPU of one without Headway "
                f"(empty, {by}, {connection.vendor})",
                measured=f"{cpu:.2f}",
                beside="without Headway 1",
                kept=cpu <= FREE,
            ),
        )
    return (
        Promise(
            text=f"a worker does at least {FLOOR:.0%} of its tasks a second when they are tracked "
            f"(empty, {by}, {connection.vendor})",
            measured=f"{share:.0%}",
            beside="without Headway 100%",
            kept=share >= FLOOR,
        ),
    )


def _on_postgres(*, quick: bool) -> list[Table]:
    try:
        return _beside_postgres(quick=quick)
    except (AssertionError, FileNotFoundError) as error:
        # What SQLite has shown is shown all the same.
        return [Table(title="tasks: PostgreSQL could not be used", rows=[], notes=(str(error),))]


def _beside_postgres(*, quick: bool) -> list[Table]:
    """Run this bench again beside a PostgreSQL, in a process that has nothing else open."""
    with tempfile.TemporaryDirectory(prefix="hw-bench-") as folder, postgres_server() as server:
        found = Path(folder) / "found.json"
        options = ["--json", str(found), *(["--quick"] if quick else [])]
        with subprocess.Popen(
            [sys.executable, "-m", "tests.bench", "tasks", *options],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": server.url},
            stdout=subprocess.DEVNULL,
        ) as bench:
            try:
                bench.wait()
            finally:
                bench.terminate()  # It ends its own workers then.
        return [_table_of(table) for table in json.loads(found.read_text())["benches"]["tasks"]]


def _table_of(given: dict[str, Any]) -> Table:
    rows = [
        Row(row["name"], row["figures"], tuple(Promise(**one) for one in row["promises"]))
        for row in given["rows"]
    ]
    return Table(title=given["title"], rows=rows, notes=tuple(given["notes"]))
