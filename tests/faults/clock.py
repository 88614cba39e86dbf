"""One process's wall clock, wrong by as many seconds as FAULT_CLOCK says."""

from __future__ import annotations

import datetime as dt
import os
import sys
import time
from typing import Any

SECONDS = "FAULT_CLOCK"
OURS = ("realtime", "core", "django.utils.timezone", "celery", "kombu")
"""Whose clock is wrong: everything that takes the time in Python."""


def shift_as_told() -> None:
    """Shift `time.time` and `datetime.now` of this process."""
    seconds = float(os.environ.get(SECONDS, "0"))
    if seconds:
        _shift(seconds)


def _shift(seconds: float) -> None:
    true_time, true_datetime = time.time, dt.datetime

    class Shifted(true_datetime):  # type: ignore[misc, valid-type]
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return true_datetime.now(tz) + dt.timedelta(seconds=seconds)

    time.time = lambda: true_time() + seconds
    for name, module in list(sys.modules.items()):
        if name.startswith(OURS) and vars(module).get("datetime") is true_datetime:
            module.datetime = Shifted  # type: ignore[attr-defined]
