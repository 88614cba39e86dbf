"""The browser's client relives what pages went through, and must end where they did."""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from realtime import store
from realtime.events import Status
from realtime.models import Job
from tests.faults.page import Page
from tests.faults.world import OWNER, World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
LONG = os.environ.get("FAULTS") == "long"
HISTORIES = 150 if LONG else 10
STEPS = 80


def history(seed: int) -> list[dict[str, Any]]:
    """Let things happen by chance; return what each page went through and shows in the end."""
    patch, chance = pytest.MonkeyPatch(), random.Random(seed)
    Job.objects.all().delete()
    world = World(patch)
    try:
        for _ in range(2):
            world.start(world.queue())
        for kinds in (("job", "log"), ("job",)):
            world.pages.append(Page(OWNER, [f"{k}:{job}" for job in world.jobs for k in kinds]))
        for _ in range(STEPS):
            chance.choice(list(_possible(world, chance)))()
        world.heal()
        return [_told(page, f"{seed}.{place}") for place, page in enumerate(world.pages)]
    finally:
        world.close()
        patch.undo()
        store.close_stores()


def _possible(world: World, chance: random.Random) -> list[Callable[[], Any]]:
    """Return what may happen now; what happens often stands there more than once."""
    page = chance.choice(world.pages)
    going = [run for run in world.runs if not run.over and not run.job.fenced]
    often: list[Callable[[], Any]] = [
        world.beat,
        lambda: world.wait(0.2),
        lambda: world.run(page.go_on()),
        lambda: world.air.deliver(chance.randrange(8), again=chance.random() < 0.3),
    ]
    seldom: list[Callable[[], Any]] = [
        lambda: world.run(page.leave()),
        lambda: world.air.lose(0),
        lambda: world.wait(3),
    ]
    if chance.random() < 0.1:
        seldom.append(world.lose_store)
    if going:
        run = chance.choice(going)
        often += [lambda: run.step(chance.randrange(4))] * 3
        if chance.random() < 0.2:
            seldom += [lambda: run.end(Status.SUCCEEDED), lambda: world.retry(run)]
    return often * 3 + seldom


def _told(page: Page, name: str) -> dict[str, Any]:
    screen = page.screen
    kinds = {kind: [t[4:] for t in page.topics if t.startswith(kind)] for kind in ("job", "log")}
    return {
        "name": name,
        "jobs": kinds["job"],
        "logs": kinds["log"],
        "events": page.history,
        "states": {
            job: {"seq": state["seq"], "status": state["status"]}
            for job, state in screen.states.items()
        },
        "lines": {
            job: [line["n"] for line in lines] for job, lines in screen.lines.items() if lines
        },
    }


@pytest.mark.promise("G1", "G2", "G6")
def test_the_client_relives_any_history(
    transactional_db: None, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It asks for what the page had, shows each state and line once, and ends in the same state."""
    get_user_model().objects.create_user("ana", password="x", pk=int(OWNER))
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    settings.HEADWAY = {**settings.HEADWAY, "STORE": "memory", "WINDOW": 4}
    told = [page for seed in range(HISTORIES) for page in history(seed)]
    assert sum(len(page["events"]) for page in told) > 20 * HISTORIES
    file = tmp_path / "histories.json"
    file.write_text(json.dumps(told))
    command = [str(ROOT / "scripts/with-node"), "npx", "vitest", "run", "tests/histories.test.ts"]
    environment = {**os.environ, "HISTORIES": str(file), "NO_COLOR": "1"}
    run = subprocess.run(
        command, cwd=ROOT / "frontend", env=environment, capture_output=True, check=False, text=True
    )
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    assert f"{len(told)} passed" in run.stdout, run.stdout[-2000:]
