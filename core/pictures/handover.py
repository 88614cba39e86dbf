"""What the tasks of one job hand on to each other: a folder with what was made of each picture.

A picture's part appears in one step, whole: so a task that dies leaves nothing half done, and one
that is delivered again finds what is there.
"""

import json
import os
import shutil
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from django.utils.translation import gettext as _

from core.pictures.errors import Unusable

MEGABYTE = 1024 * 1024
ROOM = 2 * 1024 * MEGABYTE
"""Bytes that all smaller pictures of a job may have together."""
TRIES = 3
"""How often a picture is begun whose worker dies each time."""
THUMBNAIL = "thumbnail.webp"

_ABOUT = "about.json"
_SIZE = struct.Struct(">Q")


class Removed(Exception):
    """The folder was taken away, because the job is over: leave it so."""


@dataclass(frozen=True)
class Made:
    """What became of one picture."""

    name: str
    """What its owner calls it."""
    reason: str = ""
    """Why nothing could be made of it; empty where it went well."""
    versions: tuple[str, ...] = ()
    """The names of its smaller versions in the ZIP."""
    notes: tuple[str, ...] = ()
    """What its owner should know."""


@dataclass(frozen=True)
class Part:
    """What was made of one picture, and where it is."""

    made: Made
    """What became of it."""
    folder: Path
    """Where its versions are, by their place."""

    def versions(self) -> Iterator[tuple[str, Path]]:
        """Yield each version's name in the ZIP, and its file."""
        for place, name in enumerate(self.made.versions):
            yield name, self.folder / str(place)

    @property
    def thumbnail(self) -> Path | None:
        """Where its thumbnail is, if it has one."""
        path = self.folder / THUMBNAIL
        return path if path.is_file() else None


class Handover:
    """The folder of one job, shared by its workers."""

    def __init__(self, folder: Path, room: int = ROOM) -> None:
        """Take where it is, or will be."""
        self.folder = folder
        self._room = room

    def part(self, place: int) -> Part | None:
        """Return what was made of a picture, None while nothing is."""
        folder = self.folder / str(place)
        try:
            about = json.loads((folder / _ABOUT).read_text())
        except FileNotFoundError:
            return None
        return Part(Made(**{**about, **{name: tuple(about[name]) for name in _LISTS}}), folder)

    def begin(self, place: int) -> None:
        """Note that a picture is begun; raises `Unusable` when that has killed too many workers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if _append(self.folder / f"{place}.tries", b".") > TRIES:
            raise Unusable(
                _("has stopped its worker %(tries)d times, and is not tried again")
                % {"tries": TRIES}
            )

    def keep(self, place: int, make: Callable[[Path], Made]) -> Part:
        """Let a picture's versions be written into an empty folder, and keep all or nothing.

        Raises `Removed` when the job is over before that is done.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._write(place, make)
        except FileNotFoundError:
            if self.folder.exists():
                raise
        part = self.part(place)
        if part is None:
            raise Removed
        return part

    def _write(self, place: int, make: Callable[[Path], Made]) -> None:
        with tempfile.TemporaryDirectory(prefix="making-", dir=self.folder) as making:
            folder = Path(making) / "part"
            folder.mkdir()
            made = make(folder)
            (folder / _ABOUT).write_text(json.dumps(asdict(made)))
            with suppress(OSError):  # Another run of the same task was faster.
                folder.rename(self.folder / str(place))

    def make_room(self, size: int) -> None:
        """Note how much is written; raises `Unusable` when it is more than all may have."""
        sizes = self.folder / "sizes"
        _append(sizes, _SIZE.pack(size))
        if _total(sizes) > self._room:
            raise Unusable(
                _(
                    "finds no room: all smaller pictures together may have %(room)s MB. Choose "
                    "fewer widths or another format, or upload fewer pictures at a time"
                )
                % {"room": f"{self._room // MEGABYTE:,}"}
            )

    def remove(self) -> None:
        """Take everything away, whoever still writes."""
        shutil.rmtree(self.folder, ignore_errors=True)


_LISTS = ("versions", "notes")


def _total(sizes: Path) -> int:
    known = sizes.read_bytes()
    return sum(one for (one,) in _SIZE.iter_unpack(known[: len(known) // 8 * 8]))


def _append(path: Path, data: bytes) -> int:
    """Add to a file in one step, and return its size then."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, data)
        return os.fstat(file).st_size
    finally:
        os.close(file)
