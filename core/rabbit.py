"""Waits for a RabbitMQ that is to carry the jobs."""

import asyncio
import time

from kombu import Connection

from core.queues import is_rabbit
from core.supervisor import GaveUp

PAUSE = 0.2


async def rabbit_answers(url: str, patience: float) -> None:
    """Return once the broker answers, if it is a RabbitMQ."""
    deadline = time.monotonic() + patience
    while is_rabbit(url) and (fault := await asyncio.to_thread(fault_of, url)):
        if time.monotonic() > deadline:
            place = url.rpartition("@")[2]
            raise GaveUp(
                f"expected a RabbitMQ at CELERY_BROKER_URL ({place}) to take us in within "
                f"{patience:g} s, got: {fault}. Start it, correct CELERY_BROKER_URL, or unset it "
                "to let Redis carry the jobs."
            )
        await asyncio.sleep(PAUSE)


def fault_of(url: str) -> str:
    """Return why nobody can connect there, "" where everything is well."""
    connection = Connection(url, connect_timeout=1)
    try:
        connection.connect()
    except (*connection.connection_errors, *connection.channel_errors) as fault:
        return str(fault) or type(fault).__name__
    finally:
        connection.release()
    return ""
