"""Asking the store for viewers, who have SQL too: one waits in vain, the others do not."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from realtime.errors import StoreAway
from realtime.store import Store, get_store

logger = logging.getLogger("realtime")

Answer = TypeVar("Answer")

REST = 1.0
"""Seconds after which a store that did not answer is asked again, by one of those who read."""
COSTLY = 0.1
"""Seconds of waiting that the others are spared; who is refused at once costs nothing."""


class Asking:
    """The store as those see it who read for viewers."""

    def __init__(self) -> None:
        """Begin with trust."""
        self._away: Store | None = None
        self._again_at = 0.0

    def ask(self, call: Callable[[Store], Answer], nothing: Answer) -> Answer:
        """Return the store's answer; `nothing` while it is away, at once when that is known."""
        began, store = time.monotonic(), get_store()
        if self._away is store:
            if began < self._again_at:
                return nothing
            self._again_at = began + REST  # The others go on without it while this one tries.
        try:
            answer = call(store)
        except StoreAway as error:
            now = time.monotonic()
            if now - began > COSTLY:
                logger.warning("The store is away, reading from SQL alone: %s", error)
                self._away, self._again_at = store, now + REST
            return nothing
        self._away = None
        return answer


ask = Asking().ask
