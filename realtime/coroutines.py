"""Coroutines that are driven by hand."""

from __future__ import annotations

import types
from collections.abc import Coroutine, Generator
from functools import partial
from typing import Any


@types.coroutine
def go_on(sending: Coroutine[Any, Any, None], waits_for: Any) -> Generator[Any, Any, None]:
    """Go on with an awaitable that has already been taken to its first wait."""
    while True:
        try:
            answer = yield waits_for
        except BaseException as error:  # noqa: BLE001  handed on to where it belongs
            step = partial(sending.throw, error)
        else:
            step = partial(sending.send, answer)
        try:
            waits_for = step()
        except StopIteration:
            return
