"""The dashboard's page, as the server sends it; what it shows is the browser's affair."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from realtime.dashboard_page import page_of
from realtime.models import Job
from tests.realtime.test_admin import job
from tests.realtime.test_api import ana, client_of, job_of

__all__ = ["ana", "job", "job_of"]

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/headway/dashboard/"


def page_for(user: User, path: str = "", **cookies: str) -> str:
    """Return what a user is sent."""
    client = client_of(user)
    client.cookies.load(cookies)
    return client.get(PAGE + path).content.decode()


@pytest.mark.parametrize("path", ["", "jobs", "jobs?q=status:failed", "jobs/1/2/3", "%00", "näh"])
def test_every_address_below_it_answers_the_same_page(ana: User, path: str) -> None:
    """The browser knows what to show; a link that was passed on works after a reload."""
    page = page_for(ana, path)
    assert f'<job-dashboard base="{PAGE}" person="{ana.pk}"' in page
    assert "realtime/dashboard.js" in page
    assert "<job-inbox" in page


def test_who_is_not_signed_in_is_sent_there_and_comes_back() -> None:
    """To the project's own page, with the address that was asked for."""
    answer = Client().get(PAGE + "jobs?q=a:b")
    assert (answer.status_code, answer["Location"]) == (
        302,
        "/sign-in/?next=/headway/dashboard/jobs%3Fq%3Da%3Ab",
    )
    assert Client().post(PAGE).status_code == 405


def test_it_says_what_its_viewer_may_do(ana: User) -> None:
    """The server decides all the same, whatever the page says."""
    assert " operator" not in page_for(ana)
    assert " command=" not in page_for(ana)
    ana.user_permissions.add(Permission.objects.get(codename="view_all_jobs"))
    assert " operator>" in page_for(ana)
    assert ' command="celery -A core worker"' in page_for(ana)
    ana.user_permissions.add(Permission.objects.get(codename="control_all_jobs"))
    assert " operator steers>" in page_for(ana)


@pytest.mark.parametrize(
    ("cookie", "told"),
    [("dark", ' data-theme="dark"'), ("light", ' data-theme="light"'), ("x", "")],
)
def test_its_look_is_there_before_any_script(ana: User, cookie: str, told: str) -> None:
    """Or it would be light for a moment; what is no look is none."""
    assert f'<html lang="en"{told}>' in page_for(ana, headway_theme=cookie)


def test_it_holds_to_a_strict_policy(ana: User) -> None:
    """Nothing in it is a script or a style; its words in another language are data."""
    answer = client_of(ana).get(PAGE, headers={"Accept-Language": "zh-hans"})
    page = answer.content.decode()
    assert "style-src 'self'" in answer["Content-Security-Policy"]
    assert 'id="headway-dashboard-words" type="application/json"' in page
    assert "<style" not in page
    assert " style=" not in page
    assert "<script>" not in page


def test_operators_are_told_whose_job_it_is_and_where_it_waited(
    job_of: Any, ana: User, django_user_model: Any
) -> None:
    """A state has an id for the owner; only who sees everybody's jobs needs a name for it."""
    address = f"/headway/api/jobs/{job_of(ana, queue='mail')}"
    told = client_of(django_user_model.objects.create_superuser("eve")).get(address).json()
    assert (told["owner_name"], told["queue"]) == ("ana", "mail")
    assert not {"owner_name", "queue"} & client_of(ana).get(address).json().keys()


def test_the_admin_leads_to_it(job: Job, admin_client: Client, settings: Any) -> None:
    """From its list to all jobs, from a job to its page."""
    settings.HEADWAY = {"STORE": "memory"}
    assert f'href="{PAGE}"' in admin_client.get("/admin/realtime/job/").content.decode()
    page = admin_client.get(f"/admin/realtime/job/{job.pk}/change/").content.decode()
    assert f'href="{page_of(str(job.pk))}"' in page
