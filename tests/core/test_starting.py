"""Jobs are started from forms: what they take, what they refuse, what is kept of it."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from kombu.exceptions import OperationalError

from core import receiving, uploads
from core.models import Upload
from core.pictures.picture import Options
from core.samples import PEOPLE, PICTURES
from realtime import JobError
from realtime.models import Job

CHOICES = {"widths": ["320"], "own_widths": "", "format": "keep", "quality": "82"}
AS_SCRIPT = {"accept": "application/json"}


def picture(name: str = "dawn.jpg") -> SimpleUploadedFile:
    """Return a sample as a browser sends it."""
    return SimpleUploadedFile(name, (PICTURES / name).read_bytes())


def listed(data: bytes | None = None) -> SimpleUploadedFile:
    """Return an address list as a browser sends it."""
    return SimpleUploadedFile("people.csv", PEOPLE.read_bytes() if data is None else data)


def test_pictures_start_a_job(page: Client, ada: User) -> None:
    """The page goes on to it."""
    files = [picture(), picture("badge.png")]
    answer = page.post("/pictures/", {**CHOICES, "pictures": files})
    job = Job.objects.get()
    assert answer["Location"] == f"/jobs/{job.pk}/"
    assert (job.owner, job.title) == (ada, "Resize dawn.jpg and 1 more")
    assert (job.name, Upload.objects.filter(owner=ada).count()) == ("core.jobs.images.resize", 2)


def test_a_script_is_told_where_to_go(page: Client) -> None:
    """It shows how far the upload is, and then moves on."""
    answer = page.post("/pictures/", {**CHOICES, "pictures": picture()}, headers=AS_SCRIPT)
    assert answer.json() == {"next": f"/jobs/{Job.objects.get().pk}/"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"pictures": []}, "Choose at least one picture or ZIP."),
        ({"widths": []}, "Choose at least one width"),
        ({"own_widths": "wide"}, "“wide” is not a width"),
        ({"own_widths": "9"}, "9 is out of range"),
        ({"own_widths": "99999999999999999999"}, "is not a width"),
        ({"own_widths": "20,30,40,50,60"}, "Choose at most 5 widths."),
        ({"quality": "100"}, "less than or equal to 95"),
        ({"format": "GIF"}, "Select a valid choice"),
    ],
)
def test_a_wrong_choice_starts_nothing(change: dict[str, Any], said: str, page: Client) -> None:
    """And is told in words, on the page as to a script."""
    data = {**CHOICES, "pictures": picture(), **change}
    assert said in page.post("/pictures/", data).content.decode()
    data = {**CHOICES, "pictures": picture(), **change}
    answer = page.post("/pictures/", data, headers=AS_SCRIPT)
    assert (answer.status_code, said in answer.json()["errors"][0]) == (422, True)
    assert not Upload.objects.exists()


def test_without_a_queue_the_page_says_so(page: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """And keeps no upload that no job will ever fetch."""
    columns = page.post("/people/import/", {"file": listed()})["Location"]

    def away(*_: Any, **__: Any) -> None:
        raise OperationalError

    monkeypatch.setattr("core.starting.start", away)
    said = "The queue cannot be reached"
    assert said in page.post(columns, {"email": "2"}).content.decode()
    data = {**CHOICES, "pictures": picture()}
    assert said in page.post("/pictures/", data).content.decode()
    assert [upload.name for upload in Upload.objects.all()] == ["people.csv"]


def test_own_widths_are_added(page: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """In any order, each once."""
    started: list[Options] = []

    def begin(owner: User, kept: list[Upload], options: Options) -> Job:
        started.append(options)
        return Job(pk=uuid4())

    monkeypatch.setattr("core.start_views.start_pictures", begin)
    page.post("/pictures/", {**CHOICES, "own_widths": "640px; 320, 100", "pictures": picture()})
    assert started[0].widths == (100, 320, 640)


def test_too_large_an_upload_is_refused_before_it_is_read(
    page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what the browser says of its length."""
    monkeypatch.setattr(receiving, "LIMIT", 10_000)
    monkeypatch.setattr(receiving, "_FORM", 0)
    monkeypatch.setattr(receiving.LimitHandler, "receive_data_chunk", None)
    answer = page.post("/pictures/", {**CHOICES, "pictures": picture()})
    assert (answer.status_code, str(receiving.TOO_LARGE) in answer.content.decode()) == (413, True)


