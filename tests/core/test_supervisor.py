"""The supervisor with programs of one line, where a story needs no whole service."""

import asyncio
import io
import json
import sys
from pathlib import Path
from signal import SIGQUIT, SIGTERM

import psutil
import pytest

from core.console import Console
from core.supervisor import GaveUp, Program, Supervisor
from tests.services import wait_until


def python(name: str, source: str, **options: object) -> Program:
    """Return a program of a few lines."""
    return Program(name, (sys.executable, "-u", "-c", source), **options)  # type: ignore[arg-type]


@pytest.fixture
def console() -> Console:
    """Write to memory."""
    return Console(stream=io.StringIO())


def said(console: Console) -> str:
    """Return what was written."""
    assert isinstance(console.stream, io.StringIO)
    return console.stream.getvalue()


async def until_said(console: Console, text: str, times: int = 1) -> None:
    """Wait until something was written."""
    while said(console).count(text) < times:
        await asyncio.sleep(0.01)


async def test_gives_up_on_a_program_that_never_gets_going(console: Console) -> None:
    """After three deaths the reason is what it said last."""
    with pytest.raises(GaveUp, match=r"(?s)web ended with exit code 3.*no such table"):
        async with Supervisor(console, {}) as house:
            house.start(python("web", "print('no such table'); exit(3)"))
            await house.until(asyncio.Event().wait())


async def test_a_program_that_runs_once_must_end_well(console: Console) -> None:
    """Otherwise nothing after it is started."""
    with pytest.raises(GaveUp, match="migrate ended with exit code 1"):
        async with Supervisor(console, {}) as house:
            await house.run(python("migrate", "exit(1)"))


async def test_a_program_that_is_not_there_is_said(console: Console) -> None:
    """A wrong path ends the start at once."""
    with pytest.raises(GaveUp, match=r"redis cannot be run: .*No such file"):
        async with Supervisor(console, {}) as house:
            house.start(Program("redis", ("/nonexistent/redis-server",)))
            await house.until(asyncio.Event().wait())


async def test_ends_by_rank_each_with_its_own_signals(console: Console) -> None:
    """What others need ends last; who does not listen is asked more firmly."""
    deaf = "import signal, time; signal.signal(signal.SIGTERM, lambda *_: print('not yet'));"
    async with Supervisor(console, {}) as house:
        house.start(
            python("redis", "import time; print('up'); time.sleep(60)"),
            python(
                "worker",
                f"{deaf} print('up'); [time.sleep(1) for _ in range(60)]",
                rank=1,
                stops=((SIGTERM, 0.2), (SIGQUIT, 30.0)),
            ),
        )
        await house.until(until_said(console, "up", times=2))
        processes = {child.program.name: child.process for child in house._children}

    codes = {name: process.returncode for name, process in processes.items() if process}
    assert codes == {"redis": -SIGTERM, "worker": -SIGQUIT}
    assert "not yet" in said(console)


async def test_no_child_of_a_child_outlives_it(console: Console) -> None:
    """A worker's processes go with the worker, also when it is killed."""
    source = "import subprocess, time; print(subprocess.Popen(['sleep', '60']).pid); time.sleep(60)"
    async with Supervisor(console, {}) as house:
        house.start(python("worker", source))
        await house.until(until_said(console, "\n"))
        grandchild = psutil.Process(int(said(console).split("|")[1]))

    wait_until(lambda: not grandchild.is_running(), "the grandchild to be gone")


async def test_what_a_program_reads_and_the_last_line_without_an_end(console: Console) -> None:
    """Configuration comes by standard input; no output is lost."""
    async with Supervisor(console, {"COLOUR": "blue"}) as house:
        source = "import os, sys; sys.stdout.write(sys.stdin.read() + os.environ['COLOUR'])"
        await house.run(python("echo", source, stdin="paint it "))
        await house.until(until_said(console, "paint it blue"))


def test_lines_for_machines_are_json_with_the_process(tmp_path: Path) -> None:
    """Lines that are JSON already keep what they hold, others are wrapped."""
    console = Console(as_json=True, stream=io.StringIO())
    console.write("web", '{"level": "error", "text": "no"}')
    console.write("redis", "Ready to accept connections")

    web, redis = map(json.loads, said(console).splitlines())
    assert (web["process"], web["level"], web["text"]) == ("web", "error", "no")
    assert (redis["process"], redis["text"]) == ("redis", "Ready to accept connections")
