"""What a file is, told by its first bytes and never by its name."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from PIL import features

from core.pictures.errors import Unusable

HEAD = 40
"""So many bytes tell what a file is."""

WITH_AVIF = bool(features.check("avif"))
"""Whether this machine's Pillow reads and writes AVIF; builds without it are about."""

EXTENSIONS = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp"}
"""The formats that are read and written, and how their files' names end."""

SUFFIXES = {".jpg": "JPEG", ".jpeg": "JPEG", ".jpe": "JPEG", ".png": "PNG", ".webp": "WEBP"}
"""What a file's name promises."""

if WITH_AVIF:
    EXTENSIONS["AVIF"] = ".avif"
    SUFFIXES[".avif"] = "AVIF"

USABLE = (
    gettext_lazy("JPEG, PNG, WebP and AVIF") if WITH_AVIF else gettext_lazy("JPEG, PNG and WebP")
)
"""The formats in words."""

AVIF = "AVIF" if WITH_AVIF else gettext_noop("an AVIF picture")

_SIGNATURES = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (8, b"WEBP", "WEBP"),
    (0, b"PK\x03\x04", "ZIP"),
    (0, b"PK\x05\x06", "ZIP"),
    (0, b"GIF8", gettext_noop("a GIF picture")),
    (0, b"BM", gettext_noop("a BMP picture")),
    (0, b"II*\x00", gettext_noop("a TIFF or raw picture")),
    (0, b"MM\x00*", gettext_noop("a TIFF or raw picture")),
    (4, b"ftypavif", AVIF),
    (4, b"ftypavis", AVIF),
    (4, b"ftyphe", gettext_noop("a HEIC picture")),
    (4, b"ftypmif1", gettext_noop("a HEIC picture")),
    (4, b"ftyp", gettext_noop("a video")),
    (0, b"%PDF", gettext_noop("a PDF document")),
    (0, b"8BPS", gettext_noop("a Photoshop file")),
    (0, b"Rar!", gettext_noop("a RAR archive")),
    (0, b"7z\xbc\xaf\x27\x1c", gettext_noop("a 7z archive")),
    (0, b"\x1f\x8b", gettext_noop("a gzip archive")),
    (0, b"<svg", gettext_noop("an SVG drawing")),
    (0, b"<?xml", gettext_noop("an XML or SVG file")),
)


def kind_of(head: bytes) -> str:
    """Return a format's name, `ZIP`, what else it is in words, or nothing if unknown."""
    if head[4:12] == b"ftypmif1" and b"avif" in head[16:]:
        return AVIF  # Only the brands behind the general one tell it from HEIC.
    for at, signature, kind in _SIGNATURES:
        if head[at : at + len(signature)] == signature:
            return kind
    return ""


def picture_kind(head: bytes) -> str:
    """Return which of the formats a file has; raises `Unusable` for everything else."""
    if not head:
        raise Unusable(_("is empty"))
    kind = kind_of(head)
    if kind == "ZIP":
        raise Unusable(_("is a ZIP inside a ZIP: unpack it and upload it by itself"))
    if kind not in EXTENSIONS:
        what = _(kind or gettext_noop("not a picture"))
        raise Unusable(
            _("is %(what)s: %(formats)s can be used") % {"what": what, "formats": USABLE}
        )
    return kind
