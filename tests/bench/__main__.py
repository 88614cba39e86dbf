# ruff: noqa: T201  It prints what it found; that is its purpose.
"""Measures what is promised, with the peers beside us.

`python -m tests.bench` runs all benches, `python -m tests.bench loop update` some of them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import import_module
from io import StringIO
from pathlib import Path
from types import FrameType

from tests.bench.house import house, stop_reporting
from tests.bench.table import Table, as_text, promises_as_markdown
from tests.services import RedisServer


@dataclass(frozen=True, slots=True)
class Bench:
    """A bench and the seconds after which it is given up."""

    name: str
    limit: int


BENCHES = (
    Bench("loop", 45),
    Bench("update", 45),
    Bench("step", 45),
    Bench("tasks", 500),
    Bench("fanout", 300),
    Bench("journey", 75),
    Bench("browser", 300),
    Bench("log", 90),
    Bench("live", 150),
    Bench("cancel", 240),
    Bench("answer", 240),
    Bench("transfer", 420),
    Bench("search", 300),
    Bench("bulk", 300),
    Bench("series", 240),
)


def main(arguments: Sequence[str]) -> int:
    """Run benches, print their tables; 1 when one could not be run."""
    wanted = _options(arguments)
    found: dict[str, list[Table]] = {}
    signal.signal(signal.SIGTERM, _stop)
    with house() as redis:
        for bench in BENCHES:
            if not wanted.names or bench.name in wanted.names:
                found[bench.name] = _tables(bench, redis, quick=wanted.quick)
    tables = [table for some in found.values() for table in some]
    print("\n" + promises_as_markdown(tables))
    if wanted.json:
        wanted.json.write_text(json.dumps(_record(found), indent=1), encoding="utf-8")
    return int(not all(found.values()))


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    names = [bench.name for bench in BENCHES]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}")
    parser.add_argument("--quick", action="store_true", help="a short form, less exact")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures, for trends")
    wanted = parser.parse_args(arguments)
    if unknown := set(wanted.names) - set(names):
        parser.error(f"expected names of {', '.join(names)}, got: {', '.join(sorted(unknown))}")
    return wanted


def _tables(bench: Bench, redis: RedisServer, *, quick: bool) -> list[Table]:
    with redis.client() as client:
        client.flushall()
    begun = time.monotonic()
    run: Callable[..., list[Table]] = import_module(f"tests.bench.{bench.name}").run
    said = StringIO()  # What servers and workers have printed, of interest only when one fails.
    try:
        with _limit(bench.limit), redirect_stdout(said):
            tables = run(quick=quick)
    except Exception as error:  # noqa: BLE001  the other benches go on
        print(said.getvalue(), file=sys.stderr)
        print(f"\n{bench.name}: could not be run: {type(error).__name__}: {error}", file=sys.stderr)
        return []
    finally:
        stop_reporting()
    for table in tables:
        print(as_text(table))
    print(f"({bench.name} took {time.monotonic() - begun:.0f} s)", flush=True)
    return tables


@contextmanager
def _limit(seconds: int) -> Iterator[None]:
    """Raise `TimeoutError` when the block takes longer; what it has opened is closed on the way."""

    def give_up(*_: object) -> None:
        raise TimeoutError(f"expected it to be done within {seconds} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _stop(number: int, _: FrameType | None) -> None:
    # Ended as by Ctrl-C, so that every process that was started is stopped on the way.
    raise SystemExit(128 + number)


def _record(found: dict[str, list[Table]]) -> dict[str, object]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "benches": {name: [asdict(table) for table in tables] for name, tables in found.items()},
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
