"""A long list in and out: rows a second, the memory of the worker, and whether the bar moves.

On the database of DATABASE_URL: `python -m tests.services postgres -- python -m tests.bench
transfer` runs it on PostgreSQL.
"""

from __future__ import annotations

import csv
import io
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import zip_longest
from pathlib import Path
from typing import Any

import psutil

from tests.bench.house import person
from tests.bench.table import Promise, Row, Table, spoken
from tests.processes import child
from tests.services import wait_until

ROWS, FEW = 1_000_000, 50_000
BAD = 1_000
"""One row in so many is bad."""
COLUMNS = {"first": 0, "last": 1, "email": 2, "birthday": 3, "city": 4}
SPEED, MEMORY, STILL = 10_000, 300, 2.0
"""Rows a second, megabytes of one process, seconds without a change."""
FIRST_BORN = date(1945, 1, 1)


@dataclass(frozen=True, slots=True)
class Run:
    """What was seen of one job."""

    state: dict[str, Any]
    """Its last state."""
    seconds: float
    """How long it ran."""
    still: float
    """The longest time in which nothing of its bar changed."""
    peak: float
    """Megabytes of the largest process of the worker, at most."""


def run(*, quick: bool) -> list[Table]:
    """Import a list, import it again, try it, and export what is there."""
    rows = FEW if quick else ROWS
    ana = person("ana")
    folder = Path(os.environ["DATA_DIR"])
    path = write_list(folder / "list.csv", rows)
    with _worker() as worker:
        runs = {
            "import, all new": _import(worker, ana, path, "good"),
            "import again": _import(worker, ana, path, "good"),
            "try": _import(worker, ana, path, "try"),
            "export to CSV": _export(worker, ana),
        }
    return [_table(runs, rows)]


def write_list(path: Path, rows: int) -> Path:
    """Write a list in which each thousandth row cannot be used, and no order helps the index."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["First name", "Last name", "E-mail", "Birthday", "City"])
        writer.writerows(_row(number, rows) for number in range(rows))
    return path


def _row(number: int, rows: int) -> tuple[str, ...]:
    born = FIRST_BORN + timedelta(days=number % 22_000)
    mixed = number * 7_919 % rows
    email = f"ada{mixed}(at)example.org" if number % BAD == 7 else f"ada{mixed}@example.org"
    return f"Ada{number}", f"Müller{mixed}", email, f"{born:%d/%m/%Y}", f"City {number % 500}"


@contextmanager
def _worker() -> Iterator[psutil.Process]:
    command = ("celery", "-A", "tests.bench.worker", "worker", "-c", "1", "-n", "transfer@bench")
    lean = ("--without-gossip", "--without-mingle", "-l", "INFO")
    more: Any = {"DJANGO_SETTINGS_MODULE": "tests.bench.settings"}
    with child(sys.executable, "-m", *command, *lean, **more) as one:
        wait_until(lambda: " ready." in one.printed(), "the worker to be ready", seconds=60)
        yield psutil.Process(one.pid)


def _import(worker: psutil.Process, owner: Any, path: Path, way: str) -> Run:
    from core import uploads
    from core.starting import start_import

    return _watched(worker, start_import(owner, uploads.keep_path(owner, path), COLUMNS, way))


def _export(worker: psutil.Process, owner: Any) -> Run:
    from core.people.export import Sought
    from core.starting import start_export

    return _watched(worker, start_export(owner, Sought(), "csv"))


def _watched(worker: psutil.Process, job: Any) -> Run:
    """Follow a job as a viewer would, until it ends."""
    from realtime.states import read_one

    seen: Any = None
    begun = changed = time.monotonic()
    still = 0.0
    while True:
        state = read_one(str(job.pk)) or {}
        shown = [state.get(key) for key in ("status", "fraction", "current", "message", "stages")]
        now = time.monotonic()
        if shown != seen:
            begun = now if state.get("status") == "queued" else begun
            # Waiting in the queue is not standing still.
            still = max(still, now - changed if seen and seen[0] != "queued" else 0)
            seen, changed = shown, now
        if state.get("finished_at"):
            return Run(state, now - begun, still, _peak(worker))
        time.sleep(0.05)


def _peak(worker: psutil.Process) -> float:
    """Return the largest memory that one of the worker's processes ever had, in megabytes."""
    statuses = [Path(f"/proc/{one.pid}/status").read_text() for one in _family(worker)]
    return max(int(re.search(r"VmHWM:\s+(\d+)", found)[1]) / 1024 for found in statuses)  # type: ignore[index]


def _family(worker: psutil.Process) -> list[psutil.Process]:
    return [worker, *worker.children(recursive=True)]


def _table(runs: dict[str, Run], rows: int) -> Table:
    from django.db import connection

    good = rows - len(range(7, rows, BAD))
    wanted = dict(zip(runs, (f"{good:,} new", f"{good:,} unchanged", "", ""), strict=True))
    faults = _faults_in_rejected(runs["import, all new"], rows)
    lines = [
        Row(name, _figures(one, rows), _promises(name, one, rows, faults if place == 0 else None))
        for place, (name, one) in enumerate(runs.items())
    ]
    for name, part in wanted.items():
        assert part in runs[name].state["message"], runs[name].state
    title = f"transfer: {rows:,} rows on {connection.vendor}, through one worker process"
    notes = ("Standing still: the longest time in which nothing of the bar changed.",)
    return Table(title=title, rows=lines, notes=notes)


def _figures(one: Run, rows: int) -> dict[str, float | None]:
    return {
        "seconds": one.seconds,
        "rows/s": rows / one.seconds,
        "peak MB": one.peak,
        "stood still s": one.still,
    }


def _promises(name: str, one: Run, rows: int, faults: int | None) -> tuple[Promise, ...]:
    speed = rows / one.seconds
    kept = speed >= SPEED and one.peak <= MEMORY and one.still <= STILL
    measured = f"{spoken(speed)} rows/s, {one.peak:.0f} MB, {one.still:.1f} s"
    promise = Promise(
        text=f"{name}: {rows:,} rows at {SPEED:,} a second in {MEMORY} MB, and the bar never "
        f"stands still for {STILL:.0f} s",
        measured=measured,
        kept=kept,
    )
    if faults is None:
        return (promise,)
    right = Promise(
        text="the rows that could not be imported come back, each with its line and reason",
        measured=f"{faults} of {len(range(7, rows, BAD)):,} differ",
        kept=not faults,
    )
    return promise, right


def _faults_in_rejected(one: Run, rows: int) -> int:
    """Return in how many lines the file of rejected rows differs from what it should be."""
    from realtime.models import File

    with File.objects.get(job_id=one.state["id"]).content.open("rb") as file:
        found = list(csv.reader(io.TextIOWrapper(file, encoding="utf-8-sig", newline="")))[1:]
    bad = [(number, _row(number, rows)) for number in range(7, rows, BAD)]
    wanted = [
        [f"{number + 2}", f"“{row[2]}” is not an e-mail address", *row] for number, row in bad
    ]
    return sum(one != other for one, other in zip_longest(found, wanted))
