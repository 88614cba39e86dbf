"""Pictures and ZIPs that the tests draw themselves."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from core.pictures.picture import Options, Picture, read_picture
from core.pictures.writing import write_picture

RED, GREEN, BLUE, YELLOW = (220, 20, 20), (20, 200, 20), (20, 20, 220), (230, 220, 20)
WHITE = (255, 255, 255)


def corners(size: tuple[int, int] = (240, 160), mode: str = "RGB") -> Image.Image:
    """Draw four coloured quarters: red and green above, blue and yellow below."""
    width, height = size
    image = Image.new("RGB", size, RED)
    image.paste(GREEN, (width // 2, 0, width, height))
    image.paste(BLUE, (0, height // 2, width, height))
    image.paste(YELLOW, (width // 2, height // 2, width, height))
    return image.convert(mode)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    """Return the file that Pillow writes."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def read(data: bytes, largest: int = 100) -> Picture:
    """Read a file's bytes as the job does."""
    return read_picture(io.BytesIO(data), largest)


def remade(data: bytes, folder: Path, width: int = 60, form: str = "keep") -> Image.Image:
    """Make a picture smaller and open the result."""
    options = Options((width,), form, 90)
    write_picture(read(data, width), width, options, folder / "result")
    with Image.open(folder / "result") as image:
        image.load()
        return image


def near(one: Any, other: tuple[int, ...], by: int = 24) -> bool:
    """Say whether two colours look alike."""
    return all(abs(a - b) <= by for a, b in zip(one, other, strict=True))


def png_header(width: int, height: int) -> bytes:
    """Return a PNG that claims a size and holds next to nothing."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(100))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def zipped(path: Path, files: Mapping[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write a ZIP."""
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path
