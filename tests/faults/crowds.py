"""Crowds too large for the test's own process: what they are told, and what they tell."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from collections import Counter
from dataclasses import asdict, dataclass, replace

from tests.faults.pictures import Picture
from tests.processes import ROOT, environment

PROCESSES = 2
"""As many as this machine has cores; the server wants one of them."""
LONGEST = 2**26
"""Bytes of an answer."""
PATIENCE = 30.0
"""Seconds until an answer must be there."""

FILES = 8_192
"""Open files that a process of a scenario may want: many systems begin with 1,024."""


def make_room() -> None:
    """Let this process, and those that it starts, have that many files open."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if most == resource.RLIM_INFINITY else min(FILES, most)
    if now != resource.RLIM_INFINITY and now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Who comes."""

    port: int
    """Where the server is, on this machine."""
    cookie: str
    """The session that all of them have."""
    topics: list[str]
    """What each watches."""
    viewers: int
    """How many they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What a crowd shows."""

    live: int
    """Viewers whose socket was welcomed, and whose watches are confirmed."""
    welcomes: int
    """How often the viewer was welcomed who was welcomed least."""
    closes: dict[str, int]
    """How many sockets were closed with each code."""
    pictures: list[Picture]
    """What is shown."""
    broken: list[str]
    """Promises that were broken towards some of them, in words."""
    applied: int
    """States that were shown, all viewers together."""
    cpu: float
    """Seconds of CPU that the crowd took: it must not be the bottleneck."""

    @classmethod
    def read(cls, line: bytes) -> Sight:
        """Return what a line of JSON tells."""
        told = json.loads(line)
        return cls(**{**told, "pictures": [Picture(**one) for one in told["pictures"]]})

    def __add__(self, other: Sight) -> Sight:
        """Return what two crowds show together."""
        return Sight(
            live=self.live + other.live,
            welcomes=min(self.welcomes, other.welcomes),
            closes=dict(Counter(self.closes) + Counter(other.closes)),
            pictures=self.pictures + other.pictures,
            broken=self.broken + other.broken,
            applied=self.applied + other.applied,
            cpu=self.cpu + other.cpu,
        )


class FarCrowd:
    """A crowd in processes of its own."""

    def __init__(self, crowd: Crowd) -> None:
        """Prepare; `come` starts the processes."""
        self.topics = crowd.topics
        self.viewers = crowd.viewers
        self._crowd = crowd
        self._processes: list[asyncio.subprocess.Process] = []

    async def come(self) -> None:
        """Let all come at once."""
        share, rest = divmod(self.viewers, PROCESSES)
        for number in range(PROCESSES):
            part = replace(self._crowd, viewers=share + (number < rest))
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.faults.viewers", json.dumps(asdict(part))),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=LONGEST,
                cwd=ROOT,
                env=environment(),
            )
            self._processes.append(process)

    async def sight(self) -> Sight:
        """Return what all of them show."""
        first, *others = await asyncio.gather(*(_ask(one) for one in self._processes))
        for other in others:
            first += other
        return first

    async def leave(self) -> None:
        """Let all go for good."""
        for process in self._processes:
            assert process.stdin
            process.stdin.close()
        await asyncio.gather(*(process.wait() for process in self._processes))


async def _ask(process: asyncio.subprocess.Process) -> Sight:
    assert process.stdin
    assert process.stdout
    process.stdin.write(b"\n")
    async with asyncio.timeout(PATIENCE):
        return Sight.read(await process.stdout.readline())
