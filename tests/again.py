"""Runs pytest, and once more what failed: `python -m tests.again ARGUMENT…`.

The parts of `make test` share one machine, and several hundred of its processes: a test may fail
there for want of time alone. It gets one second chance, by itself. What passes then is named as
unsteady: it is a fault of the test or of what it tests, and is to be mended. What fails again, or
more than `MOST` at once, fails the run.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

MOST = 3
"""Tests that may fail at first: where more do, something is broken."""
FAILED = 1
"""How pytest ends when tests failed, and it was not stopped."""


def run(arguments: Sequence[str]) -> int:
    """Run pytest, a second time with what failed where those are few; return how it ended."""
    ended = pytest(arguments)
    failed = failures(arguments)
    if ended != FAILED or not 0 < len(failed) <= MOST:
        return ended
    ended = pytest([*arguments, "--last-failed", "--last-failed-no-failures=none"])
    if ended == 0:
        sys.stdout.write(f"\nunsteady, to be mended: {', '.join(failed)}\n")
    return ended


def pytest(arguments: Sequence[str]) -> int:
    """Run pytest in a process of its own."""
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], check=False).returncode


def failures(arguments: Sequence[str]) -> list[str]:
    """Return the tests that the last run with these arguments has noted as failed."""
    noted = cache_of(arguments) / "v/cache/lastfailed"
    return list(json.loads(noted.read_text("utf-8"))) if noted.exists() else []


def cache_of(arguments: Sequence[str]) -> Path:
    """Return where pytest keeps what failed: `-o cache_dir=…` names another place."""
    named = [one.partition("=")[2] for one in arguments if one.startswith("cache_dir=")]
    return Path(named[-1] if named else ".pytest_cache")


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
