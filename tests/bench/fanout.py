"""One job's reports to many viewers through one server process: how late, and at what price."""

from __future__ import annotations

import json
import select
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import msgpack  # type: ignore[import-untyped]
import psutil
import redis
from django.conf import settings

from tests.bench.house import person, running_job
from tests.bench.table import Promise, Row, Table, spoken
from tests.bench.viewers import Crowd, Seen
from tests.processes import ROOT, Child, child
from tests.services import free_port, wait_until

VIEWERS, SECONDS, RATE = 500, 8, 10
"""How many watch, how long, and the reports a second."""
PATIENCE = 12
"""Seconds that viewers wait for the last report after it was made."""
PEOPLE = 50
"""Persons who share the sockets out among them."""
CEILING = 0.15
"""Seconds within which 99 of 100 deliveries arrive."""
SHARE = 1.2
"""How much CPU a delivery may take, in Socket.IO's."""
SOCKETIO = Path(__file__).parent / "peers" / "socketio"

Say = Callable[[int, str], None]
"""Make a report: its number and its message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What one way has shown."""

    seen: Seen
    """By the viewers."""
    reports: int
    """How many were made."""
    cpu: float
    """Seconds of CPU of the server."""
    memory: float
    """Bytes for each socket."""

    def figures(self) -> dict[str, float | None]:
        """Return what the table shows."""
        seen = self.seen
        return {
            "p50 ms": seen.p50 * 1000,
            "p99 ms": seen.p99 * 1000,
            "CPU µs each": self.each * 1e6,
            "KB a socket": self.memory / 1000,
            "deliveries": seen.deliveries,
            "of all reports": seen.deliveries / self.reports / VIEWERS,
            "without the last": VIEWERS - seen.finished,
            "viewers' CPU s": seen.cpu,
        }

    @property
    def each(self) -> float:
        """Seconds of the server's CPU for a delivery."""
        return self.cpu / max(self.seen.deliveries, 1)


def run(*, quick: bool) -> list[Table]:
    """Measure every way; those for which something is promised take turns."""
    seconds = 3 if quick else SECONDS
    shown: dict[str, list[Shown]] = {}

    def show(name: str, way: Callable[[int], Shown]) -> None:
        shown.setdefault(name, []).append(way(seconds))

    for _ in range(1 if quick else 5):
        show("Headway on uvicorn", partial(_headway, "uvicorn"))
        if shutil.which("node"):
            show("Socket.IO on Node", _socketio)
        show("Headway on Daphne", partial(_headway, "daphne"))
    for server, layer in product(("daphne", "uvicorn"), ("core", "pubsub")):
        show(f"tutorial on {server}, {layer} layer", partial(_tutorial, server, layer))
    return [_table({name: _median(some) for name, some in shown.items()}, seconds)]


# Ours


def _headway(server: str, seconds: int) -> Shown:
    cookies, owner = _signed_in()
    with _asgi(server, "core.asgi:application") as web, _job(owner) as (job, say):
        crowd = Crowd(
            port=web.port,
            path="/headway/ws",
            viewers=VIEWERS,
            headers=[
                [f"Cookie: {one}", f"Origin: {web.url}", "Sec-WebSocket-Protocol: headway.v1"]
                for one in cookies
            ],
            hello=[json.dumps({"type": "watch", "topics": {f"job:{job}": {}}})],
            ready='{"type":"watching"',
            data='{"type":"jobs"',
            acks=96,  # As the browser does: three quarters of a window.
        )
        return _measured(web, crowd, say, seconds)


def _signed_in() -> tuple[list[str], str]:
    """Return cookies of people who may see every job, and the id of the job's owner."""
    from tests.sockets import sign_in

    people = [person(f"viewer{n}", is_superuser=True) for n in range(PEOPLE)]
    return [sign_in(one) for one in people], str(people[0].pk)


