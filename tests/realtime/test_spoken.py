"""A state in words: what the browser says, as text that no terminal obeys."""

from __future__ import annotations

from typing import Any

import pytest

from realtime import spoken
from realtime.events import JobState

LONG_AGO = "2020-11-26T10:00:00.000Z"


def state(**values: Any) -> Any:
    """Return a state as readers have it."""
    return {**JobState(id="x").values(), "seq": 1, "log": 0, **values}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"current": 3}, ["3"]),
        ({"current": 1, "total": 2, "unit": "copy"}, ["1 / 2 copies"]),
        ({"current": 1200, "total": 1, "unit": "row"}, ["1,200 / 1 row"]),
        ({"current": 1, "total": 3, "unit": "box"}, ["1 / 3 boxes"]),
        ({"current": 1, "total": 3, "unit": "MiB"}, ["1 / 3 MiB"]),
        ({"current": 2048, "total": 4096, "unit": "bytes"}, ["2.0 KB / 4.0 KB"]),
        ({"status": "running", "rate": 12.34, "eta": 3}, ["12.3/s", "about 5 s left"]),
        ({"status": "running", "rate": 0.5, "eta": 100}, ["30/min", "about 2 min left"]),
        ({"status": "running", "rate": 2048, "unit": "B", "attempt": 2}, ["2.0 KB/s", "attempt 2"]),
        ({"status": "running", "eta": 9, "stalled": True}, []),
        ({"status": "running", "eta": 60, "eta_range": [50, 70]}, ["about 1 min left"]),
        ({"status": "running", "eta": 60, "eta_range": [30, 90]}, ["30 s to 2 min left"]),
        ({"status": "running", "eta": 60, "eta_range": [9, 90], "updated_at": LONG_AGO}, []),
        (
            {
                "status": "failed",
                "rate": 5,
                "started_at": "2026-11-26T10:00:00.000Z",
                "finished_at": "2026-11-26T11:01:40.000Z",
            },
            ["took 1 h 1 min"],
        ),
    ],
)
def test_facts(values: Any, expected: list[str]) -> None:
    """Count, rate, time and attempt, as far as they are known."""
    assert spoken.facts(state(**values)) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"status": "succeeded", "failed": 1}, "succeeded with warnings"),
        ({"status": "running", "stalled": True}, "stalled"),
        ({"status": "waiting"}, "needs an answer"),
        ({"status": "queued"}, "queued"),
    ],
)
def test_looks(values: Any, expected: str) -> None:
    """A status, or one of the looks that it can take on."""
    assert spoken.look(state(**values)) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.4, "0 s"), (59, "59 s"), (60, "1 min"), (125, "2 min 5 s"), (90_000, "1 d 1 h")],
)
def test_durations(seconds: float, expected: str) -> None:
    """Two units at most."""
    assert spoken.duration(seconds) == expected


def test_nothing_is_whole_before_it_is() -> None:
    """Percent are rounded down."""
    told = [spoken.percent(fraction) for fraction in (None, 0.29, 0.999, 1, 7)]
    assert told == ["", "29 %", "99 %", "100 %", "100 %"]


def test_errors_and_questions() -> None:
    """What is meant for people is said without its kind."""
    error = {"kind": "JobError", "text": "It is empty."}
    assert spoken.message(state(status="failed", error=error)) == "It is empty."
    error = {"kind": "ValueError", "text": "x"}
    assert spoken.message(state(status="retrying", error=error)) == "ValueError: x"
    assert spoken.message(state(status="running", error=error, message="m")) == "m"
    asked = {"text": "Replace?", "choices": ["Yes", "No"]}
    assert spoken.question(state(question=asked)) == "It asks: Replace? (Yes, No)"


def test_a_terminal_obeys_nothing_of_it() -> None:
    """Neither escapes, old and new, nor changes of direction, nor new lines."""
    said = "a\x1b[2Jb\x9b1mc\u202ed\r\n  e"
    assert spoken.harmless(said) == "a\ufffd[2Jb\ufffd1mc\ufffdd e"
    assert spoken.harmless("a\nb\tc\r", lines=True) == "a\nb   c\ufffd"
