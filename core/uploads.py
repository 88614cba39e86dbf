"""Uploads on their way to a job: owned, private, kept for as long as the job may run again."""

import shutil
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.contrib.auth.models import User
from django.core.files.base import File
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext as _

from core.models import Upload, private_storage
from core.pictures.names import safe_path
from realtime import JobError
from realtime.conf import conf
from realtime.models import Job

KEPT_FOR = timedelta(days=1)
"""How long an upload waits whose job was never started."""
WORK = "work"
"""The folder, beside the uploads, of what the tasks of one job hand on to each other."""


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
    kept.expires_at = timezone.now() + KEPT_FOR
    kept.content.save("", file, save=False)
    kept.save(force_insert=True)
    return kept


def claim(ids: Sequence[str | UUID]) -> list[Upload]:
    """Return the uploads of a job, in the order given; raises `JobError` when one is gone."""
    keys = [UUID(str(pk)) for pk in ids]
    found = Upload.objects.in_bulk(keys)
    kept = [found[key] for key in keys if key in found]
    if len(kept) < len(ids) or not all(upload.path.is_file() for upload in kept):
        raise JobError(_("The uploaded files are no longer kept: upload them again."))
    return kept


def hold(ids: Iterable[str | UUID]) -> None:
    """Keep uploads for as long as what their job leaves, so that it can be run again till then."""
    kept_for = timedelta(seconds=conf.KEEP_FILES) + KEPT_FOR
    until = timezone.now() + kept_for if conf.KEEP_FILES else None
    Upload.objects.filter(pk__in=list(ids)).update(expires_at=until)


def forget(ids: Iterable[str | UUID]) -> None:
    """Delete uploads and their bytes."""
    for upload in Upload.objects.filter(pk__in=list(ids)):
        upload.content.delete(save=False)
        upload.delete()


def work_folder(job: str) -> Path:
    """Return where the tasks of one job hand on to each other what they have made."""
    return Path(private_storage().path(WORK)) / str(UUID(job))


def sweep() -> None:
    """Delete the uploads that are kept no longer, and what jobs that are over have left."""
    old = Upload.objects.filter(expires_at__lt=timezone.now())
    forget(old.values_list("pk", flat=True)[:100])
    for folder in Path(private_storage().path(WORK)).glob("*-*"):
        if not Job.objects.filter(pk=folder.name, finished_at__isnull=True).exists():
            shutil.rmtree(folder, ignore_errors=True)
