"""How soon a view answers that has a second's work: done before, awaited, or handed on.

One caller after the other, and a hundred at the same moment, each on a new connection, signed in.
The views are the service's, behind all its middleware. The worker has a thread for each job.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import psutil

from tests.bench.house import person
from tests.bench.jobs import SECOND
from tests.bench.table import Promise, Row, Table
from tests.bench.timing import percentile
from tests.processes import Child, child, web_server
from tests.services import wait_until

SERVERS = ("daphne", "uvicorn")
WAYS = {
    "nothing": "nothing to do",
    "sync": "a sync view",
    "waits": "an async view that waits",
    "background": "handed to realtime.background",
    "celery": "handed to Celery",
}
CALLERS = 100
SOON = 0.1
"""Seconds within which who hands work on answers."""
SETTINGS = {
    "ROOT_URLCONF": "tests.bench.answering",
    # As in production: in development each request looks whether it asks for a static file.
    "WHITENOISE_AUTOREFRESH": False,
    "WHITENOISE_USE_FINDERS": False,
}
MORE: dict[str, Any] = {
    "DJANGO_SETTINGS_MODULE": "tests.bench.settings",
    "CELERY_MORE": json.dumps(SETTINGS),
}


@dataclass
class Times:
    """Seconds that answers took, and what each cost its server."""

    alone: list[float] = field(default_factory=list)
    together: list[float] = field(default_factory=list)
    cpu: float = 0.0


def run(*, quick: bool) -> list[Table]:
    """Ask each way in turn, round by round, so that what disturbs the machine meets all alike."""
    rounds = 1 if quick else 4
    from tests.sockets import sign_in

    cookie, tables = sign_in(person("ana")), []
    with _worker():
        for server in SERVERS:
            with web_server(server, "tests.bench.answering:application", **MORE) as web:
                found = _measured(web, cookie, rounds)
            tables.append(_table(server, found, rounds))
    return tables


@contextmanager
def _worker() -> Iterator[None]:
    command = ("celery", "-A", "tests.bench.worker", "worker", "-P", "threads", "-c", str(CALLERS))
    lean = ("-n", "answer@bench", "-l", "INFO", "--without-gossip", "--without-mingle")
    more = {"DJANGO_SETTINGS_MODULE": "tests.bench.settings"}
    with child(sys.executable, "-m", *command, *lean, port=0, files=(), **more) as one:
        wait_until(lambda: " ready." in one.printed(), "the worker to be ready", seconds=60)
        yield


def _measured(web: Child, cookie: str, rounds: int) -> dict[str, Times]:
    found = {way: Times() for way in WAYS}
    process = psutil.Process(web.pid)
    for way in WAYS:
        asyncio.run(_ask(web.port, way, cookie))
    for _ in range(rounds):
        for way, times in found.items():
            for _ in range(3):
                times.alone.append(asyncio.run(_ask(web.port, way, cookie)))
            _all_ended()
            before = sum(process.cpu_times()[:2])
            times.together += asyncio.run(_ask_together(web.port, way, cookie))
            _all_ended()
            times.cpu += sum(process.cpu_times()[:2]) - before
    return found


async def _ask_together(port: int, way: str, cookie: str) -> list[float]:
    return await asyncio.gather(*(_ask(port, way, cookie) for _ in range(CALLERS)))


async def _ask(port: int, way: str, cookie: str) -> float:
    """Return the seconds from the call to the end of the answer."""
    begun = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"POST /ways/{way} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n"
        "Content-Length: 0\r\nConnection: close\r\n\r\n".encode()
    )
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 200"), answer[:200]
    return time.perf_counter() - begun


def _all_ended() -> None:
    """Wait until no job of a round is left to disturb the next one."""
    from realtime.models import Job

    left = Job.objects.filter(finished_at=None)
    wait_until(lambda: not left.exists(), "all jobs to end", seconds=30)


def _table(server: str, found: dict[str, Times], rounds: int) -> Table:
    title = f"answer: {SECOND:.0f} s of work, {server}, {rounds} times {CALLERS} callers at once"
    rows = [Row(WAYS[way], _figures(times)) for way, times in found.items()]
    return Table(
        title=title, rows=[*rows[:-1], replace(rows[-1], promises=_promise(server, found))]
    )


def _figures(times: Times) -> dict[str, float | None]:
    return {
        "1 caller ms": percentile(times.alone, 0.5) * 1000,
        "worst ms": max(times.alone) * 1000,
        f"{CALLERS} callers ms": percentile(times.together, 0.5) * 1000,
        "p99 ms": percentile(times.together, 0.99) * 1000,
        "CPU ms": times.cpu * 1000 / len(times.together),
    }


def _promise(server: str, found: dict[str, Times]) -> tuple[Promise, ...]:
    """Return the promise, of one caller alone: a hundred at once wait for the processor first."""
    slowest = max(percentile(found[way].alone, 0.5) for way in ("background", "celery"))
    return (
        Promise(
            text=f"handed on, {SECOND:.0f} s of work is answered within {SOON * 1000:.0f} ms "
            f"({server})",
            measured=f"{slowest * 1000:.0f} ms",
            kept=slowest < SOON,
        ),
    )
