"""What operators want to be told of: rules, what has fired, and what became of telling it."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

WEEK = 10_080
"""Minutes: the longest that a rule looks back, or is quiet."""


class AlertRule(models.Model):
    """When somebody is to be told that something is wrong, whom, and by which ways."""

    class Kind(models.TextChoices):
        """What it looks for."""

        TASK_FAILED = "task_failed", _("a task has failed often")
        QUEUE_OLD = "queue_old", _("jobs wait too long in a queue")
        WORKER_GONE = "worker_gone", _("a worker is gone")
        JOB_STALLED = "job_stalled", _("a job has stalled")

    class Inbox(models.TextChoices):
        """Who finds it among their notices."""

        NOBODY = "nobody", _("nobody")
        OPERATORS = "operators", _("all who may see the jobs of everybody")
        CHOSEN = "chosen", _("those who are chosen")

    name = models.CharField(_("name"), max_length=100, unique=True)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    pattern = models.CharField(
        _("pattern"),
        max_length=255,
        default="*",
        help_text=_("Of the names of tasks, queues or workers, such as shop.* or *."),
    )
    count = models.PositiveIntegerField(
        _("count"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(10_000)],
        help_text=_("How many jobs must have failed."),
    )
    minutes = models.PositiveIntegerField(
        _("minutes"),
        default=10,
        validators=[MaxValueValidator(WEEK)],
        help_text=_("Within which they failed, or for how long it must last."),
    )
    mails = models.JSONField(_("mail addresses"), default=list, blank=True)
    url = models.CharField(_("webhook"), max_length=2_000, blank=True)
    secret = models.CharField(max_length=200, blank=True)
    """With what the webhook's requests are signed; nobody is shown it again."""
    inbox = models.CharField(_("inbox"), max_length=9, choices=Inbox, default=Inbox.NOBODY)
    people = models.ManyToManyField(
        settings.AUTH_USER_MODEL, verbose_name=_("chosen people"), blank=True, related_name="+"
    )
    """Who are chosen; those are told who may see the jobs of everybody when it comes to it."""
    quiet = models.PositiveIntegerField(
        _("quiet period"),
        default=60,
        validators=[MinValueValidator(1), MaxValueValidator(WEEK)],
        help_text=_("Minutes after which it is told again, and no sooner."),
    )
    enabled = models.BooleanField(_("enabled"), default=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    """In which it is told; "" is the project's own."""
    told_at = models.DateTimeField(null=True, editable=False)
    """When it was last told that it fires."""

    class Meta:
        verbose_name = _("alert rule")
        verbose_name_plural = _("alert rules")
        ordering = ("name",)
        permissions = (("manage_alerts", _("Can make, change and try alert rules")),)

    def __str__(self) -> str:
        """Return what it is called."""
        return self.name


class Alert(models.Model):
    """That a rule has fired: since when, what of, and until when. It outlives its rule."""

    rule = models.ForeignKey(
        AlertRule, null=True, db_index=False, on_delete=models.SET_NULL, related_name="alerts"
    )
    name = models.CharField(_("name"), max_length=100)
    """What its rule was called then."""
    kind = models.CharField(_("kind"), max_length=12, choices=AlertRule.Kind)
    since = models.DateTimeField(_("since"), default=timezone.now)
    over_at = models.DateTimeField(_("over"), null=True)
    told_at = models.DateTimeField(_("told"), null=True)
    """When it was last told; null while its rule is quiet."""
    count = models.PositiveIntegerField(_("count"), default=0)
    """How many jobs, queues or workers it is about."""
    subjects = models.JSONField(default=list)
    """The first of those: see `alert_signs.py`."""
    test = models.BooleanField(_("test"), default=False)
    """Whether somebody has but tried the rule."""

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        ordering = ("-id",)
        default_permissions = ("view",)
        constraints = (
            # Of two processes that judge at once, the second one finds that it has fired.
            models.UniqueConstraint(
                fields=("rule",),
                condition=models.Q(over_at=None, test=False),
                name="realtime_alert_fires_once",
            ),
        )
        indexes = (
            models.Index(fields=("rule", "-id"), name="realtime_alert_of_rule"),
            models.Index(fields=("since",), name="realtime_alert_since"),
        )

    def __str__(self) -> str:
        """Return the rule's name and since when."""
        return f"{self.name} {self.since.isoformat(timespec='seconds')}"


class AlertDelivery(models.Model):
    """One message of an alert on one way: told at least once, or given up after many tries."""

    class Way(models.TextChoices):
        """How it is told."""

        MAIL = "mail"
        WEBHOOK = "webhook"
        INBOX = "inbox"

    class Event(models.TextChoices):
        """What is told."""

        FIRING = "firing"
        STILL = "still"
        OVER = "over"
        TEST = "test"

    class Outcome(models.TextChoices):
        """What became of it."""

        WAITING = "waiting"
        SENT = "sent"
        FAILED = "failed"

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="deliveries")
    way = models.CharField(max_length=7, choices=Way)
    to = models.CharField(max_length=2_000)
    """The mail address, the webhook's URL, or whose inbox."""
    event = models.CharField(max_length=6, choices=Event)
    key = models.UUIDField(default=uuid.uuid4, editable=False)
    """By which who is told twice knows that it is the same."""
    body = models.TextField()
    """What is told, as JSON: the same bytes each time."""
    outcome = models.CharField(max_length=7, choices=Outcome, default=Outcome.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    """When it is tried next."""
    done_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True)
    """What was answered, or has gone wrong."""

    class Meta:
        verbose_name = _("delivery of an alert")
        verbose_name_plural = _("deliveries of alerts")
        ordering = ("id",)
        default_permissions = ("view",)
        indexes = (
            models.Index(
                fields=("due_at",),
                name="realtime_alert_delivery_due",
                condition=models.Q(outcome="waiting"),
            ),
        )

    def __str__(self) -> str:
        """Return what became of it."""
        return f"{self.way}: {self.outcome}"
