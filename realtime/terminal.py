"""A job, or a list of them, drawn on a terminal by rich, and redrawn in place."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from realtime import spoken
from realtime.events import Status

State = dict[str, Any]

COLOURS = {
    Status.RUNNING: "cyan",
    Status.SUCCEEDED: "green",
    Status.FAILED: "bold red",
    Status.LOST: "bold red",
    Status.CANCELLED: "yellow",
    Status.CANCELLING: "yellow",
    Status.WAITING: "bold yellow",
}
LEVELS = {"debug": "dim", "warning": "yellow", "error": "red", "critical": "bold red"}
MARKS = {"succeeded": "✓", "running": "▸", "failed": "✗", "cancelled": "✗"}
MOVING = (Status.RUNNING, Status.CANCELLING)
WIDE = 60
"""Columns from which a list has room for ids and bars."""


class Screen:
    """Draws in place; what is over it scrolls away as any output does."""

    def __init__(self, out: TextIO) -> None:
        """Begin with nothing drawn."""
        self._console = Console(file=out, highlight=False)
        self._live = Live(
            console=self._console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
        )
        self._live.start()

    def job(self, state: State, note: str) -> None:
        """Draw a job."""
        self._live.update(Group(*_job(state, note)), refresh=True)

    def jobs(self, states: list[State], note: str) -> None:
        """Draw a list of jobs, as many as there is room for."""
        room = max(self._console.height - 3, 1)
        wide = self._console.width >= WIDE
        parts: list[RenderableType] = [_list(states[:room], wide=wide)] if states else []
        if len(states) > room:
            parts.append(Text(f"and {len(states) - room:,} more", style="dim"))
        self._live.update(Group(*parts, Text(note, style="dim")), refresh=True)

    def line(self, level: str, said: str) -> None:
        """Print a line of the log above the bar."""
        self._console.print(Text(spoken.harmless(said, lines=True), style=LEVELS.get(level, "")))

    def close(self) -> None:
        """Leave what was drawn last, and the cursor below it."""
        self._live.stop()


def _job(state: State, note: str) -> Iterator[RenderableType]:
    """Yield the parts of a job, from the title down."""
    yield _row(_cut(spoken.title(state), "bold"), _look(state))
    yield _row(_bar(state), Text(spoken.percent(_fraction(state)), no_wrap=True))
    for parts in (spoken.facts(state), spoken.outcomes(state)):
        if parts:
            yield Text(" · ".join(parts))
    if said := spoken.message(state):
        # What has ended is read, not watched.
        yield Text(said, style="red") if state["error"] else _cut(said, "")
    if asked := spoken.question(state):
        yield Text(asked, style="bold yellow")
    yield from _stages(state["stages"])
    yield from (Text(f"↓ {file}") for file in spoken.files(state))
    if note:
        yield Text(note, style="dim")


def _fraction(state: State) -> float | None:
    """Return the part that is done; what has succeeded is done, whatever it has told."""
    done = state["fraction"] is None and state["status"] == Status.SUCCEEDED
    return 1.0 if done else state["fraction"]


def _bar(state: State) -> ProgressBar:
    fraction = _fraction(state)
    colour = COLOURS.get(state["status"], "white")
    return ProgressBar(
        total=1,
        completed=fraction or 0,
        pulse=fraction is None and state["status"] in MOVING,
        animation_time=time.monotonic(),
        complete_style=colour,
        finished_style=colour,
    )


def _look(state: State) -> Text:
    return Text(spoken.look(state), style=COLOURS.get(state["status"], ""), no_wrap=True)


def _stages(stages: Iterable[State], depth: int = 1) -> Iterator[RenderableType]:
    for stage in stages:
        mark = MARKS.get(stage["status"], "·")
        name = _cut(f"{'  ' * depth}{mark} {spoken.harmless(stage['name'])}", "")
        shown = spoken.percent(stage["fraction"]) if stage["status"] != "queued" else ""
        yield _row(name, Text(shown, no_wrap=True))
        yield from _stages(stage.get("stages", ()), depth + 1)


def _list(states: Iterable[State], *, wide: bool) -> Table:
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(ratio=2, no_wrap=True, overflow="ellipsis")
    if wide:
        table.add_column(ratio=1)
    for justify in ("right", "left", *(("left",) if wide else ())):
        table.add_column(justify=justify, no_wrap=True)
    for state in states:
        bar, job = ([_bar(state)], [Text(state["id"][:8], style="dim")]) if wide else ([], [])
        percent = Text(spoken.percent(_fraction(state)))
        table.add_row(Text(spoken.title(state)), *bar, percent, _look(state), *job)
    return table


def _row(left: RenderableType, right: RenderableType) -> Table:
    """Return two things in a line: the first has what the second leaves."""
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column(justify="right", no_wrap=True)
    table.add_row(left, right)
    return table


def _cut(text: str, style: str) -> Text:
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")
