"""In which encoding a text file is written."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from core.people.errors import BadTable

CHUNK = 1024 * 1024
_OTHER_FILES = (
    (b"\xd0\xcf\x11\xe0", gettext_noop("an old Excel workbook, or one with a password")),
    (b"\x1f\x8b", gettext_noop("a gzip archive")),
    (b"%PDF", gettext_noop("a PDF document")),
    (b"\x89PNG", gettext_noop("a picture")),
    (b"\xff\xd8\xff", gettext_noop("a picture")),
)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_CHINESE_SHARE = 0.9
_TORN = re.compile("[\udc80-\udcff]")
_FEW = 20
"""One in so many is few."""
_SAID = {
    "utf-8-sig": "UTF-8",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "cp1252": "Windows-1252",
    "latin-1": "Latin-1",
}


@dataclass(frozen=True)
class Encoding:
    """How the bytes of a file become text."""

    name: str
    """As Python calls it."""
    note: str = ""
    """What its owner should check, when it had to be guessed."""
    damaged: bool = False
    """Whether it has NULs, or bytes that are not of this encoding: their rows cannot be used."""

    @property
    def said(self) -> str:
        """Its name as people write it."""
        return _SAID.get(self.name, self.name.upper())

    def open(self, path: Path) -> TextIO:
        """Open a file to be read as text, its line ends as they are."""
        return path.open(encoding=self.name, errors="surrogateescape", newline="")


def detect_encoding(path: Path) -> Encoding:
    """Return the encoding that the whole file can be read in; raises `BadTable`."""
    with path.open("rb") as file:
        head = file.read(CHUNK)
    _check_head(head)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return _sure(path, name)
    if head.count(0) * _FEW > len(head):
        return _sure(path, _unmarked_utf16(head))
    return _fitting(path, "utf-8") or _mostly_utf8(head) or _guess(path, head)


def _check_head(head: bytes) -> None:
    if not head.strip():
        raise BadTable(_("The file is empty: choose one with a line of column names and rows."))
    for signature, what in _OTHER_FILES:
        if head.startswith(signature):
            raise BadTable(
                _("The file is %(what)s, not a list: export it as “CSV UTF-8” first.")
                % {"what": _(what)}
            )


def _sure(path: Path, name: str) -> Encoding:
    found = _fitting(path, name)
    if found is None:
        said = Encoding(name).said
        raise BadTable(
            _(
                "The file says that it is %(encoding)s, but parts of it are not: save it again as "
                "“CSV UTF-8”."
            )
            % {"encoding": said}
        )
    return found


def _mostly_utf8(head: bytes) -> Encoding | None:
    """Return UTF-8 where few characters are torn: that is damage, not another encoding."""
    text = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode(head)
    torn = len(_TORN.findall(text))
    whole = sum(not sign.isascii() for sign in text) - torn
    if torn * _FEW >= whole:
        return None
    note = _("Parts of the file are not UTF-8 as the rest is: their rows are handed back.")
    return Encoding("utf-8", note, damaged=True)


def _unmarked_utf16(head: bytes) -> str:
    """Latin letters in UTF-16 have a NUL in every second place."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > len(head) // 8 and even * 8 < odd:
        return "utf-16-le"
    if even > len(head) // 8 and odd * 8 < even:
        return "utf-16-be"
    raise BadTable(
        _("The file contains NUL bytes, so it is no text: save it again as “CSV UTF-8”.")
    )


def _guess(path: Path, head: bytes) -> Encoding:
    if _looks_chinese(head) and (found := _fitting(path, "gb18030")):
        return replace(found, note=_("The file is not UTF-8: it was read as GB18030 (Chinese)."))
    found = _fitting(path, "cp1252") or _fitting(path, "latin-1") or Encoding("latin-1")
    note = _("The file is not UTF-8: it was read as %(encoding)s. Check the accents.")
    return replace(found, note=note % {"encoding": found.said})


def _looks_chinese(head: bytes) -> bool:
    """Chinese characters are pairs of high bytes; accents stand alone among Latin letters."""
    runs = [len(run) for run in _HIGH_RUN.findall(head)]
    even = sum(1 for length in runs if length % 2 == 0)
    return bool(runs) and even >= len(runs) * _CHINESE_SHARE


def _fitting(path: Path, name: str) -> Encoding | None:
    """Return the encoding if the whole file is written in it."""
    decoder = codecs.getincrementaldecoder(name)()
    damaged = False
    try:
        for chunk in _chunks(path):
            damaged = "\x00" in decoder.decode(chunk) or damaged
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return None
    return Encoding(name, damaged=damaged)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
