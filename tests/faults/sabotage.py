"""Takes out one mechanism of the package, to see that a test notices: SABOTAGE names it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

NAME = "SABOTAGE"


def apply_as_told() -> None:
    """Take out what the environment names."""
    if name := os.environ.get(NAME):
        MECHANISMS[name]()


def _no_healing() -> None:
    from realtime.hub import Hub

    async def heal(self: Hub) -> None:
        """Compare nothing."""

    Hub._heal = heal  # type: ignore[method-assign]


def _no_window() -> None:
    from realtime.mailbox import Mailbox

    Mailbox.full = property(lambda self: self._sending is not None or self.closed)  # type: ignore[assignment, method-assign]


def _no_cleaning() -> None:
    from realtime import cleaning, snapshot

    def text(value: object, _length: int) -> str:
        return str(value)

    cleaning.text = snapshot.text = text  # type: ignore[assignment, attr-defined]


MECHANISMS: dict[str, Callable[[], Any]] = {
    "healing": _no_healing,
    "window": _no_window,
    "cleaning": _no_cleaning,
}
