"""What failed is run once more, and nothing that is broken passes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests import again
from tests.processes import ROOT

SUITE = """
from pathlib import Path
import pytest

@pytest.mark.parametrize("number", range({unsteady}))
def test_unsteady(number):
    seen = Path({folder!r}) / f"seen-{{number}}"
    was_here = seen.exists()
    seen.touch()
    assert was_here

@pytest.mark.parametrize("number", range({broken}))
def test_broken(number):
    raise ValueError

def test_fine():
    seen = Path({folder!r}) / "fine"
    assert not seen.exists()
    seen.touch()
"""


def ran(folder: Path, *, unsteady: int = 0, broken: int = 0) -> tuple[int, str]:
    """Run a suite with so many tests that fail at first or always; return how it ended."""
    suite = folder / "test_suite.py"
    suite.write_text(SUITE.format(folder=str(folder), unsteady=unsteady, broken=broken))
    command = [
        sys.executable,
        "-m",
        "tests.again",
        "-q",
        "-c",
        "/dev/null",
        "--rootdir",
        str(folder),
    ]
    done = subprocess.run(
        [*command, "-o", f"cache_dir={folder / 'cache'}", str(suite)],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout


def test_what_passes_runs_once(tmp_path: Path) -> None:
    """And nothing is said of it."""
    code, said = ran(tmp_path)
    assert code == 0
    assert "unsteady" not in said


def test_what_fails_once_is_named(tmp_path: Path) -> None:
    """Only that is run again: the test that passed would fail."""
    code, said = ran(tmp_path, unsteady=again.MOST)
    assert code == 0
    assert "unsteady, to be mended: test_suite.py::test_unsteady[0], " in said


@pytest.mark.parametrize(("unsteady", "broken"), [(0, 1), (2, 1), (again.MOST + 1, 0)])
def test_what_is_broken_fails(tmp_path: Path, unsteady: int, broken: int) -> None:
    """Also beside what is unsteady; many that fail at once are no accident."""
    code, said = ran(tmp_path, unsteady=unsteady, broken=broken)
    assert code == 1
    assert "to be mended" not in said


def test_what_cannot_run_is_not_run_again(tmp_path: Path) -> None:
    """Such as options that nobody knows."""
    (tmp_path / "test_suite.py").write_text("")
    assert again.run(["--no-such-option", str(tmp_path)]) == 4
