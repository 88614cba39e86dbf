"""The walls of ARCHITECTURE.md: who may import whom."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted((ROOT / "realtime").rglob("*.py"))


def words(text: str) -> set[str]:
    """Return the words of a text."""
    return set(text.split())


# Every module stands on one side, between the two, or outside of both.
WRITES = words(
    "progress running steered question admission stages lines snapshot watched transition unsent"
    " reporter lifecycle queueing runs owed lease reaper rounds orphans broker held presence"
    " tracking fence files outcomes logging archive expiry retention canvas planting heralds"
    " guardian heritage errand errands driven awaited afresh urgency mailing post letters turns"
    " series counting tallying"
    " introduction intake resizing obeying results verdicts"
    " alerting alert_couriers"
)
READS = words(
    "hub healing watchers delivery log_feed known listener mailbox consumers handshake reading"
    " views api problems exposition threads permissions sessions coroutines rights inbox limits"
    " daphne uvicorn wire drain together actions bodies item_list confidential forecast history"
    " arrivals line placing tokens shapes reports described queries replies openapi asyncapi"
    " lookout spoken terminal printed keys downloads tagged notice_list notice_feed notice_views"
    " stream words attendance attachment transcript elements audit"
    " search finding meaning suggestions task_names"
    " dashboard figures moments dashboard_page dashboard_words dashboard_alert_words plurals"
    " workshop worker_views scheduled schedule_views saved_views usual workshop_words"
    " alert_views"
    " reach"
)
BETWEEN = words(
    "events conf errors cleaning states publish announcer records layer metrics pace latch"
    " forks protocol owners control asking plain cells calls repeats log_parts redaction failure"
    " outside greenlets language trees starts family pools caller weights leaving notices marking"
    " ways shares share_tokens bulk bulk_job histogram counts intervals"
    " depths"
    " commands"
    " waits mail_server addresses webhook"
    " stage_times"
    " prepared"
    " alert_signs alert_words alert_telling alert_trial alert_checks"
)
PACKAGES = ("models", "store")
"""Between the two as well, in several files."""
DOORS = {"control", "bulk", "bulk_job", "outside", "starts", "marking", "alert_telling"}
"""The ways from one side to the other: what people ask of jobs, what scripts tell of theirs."""
OUTSIDE = {
    "__init__",
    "admin",
    "alert_admin",
    "apps",
    "asgi",
    "checks",
    "middleware",
    "routing",
    "urls",
}


def imports(path: Path) -> set[str]:
    """Return the dotted names of what a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return found


def ours(path: Path) -> set[str]:
    """Return which modules of `realtime` a file imports."""
    parts = (name.split(".") for name in imports(path) if name.startswith("realtime."))
    return {part[1] for part in parts}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_the_package_never_imports_the_service(path: Path) -> None:
    """`realtime` is what others install."""
    assert not {name for name in imports(path) if name.split(".")[0] in {"core", "tests"}}


@pytest.mark.parametrize("name", ["events", "protocol"])
def test_the_shared_words_are_pure(name: str) -> None:
    """The twins of the browser's files need nothing but the standard library."""
    roots = {found.split(".")[0] for found in imports(ROOT / "realtime" / f"{name}.py")}
    assert roots <= set(sys.stdlib_module_names)


def test_every_module_has_its_place() -> None:
    """A new file is put on a side here, and nowhere twice."""
    modules = {path.stem for path in (ROOT / "realtime").glob("*.py")}
    places = (WRITES, READS, BETWEEN, OUTSIDE)
    assert modules == set().union(*places)
    assert sum(map(len, places)) == len(modules)


def test_what_writes_and_what_reads_never_meet() -> None:
    """They meet at publish and store, so that Celery or Channels can be replaced alone."""
    for name in WRITES:
        assert not ours(ROOT / "realtime" / f"{name}.py") & READS, name
    for name in READS:
        assert not ours(ROOT / "realtime" / f"{name}.py") & WRITES, name
    between = [ROOT / "realtime" / f"{name}.py" for name in BETWEEN - DOORS]
    packages = [path for name in PACKAGES for path in (ROOT / "realtime" / name).glob("*.py")]
    for path in (*between, *packages):
        assert not ours(path) & (WRITES | READS), path


def test_adapters_write() -> None:
    """They stand where a task does, and nothing but the app needs them."""
    for path in (ROOT / "realtime" / "contrib").glob("*.py"):
        assert not ours(path) & READS, path
    users = {path.stem for path in MODULES if "contrib" in ours(path)}
    assert users <= {"apps"}


def test_only_the_waist_remembers() -> None:
    """No other file calls the store's `remember`."""
    callers = {path.stem for path in MODULES if ".remember(" in path.read_text()}
    assert callers == {"publish"}


def test_only_conf_reads_the_projects_headway() -> None:
    """Every setting has one reader; system checks read the raw dictionary to complain about it."""
    readers = {path.stem for path in MODULES if '"HEADWAY"' in path.read_text()}
    assert readers <= {"conf", "checks"}
