"""Real servers for tests, each on a free port in a folder of its own, stopped by process id.

`python -m tests.services postgres -- COMMAND` runs a command beside a PostgreSQL.
"""

import shutil

from core.embedded import free_port
from tests.services.postgres import PostgresServer, postgres_server
from tests.services.rabbit import RabbitServer, rabbit_server
from tests.services.redis import RedisServer, redis_server
from tests.services.server import keep, wait_until

__all__ = [
    "PostgresServer",
    "RabbitServer",
    "RedisServer",
    "chromium",
    "free_port",
    "keep",
    "postgres_server",
    "rabbit_server",
    "redis_server",
    "wait_until",
]


def chromium() -> str | None:
    """Return the browser on PATH; None means the one that Playwright installed."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next(filter(None, map(shutil.which, names)), None)
