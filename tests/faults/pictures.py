"""What viewers show, held against what a fresh reader reads. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

State = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What some viewers show."""

    topics: Sequence[str]
    """What they watch."""
    states: Mapping[str, State]
    """The newest state of each job."""
    after: Mapping[str, int]
    """The number of the last line of each log."""
    viewers: int = 1
    """How many show just this."""

    def wrong(self, jobs: Sequence[str], fresh: Mapping[str, State]) -> list[str]:
        """Return in words what differs of these jobs."""
        found = [job for job in jobs if watches(self.topics, job) and self._differs(job, fresh)]
        found += [job for job in self._logs() if self._lacks_lines(job, fresh)]
        return [f"{job}: {self._told(job)}, not {_brief(fresh.get(job))}" for job in found]

    def _logs(self) -> list[str]:
        return [topic[4:] for topic in self.topics if topic.startswith("log:")]

    def _differs(self, job: str, fresh: Mapping[str, State]) -> bool:
        shown, read = self.states.get(job), fresh.get(job)
        if shown is None or read is None:
            return shown is not read
        # It may be ahead: of an end that SQL knew first the store has told again, and was lost.
        return _steady(shown) != _steady(read) or shown["seq"] < read["seq"]

    def _lacks_lines(self, job: str, fresh: Mapping[str, State]) -> bool:
        return job in fresh and self.after.get(job, 0) < fresh[job]["log"]

    def _told(self, job: str) -> str:
        return f"{_brief(self.states.get(job))} and line {self.after.get(job, 0)}"


def watches(topics: Sequence[str], job: str) -> bool:
    """Tell whether these topics bring a job's states."""
    return f"job:{job}" in topics or "mine" in topics or "all" in topics


def _steady(state: State) -> State:
    # When it was last heard is a sign of life, which is no change and told to nobody.
    return {**state, "heard_at": None, "seq": None}


def _brief(state: State | None) -> str:
    if state is None:
        return "nothing"
    return f"{state['status']} {state['current']} at {state['seq']}, log {state['log']}"
