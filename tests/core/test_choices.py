"""What people choose before a list is brought in or out."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from core import uploads
from core.models import Upload
from realtime.models import Job
from tests.core.test_starting import listed


@pytest.mark.parametrize(
    ("pressed", "way", "title"),
    [
        ({}, "good", "Import people.csv"),
        ({"way": "all"}, "all", "Import people.csv"),
        ({"way": "all", "try": "1"}, "try", "Try people.csv"),
    ],
)
def test_a_list_is_brought_in_as_its_owner_chooses(
    pressed: dict[str, str], way: str, title: str, page: Client
) -> None:
    """And the job's page leads back to the file while it is kept."""
    columns = page.post("/people/import/", {"file": listed()})["Location"]
    shown = page.post(columns, {"email": "2", **pressed})["Location"]
    job = Job.objects.get()
    assert job.title == title
    assert job.last["tags"] == [f"upload:{Upload.objects.get().pk}", *["tried"] * (way == "try")]
    assert columns in page.get(shown).content.decode()
    uploads.forget(Upload.objects.values_list("pk", flat=True))
    assert columns not in page.get(shown).content.decode()


def test_a_wrong_way_starts_nothing(page: Client) -> None:
    """It can only come from somebody who writes forms by hand."""
    columns = page.post("/people/import/", {"file": listed()})["Location"]
    assert (
        "not one of the available"
        in page.post(columns, {"email": "2", "way": "x"}).content.decode()
    )
    assert not Job.objects.exists()


def test_people_are_chosen_for_an_export(page: Client, ada: User) -> None:
    """What was searched for is chosen already."""
    assert 'value="ana"' in page.get("/people/export/?q=ana").content.decode()
    answer = page.post("/people/export/", {"q": "ana", "city": "Bern", "form": "jsonl.gz"})
    job = Job.objects.get()
    assert answer["Location"] == f"/jobs/{job.pk}/"
    assert (job.title, job.name) == ("Export people.jsonl.gz", "core.jobs.transfer.export_people")
    wrong = page.post("/people/export/", {"form": "pdf"}).content.decode()
    assert "Select a valid choice" in wrong
