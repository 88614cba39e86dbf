"""`manage.py watch` in a real pseudo-terminal, beside a real worker."""

from __future__ import annotations

import io
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

import realtime
from realtime.models import Job
from tests import tasks
from tests.processes import Child
from tests.services import RedisServer, wait_until
from tests.terminals import CTRL_C, terminal

pytestmark = pytest.mark.django_db(transaction=True)

WATCH = ("manage.py", "watch")


def ended(job: str) -> Any:
    """Return the status of a job that has ended, None before."""
    row = Job.objects.filter(pk=job, finished_at__isnull=False).first()
    return row and row.status


@pytest.mark.parametrize("columns", [80, 40])
def test_a_job_is_seen_to_its_end(threads_worker: Child, tmp_path: Path, columns: int) -> None:
    """Bar, numbers, message, stages, outcomes, log and files, in any width."""
    gate = tmp_path / "gate"
    job = tasks.shown.delay(str(gate)).id
    with terminal(*WATCH, job, columns=columns) as seen:
        seen.wait_for("Large ones", "q leaves", "31 / 100 pictures")
        title, bar, numbers, outcomes, message, *stages = seen.lines()[1:]
        assert seen.lines()[0] == "b.jpg: it is damaged"
        assert title == "Shown".ljust(columns - len("running")) + "running"
        assert bar.endswith(" %")
        assert len(bar) == columns
        assert numbers.startswith("31 / 100 pictures")
        assert outcomes == "32 ok · 1 failed"
        assert message == "Holidays \N{REPLACEMENT CHARACTER}31m/IMG_0031.jpg"
        assert [stage.split()[:2] for stage in stages] == [
            ["✓", "Read"],
            ["▸", "Resize"],
            ["▸", "Large"],
            ["Ctrl-C", "cancels"],
        ]
        assert stages[2] == "    ▸ Large ones".ljust(columns - len("31 %")) + "31 %"
        assert not seen.echoes()
        gate.touch()
        assert seen.code() == 0
        shown = seen.text()
        assert "succeeded with warnings" in shown
        assert "100 %" in shown.splitlines()[2]
        assert "↓ pictures.txt (12.1 KB)" in shown
        assert "q leaves" not in shown
        assert seen.echoes()
        assert b"\xc2\x9b" not in seen.raw
        assert seen.raw.rstrip().endswith(b"\x1b[?25h")  # The cursor is there again.


def test_two_presses_cancel_and_one_asks(threads_worker: Child, tmp_path: Path) -> None:
    """The job's end is waited for, and told by the exit code."""
    job = tasks.until_cancelled.delay(str(tmp_path / "gate")).id
    with terminal(*WATCH, job) as seen:
        seen.wait_for("q leaves", "%")
        seen.press(CTRL_C)
        seen.wait_for("Press Ctrl-C again to cancel the job.")
        assert ended(job) is None
        seen.press(CTRL_C)
        assert seen.code() == 3
        assert ended(job) == "cancelled"
        assert "cancelled" in seen.lines()[0]


def test_q_leaves_the_job_running(threads_worker: Child, tmp_path: Path) -> None:
    """Also after a press that asked."""
    gate = tmp_path / "gate"
    job = tasks.wait_silently.delay(str(gate)).id
    with terminal(*WATCH, job[:8]) as seen:
        seen.wait_for("running", "q leaves")
        seen.press(CTRL_C)
        seen.wait_for("Press Ctrl-C again")
        seen.press(b"q")
        assert seen.code() == 130
        assert seen.echoes()
    gate.touch()
    assert wait_until(lambda: ended(job), "the end") == "succeeded"


def test_the_bar_stands_while_redis_is_frozen_and_goes_on(
    threads_worker: Child, redis: RedisServer, tmp_path: Path
) -> None:
    """It says so, and needs nobody to start it again."""
    gate = tmp_path / "gate"
    job = tasks.count.delay(10, str(gate), 4).id
    with terminal(*WATCH, job) as seen:
        seen.wait_for("4 / 10 items", "at 4")
        redis.stop()
        try:
            seen.wait_for("Nothing is heard of it", "4 / 10 items", "at 4")
        finally:
            redis.cont()
        gate.touch()
        assert seen.code() == 0
        assert "100 %" in seen.text()


def test_the_list_shows_what_has_not_ended(
    threads_worker: Child, tmp_path: Path, ana: Any, ben: Any
) -> None:
    """Of everybody, or of one person; jobs come and go."""
    gates = [tmp_path / name for name in "ab"]
    for owner, gate in zip((ana, ben), gates, strict=True):
        title = f"Counts for {owner}"
        realtime.start(tasks.count, 10, str(gate), 5, title=title, owner=owner)
    with terminal(*WATCH) as seen, terminal(*WATCH, "--owner", "ana", columns=40) as hers:
        seen.wait_for("Counts for ana", "Counts for ben", "50 % running", "q leaves.")
        assert "Counts for ben" not in hers.wait_for("Counts for ana", "50 % running")
        gates[0].touch()
        hers.wait_for("No job is waiting or running.")
        assert "Counts for ben" in seen.text()
        gates[1].touch()
        seen.wait_for("No job is waiting or running.")
        seen.press(b"q")
        hers.press(CTRL_C)
        assert (seen.code(), hers.code()) == (0, 0)


def test_without_a_terminal_there_are_plain_lines(threads_worker: Child) -> None:
    """Without escapes; the end and the reason are told."""
    job, told = tasks.fail.delay("The file is empty.", public=True).id, io.StringIO()
    with pytest.raises(SystemExit) as left:
        call_command("watch", job, stdout=told)
    assert left.value.code == 1
    last = "Fail · failed · took 0 s · The file is empty.\n"
    assert told.getvalue() in {last, f"Fail · queued\n{last}", f"Fail · running\n{last}"}


def test_it_can_be_ended_in_good_order(threads_worker: Child, tmp_path: Path) -> None:
    """SIGTERM leaves the terminal as it was."""
    gate = tmp_path / "gate"
    job = tasks.wait_silently.delay(str(gate)).id
    with terminal(*WATCH, job) as seen:
        seen.wait_for("q leaves")
        seen.process.send_signal(signal.SIGTERM)
        assert seen.code() == 130
        assert seen.echoes()
    gate.touch()


@pytest.mark.parametrize("job", ["6f0e6f0e-0000-4000-8000-000000000000", "6f0e", "no job"])
def test_a_job_that_is_not_there_is_told(job: str) -> None:
    """By a code of its own."""
    with pytest.raises(CommandError, match=f"There is no job {job}") as refused:
        call_command("watch", job)
    assert refused.value.returncode == 2


def test_a_beginning_must_be_of_one_job() -> None:
    """Two are too many."""
    for last in "12":
        job = f"6f0e6f0e-0000-4000-8000-00000000000{last}"
        Job.objects.create(id=job, root=job, name="t", queued_at=timezone.now())
    with pytest.raises(CommandError, match="got: several"):
        call_command("watch", "6f0e")


def test_an_owner_must_be_there() -> None:
    """Else the list would be everybody's, or nobody's."""
    with pytest.raises(CommandError, match="There is no user zoe"):
        call_command("watch", owner="zoe")


def test_without_rich_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what works without."""
    monkeypatch.setitem(sys.modules, "realtime.terminal", None)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    with pytest.raises(CommandError, match=r"pip install django-headway\[terminal\]"):
        call_command("watch")
