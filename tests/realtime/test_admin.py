"""Jobs in Django's admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from realtime.models import Job
from realtime.records import create
from tests.realtime.test_store import state

pytestmark = pytest.mark.django_db


@pytest.fixture
def job() -> Job:
    """Return a job that is queued."""
    one = "6f0e3a52-1111-4222-8333-444455556666"
    create(state(one, title="Holiday <pictures>", queued_at="2026-11-22T10:00:00.000Z"))
    return Job.objects.get(pk=one)


def test_jobs_are_looked_at_and_not_changed(job: Job, admin_client: Client, settings: Any) -> None:
    """The list names them, the page has a live bar; nothing can be added, edited or deleted."""
    settings.HEADWAY = {"STORE": "memory"}
    listed = admin_client.get("/admin/realtime/job/").content.decode()
    assert "Holiday &lt;pictures&gt;" in listed
    page = admin_client.get(f"/admin/realtime/job/{job.pk}/change/").content.decode()
    assert f'<job-progress job="{job.pk}"' in page
    assert f'<job-log job="{job.pk}" follow' in page
    assert "realtime/embed.js" in page
    assert "deletelink" not in page
    assert admin_client.get("/admin/realtime/job/add/").status_code == 403
    assert admin_client.post(f"/admin/realtime/job/{job.pk}/delete/").status_code == 403


def test_a_success_with_failed_items_has_warnings(
    job: Job, admin_client: Client, settings: Any
) -> None:
    """In the list and on its page, as in the bar; its status stays what it is."""
    settings.HEADWAY = {"STORE": "memory"}
    for status, failed, shown in (
        ("succeeded", 2, True),
        ("succeeded", 0, False),
        ("running", 2, False),
    ):
        Job.objects.filter(pk=job.pk).update(status=status, last={**job.last, "failed": failed})
        for path in ("", f"{job.pk}/change/"):
            page = admin_client.get(f"/admin/realtime/job/{path}").content.decode()
            assert ("succeeded with warnings" in page) is shown, (status, failed, path)


@pytest.mark.parametrize(
    "path",
    [
        *("?q=%00", "?q=%ff", "?q=" + "9" * 5_000, "?status=%00", "?status=gone", "?name=%00a"),
        *("?name=%ed%a0%80", "?p=x", "?p=99999999999999999999", "?o=x", "?o=-99.%00", "?x=1"),
        *(
            "?queued_at__year=x",
            "?queued_at__year=99999999999",
            "?queued_at__year=2026&queued_at__month=77",
        ),
        *("?id=x", "?id__in=x,%00", "?owner__password__startswith=a", "?__proto__=1", "?%00=1"),
        *("x/change/", "%00/change/", "_5F_00/change/", "0b9d3a01/change/", "..%2f/change/"),
    ],
)
def test_bad_addresses_of_the_admin_are_no_errors(admin_client: Client, path: str) -> None:
    """A list, a way back to it, or a page which says that there is none."""
    answer = admin_client.get(f"/admin/realtime/job/{path}")
    assert answer.status_code in {200, 302, 400, 403, 404}
