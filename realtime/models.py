"""The facts that outlive Redis: who started what, how it ended, its files; who may ask."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from realtime.events import ENDS, Status


class Jobs(models.Manager["Job"]):
    """Jobs without their arguments, which only running them again needs."""

    def get_queryset(self) -> models.QuerySet[Job]:
        """Leave the arguments where they are until somebody asks for them."""
        return super().get_queryset().defer("call")


class Job(models.Model):
    """One tracked piece of work, written when it is queued, starts, waits to retry and ends."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("task"), max_length=255)
    title = models.CharField(_("title"), max_length=500)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("owner"),
        null=True,
        blank=True,
        db_index=False,
        on_delete=models.CASCADE,
        related_name="+",
    )
    status = models.CharField(
        _("status"),
        max_length=10,
        choices=[(status.value, status.value) for status in Status],
        default=Status.QUEUED,
    )
    attempt = models.PositiveIntegerField(_("attempt"), default=1)
    seq = models.BigIntegerField(default=0, editable=False)
    root = models.UUIDField(db_index=True, editable=False)
    parent = models.UUIDField(null=True, blank=True, editable=False)
    queued_at = models.DateTimeField(_("queued"))
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    last = models.JSONField(
        _("last state"), default=dict, help_text=_("The whole state when this row was written.")
    )

    call = models.TextField(
        _("arguments"), default="", editable=False, help_text=_("As the broker's JSON.")
    )

    ttl = models.PositiveIntegerField(default=0, editable=False)
    """Seconds that the job may be silent, where it runs outside Celery; 0 for all others."""

    log_due = models.BooleanField(default=False, editable=False)
    """Whether the job has ended, and its log is still in Redis alone."""

    objects: ClassVar[Jobs] = Jobs()

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering = ("-queued_at", "-id")
        permissions = (
            ("view_all_jobs", _("Can see the jobs of everybody")),
            ("control_all_jobs", _("Can steer the jobs of everybody")),
        )
        indexes = (
            models.Index(fields=("owner", "-queued_at", "-id"), name="realtime_job_mine"),
            models.Index(fields=("-queued_at", "-id"), name="realtime_job_newest"),
            models.Index(fields=("status", "-queued_at"), name="realtime_job_status"),
            models.Index(
                fields=("name", "-finished_at"),
                name="realtime_job_runs",
                condition=models.Q(status="succeeded"),
            ),
            models.Index(
                fields=("finished_at",),
                name="realtime_job_log_due",
                condition=models.Q(log_due=True),
            ),
        )

    def __str__(self) -> str:
        """Return what people call the job."""
        return self.title

    @property
    def ended(self) -> bool:
        """Whether nothing can change the job any more."""
        return self.status in ENDS

    def state(self) -> dict[str, Any]:
        """Return the state that this row remembers, as the store would."""
        return {**self.last, "seq": self.seq, "log": self.last.get("log", 0)}


class Item(models.Model):
    """What became of one item that failed or was skipped, in the job's last run."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, db_index=False, related_name="items")
    run = models.CharField(max_length=64, editable=False)
    n = models.PositiveIntegerField(_("number"))
    outcome = models.CharField(
        _("outcome"),
        max_length=7,
        choices=[("failed", _("failed")), ("skipped", _("skipped"))],
    )
    item = models.JSONField(_("item"), null=True)
    reason = models.TextField(_("reason"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")
        ordering = ("n",)
        constraints = (
            models.UniqueConstraint(fields=("job", "run", "n"), name="realtime_item_once"),
        )

    def __str__(self) -> str:
        """Return the item as text."""
        return f"{self.item}: {self.reason}"


class LogPart(models.Model):
    """Consecutive lines of an ended job's log, as compressed JSON."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, db_index=False, related_name="+")
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    data = models.BinaryField()
    kept_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        verbose_name = _("part of a log")
        verbose_name_plural = _("parts of logs")
        constraints = (
            models.UniqueConstraint(fields=("job", "first"), name="realtime_log_part_once"),
        )

    def __str__(self) -> str:
        """Return which lines these are."""
        return f"{self.first} to {self.last}"


class File(models.Model):
    """What a job leaves for its owner to download."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(_("name"), max_length=255)
    content = models.FileField(_("content"), upload_to="headway/%Y/%m/%d/", max_length=500)
    size = models.BigIntegerField(_("size"))
    content_type = models.CharField(_("type"), max_length=127)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    expires_at = models.DateTimeField(_("kept until"), null=True, blank=True, db_index=True)

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        constraints = (models.UniqueConstraint(fields=("job", "name"), name="realtime_file_once"),)

    def __str__(self) -> str:
        """Return the file's name."""
        return self.name

    @property
    def expired(self) -> bool:
        """Whether it is kept no longer, taken away or not."""
        return self.expires_at is not None and self.expires_at <= timezone.now()


class Token(models.Model):
    """Lets a program ask in somebody's name; the token itself is shown once and kept nowhere."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="+",
        help_text=_("In whose name it asks."),
    )
    name = models.CharField(_("name"), max_length=100, help_text=_("What uses it."))
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(_("scopes"), default=list, help_text=_("What it may be used for."))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"))
    last_used_on = models.DateField(_("last used"), null=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        """Return what the token is called."""
        return self.name
