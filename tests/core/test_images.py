"""The jobs that make pictures smaller, from uploads to the ZIP."""

import io
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from PIL import Image

from core import uploads
from core.jobs import images
from core.models import Upload
from core.pictures.errors import Unusable
from core.pictures.handover import Handover, Made, Part, Removed
from core.pictures.kinds import WITH_AVIF
from core.pictures.writing import write_picture
from core.samples import PICTURES
from realtime import Cancelled, JobError
from realtime.events import Wish, timestamp
from realtime.models import Item, Job
from realtime.store import get_store
from tests.core.conftest import Told
from tests.core.drawn import corners, png_header, saved, zipped

MEGABYTE = 1024 * 1024


@pytest.fixture(autouse=True)
def store_in_memory(settings: Any) -> None:
    """Need no Redis: nobody watches."""
    settings.HEADWAY = {**settings.HEADWAY, "STORE": "memory"}


def upload(owner: User, path: Path) -> Upload:
    """Upload a file."""
    return uploads.keep_path(owner, path)


def written(folder: Path, name: str, data: bytes) -> Path:
    """Write a file."""
    (folder / name).write_bytes(data)
    return folder / name


def resized(
    kept: Sequence[Upload], widths: Sequence[int], form: str = "keep", job: str = ""
) -> tuple[str, int]:
    """Do what the jobs do, one after the other; return the job's id and how many files it packs."""
    job = job or str(uuid4())
    found = images.search(kept)
    for one in found:
        images.shrink(job, list(one), [widths, form, 82])
    return job, images.pack(job, len(found))


def row(job: str, status: str = "running") -> Job:
    """Write the row of a job."""
    at = timestamp()
    ends = {"finished_at": at} if status in {"succeeded", "failed", "cancelled"} else {}
    last = {"status": status, "finished_at": ends.get("finished_at")}
    return Job.objects.create(pk=job, root=job, status=status, queued_at=at, last=last, **ends)


def packed(told: Told) -> dict[str, Image.Image]:
    """Return the pictures in the result."""
    with zipfile.ZipFile(io.BytesIO(told.files["pictures.zip"])) as archive:
        assert archive.testzip() is None
        return {name: Image.open(io.BytesIO(archive.read(name))) for name in archive.namelist()}


def test_the_samples_become_one_zip(ada: User, told: Told) -> None:
    """What can be used is there in each width; what cannot is told with its reason."""
    kept = [upload(ada, path) for path in sorted(PICTURES.iterdir())]
    job, count = resized(kept, [320, 1600])
    found = packed(told)
    assert len(found) == count == 14
    assert found["on-its-side-320.jpg"].size == (320, 213)
    assert found["badge-1000.png"].mode == "RGBA"
    assert found["really-a-png-320.png"].format == "PNG"
    assert found["lake-320.jpg"].info["icc_profile"]
    assert told.ok == 2 * 7  # Each by its own job, and all of them by the last one.
    assert told.failed == {"torn.jpg": "is damaged: its end is missing"}
    assert "really-a-png.jpg is really a PNG picture, whatever its name says" in told.lines
    assert not uploads.work_folder(job).exists()
    assert Upload.objects.count() == len(kept)


def test_each_picture_leaves_a_small_one_to_look_at(ada: User, told: Told) -> None:
    """Upright, and a few kilobytes."""
    resized([upload(ada, PICTURES / "on-its-side.jpg")], [1600])
    data = told.files["thumbnail.webp"]
    assert Image.open(io.BytesIO(data)).size == (192, 128)
    assert len(data) < 10_000


BOMBS = {
    "million.png": (png_header(10_000, 10_000), "has too many pixels: at most 64 million"),
    "billion.png": (png_header(60_000, 60_000), "has too many pixels"),
    "zeros.png": (bytes(60 * MEGABYTE), "unpacks to suspiciously much"),
    "notes.txt": (b"hello", "is not a picture: JPEG, PNG"),
}


def test_bad_files_do_not_stop_the_good_ones(ada: User, told: Told, tmp_path: Path) -> None:
    """Bombs, a ZIP in the ZIP, names that lead elsewhere: each is refused or made safe in words."""
    good = saved(corners(), "JPEG")
    archive = zipped(
        tmp_path / "all.zip",
        {
            "../../up.jpg": good,
            "/etc/up.jpg": good,
            "C:\\up.jpg": good,
            **{name: data for name, (data, _) in BOMBS.items()},
            "inner.zip": zipped(tmp_path / "inner", {"a.jpg": good}).read_bytes(),
            "__MACOSX/._up.jpg": b"litter",
        },
    )
    resized([upload(ada, archive)], [100], "WEBP")
    assert sorted(packed(told)) == ["C_/up-100.webp", "etc/up-100.webp", "up-100.webp"]
    assert set(told.failed) == {*BOMBS, "inner.zip"}
    assert "is a ZIP inside a ZIP" in told.failed["inner.zip"]
    for name, (_, reason) in BOMBS.items():
        assert told.failed[name].startswith(reason)


