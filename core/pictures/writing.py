"""One picture made smaller, and written."""

from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from PIL import Image

from core.pictures.errors import Unusable
from core.pictures.kinds import EXTENSIONS
from core.pictures.picture import DAMAGE, Options, Picture

THUMB = 192
"""Width and height that a thumbnail has at most."""
THUMB_PROFILE = 4_096
"""Bytes of a colour profile that a thumbnail carries at most."""

_LONGEST_SIDE = {"JPEG": 65_500, "PNG": 2**31 - 1, "WEBP": 16_383, "AVIF": 16_384}
_IN_COLOUR = {"WEBP", "AVIF"}
"""The formats that know no grey."""


def widths_of(picture: Picture, options: Options) -> list[int]:
    """Return the widths to make, without enlarging and without the same one twice."""
    return sorted({min(width, picture.size[0]) for width in options.widths})


def kind_for(picture: Picture, options: Options) -> str:
    """Return the format that the results have."""
    return picture.kind if options.format == "keep" else options.format


def write_picture(picture: Picture, width: int, options: Options, target: Path) -> None:
    """Write one smaller version; raises `Unusable` when the format cannot hold it."""
    kind = kind_for(picture, options)
    height = max(1, round(picture.size[1] * width / picture.size[0]))
    if max(width, height) > _LONGEST_SIDE[kind]:
        raise Unusable(
            _("is too long for %(kind)s: at most %(most)s px")
            % {"kind": EXTENSIONS[kind], "most": f"{_LONGEST_SIDE[kind]:,}"}
        )
    image = picture.image
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3)
    image = _fit_for(kind, image)
    try:
        image.save(target, kind, **_saving(picture, kind, image.mode, options))
    except (*DAMAGE, OSError) as error:
        if getattr(error, "errno", None) is not None:  # The disk's fault, not the picture's.
            raise
        raise Unusable(_("cannot be written as %(kind)s") % {"kind": kind}) from error


def write_thumbnail(picture: Picture, target: Path) -> None:
    """Write a small WebP to look at."""
    image = picture.image
    scale = min(1.0, THUMB / max(image.size))
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    # Quick rather than small: it is one more for each picture, and a few kilobytes anyway.
    image = image.resize(size, reducing_gap=1.5)
    profile = picture.profile or b""
    kept = {"icc_profile": profile} if 0 < len(profile) <= THUMB_PROFILE else {}
    gray = image.mode in {"L", "LA"}
    _fit_for("WEBP", image).save(target, "WEBP", quality=70, method=1, **({} if gray else kept))


def _fit_for(kind: str, image: Image.Image) -> Image.Image:
    if kind == "JPEG" and image.mode in {"LA", "RGBA"}:
        paper = Image.new("RGBA", image.size, "white")
        flat = Image.alpha_composite(paper, image.convert("RGBA"))
        return flat.convert("L" if image.mode == "LA" else "RGB")
    if kind in _IN_COLOUR and image.mode in {"L", "LA"}:
        return image.convert("RGB" if image.mode == "L" else "RGBA")
    return image


def _saving(picture: Picture, kind: str, mode: str, options: Options) -> dict[str, Any]:
    """Return Pillow's options; a grey profile does not fit a picture that became coloured."""
    saving: dict[str, Any] = {} if kind == "PNG" else {"quality": options.quality}
    if kind == "JPEG":
        saving |= {"progressive": True, "optimize": True}
    if kind == "AVIF":
        saving |= {"speed": 8, "max_threads": 1}  # The other processors have pictures of their own.
    gray = picture.image.mode in {"L", "LA"}
    if picture.profile and gray == (mode in {"L", "LA"}):
        saving["icc_profile"] = picture.profile
    if len(picture.exif):
        saving["exif"] = picture.exif
    return saving
