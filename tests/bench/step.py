"""How late a loop is reported whose steps suddenly take a thousand times longer, or that reads."""

from __future__ import annotations

import asyncio
import json
import random
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from tests.bench.house import running_job
from tests.bench.table import Promise, Row, Table
from tests.bench.timing import percentile

FAST, SLOW = 0.000_3, 0.3
"""Seconds a step takes at first, and then."""
FAST_STEPS, SLOW_STEPS = 1_200, 4
LOOPS = 4
"""Jobs that run at the same time, in threads."""
CEILING = 0.2
"""Seconds from the end of a step to its announcement."""
LINES = 500_000
WORK = 200
"""Turns of an empty loop for each line that is read: each read of a file is a millisecond apart."""
SILENCE = 0.5
"""Seconds between two announcements of a loop that reads a file line by line."""

Ends = dict[tuple[str, int], float]
"""When each step of each job was over, or announced."""


def run(*, quick: bool) -> list[Table]:
    """Let loops go fast, then slow; compare when a step ends with when the layer is told."""
    rounds = 2 if quick else 6
    done: Ends = {}
    with _announced() as heard, ThreadPoolExecutor(LOOPS) as pool:
        for _ in range(rounds):
            list(pool.map(lambda _: _job(done), range(LOOPS)))
        time.sleep(0.3)
    with _announced() as told:
        job = _reads(seconds=2 if quick else 8)
    return [_table(done, heard), _read(told[job])]


def _job(done: Ends) -> None:
    from realtime import progress

    with running_job() as job:
        for number in progress.track(range(FAST_STEPS + SLOW_STEPS)):
            if number > FAST_STEPS:
                # This body runs once `track` has been told that the slow step before is over.
                done[job.id, number] = time.time()
            # Uneven, so that the steps do not fall into step with the reporter's looks.
            time.sleep(FAST if number < FAST_STEPS else SLOW * random.uniform(0.9, 1.1))


@contextmanager
def _announced() -> Iterator[dict[str, list[tuple[float, float]]]]:
    """Listen as a web process does; note for each job when which number was announced."""
    heard: dict[str, list[tuple[float, float]]] = {}
    ready, over = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_listen(heard, ready, over)))
    thread.start()
    ready.wait(10)
    try:
        yield heard
    finally:
        over.set()
        thread.join()


async def _listen(
    heard: dict[str, list[tuple[float, float]]], ready: threading.Event, over: threading.Event
) -> None:
    from realtime.layer import open_layer, shards

    layer: Any = open_layer()
    channel = await layer.new_channel()
    for shard in shards():
        await layer.group_add(shard, channel)
    await asyncio.sleep(0.2)
    ready.set()
    while not over.is_set():
        try:
            message = await asyncio.wait_for(layer.receive(channel), 0.2)
        except TimeoutError:
            continue
        now = time.time()
        for state in map(json.loads, message["states"]):
            heard.setdefault(state["id"], []).append((now, state["current"]))
    await layer.flush()


def _reads(seconds: float) -> str:
    """Read a file line by line for so long, with a little work for each; return the job's id."""
    from realtime import progress

    with tempfile.NamedTemporaryFile("w+") as file, running_job() as job:
        file.writelines(["name@example.com,A Name,1990-01-01,A City\n"] * LINES)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            file.seek(0)
            for number, _ in enumerate(progress.track(iter(file))):
                for _ in range(WORK):
                    pass
                if number % 1_000 == 0 and time.monotonic() > until:
                    break
    return job.id


def _read(told: list[tuple[float, float]]) -> Table:
    gaps = [later - sooner for (sooner, _), (later, _) in pairwise(told)]
    promise = Promise(
        text="a loop that reads a file line by line is reported at least every "
        f"{SILENCE * 1000:.0f} ms",
        measured=f"{max(gaps) * 1000:.0f} ms at worst of {len(gaps)}",
        kept=max(gaps) <= SILENCE,
    )
    figures: dict[str, float | None] = {
        "p50 ms": percentile(gaps, 0.5) * 1000,
        "worst ms": max(gaps) * 1000,
    }
    title = "step: a file of short lines, a read of the system about each millisecond"
    return Table(title=title, rows=[Row("announced → announced", figures, (promise,))])


def _table(done: Ends, heard: dict[str, list[tuple[float, float]]]) -> Table:
    late = [_lateness(heard.get(job, []), number, at) for (job, number), at in done.items()]
    worst = max(late)
    promise = Promise(
        text="a loop that becomes a thousand times slower is reported "
        f"within {CEILING * 1000:.0f} ms of its next step",
        measured=f"{worst * 1000:.0f} ms at worst of {len(late)}",
        beside="tqdm: within 10 s (its `maxinterval`)",
        kept=worst <= CEILING,
    )
    figures: dict[str, float | None] = {
        "steps": len(late),
        "p50 ms": percentile(late, 0.5) * 1000,
        "p99 ms": percentile(late, 0.99) * 1000,
        "worst ms": worst * 1000,
    }
    title = f"step: steps of {FAST * 1000:.1f} ms become {SLOW * 1000:.0f} ms, {LOOPS} jobs at once"
    return Table(title=title, rows=[Row("step over → announced", figures, (promise,))])


def _lateness(announced: list[tuple[float, float]], number: int, at: float) -> float:
    """Return the seconds until this step or a later one was announced."""
    return next((when - at for when, current in announced if current >= number), float("inf"))
