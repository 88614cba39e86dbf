"""Uploads on their way to a job: taken in with a limit, owned, kept until the job has ended."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.files.base import File
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.utils import timezone

from core.models import Upload
from core.pictures.names import safe_path
from realtime import JobError

MEGABYTE = 1024 * 1024
LIMIT = 200 * MEGABYTE
"""Bytes of all files in one request."""

KEPT_FOR = timedelta(days=1)
"""How long an upload waits whose job was never started, or did not succeed and may run again."""


class LimitHandler(FileUploadHandler):
    """Stops an upload as soon as its files together are larger than the limit.

    The browser's Content-Length is checked before; this one counts what really comes.
    """

    exceeded = False

    def __init__(self, request: Any = None, limit: int = LIMIT) -> None:
        """Take the limit in bytes."""
        super().__init__(request)
        self.left = limit

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Let a piece pass to the handlers behind, or stop."""
        del start
        self.left -= len(raw_data)
        if self.left < 0:
            self.exceeded = True
            raise StopUpload(connection_reset=True)
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave the file to the handlers behind."""


def keep(owner: User, files: Iterable[UploadedFile]) -> list[Upload]:
    """Move uploaded files to the private storage; whoever forgot older ones is swept after."""
    sweep()
    return [_keep(owner, file.name or "", file) for file in files]


def keep_path(owner: User, path: Path) -> Upload:
    """Copy a file of this machine to the private storage, as if it had been uploaded."""
    with path.open("rb") as opened:
        return _keep(owner, path.name, File(opened))


def _keep(owner: User, name: str, file: File[bytes]) -> Upload:
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


def limit_text() -> str:
    """Return the sentence for an upload that is too large."""
    return (
        f"The files together are larger than {LIMIT // MEGABYTE} MB: choose fewer or smaller ones."
    )
