"""What the viewers of a tree's root are sent, however many jobs are below it."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from realtime import records, trees
from realtime.conf import conf
from realtime.events import JobState, Status, timestamp
from realtime.models import Job
from realtime.publish import Change
from realtime.reporter import get_reporter
from realtime.store import Branch, get_store
from realtime.transition import Transition
from tests.processes import Child
from tests.sockets import Viewer, sign_in, viewer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

SECONDS = 3.0
SOME = 20
"""Jobs that report in each tenth of a second."""
AT_WORK = 40
"""Jobs that do so in turn, where there are as many."""


@dataclass
class Cost:
    """What one viewer was sent."""

    frames: float
    """Frames a second."""
    bytes: float
    """Bytes a frame."""


def planted(owner: Any, jobs: int) -> tuple[str, list[JobState]]:
    """Return a tree whose jobs wait, so that nobody misses a worker."""
    root, at = str(uuid.uuid4()), timestamp()
    of_all: dict[str, Any] = {"root": root, "owner": str(owner.pk), "queued_at": at}
    state = JobState(id=root, name="celery.group", unit="job", held=True, **of_all)
    more = {**of_all, "parent": root, "name": "work"}
    below = [JobState(id=str(uuid.uuid4()), **more) for _ in range(jobs)]
    # The root last: whoever finds it in SQL finds all of its tree.
    Job.objects.bulk_create([records._model(records.Row(one, 0, 0)) for one in below])
    records.create(state)
    put(trees.planted(state))
    known = [Branch(one.id, one.status) for one in below]
    get_store().regrow(root, known, held=True, sealed=True)
    return root, below[:AT_WORK]


def put(*changes: Change) -> None:
    """Publish changes, and wait until they are recorded."""
    told = [get_reporter().put(Transition(lambda one=one: one)) for one in changes]  # type: ignore[misc]
    assert all(one.wait(10) for one in told)


def report(some: list[JobState], fraction: float) -> None:
    """Let some jobs report."""
    running = (one.changed(status=Status.RUNNING, fraction=fraction) for one in some)
    put(*(Change(state=one, order=1) for one in running))


async def cost(sees: Viewer, topic: str, root: str, below: list[JobState]) -> Cost:
    """Watch while jobs of a tree go on for some seconds; the root is told meanwhile."""
    await sees.watch(f"{topic}:{root}")
    await sees.until(lambda: sees.of_type("watching"), 30)
    before, began, ring = len(sees.frames), time.monotonic(), cycle(below)
    beat = 0
    while time.monotonic() - began < SECONDS:
        beat += 1
        await sync_to_async(report)([next(ring) for _ in range(SOME)], min(beat / 100, 1))
        seq = sees.states[root]["seq"]
        await sees.until(lambda seq=seq: sees.states[root]["seq"] > seq, 30)  # type: ignore[misc]
    took = time.monotonic() - began
    sent = [len(json.dumps(one)) for one in sees.frames[before:] if one["type"] == "jobs"]
    return Cost(frames=len(sent) / took, bytes=sum(sent) / len(sent))


@pytest.mark.parametrize("web", ["daphne"], indirect=True)
async def test_a_large_tree_costs_its_roots_viewers_what_a_small_one_does(
    web: Child, ana: Any
) -> None:
    """Not more frames than the root is told times, and not longer ones."""
    costs = {}
    for jobs in (10, 10_000):
        root, below = await sync_to_async(planted)(ana, jobs)
        async with viewer(web, await sync_to_async(sign_in)(ana)) as sees:
            costs[jobs] = await cost(sees, "job", root, below)
            assert set(sees.states) == {root}
            assert sees.states[root]["children"]["total"] == jobs
        await sync_to_async(get_store().fell)(root)
    assert costs[10_000].bytes < 1.1 * costs[10].bytes
    assert all(one.frames <= 1.2 / conf.REPORT_INTERVAL for one in costs.values())