def test_too_large_an_upload_is_stopped_while_it_is_read(
    page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what really comes."""
    monkeypatch.setattr(receiving.LimitHandler.__init__, "__defaults__", (None, 10_000))
    answer = page.post("/pictures/", {**CHOICES, "pictures": picture()}, headers=AS_SCRIPT)
    assert (answer.status_code, answer.json()) == (413, {"errors": [receiving.TOO_LARGE]})
    assert not Upload.objects.exists()


def test_too_many_files_are_refused(page: Client, settings: Any) -> None:
    """With a sentence instead of Django's bare refusal."""
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = 100
    files = [SimpleUploadedFile(f"{n}.jpg", b"x") for n in range(101)]
    answer = page.post("/pictures/", {**CHOICES, "pictures": files})
    assert (answer.status_code, str(receiving.TOO_MANY) in answer.content.decode()) == (413, True)


def test_an_upload_needs_the_forms_token(ada: User) -> None:
    """Although its files are read first."""
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ada)
    answer = strict.post("/pictures/", {**CHOICES, "pictures": picture()})
    assert (answer.status_code, Upload.objects.exists()) == (403, False)
    assert "Please send that again" in answer.content.decode()


def test_a_list_goes_on_to_its_columns_and_then_to_its_job(page: Client, ada: User) -> None:
    """The columns are matched already."""
    columns = page.post("/people/import/", {"file": listed()})["Location"]
    html = page.get(columns).content.decode()
    assert re.search(r'<option value="2" selected>E-mail address', html)
    assert "ingrid.eriksen0@example.org" in html
    answer = page.post(columns, {"email": "2", "first": "0", "last": "1"})
    job = Job.objects.get()
    assert answer["Location"] == f"/jobs/{job.pk}/"
    assert (job.owner, job.title, job.name) == (
        ada,
        "Import people.csv",
        "core.jobs.transfer.import_people",
    )


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"name": "0"}, "Choose the column with the e-mail addresses"),
        ({"email": "0", "name": "0"}, "use the same column"),
        ({"email": "77"}, "Select a valid choice"),
    ],
)
def test_a_wrong_choice_of_columns_starts_nothing(
    data: dict[str, str], said: str, page: Client
) -> None:
    """And says what is wrong with it."""
    columns = page.post("/people/import/", {"file": listed()})["Location"]
    assert said in page.post(columns, data).content.decode()
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("data", "said"), [(b"", "The file is empty"), (b"PK\x03\x04....", "no XLSX workbook")]
)
def test_a_file_that_is_no_list_is_refused_at_once(data: bytes, said: str, page: Client) -> None:
    """And not kept."""
    assert said in page.post("/people/import/", {"file": listed(data)}).content.decode()
    assert not Upload.objects.exists()


def test_somebody_elses_upload_is_not_there(page: Client, bob: User) -> None:
    """Neither to look at nor to import."""
    pk = uploads.keep_path(bob, PEOPLE).pk
    assert page.get(f"/people/import/{pk}/").status_code == 404
    assert page.post(f"/people/import/{pk}/", {"email": "2"}).status_code == 404


def test_an_upload_that_is_gone_leads_back_to_the_form(page: Client, ada: User) -> None:
    """Its bytes may have been swept."""
    upload = uploads.keep_path(ada, PEOPLE)
    upload.path.unlink()
    assert page.get(f"/people/import/{upload.pk}/")["Location"] == reverse("import")


def test_old_uploads_are_swept(ada: User) -> None:
    """Of jobs that were never started, after a day; others are kept as long as what jobs leave."""
    old, new = uploads.keep_path(ada, PEOPLE), uploads.keep_path(ada, PEOPLE)
    Upload.objects.filter(pk=old.pk).update(expires_at=timezone.now() - timedelta(days=2))
    uploads.hold([new.pk])
    uploads.sweep()
    assert list(Upload.objects.values_list("pk", flat=True)) == [new.pk]
    assert [path.name for path in new.path.parent.iterdir()] == [str(new.pk)]


def test_the_name_of_an_upload_leads_nowhere(ada: User, tmp_path: Path) -> None:
    """On disk it has another one."""
    (upload,) = uploads.keep(ada, [SimpleUploadedFile("..\\..\\evil\x00.jpg", b"x")])
    assert upload.path.parent == tmp_path / "media" / "uploads"
    assert "\x00" not in upload.name
    with pytest.raises(JobError):
        uploads.claim([upload.pk, uuid4()])
