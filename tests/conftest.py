"""What tests of all folders share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from asgiref.sync import SyncToAsync
from django.conf import settings as django_settings
from django.db import connections

from realtime import reaper, reporter
from realtime import store as stores
from tests.services import RedisServer, redis_server


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """Close what asynchronous tests have opened: PostgreSQL drops no database in use."""
    yield
    SyncToAsync.single_thread_executor.submit(connections.close_all).result()


@pytest.fixture(scope="session")
def redis() -> Iterator[RedisServer]:
    """Run the session's Redis where the settings expect it."""
    port = urlsplit(os.environ["REDIS_URL"]).port
    with redis_server(port=port) as server:
        yield server


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest, settings: Any) -> stores.Store:
    """Return an empty store, once in memory and once in Redis."""
    settings.HEADWAY = {**django_settings.HEADWAY, "STORE": request.param}
    stores.close_stores()
    if request.param == "redis":
        server = request.getfixturevalue("redis")
        with server.client() as client:
            client.flushdb()
    return stores.get_store()


@pytest.fixture(autouse=True)
def fresh_process() -> Iterator[None]:
    """Let no test inherit another one's reporter or reaper."""
    yield
    reaper.stop()
    if reporter._reporter is not None:
        reporter._reporter.close(5)
    reporter._forget()
    stores.close_stores()
