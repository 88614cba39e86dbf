"""The jobs that make pictures smaller: many in, one for each picture, one ZIP out.

`resize` looks at what was uploaded and lets a chord go on in its place: a `shrink` for each
picture, and `pack`, which has the id of the whole and so is the same job.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from celery import Task, chord, shared_task, signals
from django.conf import settings
from django.db import Error, connection
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core import uploads
from core.models import Upload
from core.pictures.errors import Unusable
from core.pictures.handover import THUMBNAIL, Handover, Made, Part, Removed
from core.pictures.kinds import EXTENSIONS, SUFFIXES, USABLE
from core.pictures.names import unique, with_width
from core.pictures.packing import results_of, written
from core.pictures.picture import Options, Picture, read_picture
from core.pictures.sources import Source, sources_of
from core.pictures.writing import kind_for, widths_of, write_picture, write_thumbnail
from core.queues import Urgency, number_of
from realtime import Cancelled, JobError, items, progress
from realtime.errors import StoreAway
from realtime.events import Status, Wish
from realtime.models import Item
from realtime.states import read_one
from realtime.store import get_store

RESULT = "pictures.zip"
PICTURES = 2_000
"""Pictures of one job, those in ZIPs included."""
FIRST = 20
"""Pictures of one job that are made in turn; the others wait for those of other people."""

surviving: dict[str, Any] = {
    "acks_late": True,
    "reject_on_worker_lost": True,
    "ignore_result": True,
}
"""How a task is delivered again when its worker dies; each finds what the first run has left."""


class Found(NamedTuple):
    """A file that may be a picture."""

    place: int
    """Its number among all that were uploaded, from 0."""
    upload: str
    """The upload that it is, or is packed in."""
    entry: int
    """Its number in there."""
    name: str
    """What its owner calls it, unlike all others of the job."""


@shared_task(bind=True, name="core.jobs.images.resize", **surviving)
@items(flag="only_failed")
def resize(  # noqa: PLR0913  what its owner has chosen
    self: "Task[Any, Any]",
    upload_ids: Sequence[str],
    widths: Sequence[int],
    form: str,
    quality: int,
    *,
    only_failed: bool = False,
) -> None:
    """Make smaller versions of uploaded pictures and attach them as one ZIP.

    With `only_failed`, of those alone that failed in the job that is run again.
    """
    uploads.sweep()
    progress.update(unit=pgettext("unit", "picture"), message=_("Looking at what was uploaded"))
    found = search(uploads.claim(upload_ids))
    uploads.hold(upload_ids)
    if only_failed:
        found = failed_before(found)
    progress.update(message="")
    choices, job = [widths, form, quality], str(self.request.id)
    parts = [shrink.si(job, one, choices).set(**_sent(one)) for one in found]
    raise self.replace(chord(parts, pack.si(job, len(found))))


def search(kept: Sequence[Upload]) -> list[Found]:
    """Return every file that may be a picture, also those inside of ZIPs."""
    taken: set[str] = set()
    found: list[Found] = []
    for upload in kept:
        progress.checkpoint()
        with ExitStack() as opened:
            sources = sources_of(upload.name, upload.path, opened)
            names = [unique(source.name, taken) for source in sources]
        for entry, name in enumerate(names):
            found.append(Found(len(found), upload.pk.hex, entry, name))
    if not found:
        raise JobError(
            _("There is no picture in what was uploaded: choose %(formats)s files.")
            % {"formats": USABLE}
        )
    if len(found) > PICTURES:
        raise JobError(
            _(
                "There are %(found)s files in what was uploaded: at most %(most)s can be made "
                "smaller at a time. Upload them in parts."
            )
            % {"found": f"{len(found):,}", "most": f"{PICTURES:,}"}
        )
    return found


def failed_before(found: Sequence[Found]) -> list[Found]:
    """Return those that failed in the job that is run again, numbered anew."""
    again_of = getattr(progress.current(), "again_of", None)
    items_of = Item.objects.filter(job=again_of, outcome="failed")
    names = set(items_of.values_list("item", flat=True))
    chosen = [one for one in found if one.name in names]
    if not chosen:
        raise JobError(_("None of the pictures that failed is there any more: upload them again."))
    return [one._replace(place=place) for place, one in enumerate(chosen)]


@shared_task(name="core.jobs.images.shrink", **surviving)
def shrink(job: str, found: Sequence[Any], choices: Sequence[Any]) -> None:
    """Make the smaller versions of one picture; one that cannot be used is its failed item.

    It succeeds all the same: of a chord with a failed member Celery never runs the last task,
    and there would be no ZIP of the others.
    """
    work, one = Handover(uploads.work_folder(job)), Found(*found)
    with _removed_when_cancelled(work):
        if is_over(job):
            raise Removed
        widths, form, quality = choices
        try:
            part = make(work, one, Options(tuple(widths), form, quality))
        except FileNotFoundError as gone:  # Who takes all away has come as far as to our folder.
            if is_over(job):
                raise Removed from gone
            raise
        if is_over(job):  # Another part may have taken all away before this one was kept.
            raise Removed
        if part.thumbnail:
            progress.attach(THUMBNAIL, part.thumbnail, content_type="image/webp")
        tell(part.made)
        progress.update(message=part.made.reason)


def is_over(job: str) -> bool:
    """Tell whether a job has ended, or is cancelled: also parts that it had yet to queue then."""
    known = read_one(job)
    if known and (known["finished_at"] or known["status"] == Status.CANCELLING):
        return True
    with suppress(StoreAway):
        return get_store().standing(job).wants == Wish.CANCEL  # Left before anybody hears of it.
    return False


def make(work: Handover, found: Found, options: Options) -> Part:
    """Return what is made of a picture: by a run before this one, or now."""
    if part := work.part(found.place):
        return part
    try:
        work.begin(found.place)
        return work.keep(found.place, partial(_made, work, found, options))
    except Unusable as reason:
        failed = Made(found.name, str(reason))
        return work.keep(found.place, lambda _: failed)


def tell(made: Made) -> None:
    """Say what became of a picture."""
    for note in made.notes:
        progress.log(f"{made.name} {note}")
    if made.reason:
        progress.failed(made.name, made.reason)
    else:
        progress.ok()


@shared_task(name="core.jobs.images.pack", **surviving)
def pack(job: str, count: int) -> int:
    """Tell what became of all pictures, and attach the smaller ones as one ZIP."""
    work = Handover(uploads.work_folder(job))
    progress.update(message=_("Packing"))
    with _removed_at_its_end(work), tempfile.TemporaryDirectory(prefix="pictures-") as folder:
        parts = [part for place in range(count) if (part := work.part(place))]
        for part in parts:
            tell(part.made)
        if count > len(parts):
            raise JobError(_("What was made of the pictures is lost: run the job again."))
        files = results_of(parts)
        progress.attach(RESULT, written(files, Path(folder) / RESULT))
    progress.update(count, total=count, unit=pgettext("unit", "picture"), message="")
    return len(files)


@signals.worker_ready.connect
def sweep(**_: Any) -> None:
    """Take away what workers that were killed have left of jobs that are over."""
    try:
        uploads.sweep()
    except Error:
        pass  # The database is away; whoever uploads next sweeps, too.
    finally:
        connection.close()


@signals.task_revoked.connect
def clear(sender: Any, request: Any, **_: Any) -> None:
    """Take away what was made of a job that is over, where a part of it is not begun any more.

    A part that runs does so itself; when a cancel finds none running, nobody else is left to.
    """
    if sender.name not in {shrink.name, pack.name}:
        return
    job = str(request.args[0])
    work = Handover(uploads.work_folder(job))
    if not work.folder.exists():
        return
    try:
        if is_over(job):
            work.remove()
    except Error:
        pass  # The database is away: whoever uploads next sweeps.
    finally:
        connection.close()


@contextmanager
def _removed_when_cancelled(work: Handover) -> Iterator[None]:
    """Take away what was made when the job was cancelled, not when another run has it now."""
    try:
        yield
    except Removed as over:
        work.remove()
        raise Cancelled(_("The job that it is a part of is over.")) from over
    except Cancelled:
        if not getattr(progress.current(), "fenced", ""):
            work.remove()
        raise


@contextmanager
def _removed_at_its_end(work: Handover) -> Iterator[None]:
    """Take away what was made, unless the worker ends or another run has the job now."""
    try:
        yield
    except Exception:
        if not getattr(progress.current(), "fenced", ""):
            work.remove()
        raise
    work.remove()


def _made(work: Handover, found: Found, options: Options, folder: Path) -> Made:
    with ExitStack() as opened, tempfile.TemporaryFile() as file:
        source = _source(found, opened)
        source.copy_to(file)
        picture = read_picture(file, max(options.widths))
    versions: list[str] = []
    extension = EXTENSIONS[kind_for(picture, options)]
    for width in progress.track(widths_of(picture, options), unit=pgettext("unit", "version")):
        write_picture(picture, width, options, folder / str(len(versions)))
        versions.append(with_width(found.name, width, extension))
    work.make_room(sum(path.stat().st_size for path in folder.iterdir()))
    write_thumbnail(picture, folder / THUMBNAIL)
    return Made(found.name, versions=tuple(versions), notes=tuple(_notes(found, picture)))


def _source(found: Found, opened: ExitStack) -> Source:
    try:
        (upload,) = uploads.claim([found.upload])
    except JobError as gone:
        raise Unusable(_("is no longer kept: upload it again")) from gone
    return sources_of(upload.name, upload.path, opened)[found.entry]


def _notes(found: Found, picture: Picture) -> Iterator[str]:
    promised = SUFFIXES.get(Path(found.name).suffix.lower())
    if promised != picture.kind:
        yield _("is really a %(kind)s picture, whatever its name says") % {"kind": picture.kind}
    yield from picture.notes


def _sent(found: Found) -> dict[str, Any]:
    """Return with what a picture's message is sent: those of a large job let others pass."""
    urgency = Urgency.NORMAL if found.place < FIRST else Urgency.BULK
    return {
        "headers": {"headway": {"title": found.name}},
        "priority": number_of(urgency, settings.CELERY_BROKER_URL),
    }
