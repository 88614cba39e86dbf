"""The log of an ended job in SQL, in compressed parts: for when Redis has forgotten it."""

from __future__ import annotations

import gzip
import json
from itertools import takewhile
from typing import Any

from realtime.models import LogPart
from realtime.store import LINES_PER_READ, Lines, numbered

PARTS_PER_READ = 3
"""As many as the lines of one read can be spread over."""


def packed(job: str, lines: list[dict[str, Any]]) -> LogPart:
    """Return a row with these lines, of which there is one at least; it is not written yet."""
    told = "\n".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) for line in lines)
    data = gzip.compress(told.encode(), compresslevel=6, mtime=0)
    return LogPart(job_id=job, first=lines[0]["n"], last=lines[-1]["n"], data=data)


def last(job: str, told: tuple[str, ...], log: int) -> LogPart:
    """Return a row with the last lines of a log of `log` lines, as they were to be told."""
    return packed(job, numbered(list(told), log - len(told), 0).lines)


def read(job: str, after: int, limit: int = LINES_PER_READ) -> Lines:
    """Return the kept lines that follow line `after`, up to the next one that is not kept."""
    parts = LogPart.objects.filter(job_id=job, last__gt=after).order_by("first")[:PARTS_PER_READ]
    # Parts may overlap: the last lines may be kept by their worker, and then with all others.
    found = {line["n"]: line for part in parts for line in _unpacked(part) if line["n"] > after}
    if not found:
        return Lines(lines=[], lost=0)
    first = min(found)
    numbers = takewhile(found.__contains__, range(first, first + limit))
    return Lines(lines=[found[number] for number in numbers], lost=first - 1 - after)


def _unpacked(part: LogPart) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(bytes(part.data)).decode().split("\n")]
