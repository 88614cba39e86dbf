"""What a web process finishes before it goes; what runs there says how, the drain asks for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

_finishers: list[Callable[[float], Awaitable[None]]] = []


def before_leaving(finish: Callable[[float], Awaitable[None]]) -> None:
    """Let this be awaited; it is given the event loop's time at which it must hurry."""
    if finish not in _finishers:
        _finishers.append(finish)


async def finish(deadline: float) -> None:
    """Finish what runs in this process."""
    await asyncio.gather(*(finish(deadline) for finish in _finishers))
