"""Each promise of the package is tried by a scenario that really breaks something."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

PROMISES = {
    "G1": "a viewer never sees a job go back",
    "G2": "once reports stop, every viewer shows what a fresh reader reads",
    "G3": "a job ends exactly once",
    "G4": "the end arrives",
    "G5": "no worker dies in silence",
    "G6": "each line of a log once, in order",
    "G7": "memory is bounded, whatever readers and tasks do",
    "G8": "no fault of ours makes a task fail or wait",
    "G9": "live jobs come back after Redis does",
    "G10": "a restart of the web process loses nothing",
    "G11": "nobody gets a byte of what they may not see",
    "G12": "nothing depends on clocks that agree",
    "G13": "an accepted job is run, or shown as lost",
    "G14": "nothing a task says can hurt",
}
"""By their numbers in the markers."""
EVERYTHING = "test_soak.py"
"""Tries nearly all at once: a promise that only it tries is not tried on purpose."""


def marked() -> Iterator[tuple[str, str, str]]:
    """Return each promise of each marker, with its file and its scenario."""
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for decorator in node.decorator_list:
                    for name in _promises(decorator):
                        yield name, path.name, node.name


def _promises(decorator: ast.expr) -> list[str]:
    if not isinstance(decorator, ast.Call) or ast.unparse(decorator.func) != "pytest.mark.promise":
        return []
    return [ast.literal_eval(name) for name in decorator.args]


def test_each_promise_has_a_scenario_of_its_own() -> None:
    """And no scenario claims one that nobody has given."""
    scenarios: dict[str, list[str]] = defaultdict(list)
    for name, file, scenario in marked():
        scenarios[name] += [scenario] if file != EVERYTHING else []
    assert set(scenarios) <= set(PROMISES)
    missing = {name: told for name, told in PROMISES.items() if not scenarios[name]}
    assert not missing