def test_a_zip_that_is_a_bomb_spares_the_other_uploads(
    ada: User, told: Told, tmp_path: Path
) -> None:
    """It is one item that failed."""
    bomb = zipped(tmp_path / "bomb.zip", {f"{n}.jpg": b"" for n in range(2_001)})
    fine = written(tmp_path, "a.jpg", saved(corners(), "JPEG"))
    resized([upload(ada, bomb), upload(ada, fine)], [100])
    assert list(packed(told)) == ["a-100.jpg"]
    assert told.failed == {"bomb.zip": "holds 2,001 files: pack at most 2,000 in one ZIP"}


def test_results_of_one_name_are_numbered(ada: User, told: Told, tmp_path: Path) -> None:
    """No picture overwrites another, and each has a name of its own."""
    data = saved(corners(), "PNG")
    kept = [upload(ada, written(tmp_path, name, data)) for name in ("a.png", "A.PNG", "a.jpg")]
    resized([*kept, kept[0]], [100])
    assert list(packed(told)) == ["a-100.png", "A-2-100.png", "a-100-2.png", "a-3-100.png"]


@pytest.mark.skipif(not WITH_AVIF, reason="this Pillow knows no AVIF")
def test_avif_goes_in_and_comes_out(ada: User, told: Told, tmp_path: Path) -> None:
    """Where Pillow has it."""
    kept = [upload(ada, written(tmp_path, "a.avif", saved(corners(), "AVIF")))]
    resized(kept, [100])
    resized([upload(ada, PICTURES / "dawn.jpg")], [100], "AVIF")
    (one,) = packed(told).values()
    assert (one.format, one.size) == ("AVIF", (100, 67))


def test_when_nothing_can_be_used_the_job_fails(ada: User, told: Told, tmp_path: Path) -> None:
    """With a sentence, and the uploads are kept for another try."""
    kept = [upload(ada, written(tmp_path, f"{n}.jpg", b"no")) for n in range(2)]
    job = str(uuid4())
    with pytest.raises(JobError, match="None of the 2 pictures could be used"):
        resized(kept, [100], job=job)
    assert told.files == {}
    assert Upload.objects.count() == 2
    assert not uploads.work_folder(job).exists()


def test_an_empty_zip_is_told(ada: User, tmp_path: Path) -> None:
    """There is nothing to count."""
    with pytest.raises(JobError, match="There is no picture in what was uploaded"):
        images.search([upload(ada, zipped(tmp_path / "z.zip", {}))])


