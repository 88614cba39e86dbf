"""The threads in which a web process reads the store and the database for its sockets.

Channels' own `database_sync_to_async` has one thread for a whole process: twenty sockets that
connect at once wait for each other's queries.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, TypeVar

from django.db import close_old_connections

from realtime.conf import conf

Answer = TypeVar("Answer")


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(conf.WEB_THREADS, thread_name_prefix="headway-read")


async def in_thread(call: Callable[..., Answer], *values: Any) -> Answer:
    """Call what waits for the store or the database, without stopping the event loop."""
    return await asyncio.get_running_loop().run_in_executor(_pool(), _fresh, call, values)


def _fresh(call: Callable[..., Answer], values: tuple[Any, ...]) -> Answer:
    close_old_connections()
    try:
        return call(*values)
    finally:
        close_old_connections()
