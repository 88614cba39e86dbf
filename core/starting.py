"""Starts the service's jobs, for the pages and for `manage.py demo`."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from django.contrib.auth.models import User
from kombu.exceptions import OperationalError

from core.jobs.images import resize
from core.jobs.transfer import import_people
from core.models import Upload
from core.pictures.picture import Options
from realtime import start
from realtime.models import Job


class NotQueued(Exception):
    """The queue cannot be reached, so nothing was started: try again in a moment."""

    def __str__(self) -> str:
        """Return the sentence."""
        return str(self.__doc__)


def start_pictures(owner: User, kept: Sequence[Upload], options: Options) -> Job:
    """Queue the job that makes pictures smaller."""
    ids = [str(upload.pk) for upload in kept]
    choices = (list(options.widths), options.format, options.quality)
    with _queue_faults_told():
        return start(resize, ids, *choices, title=_title("Resize", kept), owner=owner)


def start_import(owner: User, upload: Upload, columns: Mapping[str, int]) -> Job:
    """Queue the job that imports an address list."""
    title = _title("Import", [upload])
    with _queue_faults_told():
        return start(import_people, str(upload.pk), dict(columns), title=title, owner=owner)


@contextmanager
def _queue_faults_told() -> Iterator[None]:
    try:
        yield
    except OperationalError as fault:
        raise NotQueued from fault


def _title(verb: str, kept: Sequence[Upload]) -> str:
    rest = f" and {len(kept) - 1} more" if len(kept) > 1 else ""
    return f"{verb} {kept[0].name}{rest}"
