"""Jobs: who started what, how it ended, and what it leaves."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from realtime.events import ENDS, Status


class Jobs(models.Manager["Job"]):
    """Jobs without what few ask for: their arguments, and what is to follow them."""

    def get_queryset(self) -> models.QuerySet[Job]:
        """Leave both where they are until somebody asks for them."""
        return super().get_queryset().defer("call", "promised")


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
    queue = models.CharField(max_length=255, default="", db_default="", editable=False)
    """Where it was first sent; a worker's states tell no more of it. "" where nobody knows."""
    began_at = models.DateTimeField(null=True, editable=False)
    """When its first attempt started: `started_at` is that of the last one."""
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    last = models.JSONField(
        _("last state"), default=dict, help_text=_("The whole state when this row was written.")
    )

    call = models.TextField(
        _("arguments"), default="", editable=False, help_text=_("As the broker's JSON.")
    )

    promised = models.JSONField(default=dict, editable=False)
    """Jobs of its tree that follow if it succeeds, with their weights, until the root has ended."""

    ttl = models.PositiveIntegerField(default=0, editable=False)
    """Seconds that the job may be silent, where it runs outside Celery; 0 for all others."""

    log_due = models.BooleanField(default=False, editable=False)
    """Whether the job has ended, and its log is still in Redis alone."""

    untold = models.BooleanField(default=False, db_default=False, editable=False)
    """Whether the store was away when this row was written: log lines may be on their way to it."""

    share_key = models.CharField(default="", max_length=22, editable=False)
    """What the tokens have in them that show the job to guests; "" while it is not shared."""

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
            models.Index(fields=("status", "-queued_at", "-id"), name="realtime_job_stand"),
            models.Index(fields=("name", "-queued_at", "-id"), name="realtime_job_task"),
            models.Index(fields=("queue", "-queued_at", "-id"), name="realtime_job_queue"),
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
            # Of what began and ended in one minute, for the series.
            models.Index(
                fields=("began_at",),
                name="realtime_job_began",
                condition=models.Q(began_at__isnull=False),
            ),
            models.Index(
                fields=("finished_at",),
                name="realtime_job_finished",
                condition=models.Q(finished_at__isnull=False),
            ),
            # Of what broke of late, for alerts: of all that ends these are few.
            models.Index(
                fields=("finished_at", "name"),
                name="realtime_job_failed",
                condition=models.Q(status="failed"),
            ),
            models.Index(
                fields=("finished_at", "name"),
                name="realtime_job_lost",
                condition=models.Q(status="lost"),
            ),
            # Of what ended long ago, with its tree: the roots.
            models.Index(
                fields=("finished_at", "id"),
                name="realtime_job_ended",
                condition=models.Q(root=models.F("id"), finished_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        """Return what people call the job."""
        return self.title

    @property
    def ended(self) -> bool:
        """Whether nothing can change the job any more."""
        return self.status in ENDS

    share_token: str = ""
    """Of a job that was started with `share`, what shows it to guests; see `realtime.share`."""

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
