"""Takes out one mechanism of the package, to see that a test notices: SABOTAGE names it.

Brought into child processes by the faults' own Django app, into the tests by their conftest.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

NAME = "SABOTAGE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mechanism:
    """Something that keeps promises."""

    take_out: Callable[[], Any]
    """Does without it in this process."""
    test: str
    """The test that must fail then."""
    alone: bool = False
    """Whether that test wants the machine for itself."""


def apply_as_told() -> None:
    """Take out what the environment names."""
    if name := os.environ.get(NAME):
        MECHANISMS[name].take_out()


def _no_healing() -> None:
    from realtime.healing import Healing

    async def heal(_: Healing) -> None:
        """Compare nothing."""

    _put(Healing, "heal", heal)


def _no_lease() -> None:
    from realtime.reaper import Reaper

    _put(Reaper, "_judge", lambda *_: None)


def _no_comparison() -> None:
    from realtime import records
    from realtime.store import MemoryStore, scripts

    _without(scripts, "REMEMBER", "if had[3] then", "if false then")
    _put(records, "ENDS", {"none"})
    take = MemoryStore._take

    def take_anyway(self: MemoryStore, report: Any) -> Any:
        if record := self._records.get(report.job):
            record.ended = False
        return take(self, report)

    _put(MemoryStore, "_take", take_anyway)


def _no_fence() -> None:
    from realtime.running import RunningJob
    from realtime.store import scripts

    _without(scripts, "REMEMBER", "if had[3] then", "if false then")
    _without(scripts, "REMEMBER", "if order == known and claim == ''", "if false and claim == ''")
    _put(RunningJob, "fence", lambda _, **__: None)


def _no_window() -> None:
    from realtime.mailbox import Mailbox

    begin = Mailbox.__init__

    def endless(self: Mailbox, **values: Any) -> None:
        begin(self, **values)
        assert self._window, "expected a mailbox to have a window, got: none; mend sabotage.py"
        self._window = 2**31

    _put(Mailbox, "__init__", endless)


def _no_places() -> None:
    from realtime.store import scripts

    _without(scripts, "REMEMBER", "first = first + log - base - told", "")
    _without(scripts, "REMEMBER", "if base + told > log then", "if false then")


def _no_step() -> None:
    from realtime.snapshot import Snapshots

    _put(Snapshots, "_after", 0)


def _no_look_for_ends() -> None:
    from realtime import runs

    _put(runs, "ENDS", frozenset())


def _no_cleaning() -> None:
    for module in [one for name, one in sys.modules.items() if name.startswith("realtime.")]:
        for name in {"text", "shown"} & set(vars(module)):
            _put(module, name, lambda value, _: str(value))


def _no_sql_end() -> None:
    from realtime import records

    _put(records, "try_record", lambda _: [])


def _no_last_lines() -> None:
    from realtime.publish import Change

    _put(Change, "_last_lines", lambda _: ())


def _no_results() -> None:
    from realtime import results

    _put(results, "done_at", lambda _: None)


def _no_orphans() -> None:
    from realtime.orphans import Orphans

    _put(Orphans, "found", lambda _: [])


def _no_drain() -> None:
    from realtime.drain import Drain

    _put(Drain, "_on_signal", lambda self, *_: self._pass_on())


def _each_alone() -> None:
    from realtime import together

    _put(together, "MOST", 1)


def _put(owner: Any, name: str, value: Any) -> None:
    assert hasattr(owner, name), f"expected {owner} to have {name}, got: none; mend sabotage.py"
    setattr(owner, name, value)


def _without(module: Any, name: str, part: str, other: str) -> None:
    script: str = vars(module)[name]
    assert part in script, f"expected {name} to hold {part}, got: another script; mend sabotage.py"
    vars(module)[name] = script.replace(part, other)


MECHANISMS = {
    "healing": Mechanism(
        take_out=_no_healing, test="test_layer.py::test_announcements_are_lost[1.0]"
    ),
    "lease": Mechanism(
        take_out=_no_lease, test="test_workers.py::test_a_worker_is_killed[threads]"
    ),
    "compare-and-set": Mechanism(
        take_out=_no_comparison, test="test_late.py::test_a_late_report_undoes_no_end"
    ),
    "fence": Mechanism(take_out=_no_fence, test="test_workers.py::test_a_frozen_worker_comes_back"),
    "window": Mechanism(
        take_out=_no_window,
        test="test_sockets.py::test_a_reader_that_never_reads_beside_quick_ones[short-daphne]",
        alone=True,
    ),
    "drain": Mechanism(
        take_out=_no_drain,
        test="test_sockets.py::test_two_web_processes_are_restarted_in_turn[short]",
    ),
    "line places": Mechanism(
        take_out=_no_places,
        test="test_redis.py::test_a_log_goes_on_after_redis_lost_it[FLUSHALL]",
    ),
    "forgotten lines": Mechanism(
        take_out=_no_step,
        test="test_forgotten.py::test_a_run_that_knows_nothing_of_the_log_before_it",
    ),
    "forgotten end": Mechanism(
        take_out=_no_look_for_ends,
        test="test_forgotten.py::test_an_end_that_the_store_has_lost_stays",
    ),
    "cleaning": Mechanism(
        take_out=_no_cleaning, test="test_workers.py::test_a_task_says_what_breaks_others"
    ),
    "end in SQL": Mechanism(
        take_out=_no_sql_end, test="test_steps.py::test_killed_between_two_steps[recorded-redis]"
    ),
    "last lines in SQL": Mechanism(
        take_out=_no_last_lines,
        test="test_redis.py::test_a_worker_dies_with_what_redis_was_not_told",
    ),
    "asking together": Mechanism(
        take_out=_each_alone,
        test="test_sockets.py::test_a_crowd_of_sockets_comes_back[SIGKILL-daphne]",
        alone=True,
    ),
    "kept results": Mechanism(
        take_out=_no_results,
        test="test_steps.py::test_killed_between_two_steps[done-worker]",
    ),
    "orphans": Mechanism(
        take_out=_no_orphans, test="test_workers.py::test_the_broker_forgets_what_was_queued"
    ),
}
