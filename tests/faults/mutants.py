"""`python -m tests.faults.mutants` takes out each mechanism in turn, and sees its test fail.

Exits with 1 when a mechanism can be taken out unnoticed, or its test fails with it too.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from tests.faults.lanes import FOLDER, Lap, beside, lap, say
from tests.faults.sabotage import MECHANISMS, NAME
from tests.faults.table import RESULTS

NOTICED = "fails"


def _try(name: str, sabotage: str = "") -> Lap:
    test = MECHANISMS[name].test
    return lap(test, f"{FOLDER}/{test}", **{"FAULTS": "all", NAME: sabotage, RESULTS: os.devnull})


def _verdict(name: str) -> str:
    whole, without = _try(name), _try(name, name)
    if not (whole.tried and without.tried):
        return f"CANNOT BE TRIED: mend it\n{whole.said[-1000:]}\n{without.said[-1000:]}"
    if not whole.passed:
        return f"FAILS WITH IT TOO: says nothing\n{whole.said[-1000:]}"
    return "PASSES: a promise can rot" if without.passed else NOTICED


def _row(name: str) -> bool:
    verdict = _verdict(name)
    say(f"without {name:16} {MECHANISMS[name].test:78} {verdict}")
    return verdict == NOTICED


def _rows(names: list[str]) -> Iterator[bool]:
    """Try those whose tests wait beside each other, then the others."""
    yield from beside(_row, [name for name in names if not MECHANISMS[name].alone])
    yield from (_row(name) for name in names if MECHANISMS[name].alone)


def main(chosen: list[str]) -> int:
    """Try those that are chosen, all when none is."""
    return 0 if min(list(_rows(chosen or list(MECHANISMS)))) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
