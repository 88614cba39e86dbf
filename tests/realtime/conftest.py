"""Servers, workers and people of the tests of `realtime`."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from realtime import progress
from realtime.running import RunningJob
from tests.host.environments import PYTHONS, find_python
from tests.processes import Child, web_server, worker
from tests.services import RedisServer


class Lazy(dict[str, Child]):
    """Processes that are started when they are first asked for, and again when they are gone."""

    def __init__(self, start: Callable[[str], Child]) -> None:
        super().__init__()
        self._start = start

    def running(self, name: str) -> Child:
        """Return the process of this name."""
        if name not in self or self[name].process.poll() is not None:
            self[name] = self._start(name)
        return self[name]


@pytest.fixture(scope="package")
def servers(redis: RedisServer, django_db_setup: None) -> Iterator[Lazy]:
    """Keep web servers for all tests: each would take seconds to start."""
    with ExitStack() as stack:
        yield Lazy(lambda name: stack.enter_context(web_server(name)))


@pytest.fixture(scope="package")
def tenants_servers(redis: RedisServer, django_db_setup: None) -> Iterator[Lazy]:
    """Keep web servers of a project with tenants, which look at rights often."""
    more = json.dumps({"REACH": "tests.tenants.reach", "RIGHTS_INTERVAL": 0.2})
    with ExitStack() as stack:
        yield Lazy(lambda name: stack.enter_context(web_server(name, HEADWAY_MORE=more)))


@pytest.fixture(scope="package")
def workers(redis: RedisServer, django_db_setup: None) -> Iterator[Lazy]:
    """Keep workers for all tests, one for each pool that is asked for."""
    with ExitStack() as stack:
        yield Lazy(lambda pool: stack.enter_context(worker(pool, concurrency=4)))


@pytest.fixture(params=["daphne", "uvicorn"])
def web(request: pytest.FixtureRequest, servers: Lazy, transactional_db: None) -> Child:
    """Return the service under each server."""
    return servers.running(request.param)


@pytest.fixture(params=["daphne", "uvicorn"])
def tenants_web(
    request: pytest.FixtureRequest, tenants_servers: Lazy, transactional_db: None
) -> Child:
    """Return the service of a project with tenants under each server."""
    return tenants_servers.running(request.param)


@pytest.fixture
def threads_worker(workers: Lazy, transactional_db: None) -> Child:
    """Return a worker."""
    return workers.running("threads")


@pytest.fixture
def alone(workers: Lazy, servers: Lazy) -> None:
    """End the processes that are kept: they judge jobs, and take what a test queues for nobody."""
    for one in (*workers.values(), *servers.values()):
        one.end()


@pytest.fixture
def ana(transactional_db: None) -> Any:
    """Return a user."""
    return get_user_model().objects.create_user("ana", password="x")


@pytest.fixture
def ben(transactional_db: None) -> Any:
    """Return another user."""
    return get_user_model().objects.create_user("ben", password="x")


@pytest.fixture
def operator(transactional_db: None) -> Any:
    """Return somebody who may see everything."""
    return get_user_model().objects.create_superuser("op", password="x")


@pytest.fixture
def job() -> Iterator[RunningJob]:
    """Bind a running job to this test."""
    one = RunningJob(id=str(uuid.uuid4()), name="tests.work", title="Work")
    token = progress.bound.set(one)
    yield one
    progress.bound.reset(token)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let the tests that must be alone come first: nothing that is kept has to end for them."""
    ours = [item for item in items if item.path.is_relative_to(Path(__file__).parent)]
    ordered = iter(sorted(ours, key=lambda item: "alone" not in getattr(item, "fixturenames", ())))
    known = set(ours)
    items[:] = [next(ordered) if item in known else item for item in items]
    if os.environ.get("FAST") == "versions":
        _leave_to_versions(config, items, ours)


def _leave_to_versions(
    config: pytest.Config, items: list[pytest.Item], ours: list[pytest.Item]
) -> None:
    """Leave the fast tests to the oldest or newest versions that run them on this database."""
    which = "newest" if connection.vendor == "postgresql" else "oldest"
    if find_python(PYTHONS[which]):
        fast = {item for item in ours if not item.get_closest_marker("slow")}
        config.hook.pytest_deselected(items=list(fast))
        items[:] = [item for item in items if item not in fast]