@contextmanager
def _job(owner: str) -> Iterator[tuple[str, Say]]:
    """Run a job whose reports go the whole way: memory, reporter, store, layer."""
    from realtime import progress
    from realtime.states import read_one

    with running_job(owner=owner) as job:
        wait_until(lambda: read_one(job.id), "the job to be known")
        yield job.id, lambda n, text: progress.update(n, total=SECONDS * RATE, message=text)


# The peers


def _tutorial(server: str, layer: str, seconds: int) -> Shown:
    from asgiref.sync import async_to_sync
    from channels.layers import channel_layers

    def say(number: int, text: str) -> None:
        event = {"type": "progress", "state": _state(number, text)}
        async_to_sync(channel_layers[layer].group_send)("job", event)

    application = "tests.bench.peers.tutorial:application"
    with _asgi(server, application, BENCH_LAYER=layer) as web:
        crowd = _plain_crowd(web.port, path="/job", ready="", hello=[], data="{")
        return _measured(web, crowd, say, seconds)


def _socketio(seconds: int) -> Shown:
    _install_socketio()
    port = free_port()
    client = redis.Redis.from_url(settings.REDIS_URL)

    def say(number: int, text: str) -> None:
        # As @socket.io/redis-emitter does it.
        packet = {"type": 2, "data": ["progress", _state(number, text)], "nsp": "/"}
        options = {"rooms": ["job"], "except": [], "flags": {}}
        client.publish("socket.io#/#job#", msgpack.packb(["bench", packet, options]))

    command = (str(shutil.which("node")), str(SOCKETIO / "server.mjs"))
    with client, _listening(child(*command, str(port), settings.REDIS_URL, port=port)) as web:
        crowd = _plain_crowd(
            port,
            path="/socket.io/?EIO=4&transport=websocket",
            hello=["40"],
            ready="40{",
            data="42",
            echoes=("2", "3"),
        )
        return _measured(web, crowd, say, seconds)


def _install_socketio() -> None:
    if (SOCKETIO / "node_modules" / ".package-lock.json").exists():
        return
    command = [
        str(ROOT / "scripts" / "with-node"),
        "npm",
        "ci",
        "--no-audit",
        "--no-fund",
        "--silent",
    ]
    subprocess.run(command, cwd=SOCKETIO, check=True, capture_output=True, timeout=120)


def _plain_crowd(port: int, **more: Any) -> Crowd:
    return Crowd(port=port, viewers=VIEWERS, headers=[[f"Origin: http://127.0.0.1:{port}"]], **more)


def _state(number: int, text: str) -> dict[str, Any]:
    """Return what ours would send, so that all carry the same."""
    from realtime.events import JobState, timestamp

    state = JobState(
        id="6f0e2d3c-0000-4000-8000-000000000000",
        name="bench",
        title="Bench",
        status="running",
        current=number,
        total=SECONDS * RATE,
        fraction=round(number / SECONDS / RATE, 4),
        message=text,
        root="6f0e2d3c-0000-4000-8000-000000000000",
        updated_at=timestamp(),
        heard_at=timestamp(),
    )
    return {**asdict(state), "seq": number, "log": 0, "actions": ["cancel"]}


# Servers and viewers


@contextmanager
def _asgi(server: str, application: str, **more: Any) -> Iterator[Child]:
    port = free_port()
    options = {
        "daphne": ("-b", "127.0.0.1", "-p", str(port)),
        "uvicorn": (
            *("--host", "127.0.0.1", "--port", str(port), "--lifespan", "off"),
            *("--ws-per-message-deflate", "false", "--timeout-graceful-shutdown", "2"),
            *("--log-level", "warning"),
        ),
    }
    more["DJANGO_SETTINGS_MODULE"] = "tests.bench.settings"
    command = (sys.executable, "-m", server, *options[server], application)
    with _listening(child(*command, port=port, **more)) as web:
        yield web


@contextmanager
def _listening(starting: Any) -> Iterator[Child]:
    with starting as web:
        wait_until(lambda: _listens(web), "the server to listen", seconds=30)
        yield web


