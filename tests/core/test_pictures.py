"""One picture: read with care, made smaller, written."""

import io
import struct
import warnings
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from core.pictures.errors import Unusable
from core.pictures.kinds import EXTENSIONS, WITH_AVIF
from core.pictures.picture import Options
from core.pictures.writing import widths_of
from core.samples.make import screen_profile
from tests.core.drawn import (
    BLUE,
    GREEN,
    RED,
    WHITE,
    YELLOW,
    corners,
    near,
    png_header,
    read,
    remade,
    saved,
)

ORIENTATION = 0x0112
BAD_AVIF = "is damaged" if WITH_AVIF else "is an AVIF picture"
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def quarters(image: Image.Image) -> list[object]:
    """Return the colours in the middle of each quarter."""
    width, height = image.size
    places = [(x, y) for y in (height // 4, height * 3 // 4) for x in (width // 4, width * 3 // 4)]
    return [image.convert("RGB").getpixel(place) for place in places]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", EXTENSIONS)
def test_every_orientation_comes_out_upright(kind: str, orientation: int, tmp_path: Path) -> None:
    """The pixels are turned, and nothing asks a viewer to turn them again."""
    stored = corners()
    if orientation in TURNS:
        stored = stored.transpose(TURNS[orientation])
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    result = remade(saved(stored, kind, exif=exif), tmp_path)
    assert result.size == (60, 40)
    colours = zip(quarters(result), [RED, GREEN, BLUE, YELLOW], strict=True)
    assert all(near(found, wanted) for found, wanted in colours)
    assert result.getexif().get(ORIENTATION, 1) == 1


@pytest.mark.parametrize("form", EXTENSIONS)
def test_a_colour_profile_is_kept_byte_by_byte(form: str, tmp_path: Path) -> None:
    """Colours mean the same before and after."""
    profile = screen_profile()
    result = remade(saved(corners(), "JPEG", icc_profile=profile), tmp_path, form=form)
    assert result.info["icc_profile"] == profile


def test_a_profile_that_does_not_fit_the_result_is_left_out(tmp_path: Path) -> None:
    """A profile for RGB on a grey picture would be wrong."""
    data = saved(corners(mode="L"), "PNG", icc_profile=screen_profile())
    assert "icc_profile" not in remade(data, tmp_path).info


def test_place_and_camera_are_left_out_and_the_author_stays(tmp_path: Path) -> None:
    """What is published does not say where it was taken."""
    exif = Image.Exif()
    exif[0x8298], exif[0x010F] = "CC BY Ada", "Camera maker"
    exif.get_ifd(0x8825)[1] = "N"
    found = remade(saved(corners(), "JPEG", exif=exif, comment=b"secret"), tmp_path)
    assert dict(found.getexif()) == {0x8298: "CC BY Ada"}
    assert "comment" not in found.info


@pytest.mark.parametrize("form", EXTENSIONS)
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_mode_can_be_written_in_every_format(mode: str, form: str, tmp_path: Path) -> None:
    """No mode of pixels is too strange for a format."""
    image = Image.new("I;16", (240, 160), 40_000) if mode == "I;16" else corners(mode=mode)
    result = remade(saved(image, "PNG"), tmp_path, form=form)
    assert (result.size, result.format) == ((60, 40), form)


def test_sixteen_bits_keep_their_brightness(tmp_path: Path) -> None:
    """Deep greys are scaled, not cut off."""
    data = saved(Image.new("I;16", (240, 160), 40_000), "PNG")
    assert remade(data, tmp_path).getpixel((5, 5)) == 155


def test_print_colours_become_screen_colours(tmp_path: Path) -> None:
    """Browsers show CMYK in many ways, RGB in one."""
    data = saved(corners(mode="CMYK"), "JPEG", quality=95)
    result = remade(data, tmp_path)
    assert result.mode == "RGB"
    assert near(result.getpixel((5, 5)), RED, 40)
    assert "print colours" in read(data).notes[0]


def test_a_broken_profile_does_not_stop_print_colours(tmp_path: Path) -> None:
    """A profile that cannot be read is as good as none."""
    broken = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    broken[16:20], broken[128:] = b"CMYK", bytes(16)
    data = saved(corners(mode="CMYK"), "JPEG", icc_profile=bytes(broken))
    assert remade(data, tmp_path).mode == "RGB"


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_nothing_becomes_white_in_a_jpeg(mode: str, tmp_path: Path) -> None:
    """JPEG knows no transparency; the page behind is white."""
    image = Image.new("RGBA", (200, 200), (0, 0, 0, 0))
    image.paste(RED, (0, 0, 100, 200))
    result = remade(saved(image.convert(mode), "PNG"), tmp_path, form="JPEG").convert("RGB")
    assert near(result.getpixel((50, 30)), WHITE)
    assert not near(result.getpixel((10, 30)), WHITE)


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_a_transparent_palette_stays_transparent(form: str, tmp_path: Path) -> None:
    """A palette's transparent colour becomes real transparency."""
    image = corners().quantize(4)
    top_left = image.getpixel((0, 0))
    result = remade(saved(image, "PNG", transparency=top_left), tmp_path, form=form)
    alpha = result.convert("RGBA").getchannel("A")
    assert alpha.getpixel((5, 5)) == 0
    assert alpha.getpixel((55, 35)) == 255


@pytest.mark.parametrize("kind", [kind for kind in EXTENSIONS if kind != "JPEG"])
def test_of_an_animation_the_first_frame_is_used(kind: str, tmp_path: Path) -> None:
    """And its owner is told."""
    frames = [Image.new("RGB", (100, 100), colour) for colour in (RED, GREEN, BLUE)]
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=50)
    assert near(remade(data, tmp_path).convert("RGB").getpixel((5, 5)), RED)
    assert read(data).notes == ("moves: only the first of 3 frames is used",)


def test_no_picture_is_enlarged_and_none_is_made_twice() -> None:
    """Widths above its own all mean its own."""
    picture = read(saved(corners((500, 300)), "PNG"))
    assert widths_of(picture, Options((320, 800, 1600))) == [320, 500]


def test_a_large_jpeg_is_decoded_smaller() -> None:
    """No more pixels are decoded than the results need."""
    picture = read(saved(corners((4000, 2000)), "JPEG"), largest=200)
    assert picture.size == (4000, 2000)
    assert picture.image.size == (500, 250)


def test_a_large_png_is_not_held_whole(tmp_path: Path) -> None:
    """It has to be decoded whole, and is then reduced to twice the pixels that are needed."""
    data = saved(corners((4000, 2000)), "PNG")
    assert read(data, largest=200).image.size == (400, 200)
    assert quarters(remade(data, tmp_path)) == [RED, GREEN, BLUE, YELLOW]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"GIF89a" + bytes(20), "is a GIF picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is an SVG drawing"),
        (b"<?xml version='1.0'?><svg/>", "is an XML or SVG file"),
        (b"\x00\x00\x00\x18ftypheic" + bytes(20), "is a HEIC picture"),
        (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic" + bytes(9), "is a HEIC picture"),
        (b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1avif" + bytes(9), BAD_AVIF),
        (b"\x00\x00\x00\x1cftypavif" + bytes(99), BAD_AVIF),
        (b"just words", "is not a picture"),
        (b"PK\x03\x04" + bytes(30), "is a ZIP inside a ZIP"),
        (b"\xff\xd8\xff\xe0" + bytes(40), "is damaged"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "is damaged"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 " + bytes(8), "is damaged"),
        (saved(corners((900, 900)), "JPEG", quality=95)[:4000], "is damaged: its end is missing"),
        (saved(corners((900, 900)), "PNG")[:400], "is damaged"),
        (saved(corners((900, 900)), "WEBP")[:300], "is damaged"),
    ],
)
def test_what_cannot_be_used_is_told_why(data: bytes, reason: str) -> None:
    """The type comes from the bytes; the reason says what to do."""
    with pytest.raises(Unusable) as told:
        read(data)
    assert str(told.value).startswith(reason)


@pytest.mark.parametrize(
    "size", [(60_000, 60_000), (10_000, 10_000), (8_001, 8_000), (2**31 - 1, 2**31 - 1)]
)
def test_a_picture_of_too_many_pixels_is_not_decoded(size: tuple[int, int]) -> None:
    """What the header says is enough to refuse it."""
    with pytest.raises(Unusable, match="too many pixels"):
        read(png_header(*size))


def test_a_webp_of_too_many_pixels_is_not_decoded() -> None:
    """The same for the format whose decoder opens the canvas first."""
    side = (16_383 - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + side + side
    with pytest.raises(Unusable):
        read(b"RIFF" + struct.pack("<I", len(body)) + body)


def test_a_picture_that_is_too_long_for_its_format_is_refused(tmp_path: Path) -> None:
    """WebP ends at 16,383 pixels."""
    data = saved(Image.new("L", (10, 17_000)), "PNG")
    with pytest.raises(Unusable, match="too long"):
        remade(data, tmp_path, width=10, form="WEBP")


def test_a_full_disk_is_not_the_pictures_fault(tmp_path: Path) -> None:
    """Faults of the machine stop the job instead of blaming each picture."""

    class Full(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 100:
                raise OSError(28, "No space left on device")
            return super().read(size)

    with pytest.raises(OSError, match="No space") as told, warnings.catch_warnings():
        from core.pictures.picture import read_picture

        read_picture(Full(saved(corners((900, 900)), "PNG")), 100)
    assert not isinstance(told.value, Unusable)
