"""The judge of logs finds each way in which a log can be wrong, and nothing where it is right."""

from __future__ import annotations

import pytest

from tests.faults.logs import Log, Said, Shown

RUNS = {
    "dead": Said([1.0, 2.0, 3.0], ended=False),
    "last": Said([10.0, 11.0, 12.0, 13.0], ended=True),
}
WHOLE = [(1, "dead 1"), (2, "dead 2"), *((2 + place, f"last {place}") for place in range(1, 5))]


def wrong(*logs: list[tuple[int, str]], gone: int = 0, losses: tuple[float, ...] = ()) -> list[str]:
    """Return what is found wrong with what viewers were shown."""
    shown = [Shown(lines=lines, gone=gone, after=lines[-1][0]) for lines in logs]
    return Log(RUNS, shown, losses).wrong(succeeded=True)


def test_a_whole_log_is_right() -> None:
    """What a run said just before it died may be missing."""
    assert wrong(WHOLE, WHOLE) == []


def test_what_redis_has_lost_may_be_missing() -> None:
    """Said before the loss, and told as gone."""
    assert wrong([WHOLE[0], *WHOLE[3:]], gone=2, losses=(10.5,)) == []


@pytest.mark.parametrize(
    ("log", "gone", "losses"),
    [
        ([*WHOLE[:4], *WHOLE[3:]], 0, ()),
        ([*WHOLE[:3], (4, "last 1"), (5, "last 3"), (6, "last 4")], 0, ()),
        ([*WHOLE[:2], (3, "last 2"), (4, "last 3"), (5, "last 4")], 0, ()),
        ([*WHOLE[:3], *WHOLE[4:]], 0, (11.5,)),
        ([*WHOLE[:3], *WHOLE[4:]], 1, (10.5,)),
        ([*WHOLE[:5]], 0, ()),
        ([*WHOLE, (7, "last 5")], 0, ()),
        ([*WHOLE, (7, "dead 3")], 0, ()),
    ],
    ids=[
        "doubled",
        "doubled under two numbers",
        "the first one overwritten",
        "missing unsaid",
        "missing though nothing was lost",
        "the end missing",
        "invented",
        "after the end",
    ],
)
def test_a_log_is_wrong(log: list[tuple[int, str]], gone: int, losses: tuple[float, ...]) -> None:
    """A doubled, missing, moved or invented line is found."""
    assert wrong(log, gone=gone, losses=losses)


def test_viewers_who_were_shown_different_lines_are_found() -> None:
    """One number is one line, for everybody."""
    assert wrong(WHOLE, [(1, "dead 2"), *WHOLE[1:]])


def test_what_nobody_was_shown_of_a_dead_run_is_found() -> None:
    """Unless it was said in its last seconds."""
    runs = {"dead": Said([float(second) for second in range(20)])}
    shown = [Shown(lines=[(1, "dead 1")], gone=0, after=1)]
    assert Log(runs, shown, []).wrong(succeeded=False)
