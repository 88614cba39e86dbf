"""A stand-in server that feeds a page of bars, in a process of its own.

`python -m tests.bench.feed N` prints the addresses of a page with N bars and of one without, and
then obeys each line of JSON on its input: `{"rate": R, "seconds": S}` changes every job R times a
second, batched as the hub does it; `{"rounds": N}` changes every job N times, as fast as can be. It
answers how many states were sent, in how many seconds, and the last job's seq.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from tests.browser.double import Double

BATCH = 0.05
"""Seconds between two batches, as of the hub."""
TOTAL = 100_000
CONTRACT = Path(__file__).parents[1] / "contract" / "frames.json"


def example() -> dict[str, Any]:
    """Return a running job's state as the contract has it."""
    for case in json.loads(CONTRACT.read_text("utf-8"))["server"]["valid"]:
        for state in case["frame"].get("jobs", ()):
            if state["status"] == "running" and not state["stages"]:
                return dict(state)
    message = "expected the contract to have a running job without stages"
    raise LookupError(message)


class Job:
    """One job, and its states as text: to encode them must cost little beside the page."""

    def __init__(self, number: int) -> None:
        """Begin with its first state."""
        self.id = job = f"{number:08}-0000-4000-8000-000000000000"
        about = {"id": job, "root": job, "title": f"Pictures {number}", "total": TOTAL}
        self.state = {**example(), **about, "seq": 1, "current": 0, "fraction": 0, "message": ""}
        moving = ("seq", "current", "fraction", "message")
        still = {name: value for name, value in self.state.items() if name not in moving}
        self._rest = json.dumps(still)[1:]
        self.seq = 1

    def next(self) -> str:
        """Return its next state."""
        self.seq += 1
        done = self.seq % TOTAL
        moved = f'"seq":{self.seq},"current":{done},"fraction":{done / TOTAL}'
        return f'{{{moved},"message":"IMG_{done}.jpg",{self._rest}'


class Feed:
    """The server and its jobs."""

    def __init__(self, count: int) -> None:
        """Serve the two pages."""
        self.double = Double()
        self.jobs = [Job(number) for number in range(count)]
        self.double.states = {job.id: job.state for job in self.jobs}
        bars = "".join(f'<job-progress job="{job}"></job-progress>' for job in self.double.states)
        self.pages = {"bars": self.double.page(bars), "none": self.double.page("")}

    def paced(self, rate: float, seconds: float) -> int:
        """Change every job so many times a second, for a while."""
        begun, sent, at = time.monotonic(), 0, 0
        while (elapsed := time.monotonic() - begun) < seconds:
            due = int(elapsed * rate * len(self.jobs)) - sent
            self._send(at, due)
            at, sent = (at + due) % len(self.jobs), sent + due
            time.sleep(BATCH)
        return sent

    def rounds(self, count: int) -> int:
        """Change every job so many times."""
        for _ in range(count):
            self._send(0, len(self.jobs))
        return count * len(self.jobs)

    def _send(self, at: int, count: int) -> None:
        chosen = [self.jobs[(at + step) % len(self.jobs)] for step in range(count)]
        if chosen:
            text = ",".join(job.next() for job in chosen)
            (socket,) = self.double.sockets
            socket.send(f'{{"type":"jobs","jobs":[{text}]}}')


def main(count: int) -> None:
    """Serve until the input ends."""
    feed = Feed(count)
    say(feed.pages)
    for line in sys.stdin:
        asked, begun = json.loads(line), time.monotonic()
        sent = feed.rounds(asked["rounds"]) if "rounds" in asked else feed.paced(**asked)
        taken = time.monotonic() - begun
        say({"states": sent, "seconds": taken, "seq": feed.jobs[-1].seq})
    feed.double.stop()


def say(answer: dict[str, Any]) -> None:
    """Print a line for who has started this process."""
    print(json.dumps(answer), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]))
