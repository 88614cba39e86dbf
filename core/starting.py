"""Starts the service's jobs, for the pages and for `manage.py demo`."""

from collections.abc import Mapping, Sequence

from django.contrib.auth.models import User

from core.jobs.images import resize
from core.jobs.transfer import import_people
from core.models import Upload
from core.pictures.picture import Options
from realtime import start
from realtime.models import Job


def start_pictures(owner: User, kept: Sequence[Upload], options: Options) -> Job:
    """Queue the job that makes pictures smaller."""
    return start(
        resize,
        [str(upload.pk) for upload in kept],
        list(options.widths),
        options.format,
        options.quality,
        title=_title("Resize", kept),
        owner=owner,
    )


def start_import(owner: User, upload: Upload, columns: Mapping[str, int]) -> Job:
    """Queue the job that imports an address list."""
    title = _title("Import", [upload])
    return start(import_people, str(upload.pk), dict(columns), title=title, owner=owner)


def _title(verb: str, kept: Sequence[Upload]) -> str:
    rest = f" and {len(kept) - 1} more" if len(kept) > 1 else ""
    return f"{verb} {kept[0].name}{rest}"
