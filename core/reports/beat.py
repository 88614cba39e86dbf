"""The scheduler: django-celery-beat's, which does not stand still when the clock is put back.

It keeps when each task was last sent. While that lies in the future, because the clock was ahead
for a while, nothing would be due until then: hours or days without a look at the reports.
"""

from datetime import timedelta
from typing import Any

from celery.utils.time import maybe_make_aware
from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry

AHEAD = timedelta(minutes=1)
"""So far the clocks of two machines may differ."""


class Entry(ModelEntry):  # type: ignore[misc]  # It brings no types.
    """A task that is sent again and again."""

    def is_due(self) -> Any:
        """Tell whether it is due, and when to ask again."""
        now = maybe_make_aware(self._default_now())
        if maybe_make_aware(self.model.last_run_at) > now + AHEAD:
            self.last_run_at = self.model.last_run_at = now - timedelta(days=1)
        return super().is_due()


class Scheduler(DatabaseScheduler):  # type: ignore[misc]
    """Sends what is due, as the database says."""

    Entry = Entry
