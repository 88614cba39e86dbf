"""A report from its form through a real worker to its files, its notice and its messages."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import Count
from django.test import Client
from django.utils import timezone
from openpyxl import load_workbook
from pypdf import PdfReader

from core.jobs.reports import look
from core.models import Person
from core.reports.models import ReportDelivery, ReportPlan, ReportRun
from realtime.models import Job, Notice
from tests.core.reporting import plan_of
from tests.core.test_journeys import ended
from tests.processes import Child, worker
from tests.services import Mailboxes, RedisServer, smtp_server, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.jobs]

CHOICES = {
    "about": "people",
    "form": "both",
    "every": "month",
    "day": "31",
    "at": "08:00",
    "zone": "Asia/Shanghai",
    "recipients": "",
    "missed": "catch up",
}
ONE, BUSY, NOBODY = "one@b.org", "busy@b.org", "nobody@b.org"


@pytest.fixture(scope="module")
def mail_server() -> Iterator[Mailboxes]:
    """Run a mail server."""
    with smtp_server() as one:
        yield one


@pytest.fixture
def boxes(mail_server: Mailboxes) -> Mailboxes:
    """Return it with nobody's messages."""
    mail_server.messages.clear()
    return mail_server


@pytest.fixture(scope="module")
def one_worker(
    redis: RedisServer, django_db_setup: None, mail_server: Mailboxes
) -> Iterator[Child]:
    """Run a worker that makes two reports at once."""
    with worker("threads", EMAIL_URL=mail_server.url, MAIL_BACKOFF="0.1") as one:
        yield one


@pytest.fixture
def browser(one_worker: Child, transactional_db: None, client: Client) -> Client:
    """Return a browser that is signed in."""
    client.force_login(User.objects.create_user("ada", password="x"))
    return client


def settle_in(owner: User) -> None:
    """Give somebody a list of people."""
    cities = ["Köln"] * 7 + ["北京"] * 4 + [f"City {n}" for n in range(12)] + [""]
    Person.objects.bulk_create(
        Person(
            owner=owner,
            email=f"p{n:02}@b.org",
            name=f"=1+{n}",
            city=city,
            birthday=date(1950 + 3 * n, 1, 1) if n < 20 else None,
            source="x",
        )
        for n, city in enumerate(cities)
    )


def files_of(browser: Client, state: dict[str, Any]) -> dict[str, bytes]:
    """Return what a job has left, by its ending."""
    found = {}
    for file in state["files"]:
        answer: Any = browser.get(file["url"])
        found[file["name"].rpartition(".")[2]] = b"".join(answer.streaming_content)
    return found


def sheet(content: bytes, number: int) -> list[tuple[Any, ...]]:
    """Return the rows of a workbook's sheet."""
    return list(load_workbook(io.BytesIO(content)).worksheets[number].values)


def text_of(content: bytes) -> str:
    """Return the text of a PDF, with its lines joined."""
    pages = PdfReader(io.BytesIO(content)).pages
    return " ".join(" ".join(page.extract_text().split()) for page in pages)


