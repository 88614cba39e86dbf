"""Holds a process between two steps of publishing an end, so that a test can kill whom it likes.

FAULT_STEP names the step that has just been done (the task done, its end remembered, recorded,
announced) and FAULT_GATE a path: the process makes `<path>.reached` and waits for `<path>.go`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from realtime import publish, records

PATIENCE = 30.0


def stop_as_told() -> None:
    """Wrap the step that is named."""
    step, gate = os.environ.get("FAULT_STEP"), os.environ.get("FAULT_GATE", "")
    if step == "done":
        publish._remember = _held(publish._remember, gate, _any_ends, before=True)
    elif step == "remembered":
        publish._remember = _held(publish._remember, gate, _any_ends)
    elif step == "recorded":
        records.try_record = _held(records.try_record, gate, _any_rows_end)
    elif step == "announced":
        publish._announce = _held(publish._announce, gate, lambda *told: _any_ends(told[1]))


def _any_rows_end(rows: Any) -> bool:
    return any(row[0].ended for row in rows)


def _any_ends(reports: Any) -> bool:
    return any(report.ends for report in reports)


def _held(
    call: Callable[..., Any], gate: str, concerns: Callable[..., bool], *, before: bool = False
) -> Callable[..., Any]:
    def held(*values: Any) -> Any:
        if before and concerns(*values):
            _wait(gate)
        answer = call(*values)
        if not before and concerns(*values):
            _wait(gate)
        return answer

    return held


def _wait(gate: str) -> None:
    """Wait for the gate, the first time."""
    if not Path(gate + ".reached").exists():
        Path(gate + ".reached").write_text(str(os.getpid()))
        deadline = time.monotonic() + PATIENCE
        while not Path(gate + ".go").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
