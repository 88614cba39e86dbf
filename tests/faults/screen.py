"""What one viewer shows, and each promise that was broken towards it. Pure: frames in."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from realtime.events import ENDS
from realtime.publish import FORGOTTEN_STEP

State = dict[str, Any]
END = ("status", "finished_at", "attempt", "error")
"""What an end is; told twice, because an answer was lost, it is no other end."""
DATA = frozenset({"jobs", "log", "notices"})


@dataclass(slots=True)
class Screen:
    """The Python twin of the browser's client: newest wins, each line once."""

    states: dict[str, State] = field(default_factory=dict)
    """The newest state of each job."""
    lines: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    """The lines of each job's log that were shown."""
    gone: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """How many lines of each log were said to be no longer kept."""
    after: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """The number of the last line of each log."""
    broken: list[str] = field(default_factory=list)
    """Promises that were broken, in words."""
    applied: int = 0
    """How many states were shown."""
    frames: int = 0
    """Data frames of this socket."""
    forgetful: bool = False
    """Whether Redis loses everything while workers die: then nobody but this screen knows how far
    a job was that is run again."""
    _sent: dict[str, int] = field(default_factory=dict)

    def welcome(self) -> None:
        """Begin with a new socket."""
        self.frames = 0
        self._sent.clear()

    def take(self, frame: dict[str, Any]) -> None:
        """Take a frame in, as the browser does."""
        self.frames += frame["type"] in DATA
        if frame["type"] == "jobs":
            for state in frame["jobs"]:
                self._take_state(state)
        elif frame["type"] == "log":
            self._take_log(frame)

    def positions(self, topics: list[str]) -> dict[str, dict[str, int]]:
        """Return what a watch says that this viewer has."""
        return {topic: self._position(*topic.partition(":")[::2]) for topic in topics}

    def _position(self, kind: str, job: str) -> dict[str, int]:
        if kind == "job":
            return {"seq": self.states.get(job, {}).get("seq", 0)}
        return {"after": self.after[job]} if kind == "log" else {}

    def _take_state(self, state: State) -> None:
        job, seq = state["id"], state["seq"]
        if self._sent.get(job, -1) > seq:
            self.broken.append(f"G1 {job}: seq {seq} was sent after {self._sent[job]}")
        self._sent[job] = seq
        known = self.states.get(job)
        if known and known["seq"] >= seq:
            return
        if known:
            again = self.forgetful and state["seq"] - known["seq"] >= FORGOTTEN_STEP // 2
            self.broken += _setbacks({**known, "fraction": None} if again else known, state)
        self.states[job] = state
        self.applied += 1

    def _take_log(self, frame: dict[str, Any]) -> None:
        job, known = frame["job"], self.after[frame["job"]]
        numbers = [line["n"] for line in frame["lines"]]
        first = frame["after"] + frame["lost"] + 1
        if numbers != list(range(first, first + len(numbers))):
            self.broken.append(f"G6 {job}: lines {numbers[:3]}... after {frame['after']}")
        if first > known + 1:
            self.gone[job] += first - known - 1
            if first - known - 1 > frame["lost"]:
                self.broken.append(f"G6 {job}: lines {known + 1} to {first - 1} are missing")
        fresh = [line for line in frame["lines"] if line["n"] > known]
        self.lines[job] += fresh
        self.after[job] = max([known, *numbers, frame["after"] + frame["lost"]])


def _setbacks(old: State, new: State) -> list[str]:
    found = []
    job = new["id"]
    if new["attempt"] < old["attempt"]:
        found.append(f"G1 {job}: attempt {new['attempt']} after {old['attempt']}")
    elif new["attempt"] == old["attempt"] and (new["fraction"] or 0) < (old["fraction"] or 0):
        found.append(f"G1 {job}: fraction {new['fraction']} after {old['fraction']}")
    if old["status"] in ENDS and any(old[name] != new[name] for name in END):
        found.append(f"G3 {job}: {new['status']} after {old['status']}")
    return found
