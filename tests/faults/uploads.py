"""Draws the uploads of tests/corpus/uploads.json that cannot be written down."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

from tests.core.drawn import corners, png_header, saved

MEGABYTE = 1024 * 1024


def packed(files: Mapping[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a ZIP."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", how) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


def encrypted() -> bytes:
    """Return a ZIP which says that it needs a password."""
    data = bytearray(packed({"a.jpg": picture()}))
    data[6] |= 1
    data[data.find(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def linked() -> bytes:
    """Return a ZIP with a symbolic link."""
    file, link = io.BytesIO(), zipfile.ZipInfo("a.jpg")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    return file.getvalue()


def widened() -> bytes:
    """Return a ZIP whose second table of contents says that it has a terabyte."""
    data = packed({"a.jpg": picture()})
    end = data.rfind(b"PK\x05\x06")
    wide = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, 2**40, 0)
    return data[:end] + wide + struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1) + data[end:]


def liar() -> bytes:
    """Return a ZIP whose entry says that it is small, and is not."""
    data = bytearray(packed({"a.png": bytes(30 * MEGABYTE)}))
    small = struct.pack("<L", 1_000)
    central = data.find(b"PK\x01\x02")
    data[22:26] = data[central + 24 : central + 28] = small
    return bytes(data)


def picture(kind: str = "JPEG", size: tuple[int, int] = (300, 200)) -> bytes:
    """Return a good picture."""
    return saved(corners(size), kind)


def webp_header(side: int = 16_383) -> bytes:
    """Return a WebP that claims a size and holds nothing."""
    edge = (side - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + edge + edge
    return b"RIFF" + struct.pack("<I", len(body)) + body


def text_bomb() -> bytes:
    """Return a PNG with a text that unpacks to a hundred megabytes."""
    body = b"a\x00\x00" + zlib.compress(bytes(100 * MEGABYTE), 9)
    chunk = struct.pack(">I", len(body)) + b"zTXt" + body
    chunk += struct.pack(">I", zlib.crc32(b"zTXt" + body))
    data = picture("PNG")
    return data[:33] + chunk + data[33:]


WORDS: dict[str, Any] = {
    "MEGABYTE": MEGABYTE,
    "encrypted": encrypted,
    "liar": liar,
    "linked": linked,
    "packed": packed,
    "picture": picture,
    "png_header": png_header,
    "text_bomb": text_bomb,
    "webp_header": webp_header,
    "widened": widened,
}
"""What the corpus knows."""
