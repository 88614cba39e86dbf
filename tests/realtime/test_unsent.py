"""What waits while the store is away."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from realtime import unsent
from realtime.events import JobState, Status
from realtime.publish import BLIND_STEP, Change
from realtime.store import Store
from realtime.unsent import Unsent

LINE = '{"at":"","level":"info","text":"x"}'


def end(**more: Any) -> Change:
    """Return the end of a job that has written three lines, of which one is known."""
    state = JobState(id=str(uuid.uuid4()), status=Status.SUCCEEDED)
    return Change(state=state, order=1, run="one", told=1, base=0, lines=(LINE,) * 2, **more)


def test_the_oldest_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more changes wait than may, and they are told in their order."""
    monkeypatch.setattr(unsent, "WAITING", 3)
    waiting, ends = Unsent(), [end() for _ in range(5)]
    for one in ends:
        waiting.keep(one)
    assert waiting.take(2) == ends[2:4]
    assert waiting.take(2) == ends[4:]
    assert not waiting.take(2)


def test_lines_that_find_no_room_are_counted(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    """An outage with many ends does not fill the memory; readers are told what is lost."""
    monkeypatch.setattr(unsent, "CHARACTERS", 5 * len(LINE))
    waiting = Unsent()
    for _ in range(4):
        waiting.keep(end())
    ends = waiting.take(10)
    assert [len(one.lines) for one in ends] == [2, 2, 0, 0]
    store.remember([one.report() for one in ends])
    assert store.log(ends[2].state.id, 0).lost == 3
    waiting.keep(end())
    assert waiting.take(1)[0].lines, "There is room again."


def test_what_is_told_in_vain_again_and_again_rises_once(store: Store) -> None:
    """A retry goes on two steps above what its attempt knew: an outage must not bring it there."""
    late = end(transition=True, floor=7)
    for _ in range(20):
        late = late.later()
    assert store.remember([late.report()])[0].seq < 7 + 2 * BLIND_STEP
