"""The pages: who sees what, and what they may do."""

import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from core.jobs.images import resize
from core.middleware import HEADER
from core.models import Person
from core.scenarios import SCENARIOS
from core.starting import NotQueued
from realtime import again, start
from realtime.control import cancel
from realtime.models import Job, Notice
from tests.services import RedisServer

PAGES = (
    *("home", "pictures", "import", "export", "people", "send", "notices"),
    "notice-preferences",
    *("mail", "mail-new", "mail-caught"),
)


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
    # Their forms differ by what the browser has asked for and by a token that is new each time.
    one, other = (re.sub(r"<input[^>]*>", "", answer.content.decode()) for answer in answers)
    assert one == other


def test_a_job_that_was_run_again_names_the_earlier_one(
    page: Client, ada: User, job_of: Callable[[User], Job]
) -> None:
    """With a link to its page, and only there."""
    old = job_of(ada)
    cancel(str(old.pk))
    new = again(str(old.pk))
    link = f'<dt>Runs again</dt><dd><a href="/jobs/{old.pk}/">'
    assert link in page.get(f"/jobs/{new.pk}/").content.decode()
    assert "<dt>Runs again" not in page.get(f"/jobs/{old.pk}/").content.decode()


def test_what_a_job_has_started_is_on_its_page(
    page: Client, ada: User, job_of: Callable[[User], Job]
) -> None:
    """Of a root also while it may yet start something, of others once they have."""

    def started(parent: Job) -> Job:
        part = job_of(ada)
        Job.objects.filter(pk=part.pk).update(root=parent.root, parent=parent.pk)
        part.refresh_from_db()
        return part

    def tree_of(job: Job) -> list[str]:
        return re.findall("<job-tree[^>]*>", page.get(f"/jobs/{job.pk}/").content.decode())

    at = 'page="/jobs/00000000-0000-0000-0000-000000000000/"'
    root = job_of(ada)
    whole = f'<job-tree root="{root.pk}" {at}>'
    assert tree_of(root) == [whole]
    Job.objects.filter(pk=root.pk).update(status="succeeded")
    assert tree_of(root) == []
    part = started(root)
    assert tree_of(root) == [whole]
    assert tree_of(part) == []
    started(part)
    assert tree_of(part) == [f'<job-tree root="{root.pk}" job="{part.pk}" {at}>']


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
    [
        ("pictures", "core.jobs.images.resize"),
        ("import", "core.jobs.transfer.import_people"),
        ("export", "core.jobs.transfer.export_people"),
        ("mail", "core.jobs.mail.send"),
        ("report", "core.jobs.reports.make"),
    ],
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


def test_a_click_tries_a_kind_of_work(page: Client, ada: User, redis: RedisServer) -> None:
    """It goes on to the job, which is theirs; what is not known is not there."""
    answer = page.post(reverse("try", args=["import"]))
    job = Job.objects.get()
    assert answer["Location"] == reverse("job", args=[job.pk])
    assert (job.owner, job.name) == (ada, "core.jobs.transfer.import_people")
    assert page.post(reverse("try", args=["cats"])).status_code == 404
    assert page.get(reverse("try", args=["import"])).status_code == 405


def test_a_click_that_starts_nothing_says_why(
    page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the page where the button is."""

    def refuse(owner: User) -> Job:
        raise NotQueued

    monkeypatch.setitem(SCENARIOS, "import", refuse)
    answer = page.post(reverse("try", args=["import"]))
    assert answer.status_code == 503
    assert "The queue cannot be reached" in answer.content.decode()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["cats"], "one of pictures, import, export, mail, report, got: cats"),
        (["--user", "eve"], "There is no user eve"),
    ],
)
def test_demo_refuses_with_a_sentence(given: list[str], said: str, db: None) -> None:
    """It says what can be chosen."""
    with pytest.raises(CommandError, match=said):
        call_command("demo", *given)


def test_notices_are_shown_without_a_script(
    page: Client, ada: User, bob: User, job_of: Callable[[User], Job], redis: RedisServer
) -> None:
    """One's own, with a link to the job's page."""
    assert "No notices yet" in page.get("/notices/").content.decode()
    for owner, text in ((ada, "It is <empty>."), (bob, "Nobody's business")):
        at = timezone.now()
        job = job_of(owner)
        Notice.objects.create(
            job=job, person=owner, kind="failed", about="end", title=job.title, text=text, at=at
        )
    html = page.get("/notices/").content.decode()
    assert "It is &lt;empty&gt;." in html
    assert "(unread)" in html
    assert reverse("job", args=[Job.objects.get(owner=ada).pk]) in html
    assert "Nobody" not in html
