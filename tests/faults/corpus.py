"""Reads the cases of tests/corpus, whose README says how they are written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "corpus"

Case = dict[str, Any]


def cases(name: str) -> list[Case]:
    """Return the cases of one file."""
    found: list[Case] = json.loads((FOLDER / f"{name}.json").read_text())
    names = [case["name"] for case in found]
    assert len(set(names)) == len(names), "expected each case to have a name of its own"
    return found


def made(value: Any, known: dict[str, Any]) -> Any:
    """Return a case's value: what begins with `=` is worked out."""
    if isinstance(value, str) and value.startswith("="):
        return eval(value[1:], {**known})
    if isinstance(value, dict):
        return {key: made(one, known) for key, one in value.items()}
    return value


def one_of(wanted: Any, server: str) -> list[Any]:
    """Return the answers that are right under a server."""
    if isinstance(wanted, dict):
        wanted = wanted[server]
    return wanted if isinstance(wanted, list) else [wanted]
