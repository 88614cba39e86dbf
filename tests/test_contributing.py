"""What CONTRIBUTING says of tests: each that it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NAMED = sorted(
    set(
        re.findall(
            r"`((?:tests|frontend)/[\w./-]+)::([^`]+)`", (ROOT / "CONTRIBUTING.md").read_text()
        )
    )
)
"""Path and name of each."""
TRAPS, NEEDS = 18, 22
"""Of the design: the traps, and the requirements A1 to A22."""


@pytest.mark.parametrize(("path", "name"), NAMED, ids=[name for _, name in NAMED])
def test_a_named_test_is_there(path: str, name: str) -> None:
    """In the file in which it is said to be."""
    text = (ROOT / path).read_text("utf-8")
    wanted = f"def {name}(" if path.endswith(".py") else f'"{name}"'
    assert wanted in text


def test_every_trap_and_need_has_its_row() -> None:
    """Each is numbered, and names a test or says whose affair it is."""
    page = (ROOT / "CONTRIBUTING.md").read_text()
    rows = re.findall(r"^\| (\d+|A\d+) \|.*\| (.+) \|$", page, re.MULTILINE)
    wanted = [str(n) for n in range(1, TRAPS + 1)] + [f"A{n}" for n in range(1, NEEDS + 1)]
    assert [number for number, _ in rows] == wanted
    assert all("::" in row or row.startswith("with ") for _, row in rows)
