"""Both jobs from a page through a real worker to the file that is downloaded."""

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from core.models import Person, Upload
from core.samples import PEOPLE, PICTURES
from tests.processes import Child, worker
from tests.services import RedisServer, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture(scope="module")
def one_worker(redis: RedisServer, django_db_setup: None) -> Iterator[Child]:
    """Run a worker."""
    with worker("threads") as one:
        yield one


@pytest.fixture
def browser(one_worker: Child, transactional_db: None, client: Client) -> Client:
    """Return a browser that is signed in."""
    client.force_login(User.objects.create_user("ada", password="x"))
    return client


def ended(browser: Client, address: str) -> dict[str, Any]:
    """Return the state of the job behind an address, once it has ended."""
    job = address.strip("/").split("/")[-1]

    def state() -> dict[str, Any] | None:
        found: dict[str, Any] = browser.get(f"/headway/api/jobs/{job}").json()
        return found if found["finished_at"] else None

    found: dict[str, Any] = wait_until(state, "the job to end", seconds=30)
    return found


def downloaded(browser: Client, state: dict[str, Any]) -> bytes:
    """Return the job's file."""
    (file,) = state["files"]
    answer = browser.get(file["url"])
    assert answer["Content-Disposition"] == f'attachment; filename="{file["name"]}"'
    return b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def test_pictures_are_uploaded_made_smaller_and_downloaded(browser: Client) -> None:
    """The damaged one is a warning, the others are in the ZIP."""
    files = [SimpleUploadedFile(path.name, path.read_bytes()) for path in PICTURES.iterdir()]
    choices = {"widths": ["320", "800"], "own_widths": "", "format": "WEBP", "quality": "80"}
    state = ended(browser, browser.post("/pictures/", {**choices, "pictures": files})["Location"])
    assert (state["status"], state["ok"], state["failed"]) == ("succeeded", 7, 1)
    assert [stage["status"] for stage in state["stages"]] == ["succeeded"] * 3
    with zipfile.ZipFile(io.BytesIO(downloaded(browser, state))) as archive:
        assert len(archive.namelist()) == 14
    assert not Upload.objects.exists()


def test_a_list_is_uploaded_matched_and_imported(browser: Client) -> None:
    """Its bad rows are handed back, the others are people."""
    file = SimpleUploadedFile("people.csv", PEOPLE.read_bytes())
    columns = browser.post("/people/import/", {"file": file})["Location"]
    choice = {"email": "2", "first": "0", "last": "1", "birthday": "3", "city": "4"}
    state = ended(browser, browser.post(columns, choice)["Location"])
    assert (state["status"], state["ok"], state["failed"]) == ("succeeded", 196, 6)
    assert state["message"] == "196 new, 0 updated, 0 unchanged, 6 rejected"
    assert len(downloaded(browser, state).splitlines()) == 7
    assert Person.objects.count() == 196


def test_a_job_that_cannot_do_anything_says_why(browser: Client) -> None:
    """In words that its owner may read."""
    choices = {"widths": ["320"], "own_widths": "", "format": "keep", "quality": "80"}
    file = SimpleUploadedFile("words.jpg", b"words")
    state = ended(browser, browser.post("/pictures/", {**choices, "pictures": file})["Location"])
    assert state["status"] == "failed"
    assert state["error"]["text"].startswith("The picture could not be used: words.jpg is not a")
