"""One process's wall clock, wrong by as many seconds as FAULT_CLOCK says."""

from __future__ import annotations

import datetime as dt
import os
import sys
import time
from types import ModuleType
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
    true_time, true_time_ns, true_datetime = time.time, time.time_ns, dt.datetime

    class Shifted(true_datetime):  # type: ignore[misc, valid-type]
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return true_datetime.now(tz) + dt.timedelta(seconds=seconds)

    time.time = lambda: true_time() + seconds
    time.time_ns = lambda: true_time_ns() + int(seconds * 1e9)
    wrong = {true_time: time.time, true_time_ns: time.time_ns, true_datetime: Shifted}
    for name, module in list(sys.modules.items()):
        if name.startswith(OURS):
            _replace(vars(module), wrong)


def _replace(names: dict[str, Any], wrong: dict[Any, Any]) -> None:
    """Replace what a module has imported by name."""
    for name in ("time", "time_ns", "datetime"):
        found = names.get(name)
        if found is not None and not isinstance(found, ModuleType) and found in wrong:
            names[name] = wrong[found]
