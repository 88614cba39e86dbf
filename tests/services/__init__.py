"""Real servers for tests, each on a free port in a folder of its own, stopped by process id.

`python -m tests.services postgres rabbit -- COMMAND` runs a command beside PostgreSQL and RabbitMQ.
"""

import shutil

from core.embedded import free_port
from tests.services.postgres import PostgresServer, postgres_server
from tests.services.rabbit import RabbitServer, rabbit_server
from tests.services.redis import RedisServer, redis_server
from tests.services.server import keep, wait_until
from tests.services.smtp import Mailboxes, smtp_server

__all__ = [
    "CHROMIUM_FLAGS",
    "Mailboxes",
    "PostgresServer",
    "RabbitServer",
    "RedisServer",
    "chromium",
    "free_port",
    "keep",
    "postgres_server",
    "rabbit_server",
    "redis_server",
    "smtp_server",
    "wait_until",
]


CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
]
"""With what the browser is started; without a sandbox it runs as root too."""


def chromium() -> str | None:
    """Return the browser on PATH; None means the one that Playwright installed."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next(filter(None, map(shutil.which, names)), None)
