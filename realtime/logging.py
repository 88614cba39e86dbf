"""What a task's code and its libraries log, in the log of the job that runs them."""

from __future__ import annotations

import logging
from contextvars import ContextVar
from typing import Any

from realtime import progress
from realtime.cleaning import is_meant
from realtime.redaction import without_secrets

_writing: ContextVar[bool] = ContextVar("headway_logging", default=False)
"""Whether a line is being written here: what that logs itself would be written for ever."""
LONGEST = 10_000
"""Characters of a record that are looked at; a line has fewer."""
OWN = "realtime"
"""The logger of this package: what it says is for operators, who read the worker's output."""


class JobHandler(logging.Handler):
    """Adds each record to the log of the job that runs in its context; without one does nothing.

    Owners read this log. So it holds the messages alone, without secrets, and no tracebacks unless
    a formatter says otherwise. A thread that a task starts itself belongs to no job: run it in a
    copy of the context (`contextvars.copy_context().run`). Never raises; waits for no other thread.
    """

    def handle(self, record: logging.LogRecord) -> bool:
        """Add a record that the filters let through, without a lock: no job waits for another."""
        found: Any = self.filter(record)
        if found:
            self.emit(found if isinstance(found, logging.LogRecord) else record)
        return bool(found)

    def emit(self, record: logging.LogRecord) -> None:
        """Add a record to the log of the running job."""
        job = progress.current()
        if job is None or _writing.get() or _is_own(record.name):
            return
        token = _writing.set(True)
        try:
            job.log(without_secrets(self.format(record)[:LONGEST]), _level(record.levelno))
        except BaseException as error:
            # A record that cannot be formatted is no reason for a job to fail; a time limit is.
            if is_meant(error):
                raise
        finally:
            _writing.reset(token)

    def format(self, record: logging.LogRecord) -> str:
        """Return the message, or what the formatter makes of the record."""
        return record.getMessage() if self.formatter is None else super().format(record)


def _is_own(name: str) -> bool:
    return name == OWN or name.startswith(f"{OWN}.")


def _level(number: int) -> str:
    """Return the nearest level that the log has, at most as high."""
    known = (logging.CRITICAL, logging.ERROR, logging.WARNING, logging.INFO)
    found = next((level for level in known if number >= level), logging.DEBUG)
    return logging.getLevelName(found).lower()
