"""What one progress call costs its task, and whether it touches the network."""

from __future__ import annotations

import socket
import statistics
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.bench.house import running_job
from tests.bench.table import Promise, Row, Table, spoken
from tests.bench.timing import in_turns

CEILING = 1.0
"""Microseconds for a call of ours."""
SENDS = ("send", "sendall", "sendto", "sendmsg")

Call = Callable[[int], object]


def run(*, quick: bool) -> list[Table]:
    """Compare our calls with what tasks otherwise call to report."""
    turns = 8 if quick else 25
    with running_job():
        ours = _measured(_ours(), calls=20_000, turns=turns)
    peers = _measured(_peers(), calls=20, turns=turns)
    return [_table(ours, peers)]


def _ours() -> dict[str, Call]:
    from realtime import progress

    return {
        "progress.update(current=…)": lambda n: progress.update(current=n),
        "progress.advance()": lambda _: progress.advance(),
        "progress.update(…, message=…)": lambda n: progress.update(n, message="at it"),
    }


def _peers() -> dict[str, Call]:
    from asgiref.sync import async_to_sync
    from celery_progress.backend import ProgressRecorder
    from celery_progress.websockets.backend import WebSocketProgressRecorder
    from channels.layers import channel_layers

    from tests.bench.jobs import nothing
    from tests.bench.worker import app

    app.set_default()
    nothing.push_request(id=str(uuid.uuid4()))  # type: ignore[call-arg]
    backend, websocket = ProgressRecorder(nothing), WebSocketProgressRecorder(nothing)
    event = {"type": "progress", "current": 1, "total": 100}

    def group_send(alias: str) -> Call:
        return lambda _: async_to_sync(channel_layers[alias].group_send)("job", event)

    return {
        "celery-progress to the result backend": lambda n: backend.set_progress(n, 1_000),
        "celery-progress to WebSocket": lambda n: websocket.set_progress(n, 1_000),
        "Celery's update_state": lambda n: nothing.update_state(state="PROGRESS", meta={"n": n}),
        "async_to_sync(group_send), core layer": group_send("core"),
        "async_to_sync(group_send), pubsub layer": group_send("pubsub"),
    }


def _measured(ways: dict[str, Call], *, calls: int, turns: int) -> dict[str, dict[str, float]]:
    taken = in_turns({name: _repeated(call, calls) for name, call in ways.items()}, turns)
    return {
        name: {
            "µs a call": statistics.median(times) / calls * 1e6,
            **_writes(_repeated(ways[name], calls), calls),
        }
        for name, times in taken.items()
    }


def _repeated(call: Call, calls: int) -> Callable[[], None]:
    def calling() -> None:
        for n in range(calls):
            call(n)

    return calling


def _writes(calling: Callable[[], None], calls: int) -> dict[str, float]:
    """Return how often a call writes to a socket, in its own thread and in those it waits for."""
    with _counted() as writes:
        calling()
    here = writes.pop(threading.current_thread().name, 0)
    # The reporter writes when it likes, whatever the task does: that is not the call's doing.
    writes.pop("headway-reporter", None)
    return {
        "writes in its thread": here / calls,
        "in others, waited for": sum(writes.values()) / calls,
    }


@contextmanager
def _counted() -> Iterator[Counter[str]]:
    """Count by thread what Python code sends over sockets; all clients here are Python's."""
    writes: Counter[str] = Counter()

    def counting(name: str) -> Any:
        plain = getattr(socket.socket, name)

        def send(self: socket.socket, *given: Any) -> Any:
            writes[threading.current_thread().name] += 1
            return plain(self, *given)

        return send

    for name in SENDS:
        setattr(socket.socket, name, counting(name))
    try:
        yield writes
    finally:
        for name in SENDS:
            delattr(socket.socket, name)


def _table(ours: dict[str, dict[str, float]], peers: dict[str, dict[str, float]]) -> Table:
    dearest = max(found["µs a call"] for found in ours.values())
    rows = [
        Row(name, _figures(found, dearest), _promises(name, found, peers))
        for name, found in (ours | peers).items()
    ]
    return Table(
        title="update: one progress call in a task, all on a real Redis, median of the turns",
        rows=rows,
        notes=("Writes are sends on sockets for each call, counted in Python's socket class.",),
    )


def _figures(found: dict[str, float], dearest: float) -> dict[str, float | None]:
    return {**found, "times our dearest": found["µs a call"] / dearest}


def _promises(
    name: str, found: dict[str, float], peers: dict[str, dict[str, float]]
) -> tuple[Promise, ...]:
    if name in peers:
        return ()
    cost, there = found["µs a call"], found["writes in its thread"]
    cheapest = min(peers, key=lambda peer: peers[peer]["µs a call"])
    return (
        Promise(
            text=f"`{name}` takes at most {CEILING:.0f} µs and writes nothing to the network",
            measured=f"{spoken(cost)} µs, {there:.0f} writes",
            beside=f"{cheapest} {spoken(peers[cheapest]['µs a call'])} µs",
            kept=cost <= CEILING and there + found["in others, waited for"] == 0,
        ),
    )
