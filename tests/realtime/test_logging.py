"""What is logged while a job runs is in the job's log; nothing that is logged can hurt the job."""

from __future__ import annotations

import logging
import threading
from contextvars import copy_context
from typing import Any

import pytest
from billiard.exceptions import SoftTimeLimitExceeded

from realtime import reading
from realtime.logging import JobHandler
from realtime.models import Job
from realtime.running import RunningJob
from tests import tasks
from tests.processes import Child
from tests.services import wait_until


@pytest.fixture
def logger() -> logging.Logger:
    """Return a library's logger, of which a handler of ours alone hears."""
    one = logging.Logger("library", logging.DEBUG)  # noqa: LOG001  pytest would hear it, too
    one.addHandler(JobHandler())
    return one


def lines(job: RunningJob) -> list[tuple[str, str]]:
    """Return levels and texts of a job's waiting lines."""
    return [(level, text) for _, level, text in job.lines]


def test_records_become_lines_with_their_levels(job: RunningJob, logger: logging.Logger) -> None:
    """A level between two is the lower one."""
    for level in (10, 20, 25, 30, 40, 55, 1):
        logger.log(level, "at %d", level)
    assert lines(job) == [
        ("debug", "at 10"),
        ("info", "at 20"),
        ("info", "at 25"),
        ("warning", "at 30"),
        ("error", "at 40"),
        ("critical", "at 55"),
    ]


def test_outside_a_job_nothing_happens(logger: logging.Logger) -> None:
    """Web processes may have the handler too."""
    logger.info("nobody hears")


def test_owners_are_told_no_traceback_unless_a_formatter_says_so(
    job: RunningJob, logger: logging.Logger
) -> None:
    """What stands in a traceback is for operators."""
    try:
        int("secret")
    except ValueError:
        logger.exception("It failed")
        logger.handlers[0].setFormatter(logging.Formatter("%(levelname)s %(message)s"))
        logger.exception("It failed")
    assert lines(job)[0] == ("error", "It failed")
    assert lines(job)[1][1].startswith("ERROR It failed\nTraceback")


class Odd:
    """An object that does something when it is spoken."""

    def __init__(self, act: Any) -> None:
        self._act = act

    def __str__(self) -> str:
        return str(self._act())


def test_what_cannot_be_formatted_is_left_out(job: RunningJob, logger: logging.Logger) -> None:
    """The job goes on; what is meant for the task reaches it."""

    def limit() -> None:
        raise SoftTimeLimitExceeded

    logger.info("%d", "no number")
    logger.info("%s", Odd(lambda: 1 / 0))
    with pytest.raises(SoftTimeLimitExceeded):
        logger.info("%s", Odd(limit))
    logger.info("still there")
    assert lines(job) == [("info", "still there")]


def test_what_logs_while_it_is_logged_does_so_once(job: RunningJob, logger: logging.Logger) -> None:
    """No recursion."""

    def log() -> str:
        logger.info("inner")
        return "outer"

    logger.info("%s", Odd(log))
    assert lines(job) == [("info", "outer")]


def test_what_the_service_logs_of_itself_is_no_line(job: RunningJob) -> None:
    """It is for operators."""
    handler = JobHandler()
    for name in ("realtime", "realtime.more", "realtimes"):
        handler.handle(logging.makeLogRecord({"name": name, "msg": name, "levelno": 20}))
    assert lines(job) == [("info", "realtimes")]


def test_a_thread_belongs_to_a_job_in_a_copy_of_its_context(
    job: RunningJob, logger: logging.Logger
) -> None:
    """Else nobody could tell whose it is."""
    context = copy_context()

    def in_context(text: str) -> None:
        context.run(logger.info, text)

    for call in (logger.info, in_context):
        thread = threading.Thread(target=call, args=("from a thread",))
        thread.start()
        thread.join()
    assert lines(job) == [("info", "from a thread")]


@pytest.mark.django_db(transaction=True)
def test_a_library_s_records_reach_the_log_of_a_real_job(threads_worker: Child) -> None:
    """Two jobs that log at the same time have their own lines."""
    jobs = [tasks.log_with_a_library.delay(name).id for name in ("one", "two")]
    for job, name in zip(jobs, ("one", "two"), strict=True):
        row = Job.objects.filter(pk=job, status="succeeded")
        wait_until(row.exists, "the end")
        found = reading.log(job, 0).lines
        assert [line["text"] for line in found] == [f"hello from {name}", f"goodbye, {name}"]
