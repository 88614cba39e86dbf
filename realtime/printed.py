"""A job as plain lines, where there is no terminal: for logs of other programs."""

from __future__ import annotations

import time
from typing import Any, TextIO

from realtime import spoken
from realtime.events import ENDS

State = dict[str, Any]

INTERVAL = 5.0
"""Seconds between two lines of a job that only gets further."""


class Lines:
    """Prints a line for what has changed; a job that only gets further is told now and then."""

    def __init__(self, out: TextIO) -> None:
        """Begin with nothing told."""
        self._out = out
        self._told: tuple[Any, ...] = ()
        self._shown = ""
        self._note = ""
        self._at = 0.0

    def job(self, state: State, note: str) -> None:
        """Print how far a job is, when there is something to say."""
        if note != self._note:
            self._note = note
            self._print(note)
        told = (state["status"], state["attempt"], state["stalled"], _stage(state["stages"]))
        due = time.monotonic() - self._at >= INTERVAL
        shown = _told(state)
        if shown != self._shown and (told != self._told or due):
            self._told, self._shown, self._at = told, shown, time.monotonic()
            self._print(shown)
            for file in spoken.files(state) if state["status"] in ENDS else ():
                self._print(f"file {file}")

    def jobs(self, states: list[State], note: str) -> None:
        """Print a list of jobs."""
        del note  # There is nobody at the keys.
        for state in states:
            self._print(f"{state['id']} {_told(state)}")

    def line(self, level: str, said: str) -> None:
        """Print a line of the log."""
        for one in spoken.harmless(said, lines=True).split("\n"):
            self._print(f"{level}: {one}")

    def close(self) -> None:
        """Print nothing more."""

    def _print(self, said: str) -> None:
        if said:
            self._out.write(f"{said}\n")
            self._out.flush()


def _told(state: State) -> str:
    parts = [
        spoken.title(state),
        spoken.look(state),
        spoken.percent(state["fraction"]),
        *spoken.facts(state),
        *spoken.outcomes(state),
        _stage(state["stages"]),
        spoken.message(state),
        spoken.question(state),
    ]
    return " · ".join(part for part in parts if part)


def _stage(stages: list[State]) -> str:
    """Return the stage that runs, the innermost one."""
    for stage in stages:
        if stage["status"] == "running":
            return _stage(stage.get("stages", [])) or spoken.harmless(stage["name"])
    return ""
