"""One picture: read with care, held no larger than it needs to be."""

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from django.utils.translation import gettext as _
from PIL import Image, ImageCms

from core.pictures.errors import Unusable
from core.pictures.kinds import HEAD, picture_kind

PIXELS = 64_000_000
"""The largest picture that is opened: what the sensors of usual cameras have, and some more."""
Image.MAX_IMAGE_PIXELS = PIXELS

_ORIENTATION = 0x0112
_SIDEWAYS = {5, 6, 7, 8}
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_KEPT_TAGS = (0x013B, 0x8298)
"""Artist and copyright stay; place, camera and everything else do not leave the house."""

_TO_EIGHT_BITS = 1 / 257
_BOMB = (Image.DecompressionBombError, Image.DecompressionBombWarning)
DAMAGE = (
    *(ValueError, SyntaxError, EOFError, OverflowError, MemoryError),
    *(IndexError, KeyError, TypeError, AttributeError, RuntimeError, struct.error, zlib.error),
)
"""What Pillow's decoders stumble with when bytes are not what they should be."""


@dataclass(frozen=True)
class Options:
    """What is to be made of each picture."""

    widths: tuple[int, ...]
    """In pixels; a picture that is narrower keeps its own width."""
    format: str = "keep"
    """`keep`, or one of `EXTENSIONS`."""
    quality: int = 82
    """From 1 to 100, for all but PNG."""


@dataclass(frozen=True)
class Picture:
    """A decoded picture: upright, in mode L, LA, RGB or RGBA, without hidden data."""

    image: Image.Image
    """May hold fewer pixels than the file where that is enough for what was asked."""
    kind: str
    """One of `EXTENSIONS`."""
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
        scale = largest / size[0]
        _decode(image, scale)
        turn = _TURNS.get(image.getexif().get(_ORIENTATION, 1))
        plain, profile = _plain(image, image.info.get("icc_profile"), scale)
        plain = plain if turn is None else plain.transpose(turn)
        return Picture(plain, kind, size, profile, exif, notes)


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
        raise Unusable(_("is damaged: its end is missing") if cut else _("is damaged")) from error
    except DAMAGE as error:
        raise Unusable(_("is damaged")) from error


def _check_size(image: Image.Image) -> None:
    """Compare what the header says, before anything is decoded."""
    if image.width * image.height > PIXELS:
        raise _too_large()


def _too_large() -> Unusable:
    return Unusable(
        _("has too many pixels: at most %(most)d million can be used")
        % {"most": PIXELS // 1_000_000}
    )


def _upright_size(image: Image.Image) -> tuple[int, int]:
    width, height = image.size
    return (height, width) if image.getexif().get(_ORIENTATION) in _SIDEWAYS else (width, height)


def _notes(image: Image.Image) -> tuple[str, ...]:
    # JPEG's further frames are previews and depth maps, not an animation.
    frames = 1 if image.format in {"JPEG", "MPO"} else getattr(image, "n_frames", 1)
    found = []
    if frames > 1:
        found.append(_("moves: only the first of %(frames)d frames is used") % {"frames": frames})
    if image.mode == "CMYK":
        found.append(_("is in print colours: turned into screen colours"))
    return tuple(found)


def _kept_exif(image: Image.Image) -> Image.Exif:
    found, kept = image.getexif(), Image.Exif()
    for tag in _KEPT_TAGS:
        if tag in found:
            kept[tag] = found[tag]
    return kept


def _spare(image: Image.Image, scale: float) -> int:
    """Return by how much a picture can be halved and still has twice the pixels that are needed.

    A JPEG was decoded so already; all others would be held whole for as long as they are used.
    """
    return 1 if image.format in {"JPEG", "MPO"} else max(1, int(1 / (2 * scale)))


def _decode(image: Image.Image, scale: float) -> None:
    """Decode; a JPEG at 1/2, 1/4 or 1/8 where that leaves twice the pixels that are needed."""
    wanted = 2 * min(1.0, scale)
    if image.format in {"JPEG", "MPO"} and wanted < 1:
        size = int(image.width * wanted) or 1, int(image.height * wanted) or 1
        image.draft(None, size)
    image.load()


def _plain(
    image: Image.Image, profile: bytes | None, scale: float
) -> tuple[Image.Image, bytes | None]:
    """Return the picture in one of the four modes, and its profile if that still fits."""
    space = profile[16:20] if profile else b""
    plain = image
    if image.mode == "CMYK":
        plain = _from_print(image, profile if space == b"CMYK" else None)
    elif image.mode[0] == "I":
        plain = _from_deep(image)
    elif image.mode != _plain_mode(image):
        plain = image.convert(_plain_mode(image))
    if plain is image or _spare(image, scale) > 1:
        plain = plain.reduce(_spare(image, scale))
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
