"""One picture: read it with care, make it smaller, write it."""

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from PIL import Image, ImageCms, ImageOps

from core.pictures.errors import Unusable
from core.pictures.kinds import EXTENSIONS, HEAD, picture_kind

PIXELS = 100_000_000
"""The largest picture that is decoded, about 400 MB in memory."""

Image.MAX_IMAGE_PIXELS = PIXELS

_ORIENTATION = 0x0112
_SIDEWAYS = {5, 6, 7, 8}
_KEPT_TAGS = (0x013B, 0x8298)
"""Artist and copyright stay; place, camera and everything else do not leave the house."""

_LONGEST_SIDE = {"JPEG": 65_500, "PNG": 2**31 - 1, "WEBP": 16_383}
_TO_EIGHT_BITS = 1 / 257
_BOMB = (Image.DecompressionBombError, Image.DecompressionBombWarning)
_DAMAGE = (
    *(ValueError, SyntaxError, EOFError, OverflowError, MemoryError),
    *(IndexError, KeyError, TypeError, AttributeError, struct.error, zlib.error),
)
"""What Pillow's decoders stumble with when bytes are not what they should be."""


@dataclass(frozen=True)
class Options:
    """What is to be made of each picture."""

    widths: tuple[int, ...]
    """In pixels; a picture that is narrower keeps its own width."""
    format: str = "keep"
    """`keep`, `JPEG`, `PNG` or `WEBP`."""
    quality: int = 82
    """From 1 to 100, for JPEG and WebP."""


@dataclass(frozen=True)
class Picture:
    """A decoded picture: upright, in mode L, LA, RGB or RGBA, without hidden data."""

    image: Image.Image
    """May hold fewer pixels than the file where that is enough for what was asked."""
    kind: str
    """`JPEG`, `PNG` or `WEBP`."""
    size: tuple[int, int]
    """Width and height of the file, upright."""
    profile: bytes | None
    """Its colour profile, byte by byte."""
    exif: Image.Exif
    """Artist and copyright, where it names them."""
    notes: tuple[str, ...] = ()
    """What its owner should know."""


def read_picture(file: IO[bytes], largest: int) -> Picture:
    """Decode a file for results of at most `largest` width; raises `Unusable`."""
    file.seek(0)
    kind = picture_kind(file.read(HEAD))
    file.seek(0)
    with _damage_told(), Image.open(file, formats=[kind]) as image:
        _check_size(image)
        size = _upright_size(image)
        notes = _notes(image)
        exif = _kept_exif(image)
        _decode(image, largest / size[0])
        upright = ImageOps.exif_transpose(image)
        plain, profile = _plain(upright, image.info.get("icc_profile"))
        return Picture(plain, kind, size, profile, exif, notes)


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
        raise Unusable(f"is too long for {EXTENSIONS[kind]}: at most {_LONGEST_SIDE[kind]:,} px")
    image = picture.image
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3)
    image = _fit_for(kind, image)
    image.save(target, kind, **_saving(picture, kind, image.mode, options))


@contextmanager
def _damage_told() -> Iterator[None]:
    try:
        yield
    except _BOMB as error:
        raise _too_large() from error
    except OSError as error:
        if error.errno is not None:  # The disk's fault, not the picture's.
            raise
        cut = "truncated" in str(error)
        raise Unusable("is damaged: its end is missing" if cut else "is damaged") from error
    except _DAMAGE as error:
        raise Unusable("is damaged") from error


def _check_size(image: Image.Image) -> None:
    """Compare what the header says, before anything is decoded."""
    if image.width * image.height > PIXELS:
        raise _too_large()


def _too_large() -> Unusable:
    return Unusable(f"has too many pixels: at most {PIXELS // 1_000_000} million can be used")


def _upright_size(image: Image.Image) -> tuple[int, int]:
    width, height = image.size
    return (height, width) if image.getexif().get(_ORIENTATION) in _SIDEWAYS else (width, height)


def _notes(image: Image.Image) -> tuple[str, ...]:
    # JPEG's further frames are previews and depth maps, not an animation.
    frames = 1 if image.format in {"JPEG", "MPO"} else getattr(image, "n_frames", 1)
    found = [f"moves: only the first of {frames} frames is used"] if frames > 1 else []
    if image.mode == "CMYK":
        found.append("is in print colours: turned into screen colours")
    return tuple(found)


def _kept_exif(image: Image.Image) -> Image.Exif:
    found, kept = image.getexif(), Image.Exif()
    for tag in _KEPT_TAGS:
        if tag in found:
            kept[tag] = found[tag]
    return kept


def _decode(image: Image.Image, scale: float) -> None:
    """Decode; a JPEG at 1/2, 1/4 or 1/8 where that leaves twice the pixels that are needed."""
    wanted = 2 * min(1.0, scale)
    if image.format in {"JPEG", "MPO"} and wanted < 1:
        size = int(image.width * wanted) or 1, int(image.height * wanted) or 1
        image.draft(None, size)
    image.load()


def _plain(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, bytes | None]:
    """Return the picture in one of the four modes, and its profile if that still fits."""
    space = profile[16:20] if profile else b""
    if image.mode == "CMYK":
        plain = _from_print(image, profile if space == b"CMYK" else None)
    else:
        plain = image.convert(_plain_mode(image)) if image.mode[0] != "I" else _from_deep(image)
    plain.info = {}
    fits = space == (b"GRAY" if plain.mode in {"L", "LA"} else b"RGB ")
    return plain, profile if fits else None


def _plain_mode(image: Image.Image) -> str:
    if image.mode in {"1", "L", "LA"}:
        return "LA" if image.has_transparency_data else "L"
    return "RGBA" if image.has_transparency_data else "RGB"


def _from_deep(image: Image.Image) -> Image.Image:
    return image.convert("I").point(lambda value: value * _TO_EIGHT_BITS + 0).convert("L")


def _from_print(image: Image.Image, profile: bytes | None) -> Image.Image:
    if profile is not None:
        try:
            return _through_profile(image, profile)
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass  # A broken profile: the plain way is closer than nothing.
    return image.convert("RGB")


def _through_profile(image: Image.Image, profile: bytes) -> Image.Image:
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    screen = ImageCms.createProfile("sRGB")
    found = ImageCms.profileToProfile(image, source, screen, outputMode="RGB")
    return found if found is not None else image.convert("RGB")


def _fit_for(kind: str, image: Image.Image) -> Image.Image:
    if kind == "JPEG" and image.mode in {"LA", "RGBA"}:
        paper = Image.new("RGBA", image.size, "white")
        flat = Image.alpha_composite(paper, image.convert("RGBA"))
        return flat.convert("L" if image.mode == "LA" else "RGB")
    if kind == "WEBP" and image.mode in {"L", "LA"}:
        return image.convert("RGB" if image.mode == "L" else "RGBA")
    return image


def _saving(picture: Picture, kind: str, mode: str, options: Options) -> dict[str, Any]:
    """Return Pillow's options; a grey profile does not fit a picture that became coloured."""
    saving: dict[str, Any] = {} if kind == "PNG" else {"quality": options.quality}
    if kind == "JPEG":
        saving |= {"progressive": True, "optimize": True}
    gray = picture.image.mode in {"L", "LA"}
    if picture.profile and gray == (mode in {"L", "LA"}):
        saving["icc_profile"] = picture.profile
    if len(picture.exif):
        saving["exif"] = picture.exif
    return saving
