"""Names of files that are safe to show, to write and to unpack on any system."""

import re
from pathlib import PurePosixPath

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_FORBIDDEN = re.compile(r'[<>:"|?*\ud800-\udfff]')
_RESERVED = re.compile(r"(?i)^(con|prn|aux|nul|com\d|lpt\d)$")
_LENGTH = 100
_DEPTH = 6


def safe_path(name: str) -> str:
    """Return a relative path without `..`, drives, controls and names that Windows forbids."""
    parts = [_safe_part(part) for part in re.split(r"[\\/]+", name)]
    return "/".join([part for part in parts if part][-_DEPTH:]) or "picture"


def with_width(name: str, width: int, extension: str) -> str:
    """Return the name of a picture's smaller version: `trip/a.png` becomes `trip/a-320.jpg`."""
    path = PurePosixPath(name)
    return str(path.with_name(f"{path.stem}-{width}{extension}"))


def unique(name: str, taken: set[str]) -> str:
    """Return the name, numbered if another one has it in any case, and take it."""
    path, found, number = PurePosixPath(name), name, 1
    while found.casefold() in taken:
        number += 1
        found = str(path.with_name(f"{path.stem}-{number}{path.suffix}"))
    taken.add(found.casefold())
    return found


def _safe_part(part: str) -> str:
    part = _FORBIDDEN.sub("_", _CONTROLS.sub("", part)).strip(" .")
    stem, dot, suffix = part.rpartition(".") if "." in part else (part, "", "")
    stem = stem[: _LENGTH - len(suffix[:10]) - len(dot)].rstrip()
    if _RESERVED.match(stem):
        stem = f"_{stem}"
    return f"{stem}{dot}{suffix[:10]}"
