"""What a job's run is compared with: how long the runs before it took, of as many items."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from realtime import forecast
from realtime.conf import conf
from realtime.events import CANVAS, ENDS, Status, timestamp
from realtime.forecast import Run
from realtime.history import staged_runs_before
from realtime.models import Job
from realtime.stage_times import Path, Times, by_path
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
    many these were. Where the time grows with the total, it is told for this job's total.
    `stages` are as `_stages` returns them. None where runs are too few, and for a group, chord or
    chain: these have one name for all.
    """
    if state["name"] in CANVAS:
        return None
    started = state["started_at"]
    moment = datetime.fromisoformat(started) if started else None
    staged = staged_runs_before(state["name"], moment)
    runs = [run for run, _ in staged]
    model = forecast.learn(runs) if len(runs) >= LEAST else None
    if model is None:
        return None
    times = model.times(state.get("size"))
    return {
        "p50": _middle(times),
        "p95": round(times[-1], DIGITS),
        "runs": len(runs),
        "stages": _stages(state, staged),
    }


def _stages(state: State, staged: Sequence[tuple[Run, Times]]) -> list[dict[str, Any]]:
    """Return how long a run has been at each stage, and how long others were: those it has first.

    The others' by the same rule as for the whole. A stage that only some of them had is compared
    with these: that it is there at all is not told.
    """
    mine = by_path(state["stages"], _until(state))
    theirs: dict[Path, list[Run]] = {path: [] for path in mine}
    for run, times in staged:
        for path, seconds in times.items():
            if seconds is not None:
                theirs.setdefault(path, []).append(run._replace(seconds=seconds))
    told = [(path, runs) for path, runs in theirs.items() if path in mine or len(runs) >= LEAST]
    return [
        {
            "path": list(path),
            "p50": _usually(runs, state.get("size")),
            "runs": len(runs),
            "seconds": None if (seconds := mine.get(path)) is None else round(seconds, DIGITS),
        }
        for path, runs in told[: conf.STAGES]
    ]


def _usually(runs: Sequence[Run], size: float | None) -> float | None:
    model = forecast.learn(runs) if len(runs) >= LEAST else None
    return _middle(model.times(size)) if model else None


def _middle(times: Sequence[float]) -> float:
    return round(times[len(times) // 2], DIGITS)


def _until(state: State) -> str | None:
    """Return the moment up to which what runs of a state has run."""
    if state["status"] in {*ENDS, Status.RETRYING}:
        return str(state["finished_at"] or state["updated_at"])
    return timestamp()
