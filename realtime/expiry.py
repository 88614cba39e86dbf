"""Takes files away that are kept long enough, in the one process that judges."""

from __future__ import annotations

import logging
import time

from django.db import Error, connection
from django.utils import timezone

from realtime.models import File

logger = logging.getLogger("realtime")

BATCH = 50
"""Files that are taken away in one round: a storage may be far away."""
SWEEP = 60.0
"""Seconds between two looks when none are left."""
AGAIN = 3_600.0
"""Seconds after which a file is tried again that the storage does not let go."""


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
            self._sweep_at = now + (0 if len(found) == BATCH else SWEEP)
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
