"""Which tasks are tracked, and what they are called."""

from __future__ import annotations

import logging
import re
from fnmatch import fnmatchcase
from functools import lru_cache

from realtime.conf import conf

logger = logging.getLogger("realtime")

OURS = "realtime.mail_notices"
"""The task that mails notices: it is nobody's job, and would be told of by notices."""
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def tracked(name: str) -> bool:
    """Tell whether tasks of this name are tracked."""
    if name == OURS:
        return False
    return _matches(name, tuple(conf.TRACK)) and not _matches(name, tuple(conf.IGNORE))


def default_title(name: str) -> str:
    """Return what a job is called when nobody has given it a title."""
    return name.rsplit(".", 1)[-1].replace("_", " ").strip().capitalize() or name


def uuid_like(name: object) -> bool:
    """Tell whether this can be a job's id."""
    return isinstance(name, str) and bool(UUID.fullmatch(name))


def is_uuid(job: str) -> bool:
    """Tell whether a task can be a job: ids are UUIDs."""
    if UUID.fullmatch(job):
        return True
    logger.warning("expected the task id to be a UUID, got: %.80s. It is not tracked.", job)
    return False


@lru_cache(maxsize=4096)
def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
