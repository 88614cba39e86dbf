"""Brings the logs of ended jobs from the store to SQL, in the one process that judges.

Not the reporter at a job's end: its task would wait for it, and if its worker died, nobody would
do it. A job's row says that its log is due, so that none is forgotten and none is looked for.
"""

from __future__ import annotations

import logging
import math
import time
from datetime import timedelta

from django.db import Error, connection, transaction
from django.utils import timezone

from realtime import log_parts
from realtime.conf import conf
from realtime.errors import StoreAway
from realtime.metrics import counted
from realtime.models import Job, LogPart
from realtime.store import Sign, get_store

logger = logging.getLogger("realtime")

BATCH = 50
"""Logs that are brought in one round."""
LEASES = 3
"""For so long a log may still be on its way to the store, which was away at its job's end."""
SWEEP = 60.0
"""Seconds between two looks for logs that are too old."""
SWEPT = 500
"""Parts that are deleted together."""


class Archive:
    """Keeps logs that are due, and lets old ones go."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self._unheard: dict[str, float] = {}
        self._sweep_at = 0.0

    def look(self) -> None:
        """Make one round; what cannot be done now is done in a later one."""
        try:
            self._keep_due()
            self._sweep()
        except StoreAway:
            return  # The reporters tell of it.
        except Error as error:
            logger.warning("The database is away, logs are kept later: %s", error)
        finally:
            connection.close()

    def _keep_due(self) -> None:
        due = Job.objects.filter(log_due=True).order_by("finished_at")
        rows = due.values_list("pk", "untold")[: BATCH + len(self._unheard)]
        jobs = {str(pk): untold for pk, untold in rows}
        signs = get_store().signs(list(jobs))
        now, patience = time.monotonic(), LEASES * conf.LEASE
        unheard = (job for job, untold in jobs.items() if _may_come(signs.get(job), untold=untold))
        self._unheard = {job: self._unheard.get(job, now) for job in unheard}
        for job in jobs:
            if now - self._unheard.get(job, -math.inf) >= patience:
                _keep(job)
                self._unheard.pop(job, None)

    def _sweep(self) -> None:
        if time.monotonic() < self._sweep_at:
            return
        before = timezone.now() - timedelta(seconds=conf.KEEP_LOGS)
        old = list(LogPart.objects.filter(kept_at__lt=before).values_list("pk", flat=True)[:SWEPT])
        LogPart.objects.filter(pk__in=old).delete()
        counted.count("removed", len(old), label="logs")
        self._sweep_at = time.monotonic() + (0 if len(old) == SWEPT else SWEEP)


def _may_come(sign: Sign | None, *, untold: bool) -> bool:
    """Tell whether the store has not heard of a job's end, and so not of all its lines, but may."""
    return untold if sign is None else not sign.ended


def _keep(job: str) -> None:
    """Write what the store has of a log, once whoever does it."""
    parts = []
    after = 0
    while lines := get_store().log(job, after).lines:
        parts.append(log_parts.packed(job, lines))
        after = lines[-1]["n"]
    with transaction.atomic():
        if parts:
            # The last lines, which their worker has kept and then told the store.
            covered = {"first__gte": parts[0].first, "last__lte": parts[-1].last}
            LogPart.objects.filter(job_id=job, **covered).delete()
        LogPart.objects.bulk_create(parts, ignore_conflicts=True)
        Job.objects.filter(pk=job).update(log_due=False)
