"""The job that makes pictures smaller: many in, one ZIP out."""

import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from celery import shared_task

from core import uploads
from core.pictures.errors import Unusable
from core.pictures.kinds import EXTENSIONS, SUFFIXES
from core.pictures.names import unique, with_width
from core.pictures.picture import (
    Options,
    Picture,
    kind_for,
    read_picture,
    widths_of,
    write_picture,
)
from core.pictures.sources import Source, sources_of
from realtime import JobError, progress

RESULT = "pictures.zip"
RESULT_BYTES = 2 * 1024**3


@dataclass
class Results:
    """The smaller pictures made so far, in a folder."""

    folder: Path
    limit: int = RESULT_BYTES
    """Bytes that all of them may have together."""
    files: dict[str, Path] = field(default_factory=dict)
    """By the name that each gets in the ZIP."""
    _taken: set[str] = field(default_factory=set)
    _bytes: int = 0

    def place(self) -> Path:
        """Return where the next picture can be written."""
        return self.folder / f"{len(self.files)}.picture"

    def add(self, name: str, path: Path) -> None:
        """Keep a written picture; raises `JobError` when there are too many bytes."""
        self.files[unique(name, self._taken)] = path
        self._bytes += path.stat().st_size
        if self._bytes > self.limit:
            raise JobError(
                f"The smaller pictures together are larger than {self.limit // 1024**2:,} MB: "
                "choose fewer widths or another format, or upload fewer pictures at a time."
            )


@shared_task(name="core.jobs.images.resize", ignore_result=True)
def resize(upload_ids: Sequence[str], widths: Sequence[int], form: str, quality: int) -> int:
    """Make smaller versions of uploaded pictures and attach them as one ZIP."""
    options = Options(tuple(widths), form, quality)
    progress.stages([("Read", 1), ("Resize", 16), ("Pack", 1)])
    with tempfile.TemporaryDirectory(prefix="pictures-") as folder, ExitStack() as opened:
        sources = read([(kept.name, kept.path) for kept in uploads.claim(upload_ids)], opened)
        results = shrink(sources, options, Path(folder))
        progress.attach(RESULT, pack(results, Path(folder) / RESULT))
    uploads.forget(upload_ids)
    return len(results.files)


def read(files: Sequence[tuple[str, Path]], opened: ExitStack) -> list[Source]:
    """Return every file that may be a picture, also those inside of ZIPs."""
    with progress.stage("Read", 1):
        found = [
            source
            for name, path in progress.track(files, unit="file")
            for source in sources_of(name, path, opened)
        ]
    if not found:
        raise JobError("There is no picture in what was uploaded: choose JPEG, PNG or WebP files.")
    return found


def shrink(sources: Sequence[Source], options: Options, folder: Path) -> Results:
    """Write the smaller versions of all pictures that can be used, one at a time."""
    results, reasons = Results(folder), []
    with progress.stage("Resize", 16):
        for source in progress.track(sources, unit="picture"):
            progress.update(message=source.name)
            try:
                _shrink_one(source, options, results)
            except Unusable as reason:
                reasons.append(f"{source.name} {reason}")
                progress.failed(source.name, reason)
            else:
                progress.ok()
        progress.update(message="")
    if not results.files:
        raise JobError(_nothing_made(reasons))
    return results


def pack(results: Results, target: Path) -> Path:
    """Write the pictures into a ZIP as they are: they cannot be packed any smaller."""
    with progress.stage("Pack", 1), zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, path in progress.track(results.files.items(), unit="file"):
            archive.write(path, name)
            path.unlink()
    return target


def _shrink_one(source: Source, options: Options, results: Results) -> None:
    with tempfile.TemporaryFile() as file:
        source.copy_to(file)
        picture = read_picture(file, max(options.widths))
    for note in _notes(source, picture):
        progress.log(f"{source.name} {note}")
    for name, path in _versions(source, picture, options, results):
        results.add(name, path)


def _versions(
    source: Source, picture: Picture, options: Options, results: Results
) -> Iterator[tuple[str, Path]]:
    extension = EXTENSIONS[kind_for(picture, options)]
    for width in widths_of(picture, options):
        path = results.place()
        write_picture(picture, width, options, path)
        yield with_width(source.name, width, extension), path


def _notes(source: Source, picture: Picture) -> Iterator[str]:
    promised = SUFFIXES.get(Path(source.name).suffix.lower())
    if promised != picture.kind:
        yield f"is really a {picture.kind} picture, whatever its name says"
    yield from picture.notes


def _nothing_made(reasons: Sequence[str]) -> str:
    if len(reasons) == 1:
        return f"The picture could not be used: {reasons[0]}."
    return f"None of the {len(reasons):,} pictures could be used. The first: {reasons[0]}."
