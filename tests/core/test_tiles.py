"""The pictures of a job on its page: made or not, and whose they are."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone

from core.tiles import SHOWN, TASK, tiles_of
from realtime.events import JobState
from realtime.models import File, Job


def row(root: Job | None, owner: User, status: str, title: str, **more: Any) -> Job:
    """Write the row of a job."""
    pk, at = str(uuid4()), timezone.now()
    above = str(root.pk) if root else pk
    state = JobState(
        id=pk, root=above, name=TASK, title=title, status=status, owner=str(owner.pk), **more
    )
    return Job.objects.create(
        pk=pk,
        root=above,
        name=TASK if root is None else "core.jobs.images.shrink",
        title=title,
        owner=owner,
        status=status,
        queued_at=at,
        last=state.values(),
    )


def thumbnail(part: Job, **more: Any) -> dict[str, Any]:
    """Keep a thumbnail of a picture's job."""
    kept = File(job=part, name="thumbnail.webp", size=3, content_type="image/webp", **more)
    kept.content.save("t", ContentFile(b"abc"), save=False)
    kept.save()
    url = f"/headway/api/jobs/{part.pk}/files/thumbnail.webp"
    return {"name": "thumbnail.webp", "size": 3, "url": url, "expires_at": None}


@pytest.fixture
def root(ada: User) -> Job:
    """Return a job of pictures: one is made, one cannot be, one waits."""
    found = row(None, ada, "running", "Resize")
    made = row(found, ada, "succeeded", "a.jpg", ok=1)
    made.last["files"] = [thumbnail(made)]
    made.save()
    row(found, ada, "succeeded", "<b>.jpg", failed=1, message="is damaged")
    row(found, ada, "queued", "c.jpg")
    return found


def test_the_page_comes_with_what_there_is(page: Client, root: Job) -> None:
    """In the order in which they were queued; names and reasons are text."""
    html = page.get(f"/jobs/{root.pk}/").content.decode()
    assert 'alt="a.jpg, made smaller"' in html
    assert "&lt;b&gt;.jpg</span>" in html
    assert html.index("a.jpg") < html.index("is damaged") < html.index("c.jpg")
    assert "core/tiles.js" in html


def test_the_list_of_jobs_has_the_whole_and_not_its_parts(page: Client, root: Job) -> None:
    """Fifty pictures are one job."""
    html = page.get("/").content.decode()
    assert f'href="/jobs/{root.pk}/"' in html
    assert html.count('class="meta"') == 1


def test_thumbnails_are_for_who_may_see_the_job(page: Client, root: Job, bob: User) -> None:
    """For all others there are none."""
    tiles = tiles_of(root)
    assert tiles
    address = tiles.first[0].thumbnail
    answer = page.get(address)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/webp")
    assert b"".join(answer.streaming_content) == b"abc"  # type: ignore[attr-defined]
    page.force_login(bob)
    assert page.get(address).status_code == 404
    assert page.get(f"/jobs/{root.pk}/").status_code == 404


def test_no_thumbnail_is_asked_for_that_is_kept_no_longer(ada: User, root: Job) -> None:
    """The picture's name is left."""
    part = Job.objects.get(title="a.jpg")
    over = (timezone.now() - timedelta(seconds=1)).isoformat()
    part.last["files"][0]["expires_at"] = over
    part.save()
    tiles = tiles_of(root)
    assert tiles
    assert (tiles.first[0].name, tiles.first[0].thumbnail) == ("a.jpg", "")


def test_many_pictures_are_shown_in_part(page: Client, ada: User) -> None:
    """A page of five hundred would be no help."""
    root = row(None, ada, "running", "Resize")
    for number in range(SHOWN + 1):
        row(root, ada, "queued", f"{number:03}.jpg")
    tiles = tiles_of(root)
    assert tiles
    assert (len(tiles.first), tiles.count) == (SHOWN, SHOWN + 1)
    assert f"The first {SHOWN};" in page.get(f"/jobs/{root.pk}/").content.decode()


def test_other_jobs_have_no_pictures(ada: User) -> None:
    """Nor their script."""
    assert tiles_of(Job(name="core.jobs.transfer.import_people")) is None
