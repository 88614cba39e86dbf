"""Where pictures come from: files and ZIPs, hostile ones too."""

import io
import stat
import struct
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from core.pictures.errors import Unusable
from core.pictures.names import safe_path, unique, with_width
from core.pictures.sources import MEGABYTE, Limits, Source, sources_of
from tests.core.drawn import zipped


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    """Close the ZIPs afterwards."""
    with ExitStack() as stack:
        yield stack


def content(source: Source, limit: int = MEGABYTE) -> bytes:
    """Return what a source holds."""
    file = io.BytesIO()
    source.copy_to(file, limit)
    return file.getvalue()


def reason(source: Source) -> str:
    """Return why a source cannot be used."""
    with pytest.raises(Unusable) as told:
        content(source)
    return str(told.value)


def test_a_plain_file_is_its_own_source(tmp_path: Path, opened: ExitStack) -> None:
    """Its name loses every folder."""
    (tmp_path / "a").write_bytes(b"bytes")
    (source,) = sources_of("../../etc/a.jpg", tmp_path / "a", opened)
    assert (source.name, content(source)) == ("a.jpg", b"bytes")


def test_a_zip_gives_its_files_and_leaves_out_litter(tmp_path: Path, opened: ExitStack) -> None:
    """Folders are kept, what systems leave behind is not."""
    files = ["trip/a.jpg", "b.png", "__MACOSX/trip/._a.jpg", "trip/.DS_Store", "Thumbs.db", "._b"]
    path = zipped(tmp_path / "z", {name: name.encode() for name in [*files, "trip/sub/"]})
    found = sources_of("z.zip", path, opened)
    assert [source.name for source in found] == ["trip/a.jpg", "b.png"]
    assert content(found[0]) == b"trip/a.jpg"


def test_a_zip_is_known_by_its_bytes(tmp_path: Path, opened: ExitStack) -> None:
    """Also when its name is that of a picture."""
    path = zipped(tmp_path / "z", {"a.jpg": b"a"})
    assert [source.name for source in sources_of("z.jpg", path, opened)] == ["a.jpg"]


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../../etc/passwd", "etc/passwd"),
        ("/absolute/a.jpg", "absolute/a.jpg"),
        ("..\\..\\windows\\a.jpg", "windows/a.jpg"),
        ("C:\\a.jpg", "C_/a.jpg"),
        ("a\x00b\n\u202egpj.exe", "abgpj.exe"),
        ("CON.jpg", "_CON.jpg"),
        ("trailing. /a.jpg ", "trailing/a.jpg"),
        ("....//", "picture"),
        ("x" * 300 + ".jpeg", "x" * 95 + ".jpeg"),
        ("a/" * 50 + "b.jpg", "a/a/a/a/a/b.jpg"),
        ("名前.jpg", "名前.jpg"),
    ],
)
def test_names_lead_nowhere_else(name: str, safe: str) -> None:
    """No name leaves the folder or hides what it is."""
    assert safe_path(name) == safe


def test_no_name_is_given_twice() -> None:
    """Not even in another case: many file systems see none."""
    taken: set[str] = set()
    names = [unique(with_width(name, 320, ".jpg"), taken) for name in ("a.png", "A.png", "a.jpg")]
    assert names == ["a-320.jpg", "A-320-2.jpg", "a-320-3.jpg"]


def test_too_many_files_are_refused(tmp_path: Path, opened: ExitStack) -> None:
    """The ZIP is one failed item."""
    path = zipped(tmp_path / "z", {f"{n}.jpg": b"" for n in range(6)})
    (source,) = sources_of("z.zip", path, opened, Limits(entries=5))
    assert source.name == "z.zip"
    assert "holds 6 files" in reason(source)


def test_a_large_table_of_contents_is_not_read(tmp_path: Path, opened: ExitStack) -> None:
    """It alone could fill the memory."""
    path = zipped(tmp_path / "z", {f"{n}.jpg": b"" for n in range(6)})
    (source,) = sources_of("z.zip", path, opened, Limits(directory=100))
    assert "too many files" in reason(source)


def test_the_wide_table_of_contents_is_believed_as_zipfile_does(
    tmp_path: Path, opened: ExitStack
) -> None:
    """A small number in the old place does not hide a large one in the new."""
    path = zipped(tmp_path / "z", {"a.jpg": b"a"})
    data = path.read_bytes()
    end = data.rfind(b"PK\x05\x06")
    wide = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, 2**40, 0)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    path.write_bytes(data[:end] + wide + locator + data[end:])
    (source,) = sources_of("z.zip", path, opened)
    assert "too many files" in reason(source)


def test_a_zip_that_unpacks_to_too_much_is_refused(tmp_path: Path, opened: ExitStack) -> None:
    """By the sum of what it says."""
    path = zipped(tmp_path / "z", {f"{n}.jpg": bytes(1000) for n in range(3)})
    (source,) = sources_of("z.zip", path, opened, Limits(total=2000))
    assert "unpacks to more than" in reason(source)


def test_a_bomb_is_not_unpacked(tmp_path: Path, opened: ExitStack) -> None:
    """A file a thousand times its packed size is no picture."""
    path = zipped(tmp_path / "z", {"bomb.png": bytes(20 * MEGABYTE), "good.jpg": b"good"})
    bomb, good = sources_of("z.zip", path, opened)
    assert "suspiciously much" in reason(bomb)
    assert content(good) == b"good"


def test_what_really_comes_out_counts(tmp_path: Path, opened: ExitStack) -> None:
    """A header may lie about the size, the bytes may not."""
    path = zipped(tmp_path / "z", {"a.png": bytes(3 * MEGABYTE)})
    (source,) = sources_of("z.zip", path, opened)
    with pytest.raises(Unusable, match="larger than 1 MB"):
        content(source, MEGABYTE)


def test_encrypted_files_are_told(tmp_path: Path, opened: ExitStack) -> None:
    """There is nobody to ask for the password."""
    path = zipped(tmp_path / "z", {"a.jpg": b"a"})
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.find(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    (source,) = sources_of("z.zip", path, opened)
    assert "password" in reason(source)


def test_links_are_not_followed(tmp_path: Path, opened: ExitStack) -> None:
    """They could point at the server's own files."""
    link = zipfile.ZipInfo("a.jpg")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "z", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    (source,) = sources_of("z.zip", tmp_path / "z", opened)
    assert "is a link" in reason(source)


def test_a_damaged_entry_fails_alone(tmp_path: Path, opened: ExitStack) -> None:
    """The others are used."""
    path = zipped(tmp_path / "z", {"a.jpg": b"a" * 99, "b.jpg": b"good"}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"a" * 99, b"x" * 99))
    damaged, good = sources_of("z.zip", path, opened)
    assert "cannot be unpacked" in reason(damaged)
    assert content(good) == b"good"


@pytest.mark.parametrize("data", [b"PK\x03\x04" + bytes(100), b"PK\x05\x06" + bytes(3)])
def test_a_damaged_zip_is_one_failed_item(data: bytes, tmp_path: Path, opened: ExitStack) -> None:
    """It never ends in a traceback."""
    (tmp_path / "z").write_bytes(data)
    (source,) = sources_of("z.zip", tmp_path / "z", opened)
    assert "damaged ZIP" in reason(source)
