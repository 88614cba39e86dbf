"""An end stays, also when a run that was given up goes on after Redis has lost everything."""

from __future__ import annotations

from typing import Any

from realtime.events import JobState, Status, newest
from realtime.known import KnownStates


def state(seq: int, status: Status) -> dict[str, Any]:
    """Return a state with this number."""
    finished = "2026-11-24T10:00:00.000Z" if status is Status.LOST else None
    return {"seq": seq, **JobState(id="a", status=status, finished_at=finished).values()}


def test_an_end_is_newer_than_what_goes_on() -> None:
    """A fresh reader sees SQL's end, whatever a run has told a store that forgot the job."""
    end, zombie = state(7, Status.LOST), state(9, Status.RUNNING)
    assert newest(end, zombie) is newest(zombie, end) is end


def test_nothing_but_an_end_follows_an_end() -> None:
    """Viewers of an ended job are told no more of it, but the end with its last number."""
    known = KnownStates()
    known.keep(state(7, Status.LOST))
    assert not known.is_news(state(9, Status.RUNNING))
    assert known.is_news(state(9, Status.LOST))
