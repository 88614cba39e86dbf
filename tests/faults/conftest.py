"""The cast of fault scenarios, and the table at the end."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from tests.faults import sabotage
from tests.faults.cast import Cast
from tests.faults.stage import Stage
from tests.faults.table import RESULTS, Outcome, rows, table
from tests.services import RedisServer
from tests.sockets import sign_in

LEFT_OUT = {"short": "long", "long": "short", "all": ""}
"""What is not run in each form of the suite, which FAULTS names."""
PRINTS = pytest.StashKey[bool]()
"""Whether this process prints the table."""


def pytest_configure(config: pytest.Config) -> None:
    """Take out of this process what is taken out of the others; know where outcomes go."""
    sabotage.apply_as_told()
    config.stash[PRINTS] = RESULTS not in os.environ
    if config.stash[PRINTS]:
        cache = getattr(config, "cache", None)
        folder = Path(cache.mkdir("faults")) if cache else Path()
        os.environ[RESULTS] = str(folder / "outcomes")
        Path(os.environ[RESULTS]).unlink(missing_ok=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long scenarios to `make faults`, and the short form of what it runs long."""
    if marker := LEFT_OUT[os.environ.get("FAULTS", "short")]:
        left = [item for item in items if item.get_closest_marker(marker)]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print what was broken and what became of it, unless somebody else gathers it."""
    outcomes = rows(Path(os.environ[RESULTS])) if config.stash[PRINTS] else []
    if outcomes:
        terminalreporter.section("faults")
        terminalreporter.write_line(table(outcomes))


@pytest.fixture(scope="module")
def stage(
    redis: RedisServer, django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """Keep the processes of one file's scenarios."""
    one = Stage(redis, tmp_path_factory.mktemp("stage"))
    yield one
    one.close()


@pytest.fixture
def ana(transactional_db: None, django_user_model: Any) -> Any:
    """Return a user."""
    return django_user_model.objects.create_user("ana", password="x")


@pytest.fixture
async def cast(
    request: pytest.FixtureRequest, stage: Stage, ana: Any, tmp_path: Path
) -> AsyncIterator[Cast]:
    """Return who takes part; what becomes of them is added to the table."""
    with stage.redis.client() as client:
        client.flushall()
    marker = request.node.get_closest_marker("promise")
    scenario = request.node.name.removeprefix("test_").replace("_", " ")
    outcome = Outcome(scenario=scenario[:70], promises=" ".join(marker.args if marker else ()))
    cookie = await sync_to_async(sign_in)(ana)
    one = Cast(stage, outcome, owner=ana, cookie=cookie, gate=tmp_path / "gate")
    try:
        yield one
    finally:
        await one.leave()
        outcome.add()
        await sync_to_async(stage.calm)()
        await sync_to_async(stage.part)()
