"""The reports that people have set up, each time they were made, and who has got them."""

import uuid
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.utils import timezone

from core.mail.outcome import Outcome
from core.reports.choices import About, Form, Missed, Often, Why
from core.reports.times import Every, Recurrence


class ReportPlan(models.Model):
    """A report that comes by itself: what, when, where the clock hangs, and to whom."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, db_index=False, related_name="+"
    )
    about = models.CharField(max_length=6, choices=About.choices)
    form = models.CharField(max_length=4, choices=Form.choices, default=Form.BOTH)
    every = models.CharField(max_length=7, choices=Often.choices)
    days = models.JSONField(default=list, help_text="Which days of a week, Monday is 0.")
    day = models.PositiveSmallIntegerField(default=1, help_text="Which day of a month.")
    at = models.TimeField(help_text="The time on the zone's clocks.")
    zone = models.CharField(max_length=64)
    recipients = models.JSONField(default=list, help_text="The addresses that it is mailed to.")
    missed = models.CharField(max_length=8, choices=Missed.choices, default=Missed.CATCH_UP)
    enabled = models.BooleanField(default=True)
    since = models.DateTimeField(
        default=timezone.now, help_text="Times before it count for nothing."
    )
    language = models.CharField(
        max_length=12, blank=True, help_text="In which it is written; the project's own without."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("created_at", "id")
        indexes = (
            models.Index(fields=("owner", "created_at", "id"), name="core_report_list"),
            models.Index(
                fields=("id",), name="core_report_enabled", condition=models.Q(enabled=True)
            ),
        )

    def __str__(self) -> str:
        """Return what it is about."""
        return self.get_about_display()

    def recurrence(self) -> Recurrence:
        """Return when it is due."""
        return Recurrence(
            Every(self.every), self.at, ZoneInfo(self.zone), frozenset(self.days), self.day
        )


class ReportRun(models.Model):
    """One time that a report was made, or was missed; whoever writes the row makes it."""

    plan = models.ForeignKey(
        ReportPlan, on_delete=models.CASCADE, db_index=False, related_name="runs"
    )
    due = models.DateTimeField(null=True, help_text="When it was to be made; by hand: nothing.")
    why = models.CharField(max_length=9, choices=Why.choices)
    job = models.UUIDField(null=True, help_text="The job that makes it.")
    tries = models.PositiveSmallIntegerField(default=0, help_text="How many jobs it had.")
    claimed_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, help_text="When nothing was left to be done.")

    class Meta:
        ordering = ("-id",)
        constraints = (
            # Two schedulers, two workers, a clock that is put back: one report for each time.
            models.UniqueConstraint(fields=("plan", "due"), name="core_report_run_once"),
        )
        indexes = (
            models.Index(fields=("plan", "-id"), name="core_report_run_list"),
            models.Index(
                fields=("job",),
                name="core_report_run_open",
                condition=models.Q(closed_at__isnull=True),
            ),
        )

    def __str__(self) -> str:
        """Return when it was due, or how it came about."""
        return f"{self.due or self.get_why_display()}"


class ReportDelivery(models.Model):
    """Somebody whom a report is mailed to, and what became of it."""

    run = models.ForeignKey(
        ReportRun, on_delete=models.CASCADE, db_index=False, related_name="deliveries"
    )
    email = models.CharField("e-mail", max_length=254)
    outcome = models.CharField(max_length=8, choices=Outcome.choices, default=Outcome.WAITING)
    reason = models.CharField(max_length=500, blank=True)
    claim = models.CharField(max_length=32, blank=True, help_text="Who has claimed it.")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "report deliveries"
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("run", "email"), name="core_report_delivery_once"),
        )

    def __str__(self) -> str:
        """Return the address."""
        return self.email
