"""Values that are JSON's own, and those that only look like it."""

from __future__ import annotations

import json
import uuid
from collections import OrderedDict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.plain import as_json

LEAVES = (
    st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(allow_nan=False)
)
VALUES = st.recursive(
    LEAVES | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_kept_is_what_was_given(value: Any) -> None:
    """As JSON it is read back equal, or it is not kept."""
    kept = as_json(value, 10_000)
    if kept is not None:
        assert json.loads(kept) == value
        assert "\\u0000" not in kept


class Liar(list[int]):
    """A list that never ends."""

    def __iter__(self) -> Any:
        """Go on for ever."""
        return iter(int, 1)


def endless() -> list[Any]:
    """Return a list that holds itself."""
    one: list[Any] = []
    one.append(one)
    return one


@pytest.mark.parametrize(
    "value",
    [
        Liar(),
        endless(),
        OrderedDict(a=1),
        {1: "a"},
        {"a": {"b": uuid.uuid4()}},
        float("nan"),
        [float("inf")],
        10**5_000,
        2**64,
        "a\x00b",
        "\ud800",
        {"\x00": 1},
        b"bytes",
        {1, 2},
        "x" * 10_000,
        [0] * 10_000,
        "\\" * 90,
    ],
    ids=lambda value: type(value).__name__,
)
def test_anything_else_is_not_kept(value: object) -> None:
    """What is no JSON, could not be stored, or is too large is told as such, without an error."""
    assert as_json(value, 100) is None
