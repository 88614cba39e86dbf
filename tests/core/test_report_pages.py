"""The pages of reports: set up, looked at, changed, switched off, deleted; what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from kombu.exceptions import OperationalError

from core import starting
from core.reports import due
from core.reports.models import ReportPlan, ReportRun
from core.reports.views import PLANS
from realtime.models import Job
from tests.core.reporting import plan_of

CHOICES = {
    "about": "jobs",
    "form": "pdf",
    "every": "week",
    "days": ["1", "3"],
    "day": "",
    "at": "07:30",
    "zone": "America/New_York",
    "recipients": "one@b.org",
    "missed": "skip",
}


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """Let it be a Tuesday, five days before the clocks of New York are put back."""
    moment = datetime(2026, 10, 27, 12, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: moment)
    return moment


def html(answer: Any) -> str:
    """Return a page without what escapes its signs."""
    text: str = answer.content.decode()
    return text.replace("&#x27;", "'")


def test_a_report_is_set_up_in_words(page: Client, today: datetime) -> None:
    """Its page says when it comes, and the next five times on the clocks of its zone."""
    address = page.post("/reports/new/", CHOICES)["Location"]
    shown = html(page.get(address))
    assert "Every Tuesday and Thursday at 07:30, America/New York" in shown
    assert "mailed to one@b.org" in shown
    assert "leave it out, and wait for the next time" in shown
    times = [
        ("2026-10-29T07:30:00-04:00", "Thu 29 Oct 2026, 07:30", "EDT"),
        ("2026-11-03T07:30:00-05:00", "Tue 3 Nov 2026, 07:30", "EST"),
        ("2026-11-05T07:30:00-05:00", "Thu 5 Nov 2026, 07:30", "EST"),
        ("2026-11-10T07:30:00-05:00", "Tue 10 Nov 2026, 07:30", "EST"),
        ("2026-11-12T07:30:00-05:00", "Thu 12 Nov 2026, 07:30", "EST"),
    ]
    for moment, said, zone in times:
        assert f'<time datetime="{moment}">{said}</time> <span class="muted">{zone}' in shown
    assert shown.count("<time") == len(times)
    assert "Every Tuesday and Thursday" in html(page.get("/reports/"))


def test_the_next_times_are_shown_before_anything_is_kept(page: Client, today: datetime) -> None:
    """By a button of their own, without a script."""
    shown = html(page.post("/reports/new/", {**CHOICES, "look": "1"}))
    assert "Thu 29 Oct 2026, 07:30" in shown
    assert 'value="3"' in shown
    assert not ReportPlan.objects.exists()


MANY = "\n".join(f"p{n}@b.org" for n in range(10_000))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"recipients": MANY}, "at most 20 addresses, and these are 10,000."),
        ({"recipients": "one@b.org\r\nBcc: two@b.org"}, "“Bcc:” is not an e-mail address."),
        ({"recipients": "One <one@b.org>"}, "“One” is not an e-mail address."),
        ({"recipients": f"{'a' * 300}@b.org"}, f"“{'a' * 60}…” is not an e-mail address."),
        ({"recipients": "\x00@b.org"}, "Null characters are not allowed."),
        ({"recipients": "ö@b.org"}, "“ö@b.org” is not an e-mail address."),
        ({"zone": "Mars/Olympus"}, "Select a valid choice. Mars/Olympus"),
        ({"zone": "../../etc/passwd"}, "Select a valid choice."),
        ({"zone": ""}, "This field is required."),
        ({"at": "25:00"}, "Type a time such as 08:00."),
        ({"days": []}, "Choose at least one day."),
        ({"days": ["7"]}, "Select a valid choice."),
        ({"every": "month", "day": ""}, "Type a day of the month."),
        ({"every": "month", "day": "32"}, "less than or equal to 31"),
        ({"every": "second"}, "Select a valid choice."),
        ({"about": "passwords"}, "Select a valid choice."),
        ({"form": "exe"}, "Select a valid choice."),
    ],
)
def test_what_cannot_be_is_refused(page: Client, change: dict[str, Any], said: str) -> None:
    """With a sentence, and nothing is kept."""
    assert said in html(page.post("/reports/new/", {**CHOICES, **change}))
    assert not ReportPlan.objects.exists()


def test_nobody_has_more_reports_than_can_be_looked_at(page: Client, ada: User) -> None:
    """One too many is refused; the others can be changed."""
    plans = [plan_of(ada) for _ in range(PLANS)]
    assert "delete one first" in html(page.post("/reports/new/", CHOICES))
    assert page.post(f"/reports/{plans[0].pk}/edit/", CHOICES).status_code == 302
    assert ReportPlan.objects.count() == PLANS


def test_a_change_counts_from_now(page: Client, ada: User) -> None:
    """What was due by the old times, or by the new ones before now, is not made."""
    plan = plan_of(ada)
    assert 'value="08:00"' in html(page.get(f"/reports/{plan.pk}/edit/"))
    before = timezone.now()
    page.post(f"/reports/{plan.pk}/edit/", CHOICES)
    plan.refresh_from_db()
    assert (plan.every, plan.days, plan.zone) == ("week", [1, 3], "America/New_York")
    assert plan.since >= before


def test_a_report_is_switched_off_and_on(page: Client, ada: User) -> None:
    """What was due meanwhile counts for nothing."""
    plan = plan_of(ada)
    page.post(f"/reports/{plan.pk}/switch/", {"to": "off"})
    shown = html(page.get(f"/reports/{plan.pk}/"))
    assert "It is made only when you say so." in shown
    before = timezone.now()
    page.post(f"/reports/{plan.pk}/switch/", {"to": "on"})
    plan.refresh_from_db()
    assert plan.enabled
    assert plan.since >= before


def test_a_report_is_deleted_and_its_jobs_stay(page: Client, ada: User) -> None:
    """The page asks first, without a script."""
    plan = plan_of(ada)
    page.post(f"/reports/{plan.pk}/run/")
    assert "what it has made stays among your jobs" in html(page.get(f"/reports/{plan.pk}/"))
    assert page.post(f"/reports/{plan.pk}/delete/")["Location"] == "/reports/"
    assert not ReportPlan.objects.exists()
    assert Job.objects.filter(owner=ada, title="People report").count() == 1


@pytest.mark.parametrize("what", ["", "edit/", "run/", "switch/", "delete/"])
def test_anothers_report_looks_as_if_there_were_none(page: Client, bob: User, what: str) -> None:
    """To see, to change, to make."""
    plan = plan_of(bob)
    answer = (page.post if what else page.get)(f"/reports/{plan.pk}/{what}", CHOICES)
    assert answer.status_code == 404
    assert ReportPlan.objects.filter(pk=plan.pk, enabled=True).exists()
    assert not ReportRun.objects.exists()


def test_without_a_queue_nothing_is_made_later(
    page: Client, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks for one now is told, and does not get it when nobody waits any more."""

    def away(*_: Any, **__: Any) -> None:
        raise OperationalError

    plan = plan_of(ada)
    monkeypatch.setattr(due, "start", away)
    answer = page.post(f"/reports/{plan.pk}/run/")
    assert answer.status_code == 503
    assert "nothing was started" in html(answer)
    assert not ReportRun.objects.exists()
    monkeypatch.undo()
    assert starting.start_report(plan).title == "People report"


def test_what_was_missed_is_shown(page: Client, ada: User) -> None:
    """A time at which nothing ran, and was to be left out."""
    plan = plan_of(ada)
    missed = datetime(2026, 11, 3, 7, tzinfo=UTC)
    ReportRun.objects.create(plan=plan, due=missed, why="skipped", closed_at=missed)
    shown = html(page.get(f"/reports/{plan.pk}/"))
    assert "Not made: nothing ran at that time" in shown
    assert "Tue 3 Nov 2026, 08:00" in shown


def test_a_zone_that_the_machine_has_lost_breaks_no_page(page: Client, ada: User) -> None:
    """There are no next times then."""
    plan = plan_of(ada, zone="Mars/Olympus")
    assert page.get(f"/reports/{plan.pk}/").status_code == 200
    assert page.get("/reports/").status_code == 200
