"""What the service's own jobs read and write."""

import uuid
from pathlib import Path

from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.mail.outcome import Outcome
from core.reports.models import ReportDelivery, ReportPlan, ReportRun

__all__ = [
    "Campaign",
    "Person",
    "Recipient",
    "ReportDelivery",
    "ReportPlan",
    "ReportRun",
    "Upload",
]


class PrivateStorage(FileSystemStorage):
    """Where uploads wait for their job: below MEDIA_ROOT, which no address serves.

    Web and workers must share this folder: on several machines, a network file system.
    """

    @cached_property
    def base_location(self) -> str:
        """Return the folder, as the settings say it now."""
        return str(Path(settings.MEDIA_ROOT) / "uploads")


def private_storage() -> FileSystemStorage:
    """Return the storage; a function, so that migrations need not know its settings."""
    return PrivateStorage()


def private_name(upload: "Upload", name: str) -> str:
    """Return a name on disk that owes nothing to what the browser said."""
    del name
    return str(upload.pk)


class Upload(models.Model):
    """A file that somebody has uploaded for a job, kept for as long as that may run again."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("owner"),
        on_delete=models.CASCADE,
        related_name="+",
    )
    name = models.CharField(_("name"), max_length=255)
    size = models.BigIntegerField(_("size"))
    content = models.FileField(storage=private_storage, upload_to=private_name, max_length=100)
    created_at = models.DateTimeField(_("uploaded"), auto_now_add=True)
    expires_at = models.DateTimeField(null=True, db_index=True, help_text="Until when it is kept.")

    class Meta:
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")
        ordering = ("created_at", "id")

    def __str__(self) -> str:
        """Return the name that the file had on its owner's side."""
        return self.name

    @property
    def path(self) -> Path:
        """Return where the bytes are."""
        return Path(self.content.path)


class Person(models.Model):
    """Somebody in an owner's address list."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("owner"),
        on_delete=models.CASCADE,
        db_index=False,
        related_name="+",
    )
    email = models.CharField(_("e-mail"), max_length=254)
    name = models.CharField(_("name"), max_length=200, blank=True)
    birthday = models.DateField(_("birthday"), null=True, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    source = models.CharField(
        _("source"), max_length=255, help_text=_("The file that changed the row last.")
    )
    added_at = models.DateTimeField(_("added"), auto_now_add=True)
    changed_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = pgettext_lazy("address list", "person")
        verbose_name_plural = _("people")
        ordering = ("name", "email")
        constraints = (models.UniqueConstraint(fields=("owner", "email"), name="core_person_once"),)
        indexes = (models.Index(fields=("owner", "name", "email"), name="core_person_list"),)

    def __str__(self) -> str:
        """Return the name, or the address of somebody without one."""
        return self.name or self.email


class Campaign(models.Model):
    """A letter to many, and who they are."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("owner"),
        on_delete=models.CASCADE,
        related_name="+",
    )
    sender = models.CharField(
        _("sender"), max_length=320, help_text=_("From whom it is, for all its messages.")
    )
    subject = models.CharField(_("subject"), max_length=200)
    text = models.TextField(pgettext_lazy("letter", "text"))
    html = models.TextField(_("the same as HTML"), blank=True)
    sought = models.CharField(
        max_length=100, blank=True, help_text="Which people of the owner; all without it."
    )
    upload = models.ForeignKey(
        Upload,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The list of recipients, until it has been read.",
    )
    columns = models.JSONField(default=dict, help_text="What the columns of the list hold.")
    rate = models.FloatField(default=0, help_text="Messages a second; 0 is as many as can be.")
    job = models.UUIDField(_("job"), null=True, help_text=_("The last job that sends it."))
    read_at = models.DateTimeField(null=True, help_text="When all its recipients were known.")
    created_at = models.DateTimeField(_("written"), auto_now_add=True)

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        ordering = ("-created_at",)
        indexes = (models.Index(fields=("owner", "-created_at"), name="core_campaign_list"),)

    def __str__(self) -> str:
        """Return what it is about."""
        return self.subject


class Recipient(models.Model):
    """Somebody whom a campaign writes to, and what became of it."""

    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, db_index=False, related_name="recipients"
    )
    email = models.CharField("e-mail", max_length=254)
    values = models.JSONField(default=dict, help_text="What its placeholders say.")
    outcome = models.CharField(max_length=8, choices=Outcome.choices, default=Outcome.WAITING)
    reason = models.CharField(max_length=500, blank=True)
    attempts = models.PositiveSmallIntegerField(
        default=0, help_text="How often the server has refused it for now."
    )
    job = models.UUIDField(null=True, help_text="The job whose it is.")
    run = models.CharField(max_length=32, blank=True, help_text="Who has claimed it.")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("campaign", "email"), name="core_recipient_once"),
        )
        indexes = (
            models.Index(fields=("campaign", "outcome", "id"), name="core_recipient_outcome"),
            models.Index(fields=("job", "id"), name="core_recipient_job"),
        )

    def __str__(self) -> str:
        """Return the address."""
        return self.email
