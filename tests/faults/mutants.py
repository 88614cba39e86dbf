"""`python -m tests.faults.mutants` takes out each mechanism in turn, and sees its test fail.

Exits with 1 when a mechanism can be taken out unnoticed, or its test fails with it too.
"""

from __future__ import annotations

import os
import subprocess
import sys

from tests.faults.sabotage import MECHANISMS, NAME, Mechanism

NOTICED = "fails"


def _passes(test: str, sabotage: str = "") -> bool:
    environment = {**os.environ, NAME: sabotage, "FAULTS": "long"}
    command = [sys.executable, "-m", "pytest", "-q", f"tests/faults/{test}"]
    run = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert run.returncode in {0, 1}, run.stdout.decode()[-2000:]
    return run.returncode == 0


def _row(name: str, mechanism: Mechanism) -> bool:
    if not _passes(mechanism.test):
        verdict = "FAILS WITH IT TOO: says nothing"
    elif _passes(mechanism.test, name):
        verdict = "PASSES: a promise can rot"
    else:
        verdict = NOTICED
    _say(f"without {name:16} {mechanism.test:78} {verdict}")
    return verdict == NOTICED


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main(chosen: list[str]) -> int:
    """Try those that are chosen, all when none is."""
    names = chosen or list(MECHANISMS)
    return 0 if min([_row(name, MECHANISMS[name]) for name in names]) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
