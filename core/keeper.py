"""Outlives the supervisor by a moment: kills what a killed supervisor leaves behind.

Each child writes "+<its process group>" before it becomes its program, the supervisor writes "-"
when the group is gone. When the supervisor's end of the pipe closes, for whatever reason, the
groups that are left are killed. Unlike PR_SET_PDEATHSIG this reaches the children of children and
works on every Unix.
"""

import os
import signal
import sys
from contextlib import suppress


def main() -> None:
    """Read until the supervisor is gone, then kill."""
    groups: set[int] = set()
    for line in sys.stdin:
        change = groups.add if line.startswith("+") else groups.discard
        change(int(line[1:]))
    for group in groups:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
