"""What one step of a loop costs, over the same loop without progress."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tqdm import tqdm

from tests.bench.house import running_job
from tests.bench.table import Promise, Row, Table, spoken
from tests.bench.timing import in_turns, over

STEPS = 200_000
CEILING = 60.0
"""Nanoseconds over the bare loop."""

Ways = dict[str, Callable[[], object]]


def run(*, quick: bool) -> list[Table]:
    """Compare loops of empty steps, in a job that the reporter carries and outside one."""
    from realtime import progress

    with Path(os.devnull).open("w", encoding="utf-8") as sink:
        outside: Ways = {
            "bare": lambda: _through(range(STEPS)),
            "outside a job": lambda: _through(progress.track(range(STEPS))),
        }
        inside: Ways = {
            "bare": lambda: _through(range(STEPS)),
            "progress.track": lambda: _through(progress.track(range(STEPS))),
            "tqdm": lambda: _through(tqdm(range(STEPS), file=sink)),
            **_rich(sink),
        }
        turns = 10 if quick else 40
        found = _costs(in_turns(outside, turns))
        with running_job():
            found |= _costs(in_turns(inside, turns))
    return [_table(found)]


def _through(items: Iterable[object]) -> None:
    for _ in items:
        pass


def _rich(sink: Any) -> Ways:
    if find_spec("rich") is None:
        return {}
    console = import_module("rich.console").Console(file=sink)
    track = import_module("rich.progress").track
    return {"rich": lambda: _through(track(range(STEPS), console=console))}


def _costs(taken: dict[str, list[float]]) -> dict[str, float]:
    costs = {way: over(times, taken["bare"]) / STEPS * 1e9 for way, times in taken.items()}
    return costs | {"bare": sorted(taken["bare"])[len(taken["bare"]) // 2] / STEPS * 1e9}


def _table(found: dict[str, float]) -> Table:
    ours, tqdms = found["progress.track"], found["tqdm"]
    promises = {
        "progress.track": (
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
    }
    rows = [
        Row(
            "bare loop (its own cost)" if way == "bare" else way,
            {"ns a step over bare": cost, "of tqdm's": None if way == "bare" else cost / tqdms},
            promises.get(way, ()),
        )
        for way, cost in found.items()
    ]
    return Table(title=f"loop: {STEPS:,} empty steps, median of the turns", rows=rows)
