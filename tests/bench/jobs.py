"""Tasks that the benches run in real workers."""

from __future__ import annotations

import os
import random
import struct
import time
from pathlib import Path

from celery import shared_task

from realtime import Cancelled, progress

SECOND = 1.0
"""What the work of a view takes."""

_tally: dict[str, int] = {}


@shared_task
def nothing(tally: str) -> None:
    """Do nothing but add the time to a file, which costs a microsecond or two."""
    if tally not in _tally:
        _tally[tally] = os.open(tally, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(_tally[tally], struct.pack("d", time.time()))


@shared_task
def irregular(gate: str, reports: int) -> None:
    """Once the gate opens, tell the time again and again, 300 to 600 ms apart."""
    while not Path(gate).exists():
        time.sleep(0.05)
    chance = random.Random(5)
    for number in range(1, reports + 1):
        time.sleep(chance.uniform(0.3, 0.6))
        progress.update(number, total=reports, message=f"{time.time():.6f}")
    time.sleep(0.5)


@shared_task
def endless(told: str, steps: int) -> None:
    """Step through a range again and again, until that is stopped; then tell when that was."""
    try:
        while True:
            for _ in progress.track(range(steps)):
                pass
    except Cancelled:
        Path(told).write_text(str(time.time()), encoding="utf-8")
        raise


@shared_task
def second() -> None:
    """Wait for others, as a mail server lets us wait."""
    time.sleep(SECOND)
