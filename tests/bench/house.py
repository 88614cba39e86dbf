"""Where benches run: a Redis, a database and Django of their own, gone when they are done."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.services import RedisServer, redis_server

if TYPE_CHECKING:
    from realtime.running import RunningJob


@contextmanager
def house() -> Iterator[RedisServer]:
    """Set everything up; DATABASE_URL may name another database than a new SQLite."""
    folder = tempfile.mkdtemp(prefix="hw-bench-")
    try:
        with redis_server() as redis:
            os.environ |= {
                "DATA_DIR": folder,
                "REDIS_URL": redis.url,
                "CELERY_BROKER_URL": redis.url,
                "DJANGO_SETTINGS_MODULE": "tests.bench.settings",
            }
            _set_up()
            try:
                yield redis
            finally:
                stop_reporting()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _set_up() -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


@contextmanager
def running_job(**more: Any) -> Iterator[RunningJob]:
    """Run a job in this thread as a worker does: bound to it, carried by the real reporter."""
    import time

    from realtime import progress
    from realtime.reporter import get_reporter
    from realtime.running import RunningJob
    from realtime.transition import Transition

    given = {"id": str(uuid.uuid4()), "name": "bench", "title": "Bench"} | more
    job = RunningJob(**given)
    watched = get_reporter().watch(job)
    token = progress.bound.set(job)
    try:
        yield job
    finally:
        progress.bound.reset(token)
        last = Transition(lambda: watched.take(time.monotonic()), ends=watched)
        get_reporter().put(last).wait(5)


def stop_reporting() -> None:
    """End this process's reporter and its connections; the next job starts anew."""
    from realtime import reporter, store

    if reporter._reporter is not None:
        reporter._reporter.close(5)
    reporter._forget()
    store.close_stores()


def person(name: str, **more: Any) -> Any:
    """Return a user of this name."""
    from django.contrib.auth import get_user_model

    return get_user_model().objects.get_or_create(username=name, defaults=more)[0]
