"""What a coroutine must not inherit from the request that has begun it, which ends before it.

Context variables are inherited, as by any task of asyncio: a language, the fields of a logger.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import Context, copy_context

from asgiref.sync import AsyncToSync, SyncToAsync, ThreadSensitiveContext, sync_to_async
from django.db import connections

from realtime.errors import NoEventLoop
from realtime.owners import requester

INSTEAD = (
    "Call `background` in an `async def` view under an ASGI server, Daphne or uvicorn; elsewhere "
    "queue a Celery task with `realtime.start`."
)


def staying_loop() -> asyncio.AbstractEventLoop:
    """Return the event loop that runs here. Raises `NoEventLoop` when it ends with the request."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        raise NoEventLoop(f"expected an event loop that stays, got: none. {INSTEAD}") from None
    # Django under WSGI, and its test client, run a view in a loop that is gone with the answer.
    if loop in AsyncToSync.loop_thread_executors:
        raise NoEventLoop(f"expected an event loop that stays, got: this call's own. {INSTEAD}")
    return loop


def own_context() -> Context:
    """Return this context without the request, its threads and its connections.

    Between two middlewares of which one is not asynchronous a request has a thread that waits for
    it and runs what `sync_to_async` is given: nobody is there any more when it has been answered.
    """
    context = Context()
    for variable, value in copy_context().items():
        if variable not in {SyncToAsync.thread_sensitive_context, requester}:
            context.run(variable.set, value)
    context.run(setattr, AsyncToSync.executors, "current", None)
    return context


@asynccontextmanager
async def own_thread() -> AsyncIterator[None]:
    """Give what is called through `sync_to_async` a thread, whose connections are closed."""
    mine = ThreadSensitiveContext()
    async with mine:
        try:
            yield
        finally:
            if mine in SyncToAsync.context_to_thread_executor:
                await sync_to_async(connections.close_all)()
