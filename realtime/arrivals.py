"""States that were heard, on their way to who watches them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from realtime.history import history
from realtime.states import State
from realtime.together import Together

PATIENCE = 0.25
"""Seconds that states wait until the earlier runs of a task are read."""


class Arrivals:
    """Lets the first states of a task wait for what is known of it: what is sent is not corrected.

    Once for each task in the life of a process; all others pass at once.
    """

    def __init__(
        self,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        pass_on: Callable[[list[State]], None],
    ) -> None:
        """Prepare; `spawn` runs what waits, `pass_on` is given the states."""
        self._spawn = spawn
        self._pass_on = pass_on
        self._tasks = Together(_learnt)

    def take(self, states: list[State]) -> None:
        """Pass states on, at once unless a task is strange."""
        if strange := history.strange(states):
            self._spawn(self._acquaint(strange, states))
        else:
            self._pass_on(states)

    async def _acquaint(self, names: list[str], states: list[State]) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._tasks.ask(names), PATIENCE)
        self._pass_on(states)


def _learnt(names: list[str]) -> dict[str, None]:
    history.learn(names)
    return {}
