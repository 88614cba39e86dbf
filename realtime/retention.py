"""Takes ended jobs away that are kept long enough, in the one process that judges.

A job goes with its tree, once its root's time is over: what were left of one would count wrong,
and be nobody's. Its files go first, by `expiry.py`, for a row is how their content is found. All of
it a few rows at a time, each few in a transaction of their own, so that nobody waits for them.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import NamedTuple
from uuid import UUID

from django.db import Error, connection
from django.db.models import F, Q
from django.utils import timezone

from realtime.conf import conf
from realtime.metrics import counted
from realtime.models import File, Job

logger = logging.getLogger("realtime")

BATCH = 200
"""Jobs that are deleted together, and at most so many in a round."""
READ = 1_000
"""Roots that are looked at in a round: some may be kept longer than others."""
SWEEP = 600.0
"""Seconds between two walks through all jobs that ended long ago."""


class Root(NamedTuple):
    """A job that was started by no other, and has ended."""

    pk: UUID
    name: str
    status: str
    finished_at: datetime


def seconds_kept(name: str, status: str) -> float | None:
    """Return how long a job is kept after its end: by the first rule that fits; None for ever."""
    for rule, seconds in conf.KEEP_JOBS.items():
        pattern, _, wanted = rule.partition(" ")
        if fnmatchcase(name, pattern) and wanted in {"", status}:
            return seconds
    return None


class Retention:
    """Walks through the jobs that ended long ago, from the oldest on."""

    def __init__(self) -> None:
        """Begin with the oldest."""
        self._after: Root | None = None
        self._walk_at = 0.0

    def look(self) -> None:
        """Make one round; what cannot be done now is done in a later one."""
        if not conf.KEEP_JOBS or time.monotonic() < self._walk_at:
            return
        try:
            self._go_on()
        except Error as error:
            logger.warning("The database is away, jobs are taken away later: %s", error)
        finally:
            connection.close()

    def _go_on(self) -> None:
        roots = self._next()
        if _delete_some([root.pk for root in roots if _is_old(root)]):
            return  # What is left of them is found by the next round.
        self._after = roots[-1] if len(roots) == READ else None
        if self._after is None:
            self._walk_at = time.monotonic() + SWEEP

    def _next(self) -> list[Root]:
        shortest = timedelta(seconds=min(conf.KEEP_JOBS.values()))
        found = Job.objects.filter(root=F("pk"), finished_at__lt=timezone.now() - shortest)
        if self._after:
            at, pk = self._after.finished_at, self._after.pk
            found = found.filter(Q(finished_at__gt=at) | Q(finished_at=at, pk__gt=pk))
        names = found.order_by("finished_at", "pk").values_list(*Root._fields)
        return [Root(*row) for row in names[:READ]]


def _is_old(root: Root) -> bool:
    seconds = seconds_kept(root.name, root.status)
    return seconds is not None and root.finished_at < timezone.now() - timedelta(seconds=seconds)


def _delete_some(roots: Sequence[UUID]) -> int:
    """Delete a few jobs of these trees, the roots last, and return how many."""
    held = _files_let_go(roots)
    free = [root for root in roots if root not in held]
    below = Job.objects.filter(root__in=free).exclude(pk__in=free).values_list("pk", flat=True)
    gone = list(below[:BATCH]) or free[:BATCH]
    Job.objects.filter(pk__in=gone).delete()
    counted.count("removed", len(gone), label="jobs")
    return len(gone)


def _files_let_go(roots: Sequence[UUID]) -> set[UUID]:
    """Let the files of these trees be taken away; return the trees that have some still."""
    files = File.objects.filter(job__root__in=roots)
    held = set(files.values_list("job__root", flat=True))
    if held:
        now = timezone.now()
        staying = File.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now))
        staying.filter(job__root__in=held).update(expires_at=now)
    return held
