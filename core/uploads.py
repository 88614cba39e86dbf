"""Uploads on their way to a job: owned, private, kept until the job has ended."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.contrib.auth.models import User
from django.core.files.base import File
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from core.models import Upload
from core.pictures.names import safe_path
from realtime import JobError

KEPT_FOR = timedelta(days=1)
"""How long an upload waits whose job was never started, or did not succeed and may run again."""


def keep(owner: User, files: "Iterable[UploadedFile[bytes]]") -> list[Upload]:
    """Move uploaded files to the private storage; whoever forgot older ones is swept after."""
    sweep()
    return [_keep(owner, file.name or "", file) for file in files]


def keep_path(owner: User, path: Path) -> Upload:
    """Copy a file of this machine to the private storage, as if it had been uploaded."""
    with path.open("rb") as opened:
        return _keep(owner, path.name, File(opened))


def _keep(owner: User, name: str, file: "File[bytes]") -> Upload:
    kept = Upload(owner=owner, name=safe_path(name)[-255:], size=file.size)
    kept.content.save("", file, save=False)
    kept.save(force_insert=True)
    return kept


def claim(ids: Sequence[str | UUID]) -> list[Upload]:
    """Return the uploads of a job, in the order given; raises `JobError` when one is gone."""
    keys = [UUID(str(pk)) for pk in ids]
    found = Upload.objects.in_bulk(keys)
    kept = [found[key] for key in keys if key in found]
    if len(kept) < len(ids) or not all(upload.path.is_file() for upload in kept):
        raise JobError("The uploaded files are no longer kept: upload them again.")
    return kept


def forget(ids: Iterable[str | UUID]) -> None:
    """Delete uploads and their bytes."""
    for upload in Upload.objects.filter(pk__in=list(ids)):
        upload.content.delete(save=False)
        upload.delete()


def sweep() -> None:
    """Delete the uploads that nobody has come back for."""
    old = Upload.objects.filter(created_at__lt=timezone.now() - KEPT_FOR)
    forget(old.values_list("pk", flat=True)[:100])