def test_more_pictures_than_a_job_can_take_are_told(
    ada: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many ZIPs could hold a million."""
    monkeypatch.setattr(images, "PICTURES", 2)
    archive = zipped(tmp_path / "z.zip", {f"{n}.jpg": b"" for n in range(3)})
    with pytest.raises(JobError, match=r"There are 3 files .* at most 2"):
        images.search([upload(ada, archive)])


def test_an_upload_that_is_gone_is_one_failed_picture(
    ada: User, told: Told, tmp_path: Path
) -> None:
    """Somebody may delete it while the job runs."""
    data = saved(corners(), "PNG")
    kept = [upload(ada, written(tmp_path, name, data)) for name in ("a.png", "b.png")]
    found, job = images.search(kept), str(uuid4())
    uploads.forget([kept[0].pk])
    for one in found:
        images.shrink(job, list(one), [[100], "keep", 82])
    assert images.pack(job, 2) == 1
    assert told.failed == {"a.png": "is no longer kept: upload it again"}


def test_a_picture_that_is_made_twice_is_there_once(ada: User, told: Told, tmp_path: Path) -> None:
    """Its message may be delivered again; the second run finds what the first has left."""
    (found,) = images.search([upload(ada, written(tmp_path, "a.png", saved(corners(), "PNG")))])
    job = str(uuid4())
    images.shrink(job, list(found), [[100], "keep", 82])
    first = uploads.work_folder(job) / "0" / "0"
    made = first.stat().st_mtime_ns
    images.shrink(job, list(found), [[100], "keep", 82])
    assert first.stat().st_mtime_ns == made
    assert images.pack(job, 1) == 1
    assert list(packed(told)) == ["a-100.png"]


def test_a_picture_that_kills_its_worker_is_given_up(tmp_path: Path) -> None:
    """Else it would be delivered for ever."""
    work = Handover(tmp_path / "work")
    for _ in range(3):
        work.begin(0)
    with pytest.raises(Unusable, match="has stopped its worker 3 times"):
        work.begin(0)


def test_of_two_runs_one_keeps_what_it_has_made(tmp_path: Path) -> None:
    """Whole: what the other one wrote is gone."""
    work = Handover(tmp_path / "work")

    def slower(folder: Path) -> Made:
        work.keep(7, lambda _: Made("first"))
        written(folder, "0", b"late")
        return Made("second", versions=("late",))

    assert work.keep(7, slower).made.name == "first"
    assert [path.name for path in work.folder.iterdir()] == ["7"]


def test_a_folder_that_is_taken_away_is_left_so(tmp_path: Path) -> None:
    """The job was cancelled while a picture of it was made."""
    work = Handover(tmp_path / "work")

    def cancelled(folder: Path) -> Made:
        work.remove()
        written(folder, "0", b"late")
        return Made("a")

    with pytest.raises(Removed):
        work.keep(0, cancelled)
    assert not work.folder.exists()


def test_results_have_a_limit(tmp_path: Path) -> None:
    """Many widths as PNG could fill the disk; what is beyond it fails, the rest is packed."""
    work = Handover(tmp_path, room=10)
    work.make_room(10)
    with pytest.raises(Unusable, match="Choose fewer widths"):
        work.make_room(1)


@pytest.mark.parametrize("status", ["failed", "cancelling"])
def test_a_part_of_a_job_that_is_over_does_nothing(
    status: str, ada: User, told: Told, tmp_path: Path
) -> None:
    """It may have been queued after the cancel; it leaves nothing behind."""
    (found,) = images.search([upload(ada, written(tmp_path, "a.png", saved(corners(), "PNG")))])
    job = str(row(str(uuid4()), status).pk)
    uploads.work_folder(job).mkdir(parents=True)
    with pytest.raises(Cancelled):
        images.shrink(job, list(found), [[100], "keep", 82])
    assert not uploads.work_folder(job).exists()


def test_a_part_that_was_made_while_the_job_was_cancelled_is_taken_away(
    ada: User, told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever heard of the cancel first has taken away what was there before."""
    (found,) = images.search([upload(ada, written(tmp_path, "a.png", saved(corners(), "PNG")))])
    job, make = str(uuid4()), images.make

    def make_and_cancel(*given: Any) -> Part:
        part = make(*given)
        get_store().want([job], Wish.CANCEL)
        return part

    monkeypatch.setattr(images, "make", make_and_cancel)
    with pytest.raises(Cancelled):
        images.shrink(job, list(found), [[100], "keep", 82])
    assert not uploads.work_folder(job).exists()


def test_a_picture_whose_folder_goes_while_it_is_written_is_cancelled(
    ada: User, told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever takes all away does so piece by piece: the job's folder is there a moment longer."""
    (found,) = images.search([upload(ada, written(tmp_path, "a.png", saved(corners(), "PNG")))])
    job = str(uuid4())

    def cancel_and_write(picture: Any, width: int, options: Any, target: Path) -> Any:
        get_store().want([job], Wish.CANCEL)
        shutil.rmtree(target.parent)
        assert uploads.work_folder(job).exists()
        return write_picture(picture, width, options, target)

    monkeypatch.setattr("core.jobs.images.write_picture", cancel_and_write)
    with pytest.raises(Cancelled):
        images.shrink(job, list(found), [[100], "keep", 82])
    assert not uploads.work_folder(job).exists()


def test_what_was_lost_is_told(ada: User, told: Told) -> None:
    """Somebody has emptied the folder: no ZIP is better than half of one."""
    with pytest.raises(JobError, match="run the job again"):
        images.pack(str(uuid4()), 3)


def test_leftovers_of_jobs_that_are_over_are_swept(ada: User) -> None:
    """Those of jobs that go on are not."""
    goes_on, over, unknown = (str(uuid4()) for _ in range(3))
    row(goes_on)
    row(over, "cancelled")
    for job in (goes_on, over, unknown):
        (uploads.work_folder(job) / "0").mkdir(parents=True)
    uploads.sweep()
    left = uploads.work_folder(goes_on).parent.iterdir()
    assert [path.name for path in left] == [goes_on]


def test_only_those_that_failed_are_chosen(
    ada: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the names under which they failed in the job that is run again."""
    names = ("a.jpg", "b.jpg", "c.jpg")
    found = images.search([upload(ada, written(tmp_path, name, b"x")) for name in names])
    before = row(str(uuid4()), "succeeded")
    for n, name in enumerate(("b.jpg", "c.jpg")):
        Item.objects.create(
            job=before, run="r", n=n, outcome="failed", item=name, reason="x", at=timestamp()
        )

    class Again:
        again_of = str(before.pk)

    monkeypatch.setattr("realtime.progress.current", Again)
    chosen = images.failed_before(found)
    assert [(one.place, one.name, one.upload) for one in chosen] == [
        (0, "b.jpg", found[1].upload),
        (1, "c.jpg", found[2].upload),
    ]
    with pytest.raises(JobError, match="upload them again"):
        images.failed_before(found[:1])
