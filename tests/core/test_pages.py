"""The pages: who sees what, and what they may do."""

import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client, override_settings
from django.urls import reverse

from core.jobs.images import resize
from core.middleware import HEADER
from core.models import Person
from realtime import start
from realtime.models import Job
from tests.services import RedisServer

PAGES = ("home", "pictures", "import", "people")


@pytest.fixture
def job_of() -> Callable[[User], Job]:
    """Return what makes a job of somebody."""

    def made(owner: User) -> Job:
        return start(resize, [], [320], "keep", 80, title="<b>Work</b>", owner=owner)

    return made


@pytest.mark.parametrize("name", PAGES)
def test_who_is_not_signed_in_is_asked_to(name: str, client: Client, db: None) -> None:
    """And comes back to the page afterwards."""
    address = reverse(name)
    assert client.get(address)["Location"] == f"{reverse('login')}?next={address}"


@pytest.mark.parametrize("name", PAGES)
def test_pages_have_no_script_or_style_of_their_own(name: str, page: Client) -> None:
    """A strict policy would not let them work."""
    html = page.get(reverse(name)).content.decode()
    assert "<style" not in html
    assert not re.search(r"<script(?![^>]* src=)", html)
    assert not re.search(r"<[^>]+\s(style|on\w+)=", html)
    assert not re.search(r"(src|href)=\"(https?:)?//", html)


def test_people_sign_in_and_out(client: Client, ada: User, redis: RedisServer) -> None:
    """With their name and password, and by a button."""
    wrong = client.post("/sign-in/", {"username": "ada", "password": "y"})
    assert "correct username and password" in wrong.content.decode()
    answer = client.post("/sign-in/", {"username": "ada", "password": "x"})
    assert answer["Location"] == reverse("home")
    assert client.post("/sign-out/")["Location"] == reverse("login")
    assert client.get(reverse("home")).status_code == 302


def test_home_shows_ones_own_jobs(
    page: Client, ada: User, bob: User, job_of: Callable[[User], Job]
) -> None:
    """Escaped, and nobody else's."""
    mine, other = job_of(ada), job_of(bob)
    html = page.get("/").content.decode()
    assert f'href="/jobs/{mine.pk}/"' in html
    assert str(other.pk) not in html
    assert "<b>Work" not in html


def test_a_job_is_for_its_owner(
    page: Client, ada: User, bob: User, job_of: Callable[[User], Job]
) -> None:
    """Somebody else's looks as if there were none."""
    assert page.get(f"/jobs/{job_of(ada).pk}/").status_code == 200
    answers = [page.get(f"/jobs/{pk}/") for pk in (job_of(bob).pk, uuid4())]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content


def test_operators_see_every_job(
    page: Client, ada: User, bob: User, job_of: Callable[[User], Job]
) -> None:
    """Whoever has the right to."""
    User.objects.filter(pk=ada.pk).update(is_superuser=True)
    assert b"<dt>Owner</dt><dd>bob</dd>" in page.get(f"/jobs/{job_of(bob).pk}/").content


def test_people_are_ones_own_page_by_page(page: Client, ada: User, bob: User) -> None:
    """Fifty on a page, searched by name and address."""
    for n in range(60):
        Person.objects.create(owner=ada, email=f"p{n:02}@b.org", name=f"P {n:02}", source="x")
    Person.objects.create(owner=bob, email="z@b.org", name="Zed", source="x")
    first, second = (page.get("/people/", {"page": n}).content.decode() for n in (1, 2))
    assert first.count("<small>") == 50
    assert second.count("<small>") == 10
    assert "Zed" not in first + second
    assert "60 in your list" in first
    assert page.get("/people/", {"q": "P09"}).content.decode().count("<small>") == 1
    assert "<b>" not in page.get("/people/", {"q": "<b>"}).content.decode()


@override_settings(
    MIDDLEWARE=[
        "core.middleware.ContentSecurityPolicyMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ]
)
def test_every_answer_says_what_a_page_may_do(client: Client, db: None) -> None:
    """Strictly, except in Django's admin."""
    for address in ("/sign-in/", "/", "/nowhere/", "/headway/healthz"):
        policy = client.get(address)[HEADER]
        assert "require-trusted-types-for 'script'" in policy
        assert "unsafe" not in policy
    assert "script-src 'self'" in client.get("/admin/login/")[HEADER]
    assert "trusted" not in client.get("/admin/login/")[HEADER]


@pytest.mark.parametrize(
    ("scenario", "name"),
    [("pictures", "core.jobs.images.resize"), ("import", "core.jobs.transfer.import_people")],
)
def test_demo_starts_a_job(
    scenario: str, name: str, redis: RedisServer, db: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """And prints its id and address."""
    User.objects.create_user("demo")
    call_command("demo", scenario)
    job = Job.objects.get()
    assert job.name == name
    assert capsys.readouterr().out.split() == [str(job.pk), f"http://127.0.0.1:8000/jobs/{job.pk}/"]


@pytest.mark.parametrize(
    ("given", "said"),
    [(["cats"], "one of pictures, import, got: cats"), (["--user", "eve"], "There is no user eve")],
)
def test_demo_refuses_with_a_sentence(given: list[str], said: str, db: None) -> None:
    """It says what can be chosen."""
    with pytest.raises(CommandError, match=said):
        call_command("demo", *given)
