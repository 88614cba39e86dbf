"""What a job's run is compared with: how long the runs before it took, of as many items."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from realtime import forecast
from realtime.events import CANVAS, timestamp
from realtime.history import runs_before
from realtime.models import Job
from realtime.states import State

LEAST = 3
"""Runs from which one can say what is usual."""
DIGITS = 3


def compared(state: State) -> dict[str, Any]:
    """Return what those are told of a job whose it is: when it first began, and what is usual.

    `began_at` is the start of its first attempt, None before it; `usual` is as `usual` returns it.
    """
    began = Job.objects.filter(pk=state["id"]).values_list("began_at", flat=True).first()
    return {"began_at": timestamp(began) if began else None, "usual": usual(state)}


def usual(state: State) -> dict[str, Any] | None:
    """Return how long runs of a job's task took that had succeeded before its own started.

    In seconds: `p50` is what half of them do not exceed, `p95` all but a twentieth; `runs` is how
    many these were. Where the time grows with the total, it is told for this job's total. None
    where they are too few, and for a group, chord or chain: these have one name for all.
    """
    if state["name"] in CANVAS:
        return None
    started = state["started_at"]
    runs = runs_before(state["name"], datetime.fromisoformat(started) if started else None)
    model = forecast.learn(runs) if len(runs) >= LEAST else None
    if model is None:
        return None
    times = model.times(state.get("size"))
    middle, most = times[len(times) // 2], times[-1]
    return {"p50": round(middle, DIGITS), "p95": round(most, DIGITS), "runs": len(runs)}
