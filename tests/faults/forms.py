"""The two forms of the suite: all of it in `make faults`, the essence of it in `make test`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def forms(short: Any, long: Any, *marks: pytest.MarkDecorator) -> list[Any]:
    """Return the two forms of a scenario: the long one is the short one with more of it."""
    return [
        pytest.param(short, marks=pytest.mark.short, id="short"),
        pytest.param(long, marks=[pytest.mark.long, *marks], id="long"),
    ]


def brief(cases: Iterable[Any], *kept: Any) -> list[Any]:
    """Return the cases of a test, of which `make test` runs only those that are `kept`."""
    return [case if case in kept else pytest.param(case, marks=pytest.mark.long) for case in cases]