def _listens(web: Child) -> bool:
    assert web.process.poll() is None, web.printed()
    with suppress(OSError), socket.create_connection(("127.0.0.1", web.port), timeout=1):
        return True
    return False


def _measured(web: Child, crowd: Crowd, say: Say, seconds: int) -> Shown:
    server = psutil.Process(web.pid)
    empty = server.memory_info().rss
    with crowded(crowd) as viewers:
        assert viewers.stdout is not None
        line = viewers.stdout.readline()
        assert line == "ready\n", line + web.printed()[-2000:]
        time.sleep(0.5)
        memory = (server.memory_info().rss - empty) / crowd.viewers
        before = cpu(server)
        reports = _make_reports(say, seconds)
        seen = _seen(viewers)
        return Shown(seen=seen, reports=reports, cpu=cpu(server) - before, memory=memory)


@contextmanager
def crowded(crowd: Crowd) -> Iterator[subprocess.Popen[str]]:
    """Let viewers come, in a process of their own; they go at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.viewers"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdin is not None
        process.stdin.write(json.dumps(asdict(crowd)) + "\n")
        process.stdin.flush()
        yield process
    finally:
        process.kill()
        process.wait()


def _make_reports(say: Say, seconds: int) -> int:
    """Report at an even rate; the message is the time, the last one ends with `!`."""
    reports = seconds * RATE
    begun = time.monotonic()
    for number in range(1, reports + 1):
        time.sleep(max(begun + number / RATE - time.monotonic(), 0))
        say(number, f"{time.time():.6f}{'!' if number == reports else ''}")
    return reports


def _seen(viewers: subprocess.Popen[str]) -> Seen:
    assert viewers.stdin is not None
    assert viewers.stdout is not None
    # Without an answer in time they are told to stop and to tell what they have.
    select.select([viewers.stdout], [], [], PATIENCE)
    viewers.stdin.close()
    return Seen(**json.loads(viewers.stdout.readline()))


def cpu(server: psutil.Process) -> float:
    """Return the seconds of CPU that a process has taken."""
    return float(sum(server.cpu_times()[:2]))


# The table


def _median(some: list[Shown]) -> Shown:
    """Return the round whose CPU is in the middle."""
    middle = statistics.median_low(one.each for one in some)
    return next(one for one in some if one.each == middle)


def _table(shown: dict[str, Shown], seconds: int) -> Table:
    rows = [Row(name, one.figures(), _promises(name, one, shown)) for name, one in shown.items()]
    return Table(
        title=f"fanout: {VIEWERS} viewers of one job, {RATE} reports a second for {seconds} s, "
        "one server process",
        rows=rows,
        notes=(
            "Headway leaves out a report when a newer one comes before its turn.",
            "A peer's missing reports are lost.",
        ),
    )


def _promises(name: str, one: Shown, shown: dict[str, Shown]) -> tuple[Promise, ...]:
    if name == "Headway on Daphne":
        return (_in_time(one, shown["tutorial on daphne, core layer"]),)
    if name == "Headway on uvicorn" and "Socket.IO on Node" in shown:
        return (_cheap(one, shown["Socket.IO on Node"]),)
    return ()


def _in_time(ours: Shown, theirs: Shown) -> Promise:
    return Promise(
        text=f"{VIEWERS} viewers on Daphne: 99 of 100 deliveries within {CEILING * 1000:.0f} ms",
        measured=f"{ours.seen.p99 * 1000:.0f} ms",
        beside=f"every socket in the group: {theirs.seen.p99 * 1000:,.0f} ms",
        kept=ours.seen.p99 <= CEILING and ours.seen.finished == VIEWERS,
    )


def _cheap(ours: Shown, theirs: Shown) -> Promise:
    return Promise(
        text=f"{VIEWERS} viewers on uvicorn: a delivery takes at most {SHARE} of Socket.IO's CPU",
        measured=f"{spoken(ours.each * 1e6)} µs",
        beside=f"Socket.IO {spoken(theirs.each * 1e6)} µs",
        kept=ours.each <= SHARE * theirs.each,
    )
