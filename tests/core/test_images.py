"""The job that makes pictures smaller, from uploads to the ZIP."""

import io
import zipfile
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from PIL import Image

from core import uploads
from core.jobs import images
from core.models import Upload
from core.samples import PICTURES
from realtime import JobError
from tests.core.conftest import Told
from tests.core.drawn import corners, png_header, saved, zipped


def upload(owner: User, path: Path) -> str:
    """Upload a file and return its id."""
    return str(uploads.keep_path(owner, path).pk)


def written(folder: Path, name: str, data: bytes) -> Path:
    """Write a file."""
    (folder / name).write_bytes(data)
    return folder / name


def packed(told: Told) -> dict[str, Image.Image]:
    """Return the pictures in the result."""
    with zipfile.ZipFile(io.BytesIO(told.files["pictures.zip"])) as archive:
        assert archive.testzip() is None
        return {name: Image.open(io.BytesIO(archive.read(name))) for name in archive.namelist()}


def test_the_samples_become_one_zip(ada: User, told: Told) -> None:
    """What can be used is there in each width; what cannot is told with its reason."""
    ids = [upload(ada, path) for path in sorted(PICTURES.iterdir())]
    assert images.resize(ids, [320, 1600], "keep", 82) == 14
    found = packed(told)
    assert len(found) == 14
    assert found["on-its-side-320.jpg"].size == (320, 213)
    assert found["badge-1000.png"].mode == "RGBA"
    assert found["really-a-png-320.png"].format == "PNG"
    assert found["lake-320.jpg"].info["icc_profile"]
    assert told.ok == 7
    assert told.failed == {"torn.jpg": "is damaged: its end is missing"}
    assert "really-a-png.jpg is really a PNG picture, whatever its name says" in told.lines
    assert not Upload.objects.exists()


def test_bad_files_do_not_stop_the_good_one(ada: User, told: Told, tmp_path: Path) -> None:
    """Each is counted with its reason."""
    good = saved(corners(), "JPEG")
    archive = zipped(
        tmp_path / "all.zip",
        {
            "../../up.jpg": good,
            "bomb.png": png_header(60_000, 60_000),
            "inner.zip": zipped(tmp_path / "inner", {"a.jpg": good}).read_bytes(),
            "notes.txt": b"hello",
            "__MACOSX/._up.jpg": b"litter",
        },
    )
    images.resize([upload(ada, archive)], [100], "WEBP", 80)
    assert list(packed(told)) == ["up-100.webp"]
    assert set(told.failed) == {"bomb.png", "inner.zip", "notes.txt"}
    assert told.failed["notes.txt"] == "is not a picture: JPEG, PNG and WebP can be used"


def test_results_of_one_name_are_numbered(ada: User, told: Told, tmp_path: Path) -> None:
    """No picture overwrites another."""
    data = saved(corners(), "PNG")
    ids = [upload(ada, written(tmp_path, name, data)) for name in ("a.png", "A.PNG", "a.jpg")]
    images.resize(ids, [100], "keep", 80)
    assert list(packed(told)) == ["a-100.png", "A-100-2.png", "a-100-3.png"]


def test_when_nothing_can_be_used_the_job_fails(ada: User, told: Told, tmp_path: Path) -> None:
    """With a sentence, and the uploads are kept for another try."""
    ids = [upload(ada, written(tmp_path, f"{n}.jpg", b"no")) for n in range(2)]
    with pytest.raises(JobError, match="None of the 2 pictures could be used"):
        images.resize(ids, [100], "keep", 80)
    assert told.files == {}
    assert Upload.objects.count() == 2


def test_an_empty_zip_is_told(ada: User, told: Told, tmp_path: Path) -> None:
    """There is nothing to count."""
    with pytest.raises(JobError, match="There is no picture in what was uploaded"):
        images.resize([upload(ada, zipped(tmp_path / "z.zip", {}))], [100], "keep", 80)


def test_uploads_that_are_gone_are_told(ada: User, told: Told, tmp_path: Path) -> None:
    """A job that is run again may come too late."""
    pk = upload(ada, written(tmp_path, "a.jpg", b""))
    uploads.forget([pk])
    with pytest.raises(JobError, match="upload them again"):
        images.resize([pk], [100], "keep", 80)


def test_results_have_a_limit(tmp_path: Path) -> None:
    """Many widths as PNG could fill the disk."""
    results = images.Results(tmp_path, limit=10)
    results.add("a.png", written(tmp_path, "0", bytes(10)))
    with pytest.raises(JobError, match="choose fewer widths"):
        results.add("b.png", written(tmp_path, "1", b"1"))
