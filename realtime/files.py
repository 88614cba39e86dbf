"""The files that jobs leave for their owners, in Django's storage."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import quote

from django.core.exceptions import SuspiciousFileOperation
from django.core.files import File as DjangoFile
from django.db import transaction
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.text import get_valid_filename

from realtime.cleaning import number, shown, text
from realtime.conf import conf
from realtime.errors import BadFile
from realtime.events import timestamp
from realtime.models import File

LONG = 10_000
"""Characters of a name or type that are looked at."""
LONGEST = 3_000_000_000
"""Seconds, a hundred years."""
BYTES = 100
"""Of a file's name in the storage, which may add to it; file systems hold 255."""

_CONTENT_TYPE = re.compile(r"(?=.{3,127}$)[\w.+-]+/[\w.+-]+(?:;[ -~]*)?", re.ASCII)


def keep(  # noqa: PLR0913  a file with all that is said of it
    job: str,
    name: object,
    given: object,
    content_type: object,
    check: Callable[[], None] = lambda: None,
    *,
    keep_for: object = None,
) -> dict[str, Any]:
    """Copy a file to the storage and return what viewers see of it: name, size, url, expires_at.

    Raises `BadFile` for what is no file and for one too many, `OSError` when it cannot be read,
    and what `check` raises, before and after the file is copied.
    """
    check()
    name = _name(name[-LONG:] if type(name) is str else shown(name, LONG))
    if File.objects.filter(job_id=job).exclude(name=name).count() >= conf.FILES:
        raise BadFile(
            f"expected a job to leave at most {conf.FILES} files, got: one more. "
            "Pack them into one ZIP, or raise FILES in HEADWAY."
        )
    kept = File(job_id=job, name=name, expires_at=_expires_at(keep_for))
    kept.content_type = _content_type(
        shown(content_type or mimetypes.guess_type(name)[0] or "", LONG)
    )
    if isinstance(given, Path | str):
        with _opened(Path(given)) as opened:
            return _keep(kept, opened, check)
    if not callable(getattr(given, "read", None)):
        raise BadFile(f"expected a path or an open file, got: {text(given, 80)}. Pass one of them.")
    return _keep(kept, cast("IO[bytes]", given), check)


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except ValueError as error:  # A NUL, for instance.
        raise BadFile(f"expected the path of a file, got: {text(str(path), 200)}.") from error


def _name(given: str) -> str:
    """Return a name without folders; of a long one the end, which has the suffix."""
    last = Path(given).name
    name = text(last if len(last) <= conf.NAME_LENGTH else f"…{last[1 - conf.NAME_LENGTH :]}", LONG)
    return "file" if name.strip() in {"", ".", ".."} else name.strip()


def _content_type(given: str) -> str:
    return given if _CONTENT_TYPE.fullmatch(given) else "application/octet-stream"


def _expires_at(given: object) -> datetime | None:
    """Return until when a file is kept, None for ever."""
    seconds = number(conf.KEEP_FILES if given is None else given)
    if seconds is None or seconds < 0:
        raise BadFile(
            f"expected keep to be seconds from 0, got: {text(given, 80)}. 0 keeps a file for ever."
        )
    return timezone.now() + timedelta(seconds=min(seconds, LONGEST)) if seconds else None


def _keep(kept: File, opened: IO[bytes], check: Callable[[], None]) -> dict[str, Any]:
    kept.content.save(_stored_name(kept.name), DjangoFile(opened), save=False)
    try:
        kept.size = kept.content.size
        check()
        replaced = _replace(kept)
    except BaseException:
        kept.content.delete(save=False)
        raise
    for old in replaced:
        old.content.delete(save=False)
    return {
        "name": kept.name,
        "size": kept.size,
        "url": address(str(kept.job_id), kept.name),
        "expires_at": kept.expires_at and timestamp(kept.expires_at),
    }


def _replace(kept: File) -> list[File]:
    """Write a file's row in the place of those of its name, and return them."""
    with transaction.atomic():
        old = list(File.objects.filter(job_id=kept.job_id, name=kept.name))
        File.objects.filter(pk__in=[one.pk for one in old]).delete()
        kept.save()
    return old


def _stored_name(name: str) -> str:
    """Return the name in the storage: its end, which has the suffix and fits every disk."""
    end = name.encode()[-BYTES:].decode(errors="ignore")
    try:
        return get_valid_filename(end)
    except SuspiciousFileOperation:
        return "file"


def address(job: str, name: str) -> str:
    """Return where a file is downloaded; relative to the include where no route is known."""
    try:
        return reverse("realtime:file", args=[job, name])
    except NoReverseMatch:
        return f"api/jobs/{job}/files/{quote(name)}"
