"""The files that jobs leave for their owners, in Django's storage."""

from __future__ import annotations

import mimetypes
import re
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from django.core.exceptions import SuspiciousFileOperation
from django.core.files import File as DjangoFile
from django.urls import NoReverseMatch, reverse
from django.utils.text import get_valid_filename

from realtime.cleaning import text
from realtime.models import File

BYTES = 100
"""Of a file's name in the storage, which may add to it; file systems hold 255."""

_CONTENT_TYPE = re.compile(r"(?=.{3,127}$)[\w.+-]+/[\w.+-]+(?:;[ -~]*)?", re.ASCII)


def keep(
    job: str, name: str, file_or_path: IO[bytes] | Path | str, content_type: str | None
) -> dict[str, Any]:
    """Copy a file to the storage and return what viewers see of it: name, size, url."""
    name = text(Path(name).name, 255).strip()
    name = "file" if name in {"", ".", ".."} else name
    content_type = content_type or mimetypes.guess_type(name)[0]
    if not content_type or not _CONTENT_TYPE.fullmatch(content_type):
        content_type = "application/octet-stream"
    if isinstance(file_or_path, Path | str):
        with Path(file_or_path).open("rb") as opened:
            return _keep(job, name, opened, content_type)
    return _keep(job, name, file_or_path, content_type)


def _keep(job: str, name: str, opened: IO[bytes], content_type: str) -> dict[str, Any]:
    _forget(job, name)
    kept = File(job_id=job, name=name, content_type=content_type)
    kept.content.save(_stored_name(name), DjangoFile(opened), save=False)
    kept.size = kept.content.size
    kept.save()
    return {"name": name, "size": kept.size, "url": address(job, name)}


def _stored_name(name: str) -> str:
    """Return the name in the storage: its end, which has the suffix and fits every disk."""
    end = name.encode()[-BYTES:].decode(errors="ignore")
    try:
        return get_valid_filename(end)
    except SuspiciousFileOperation:
        return "file"


def _forget(job: str, name: str) -> None:
    for old in File.objects.filter(job_id=job, name=name):
        old.content.delete(save=False)
        old.delete()


def address(job: str, name: str) -> str:
    """Return where a file is downloaded; relative to the include where no route is known."""
    try:
        return reverse("realtime:file", args=[job, name])
    except NoReverseMatch:
        return f"api/jobs/{job}/files/{quote(name)}"
