"""Where pictures come from: files that were uploaded, and what is packed in a ZIP."""

import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from django.utils.translation import gettext as _

from core.pictures.errors import Unusable
from core.pictures.kinds import HEAD, kind_of
from core.pictures.names import safe_path

MEGABYTE = 1024 * 1024
CHUNK = 256 * 1024
_END = struct.Struct("<4s4H2LH")
_LOCATOR = 20
_WIDE_END = struct.Struct("<4sQ2H2L4Q")
_LONGEST_END = _WIDE_END.size + _LOCATOR + _END.size + 0xFFFF
_LITTER = {".ds_store", "thumbs.db", "desktop.ini"}


@dataclass(frozen=True)
class Limits:
    """How much one ZIP may hold."""

    entries: int = 2_000
    """Files in one ZIP."""
    directory: int = 8 * MEGABYTE
    """Bytes of its table of contents, which is read whole."""
    entry: int = 200 * MEGABYTE
    """Bytes of one file, unpacked."""
    total: int = 1024 * MEGABYTE
    """Bytes of all files, unpacked."""
    ratio: int = 200
    """How much larger a file may get by unpacking, once it is larger than 10 MB."""


LIMITS = Limits()


@dataclass(frozen=True)
class Source:
    """One file that may be a picture."""

    name: str
    """A safe relative path, shown to its owner and kept in the result."""
    open: Callable[[], IO[bytes]]
    """Opens its bytes, or raises `Unusable` with the reason why not."""

    def copy_to(self, target: IO[bytes], limit: int = LIMITS.entry) -> None:
        """Write the bytes to `target`; raises `Unusable` when there is no reading them."""
        try:
            with self.open() as opened:
                _copy(opened, target, limit)
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise Unusable(_("is damaged: it cannot be unpacked")) from error
        except (NotImplementedError, RuntimeError) as error:
            raise Unusable(_("is packed in a way that cannot be read: use a plain ZIP")) from error


def sources_of(name: str, path: Path, opened: ExitStack, limits: Limits = LIMITS) -> list[Source]:
    """Return what an uploaded file holds; its ZIP stays open until `opened` is closed."""
    with path.open("rb") as file:
        packed = kind_of(file.read(HEAD)) == "ZIP"
    if not packed:
        return [Source(safe_path(PurePosixPath(name).name), partial(_open_file, path))]
    try:
        return list(_entries(opened.enter_context(_archive(path, limits)), limits))
    except Unusable as reason:
        return [Source(safe_path(name), partial(_refuse, str(reason)))]


def _archive(path: Path, limits: Limits) -> zipfile.ZipFile:
    _check_directory(path, limits)
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
        raise Unusable(_("is a damaged ZIP: pack it again")) from error
    infos = archive.infolist()
    if len(infos) > limits.entries:
        raise Unusable(
            _("holds %(found)s files: pack at most %(most)s in one ZIP")
            % {"found": f"{len(infos):,}", "most": f"{limits.entries:,}"}
        )
    if sum(info.file_size for info in infos) > limits.total:
        raise Unusable(
            _("unpacks to more than %(most)s MB: pack less in it")
            % {"most": f"{limits.total // MEGABYTE:,}"}
        )
    return archive


def _check_directory(path: Path, limits: Limits) -> None:
    """Refuse a ZIP whose table of contents alone would fill the memory."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _LONGEST_END))
        tail = file.read()
    if _directory_size(tail) > limits.directory:
        raise Unusable(
            _("holds too many files: pack at most %(most)s in one ZIP")
            % {"most": f"{limits.entries:,}"}
        )


def _directory_size(tail: bytes) -> int:
    """Return the size that `zipfile` would read, from the record that it would believe."""
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) < end + _END.size:
        raise Unusable(_("is a damaged ZIP: its end is missing"))
    locator, wide = end - _LOCATOR, end - _LOCATOR - _WIDE_END.size
    if locator < 0 or tail[locator : locator + 4] != b"PK\x06\x07":
        return int(_END.unpack_from(tail, end)[5])
    if wide < 0 or tail[wide : wide + 4] != b"PK\x06\x06":
        raise Unusable(_("is a damaged ZIP: its end does not fit together"))
    return int(_WIDE_END.unpack_from(tail, wide)[8])


def _entries(archive: zipfile.ZipFile, limits: Limits) -> Iterator[Source]:
    for info in archive.infolist():
        if not info.is_dir() and not _is_litter(info.filename):
            yield Source(safe_path(info.filename), partial(_open_entry, archive, info, limits))


def _is_litter(name: str) -> bool:
    """Whether a system left the file there without being asked."""
    *folders, last = name.replace("\\", "/").lower().split("/")
    return "__macosx" in folders or last in _LITTER or last.startswith("._")


def _open_file(path: Path) -> IO[bytes]:
    return path.open("rb")


def _open_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limits: Limits) -> IO[bytes]:
    if info.flag_bits & 0x1:
        raise Unusable(_("is protected by a password: pack it again without one"))
    if stat.S_ISLNK(info.external_attr >> 16):
        raise Unusable(_("is a link to another file: pack the file itself"))
    if info.file_size > limits.entry:
        raise Unusable(
            _("unpacks to more than %(most)s MB") % {"most": f"{limits.entry // MEGABYTE:,}"}
        )
    if info.file_size > max(10 * MEGABYTE, info.compress_size * limits.ratio):
        raise Unusable(_("unpacks to suspiciously much: pack it again with a usual program"))
    return archive.open(info)


def _copy(opened: IO[bytes], target: IO[bytes], limit: int) -> None:
    """Copy with the limit checked on what really comes out: headers may lie."""
    left = limit
    while chunk := opened.read(CHUNK):
        left -= len(chunk)
        if left < 0:
            raise Unusable(_("is larger than %(most)s MB") % {"most": f"{limit // MEGABYTE:,}"})
        target.write(chunk)


def _refuse(reason: str) -> IO[bytes]:
    raise Unusable(reason)
