"""The series: what happened to all jobs, by interval, as the service has counted it."""

from __future__ import annotations

from django.db import models


class Interval(models.Model):
    """A minute, or one of the longer intervals that are made of it, of which jobs were counted.

    One that is not there was counted by nobody; one without tallies was counted, and nothing
    happened.
    """

    step = models.PositiveIntegerField()
    """Its length in seconds."""
    start = models.DateTimeField()
    covered = models.PositiveIntegerField(default=0)
    """How many of its seconds were counted."""
    counted_at = models.DateTimeField()
    """When that was first done."""
    times = models.PositiveSmallIntegerField(default=0, editable=False)
    """How often a minute was counted: ends may come late."""

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("step", "start"), name="realtime_interval_once"),
        )

    def __str__(self) -> str:
        """Return when it is."""
        return f"{self.start.isoformat()} + {self.step} s"


class Tally(models.Model):
    """What happened in an interval to the jobs of one task in one queue, or to all of a queue."""

    interval = models.ForeignKey(
        Interval, on_delete=models.CASCADE, db_index=False, related_name="tallies"
    )
    name = models.CharField(max_length=255)
    queue = models.CharField(max_length=255)
    queued = models.PositiveIntegerField(default=0)
    started = models.PositiveIntegerField(default=0)
    succeeded = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    cancelled = models.PositiveIntegerField(default=0)
    lost = models.PositiveIntegerField(default=0)
    retried = models.PositiveIntegerField(default=0)
    wait = models.TextField(default="", editable=False)
    """How long those that started had waited, see `histogram.py`."""
    run = models.TextField(default="", editable=False)
    """How long those that ended had run."""

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("interval", "name", "queue"), name="realtime_tally_once"
            ),
        )

    def __str__(self) -> str:
        """Return whose it is."""
        return f"{self.name} in {self.queue}"
