"""`python -m tests.faults.lanes` runs the whole suite, in lanes: most of a scenario is waiting.

What is marked `alone` comes after them, with the machine to itself. Prints one table at the end;
exits with 1 when anything has failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import pytest

from tests.faults.table import RESULTS, rows, table

FOLDER = Path("tests/faults")
Answer = TypeVar("Answer")
LANES = (
    "worker_dies steps steering_dies redis loud_task",
    "workers rabbit redis_away stopping client",
    "",
)
"""Files that run one after the other, beside the other lanes; the last one has all the others. More
lanes than cores, since most of a scenario is waiting; one process each, since each takes seconds to
start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lap:
    """A pytest process that has ended."""

    name: str
    """What it ran."""
    code: int
    """What it returned."""
    said: str
    """What it has printed."""
    seconds: float
    """How long it took."""

    @property
    def passed(self) -> bool:
        """Whether nothing has failed."""
        return self.code in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}

    @property
    def tried(self) -> bool:
        """Whether tests have passed or failed."""
        return self.code in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}

    def __str__(self) -> str:
        """Return what is to be read of it."""
        return f"== {self.name}, {self.seconds:.0f} s\n{self.said}"


def lap(name: str, *options: str, **environment: str) -> Lap:
    """Run tests in a process of their own, in their long form unless told."""
    began = time.monotonic()
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--durations=8", *options],
        env={**os.environ, "FAULTS": "long", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return Lap(
        name=name,
        code=run.returncode,
        said=run.stdout.decode(errors="replace"),
        seconds=time.monotonic() - began,
    )


def beside(work: Callable[[str], Answer], names: Iterable[str]) -> Iterator[Answer]:
    """Do the same for many, a few at once, and give each answer when it is there."""
    with ThreadPoolExecutor(len(LANES)) as lanes:
        for done in as_completed([lanes.submit(work, name) for name in names]):
            yield done.result()


def say(text: str) -> None:
    """Print at once, also into a file."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def files(lane: str) -> list[str]:
    """Return the paths of a lane's files."""
    if lane:
        return [f"{FOLDER}/test_{name}.py" for name in lane.split()]
    named = {path for other in LANES if other for path in files(other)}
    return sorted({str(path) for path in FOLDER.glob("test_*.py")} - named)


def laps() -> Iterator[Lap]:
    """Run all."""
    yield from beside(lambda lane: lap(lane or "others", "-m", "not alone", *files(lane)), LANES)
    yield lap("alone", "-m", "alone", str(FOLDER))


def main() -> int:
    """Run all, and print what became of it."""
    began, failed = time.monotonic(), []
    with TemporaryDirectory(prefix="headway-faults-") as folder:
        os.environ[RESULTS] = f"{folder}/outcomes"
        for one in laps():
            say(str(one))
            failed += [] if one.passed else [one.name]
        say(table(rows(Path(os.environ[RESULTS]))))
    say(f"{time.monotonic() - began:.0f} s, failed: {', '.join(failed) or 'nothing'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
