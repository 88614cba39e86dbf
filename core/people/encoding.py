"""In which encoding a text file is written."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.people.errors import BadTable

CHUNK = 1024 * 1024
_OTHER_FILES = (
    (b"PK\x03\x04", "an Excel or OpenDocument workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_CHINESE_SHARE = 0.9


@dataclass(frozen=True)
class Encoding:
    """How the bytes of a file become text."""

    name: str
    """As Python calls it."""
    note: str = ""
    """What its owner should check, when it had to be guessed."""


def detect_encoding(path: Path) -> Encoding:
    """Return the encoding that the whole file can be read in; raises `BadTable`."""
    with path.open("rb") as file:
        head = file.read(CHUNK)
    _check_head(head)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return _sure(path, name)
    if b"\x00" in head:
        return _sure(path, _unmarked_utf16(head))
    if _decodes(path, "utf-8"):
        return Encoding("utf-8")
    return _guess(path, head)


def _check_head(head: bytes) -> None:
    if not head.strip():
        raise BadTable("The file is empty: choose one with a line of column names and rows.")
    for signature, what in _OTHER_FILES:
        if head.startswith(signature):
            raise BadTable(f"The file is {what}, not CSV: export it as “CSV UTF-8” first.")


def _sure(path: Path, name: str) -> Encoding:
    if not _decodes(path, name):
        raise BadTable(
            f"The file says that it is {name.upper().removesuffix('-SIG')}, but parts of it "
            "are not: save it again as “CSV UTF-8”."
        )
    return Encoding(name)


def _unmarked_utf16(head: bytes) -> str:
    """Latin letters in UTF-16 have a NUL in every second place."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > len(head) // 8 and even * 8 < odd:
        return "utf-16-le"
    if even > len(head) // 8 and odd * 8 < even:
        return "utf-16-be"
    raise BadTable("The file contains NUL bytes, so it is no text: save it again as “CSV UTF-8”.")


def _guess(path: Path, head: bytes) -> Encoding:
    if _looks_chinese(head) and _decodes(path, "gb18030"):
        return Encoding("gb18030", "The file is not UTF-8: it was read as GB18030 (Chinese).")
    name, said = ("cp1252", "Windows-1252") if _decodes(path, "cp1252") else ("latin-1", "Latin-1")
    if not _decodes(path, name):
        raise BadTable("The file contains NUL bytes: save it again as “CSV UTF-8”.")
    return Encoding(name, f"The file is not UTF-8: it was read as {said}. Check the accents.")


def _looks_chinese(head: bytes) -> bool:
    """Chinese characters are pairs of high bytes; accents stand alone among Latin letters."""
    runs = [len(run) for run in _HIGH_RUN.findall(head)]
    even = sum(1 for length in runs if length % 2 == 0)
    return bool(runs) and even >= len(runs) * _CHINESE_SHARE


def _decodes(path: Path, name: str) -> bool:
    decoder = codecs.getincrementaldecoder(name)()
    try:
        return all("\x00" not in decoder.decode(chunk) for chunk in _chunks(path)) and (
            "\x00" not in decoder.decode(b"", final=True)
        )
    except UnicodeDecodeError:
        return False


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