def test_a_report_on_people_is_set_up_made_and_mailed(browser: Client, boxes: Mailboxes) -> None:
    """Its numbers are those of the database; everybody gets the same bytes, and nobody twice."""
    owner = User.objects.get()
    settle_in(owner)
    boxes.refusals = {BUSY: ["451 busy"], NOBODY: ["550 nobody here"]}
    asked = {**CHOICES, "recipients": f"{ONE}, {BUSY}\n{NOBODY}; {ONE.upper()}"}
    page = browser.post("/reports/new/", asked)["Location"]
    browser.post(f"{page}run/")
    run = ReportRun.objects.get()
    state = ended(browser, str(run.job))
    assert (state["status"], state["attempt"], state["ok"]) == ("succeeded", 2, 2), state
    files = files_of(browser, state)
    assert sheet(files["xlsx"], 0)[4:] == [
        ("People", 24),
        ("Cities", 14),
        ("With a birthday", 20),
    ]
    cities = sheet(files["xlsx"], 1)
    counts = Person.objects.exclude(city="").values_list("city").annotate(n=Count("pk"))
    assert cities[1:3] == list(counts.order_by("-n")[:2]) == [("Köln", 7), ("北京", 4)]
    assert cities[11:] == [("Elsewhere", 4), ("Unknown", 1)]
    assert sum(row[1] for row in cities[1:]) == Person.objects.count()
    assert sheet(files["xlsx"], 3)[1][0] == "=1+23", "A name is a text and no formula."
    said = text_of(files["pdf"])
    for words in ("People report", "The people of ada", "24", "北京", "Köln", "=1+23", "1950s"):
        assert words in said, said
    kept = [message for to, message in boxes.messages]
    assert boxes.got == {ONE.upper(): 1, BUSY: 1}
    attached = [[part.get_content() for part in one.iter_attachments()] for one in kept]
    assert attached == [[files["pdf"], files["xlsx"]]] * 2
    assert kept[0]["Subject"] == "People report"
    found = dict(ReportDelivery.objects.values_list("email", "outcome"))
    assert found == {ONE.upper(): "sent", BUSY: "sent", NOBODY: "failed"}
    assert Notice.objects.filter(job_id=str(run.job), kind="finished").count() == 1
    shown = browser.get(page).content.decode()
    assert "Details" in shown
    assert "550 nobody here" in shown
    again = browser.post(f"/headway/api/jobs/{run.job}/again", {}, "application/json").json()
    assert ended(browser, again["id"])["status"] == "succeeded"
    assert boxes.got == {ONE.upper(): 1, BUSY: 1, NOBODY: 1}


def test_a_report_on_jobs_counts_ones_own(browser: Client) -> None:
    """Not those of others, unless one may see them; nor the one that makes it."""
    ada, now = User.objects.get(), timezone.now()
    bob = User.objects.create_user("bob")
    given = {"name": "core.jobs.images.resize", "title": "x", "queued_at": now}
    for number in range(1, 21):
        key = f"00000000-0000-0000-0000-{number:012}"
        took = {"started_at": now - timedelta(seconds=number), "finished_at": now}
        Job.objects.create(id=key, root=key, owner=ada, status="succeeded", **given, **took)
    for number, (owner, error) in enumerate([(ada, "Disk full"), (bob, "x"), (ada, "Disk full")]):
        key, last = f"00000000-0000-0000-0001-{number:012}", {"text": error, "public": True}
        more = {"status": "failed", "last": {"error": last}, "finished_at": now}
        Job.objects.create(id=key, root=key, owner=owner, **given, **more)
    page = browser.post("/reports/new/", {**CHOICES, "about": "jobs", "form": "xlsx"})["Location"]
    browser.post(f"{page}run/")
    files = files_of(browser, ended(browser, str(ReportRun.objects.get().job)))
    assert list(files) == ["xlsx"]
    kind = "Make pictures smaller"
    assert sheet(files["xlsx"], 0)[4:] == [
        ("Jobs", 22),
        ("Succeeded", 20),
        ("Failed or lost", 2),
        ("Not ended yet", 0),
        ("Median time in seconds", 10),
    ]
    assert sheet(files["xlsx"], 1)[1:] == [(kind, 20, 2, 0, 0, 0, 22)]
    days = sheet(files["xlsx"], 2)[1:]
    assert len(days) == 30
    assert [sum(column) for column in list(zip(*days, strict=True))[1:]] == [20, 2, 0, 0]
    assert sheet(files["xlsx"], 3)[1:] == [(kind, 10, 19, 20)]
    assert sheet(files["xlsx"], 4)[1:] == [("Disk full", 2)]


def test_many_looks_at_once_make_one_report(browser: Client, boxes: Mailboxes) -> None:
    """As of two schedulers whose messages arrive together; it is mailed once."""
    now = timezone.now()
    plan = plan_of(
        User.objects.get(),
        at=(now - timedelta(minutes=1)).time().replace(second=0, microsecond=0),
        zone="UTC",
        since=now - timedelta(hours=1),
        form="xlsx",
        recipients=[ONE],
    )
    for _scheduler in range(10):
        look.delay()
    run = wait_until(lambda: ReportRun.objects.exclude(closed_at=None).first(), "it to be made")
    assert (run.plan_id, run.why, run.tries) == (plan.pk, "due", 1)
    look.delay()
    assert ended(browser, str(run.job))["status"] == "succeeded"
    assert (ReportRun.objects.count(), Job.objects.count()) == (1, 1)
    assert boxes.got == {ONE: 1}
    assert ReportPlan.objects.get().enabled
