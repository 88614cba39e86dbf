"""Takes files, notices, acts and alerts away in time, in the one process that judges."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from django.db import Error, connection
from django.utils import timezone

from realtime.conf import conf
from realtime.metrics import counted
from realtime.models import Act, Alert, File, Notice, NoticeMail

logger = logging.getLogger("realtime")

BATCH = 50
"""Files that are taken away in one round: a storage may be far away."""
SWEEP = 60.0
"""Seconds between two looks when none are left."""
AGAIN = 3_600.0
"""Seconds after which a file is tried again that the storage does not let go."""
SWEPT = 500
"""Notices, acts, or alerts, that are deleted together."""


class Expiry:
    """Takes files away a few at a time, the content first: its row is how it is found again."""

    def __init__(self) -> None:
        """Begin with nothing tried."""
        self._stuck: dict[int, float] = {}
        self._sweep_at = 0.0

    def look(self) -> None:
        """Make one round; what cannot be done now is done in a later one."""
        now = time.monotonic()
        if now < self._sweep_at:
            return
        try:
            found = self._expired(now)
            gone = [file.pk for file in found if self._is_gone(file, now)]
            File.objects.filter(pk__in=gone).delete()
            counted.count("removed", len(gone), label="files")
            is_over = (
                len(found) < BATCH
                and max(_forget_notices(), _forget_acts(), _forget_alerts()) < SWEPT
            )
            self._sweep_at = now + (SWEEP if is_over else 0)
        except Error as error:
            logger.warning("The database is away, files are taken away later: %s", error)
        finally:
            connection.close()

    def _expired(self, now: float) -> list[File]:
        self._stuck = {file: until for file, until in self._stuck.items() if until > now}
        old = File.objects.filter(expires_at__lte=timezone.now()).exclude(pk__in=self._stuck)
        return list(old.order_by("expires_at")[:BATCH])

    def _is_gone(self, file: File, now: float) -> bool:
        """Tell whether the storage has let a file go; one that it holds holds up no other."""
        try:
            file.content.delete(save=False)
        except Exception:
            logger.exception("File %s of job %s cannot be taken away yet", file.name, file.job_id)
            self._stuck[file.pk] = now + AGAIN
            return False
        return True


def _forget_notices() -> int:
    """Delete some notices that are kept no longer, and return how many."""
    before = timezone.now() - timedelta(seconds=conf.KEEP_NOTICES)
    old = list(Notice.objects.filter(at__lt=before).values_list("pk", flat=True)[:SWEPT])
    Notice.objects.filter(pk__in=old).delete()
    counted.count("removed", len(old), label="notices")
    # A mail goes with its notices.
    gone = NoticeMail.objects.filter(due_at__lt=before, notices=None).values_list("pk", flat=True)
    NoticeMail.objects.filter(pk__in=list(gone[:SWEPT])).delete()
    return len(old)


def _forget_acts() -> int:
    """Delete the oldest acts, as far as they are kept no longer, and return how many."""
    before = timezone.now() - timedelta(seconds=conf.KEEP_ACTS)
    oldest = Act.objects.order_by("pk").values_list("pk", "at")[:SWEPT]
    old = [pk for pk, at in oldest if at < before]
    Act.objects.filter(pk__in=old).delete()
    counted.count("removed", len(old), label="acts")
    return len(old)


def _forget_alerts() -> int:
    """Delete some alerts that are long over, and return how many."""
    before = timezone.now() - timedelta(seconds=conf.KEEP_ALERTS)
    over = Alert.objects.filter(since__lt=before, over_at__lt=before).order_by("since")
    old = list(over.values_list("pk", flat=True)[:SWEPT])
    Alert.objects.filter(pk__in=old).delete()
    counted.count("removed", len(old), label="alerts")
    return len(old)
