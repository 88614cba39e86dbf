"""What the service's own jobs read and write."""

import uuid
from pathlib import Path

from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.db import models
from django.utils.functional import cached_property


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
    """A file that somebody has uploaded for a job and that the job has not ended with yet."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=255)
    size = models.BigIntegerField()
    content = models.FileField(storage=private_storage, upload_to=private_name, max_length=100)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
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
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, db_index=False, related_name="+"
    )
    email = models.CharField("e-mail", max_length=254)
    name = models.CharField(max_length=200, blank=True)
    birthday = models.DateField(null=True, blank=True)
    city = models.CharField(max_length=100, blank=True)
    source = models.CharField(max_length=255, help_text="The file that changed the row last.")
    added_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "people"
        ordering = ("name", "email")
        constraints = (models.UniqueConstraint(fields=("owner", "email"), name="core_person_once"),)
        indexes = (models.Index(fields=("owner", "name", "email"), name="core_person_list"),)

    def __str__(self) -> str:
        """Return the name, or the address of somebody without one."""
        return self.name or self.email
