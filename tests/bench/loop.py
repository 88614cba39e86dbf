"""What one step of a loop costs, over the same loop without progress."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tqdm import tqdm

from tests.bench.house import running_job
from tests.bench.table import Promise, Row, Table, spoken
from tests.bench.timing import in_turns, over

LONG, SHORT = 1_000_000, 10_000
"""Steps of a loop that the reporter sees some times, and of one that is over before."""
CEILING = 60.0
"""Nanoseconds over the bare loop."""

Ways = dict[str, Callable[[], object]]
Costs = dict[str, float]
"""Nanoseconds a step by way; over the bare loop, except for that one itself."""


def run(*, quick: bool) -> list[Table]:
    """Compare loops of empty steps, in a job that the reporter carries and outside one."""
    long = _costs(LONG, turns=4 if quick else 15)
    short = _costs(SHORT, turns=40 if quick else 200)
    return [_table(long, short)]


def _costs(steps: int, turns: int) -> Costs:
    with Path(os.devnull).open("w", encoding="utf-8") as sink:
        found = _over_bare(in_turns(_outside(steps), turns), steps)
        with running_job():
            return found | _over_bare(in_turns(_inside(steps, sink), turns), steps)


def _outside(steps: int) -> Ways:
    from realtime import progress

    return {
        "bare": lambda: _through(range(steps)),
        "progress.track outside a job": lambda: _through(progress.track(range(steps))),
    }


def _inside(steps: int, sink: Any) -> Ways:
    from realtime import progress
    from realtime.contrib.tqdm import tqdm as reporting

    return {
        "bare": lambda: _through(range(steps)),
        "progress.track": lambda: _through(progress.track(range(steps))),
        "realtime.contrib.tqdm": lambda: _through(reporting(range(steps))),
        "tqdm": lambda: _through(tqdm(range(steps), file=sink)),
        **_rich(steps, sink),
    }


def _through(items: Iterable[object]) -> None:
    for _ in items:
        pass


def _rich(steps: int, sink: Any) -> Ways:
    if find_spec("rich") is None:
        return {}
    console = import_module("rich.console").Console(file=sink)
    track = import_module("rich.progress").track
    return {"rich": lambda: _through(track(range(steps), console=console))}


def _over_bare(taken: dict[str, list[float]], steps: int) -> Costs:
    costs = {way: over(times, taken["bare"]) / steps * 1e9 for way, times in taken.items()}
    return costs | {"bare": statistics.median(taken["bare"]) / steps * 1e9}


def _table(long: Costs, short: Costs) -> Table:
    rows = [
        Row(
            "bare loop (its own cost)" if way == "bare" else way,
            {
                f"ns over bare, {LONG:,} steps": long[way],
                f"ns over bare, {SHORT:,} steps": short[way],
                "of tqdm's": None if way == "bare" else long[way] / long["tqdm"],
            },
            _promises(long) if way == "progress.track" else (),
        )
        for way in long
    ]
    return Table(title="loop: what an empty step costs, median of the turns", rows=rows)


def _promises(long: Costs) -> tuple[Promise, ...]:
    ours, tqdms = long["progress.track"], long["tqdm"]
    return (
        Promise(
            text=f"a step of `track` costs at most {CEILING:.0f} ns over the bare loop",
            measured=f"{ours:.0f} ns",
            beside=f"tqdm {tqdms:.0f} ns",
            kept=ours <= CEILING,
        ),
        Promise(
            text="a step of `track` costs at most half of what tqdm's costs",
            measured=f"{spoken(ours / tqdms)} of it",
            beside="tqdm 1",
            kept=ours <= tqdms / 2,
        ),
    )
