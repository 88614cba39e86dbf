"""What a file is, told by its first bytes and never by its name."""

from core.pictures.errors import Unusable

HEAD = 16
"""So many bytes tell what a file is."""

EXTENSIONS = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp"}
"""The formats that are read and written, and how their files' names end."""

SUFFIXES = {".jpg": "JPEG", ".jpeg": "JPEG", ".jpe": "JPEG", ".png": "PNG", ".webp": "WEBP"}
"""What a file's name promises."""

_SIGNATURES = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (8, b"WEBP", "WEBP"),
    (0, b"PK\x03\x04", "ZIP"),
    (0, b"PK\x05\x06", "ZIP"),
    (0, b"GIF8", "a GIF picture"),
    (0, b"BM", "a BMP picture"),
    (0, b"II*\x00", "a TIFF or raw picture"),
    (0, b"MM\x00*", "a TIFF or raw picture"),
    (4, b"ftypavif", "an AVIF picture"),
    (4, b"ftyphe", "a HEIC picture"),
    (4, b"ftypmif1", "a HEIC picture"),
    (4, b"ftyp", "a video"),
    (0, b"%PDF", "a PDF document"),
    (0, b"8BPS", "a Photoshop file"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"<svg", "an SVG drawing"),
    (0, b"<?xml", "an XML or SVG file"),
)


def kind_of(head: bytes) -> str:
    """Return `JPEG`, `PNG`, `WEBP`, `ZIP`, what else it is in words, or nothing if unknown."""
    for at, signature, kind in _SIGNATURES:
        if head[at : at + len(signature)] == signature:
            return kind
    return ""


def picture_kind(head: bytes) -> str:
    """Return which of the three formats a file has; raises `Unusable` for everything else."""
    if not head:
        raise Unusable("is empty")
    kind = kind_of(head)
    if kind == "ZIP":
        raise Unusable("is a ZIP inside a ZIP: unpack it and upload it by itself")
    if kind not in EXTENSIONS:
        raise Unusable(f"is {kind or 'not a picture'}: JPEG, PNG and WebP can be used")
    return kind
