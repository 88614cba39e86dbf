"""What tests of all folders share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from asgiref.sync import SyncToAsync
from celery import current_app
from django.conf import settings as django_settings
from django.db import connections

from realtime import announcer, history, line, reaper, reporter, workshop
from realtime import store as stores
from tests.services import RabbitServer, RedisServer, rabbit_server, redis_server
from tests.services.rabbit import rabbit_program


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


@pytest.fixture(scope="session")
def rabbit_of_session() -> Iterator[RabbitServer]:
    """Run the session's RabbitMQ, if the machine has one."""
    if rabbit_program() is None:
        pytest.skip("there is no rabbitmq-server on PATH; .ci/run installs it")
    with rabbit_server() as server:
        yield server


@pytest.fixture
def rabbit(
    rabbit_of_session: RabbitServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RabbitServer]:
    """Make RabbitMQ the broker, its queue empty, of this process and of those that it starts."""
    monkeypatch.setenv("CELERY_BROKER_URL", rabbit_of_session.url)
    app: Any = current_app
    app._after_fork()  # Its open connections lead to the other broker.
    with app.connection_for_write() as connection:
        queue = app.amqp.queues["celery"](connection.channel())
        queue.declare()
        queue.purge()
    yield rabbit_of_session
    app._after_fork()


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
    announcer._people.clear()
    stores.close_stores()
    history.history.forget()
    line.line.forget()
    workshop.workshop.forget()
