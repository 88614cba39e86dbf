"""Many jobs that run and report at an even rate, in a process of their own, as a worker has them.

`python -m tests.bench.running N` prints a line once so many jobs run. It then obeys each line of
JSON on its input: `{"rate": R, "seconds": S}` lets every job report R times a second for so long,
evenly spread, and answers how many reports were made, how many went out, and in how many seconds.
At the end of the input the jobs end.
"""

from __future__ import annotations

import json
import os
import sys
import time
import uuid
from functools import partial
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.bench.settings")
django.setup()

from realtime import progress  # noqa: E402  These need Django to be set up.
from realtime.publish import Change  # noqa: E402
from realtime.reporter import get_reporter  # noqa: E402
from realtime.running import RunningJob  # noqa: E402
from realtime.transition import Transition  # noqa: E402
from realtime.watched import Watched  # noqa: E402

TOTAL = 100_000
TURN = 0.01
"""Seconds between two handfuls of reports."""
ENDING = 60
"""Seconds for all to end."""


class Crew:
    """The jobs."""

    def __init__(self, count: int) -> None:
        """Begin them, each known to the store."""
        names = [f"shop.task{number % 10}" for number in range(count)]
        self._jobs = [
            RunningJob(id=str(uuid.uuid4()), name=name, title=f"Import {number}", worker="bench@1")
            for number, name in enumerate(names)
        ]
        reporter = get_reporter()
        self._watched = [reporter.watch(job) for job in self._jobs]
        self._done = 0
        begun = [reporter.put(Transition(partial(newest, one))) for one in self._watched]
        begun[-1].wait(ENDING)

    def report(self, rate: float, seconds: float) -> dict[str, float]:
        """Let every job report so many times a second, for a while."""
        begun, sent, before = time.monotonic(), 0, self._told()
        while (elapsed := time.monotonic() - begun) < seconds:
            due = int(elapsed * rate * len(self._jobs)) - sent
            for _ in range(due):
                self._report_next()
            sent += due
            time.sleep(TURN)
        taken = time.monotonic() - begun
        return {"reports": sent, "told": self._told() - before, "seconds": taken}

    def end(self) -> None:
        """Let all end."""
        reporter = get_reporter()
        last = [Transition(partial(newest, one), ends=one) for one in self._watched]
        for one in last:
            reporter.put(one)
        last[-1].wait(ENDING)
        reporter.close(ENDING)

    def _report_next(self) -> None:
        turn, at = divmod(self._done, len(self._jobs))
        token = progress.bound.set(self._jobs[at])
        progress.update((turn + 1) % TOTAL, total=TOTAL, message=f"row {turn}")
        progress.bound.reset(token)
        self._done += 1

    def _told(self) -> int:
        """Return how many states have gone out: each has raised its job's seq."""
        return sum(watched.known for watched in self._watched)


def newest(watched: Watched) -> Change:
    """Return the newest state of a job."""
    return watched.take(time.monotonic())


def main(count: int) -> None:
    """Run jobs until the input ends."""
    crew = Crew(count)
    say({"running": count})
    for line in sys.stdin:
        say(crew.report(**json.loads(line)))
    crew.end()


def say(answer: dict[str, Any]) -> None:
    """Print a line for who has started this process."""
    print(json.dumps(answer), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]))
