"""The pages of campaigns: written, looked at, tested, sent; what became of everybody."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from kombu.exceptions import OperationalError

from core.mail.outcome import Outcome
from core.models import Campaign, Person, Recipient, Upload
from core.samples import READERS
from realtime import records
from realtime.events import ENDS, JobState, Status, timestamp
from realtime.models import Job
from realtime.records import Row
from tests.core.mailing import campaign_of, outcomes

CHOICES = {
    "source": "people",
    "sought": "",
    "subject": "Hello {{ name|you }}",
    "text": "Dear {{ name }}",
    "html": "<p>Dear {{ name }}</p><script>alert(1)</script>",
    "rate": "5",
}
ONE, TWO = "one@b.org", "two@b.org"


def readers(data: bytes | None = None) -> SimpleUploadedFile:
    """Return an address list as a browser sends it."""
    return SimpleUploadedFile("readers.csv", READERS.read_bytes() if data is None else data)


def written(page: Client, **change: Any) -> Campaign:
    """Write a campaign by the form."""
    answer = page.post("/mail/new/", {**CHOICES, **change})
    campaign = Campaign.objects.get()
    assert answer["Location"] == f"/mail/{campaign.pk}/", answer.content.decode()
    return campaign


def html(page: Client, address: str) -> str:
    """Return a page."""
    return page.get(address).content.decode()


def job_of(campaign: Campaign, status: Status, known: UUID | None = None) -> UUID:
    """Let the campaign's last job stand somewhere."""
    job, now = str(known or uuid4()), timestamp()
    state = JobState(
        id=job,
        root=job,
        name="core.jobs.mail.send",
        title="x",
        owner=str(campaign.owner_id),
        status=status,
        queued_at=now,
        finished_at=now if status in ENDS else None,
    )
    records.record([Row(state, 2 if known else 1, 0)])
    campaign.job = UUID(job)
    campaign.save()
    return campaign.job


def test_a_bar_that_is_over_stands_above_what_became_of_everybody(page: Client, ada: User) -> None:
    """No socket is opened for it, so nothing would bring what is newer than the page."""
    campaign = campaign_of(ada, ONE)
    Recipient.objects.update(outcome=Outcome.SENDING)
    job = job_of(campaign, Status.RUNNING)
    ended = False

    def end(execute: Any, sql: str, *rest: Any) -> Any:
        """Let the job end once the recipients have been counted."""
        nonlocal ended
        answer = execute(sql, *rest)
        if not ended and "COUNT" in sql and "core_recipient" in sql:
            ended = True
            Recipient.objects.update(outcome=Outcome.SENT)
            job_of(campaign, Status.SUCCEEDED, job)
        return answer

    with connection.execute_wrapper(end):
        shown = html(page, f"/mail/{campaign.pk}/")
    assert ended
    assert 'status="running"' in shown or "being sent" not in shown
    assert 'status="succeeded"' in html(page, f"/mail/{campaign.pk}/")


def test_a_campaign_to_ones_people_is_shown_as_they_read_it(page: Client, ada: User) -> None:
    """Before anybody gets it; the markup stands in a frame in which it can do nothing."""
    Person.objects.create(owner=ada, email=ONE, name="One <b>", source="x")
    campaign = written(page)
    shown = html(page, f"/mail/{campaign.pk}/")
    assert "Hello One &lt;b&gt;" in shown
    assert "To 1 of your people." in shown
    frame = f'<iframe class="letter" sandbox title="The letter as HTML" src="/mail/{campaign.pk}'
    assert f'{frame}/preview/0/">' in shown
    framed = page.get(f"/mail/{campaign.pk}/preview/0/")
    assert "Dear One &lt;b&gt;" in framed.content.decode()
    assert "default-src 'none'" in framed["Content-Security-Policy"]
    assert "sandbox" in framed["Content-Security-Policy"]
    assert framed["X-Frame-Options"] == "SAMEORIGIN"
    assert page.get(f"/mail/{campaign.pk}/preview/1/").status_code == 404


def test_a_campaign_to_a_list_knows_its_columns(page: Client) -> None:
    """By the names that they have in the file."""
    campaign = written(page, source="list", file=readers(), text="In {{ town }}")
    assert "In Göteborg" in html(page, f"/mail/{campaign.pk}/")
    assert "In Braga" in html(page, f"/mail/{campaign.pk}/?n=1")
    assert campaign.upload is not None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"subject": "Hello\r\nBcc: all@b.org"}, "The subject must be one line of text."),
        ({"subject": ""}, "This field is required."),
        ({"text": " \n"}, "Write a text: not everybody reads HTML."),
        ({"text": "{{ shoe_size }}"}, "Nothing is known for {{ shoe_size }}: choose one of"),
        ({"html": "{{ first name }}"}, "“{{ first name }}” is no placeholder"),
        ({"text": "a\x00b"}, "Null characters are not allowed."),
        ({"rate": "-1"}, "greater than or equal to 0"),
        ({"rate": "nan"}, "Enter a number."),
        ({"source": "list"}, "Choose a file."),
        ({"source": "everybody"}, "Select a valid choice"),
    ],
)
def test_a_wrong_campaign_is_told_and_not_kept(
    change: dict[str, str], said: str, page: Client
) -> None:
    """With a sentence at the field."""
    answer = page.post("/mail/new/", {**CHOICES, **change}).content.decode()
    assert said in answer.replace("&quot;", '"')
    assert not Campaign.objects.exists()


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"", "The file is empty"), (b"name,city\nA,B\n", "no column with e-mail addresses")],
)
def test_a_file_that_is_no_list_is_refused(data: bytes, said: str, page: Client) -> None:
    """A script is told as JSON, and nothing is kept."""
    given = {**CHOICES, "source": "list", "file": readers(data)}
    answer = page.post("/mail/new/", given, headers={"accept": "application/json"})
    assert (answer.status_code, said in answer.json()["errors"][0]) == (422, True)
    assert not Upload.objects.exists()


def test_a_draft_is_changed(page: Client) -> None:
    """Its list stays unless another one is chosen, or people are."""
    campaign = written(page, source="list", file=readers())
    address = f"/mail/{campaign.pk}/edit/"
    assert "readers.csv is kept unless you choose another one." in html(page, address)
    page.post(address, {**CHOICES, "source": "list", "subject": "Other", "text": "{{ town }}"})
    assert "Other" in html(page, f"/mail/{campaign.pk}/")
    assert Upload.objects.count() == 1
    page.post(address, CHOICES)
    assert not Upload.objects.exists()
    assert Campaign.objects.get().columns == {}


def test_the_page_of_people_leads_to_a_letter_to_them(page: Client, ada: User) -> None:
    """To those that were sought."""
    Person.objects.create(owner=ada, email=ONE, name="One", source="x")
    assert 'href="/mail/new/?q=one"' in html(page, "/people/?q=one")
    assert 'name="sought" value="one"' in html(page, "/mail/new/?q=one")


def test_a_draft_is_sent_once(page: Client, ada: User) -> None:
    """The second click finds it sent; then it can be changed no more."""
    campaign = written(page)
    for _ in range(2):
        answer = page.post(f"/mail/{campaign.pk}/send/")
        assert answer["Location"] == f"/mail/{campaign.pk}/"
    job = Job.objects.get()
    assert (job.owner, job.name) == (ada, "core.jobs.mail.send")
    assert job.title == "Send “Hello {{ name|you }}”"
    assert Campaign.objects.get().job == job.pk
    for rest in ("edit/", "preview/0/"):
        assert page.get(f"/mail/{campaign.pk}/{rest}").status_code == 404
    assert page.post(f"/mail/{campaign.pk}/test/", {"email": ONE}).status_code == 404


def test_a_test_message_is_a_job_of_its_own(page: Client, ada: User) -> None:
    """Shown on the draft; the campaign is as unsent as before."""
    Person.objects.create(owner=ada, email=ONE, name="One", source="x")
    campaign = written(page)
    address = f"/mail/{campaign.pk}/test/"
    assert "Enter a valid email address" in page.post(address, {"email": "me"}).content.decode()
    answer = page.post(address, {"email": "me@b.org"})
    job = Job.objects.get()
    assert answer["Location"] == f"/mail/{campaign.pk}/?test={job.pk}#test"
    assert f'job="{job.pk}"' in html(page, answer["Location"])
    assert job.title == "Test of “Hello {{ name|you }}”"
    assert Campaign.objects.get().job is None


def test_without_a_queue_nothing_is_started(page: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the page says so."""
    campaign = written(page)

    def away(*_: Any, **__: Any) -> None:
        raise OperationalError

    monkeypatch.setattr("core.starting.start", away)
    for rest in ("send/", "test/"):
        answer = page.post(f"/mail/{campaign.pk}/{rest}", {"email": "me@b.org"})
        assert "The queue cannot be reached" in answer.content.decode()
    assert Campaign.objects.get().job is None


def test_what_became_of_everybody_is_shown(page: Client, ada: User) -> None:
    """All, or those with one outcome; with the reasons."""
    campaign = campaign_of(ada, ONE, TWO)
    job_of(campaign, Status.SUCCEEDED)
    campaign.recipients.filter(email=ONE).update(outcome=Outcome.SENT)
    failed = campaign.recipients.filter(email=TWO)
    failed.update(outcome=Outcome.FAILED, reason="550 <no>")
    address = f"/mail/{campaign.pk}/"
    assert ONE in html(page, address)
    shown = html(page, f"{address}?outcome=failed")
    assert (ONE in shown, TWO in shown, "550 &lt;no&gt;" in shown) == (False, True, True)
    assert "Try the failed one again" in shown
    assert "Risk sending" not in shown
    assert html(page, f"{address}?outcome=strange").count('<th scope="row">') == 2


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.SENDING])
def test_the_unknown_are_written_to_again_when_somebody_says_so(
    outcome: Outcome, page: Client, ada: User
) -> None:
    """Also who was being written to when the last job died for good."""
    campaign = campaign_of(ada, ONE, TWO)
    job_of(campaign, Status.LOST)
    campaign.recipients.filter(email=ONE).update(outcome=outcome)
    campaign.recipients.filter(email=TWO).update(outcome=Outcome.SENT)
    assert "Risk sending it twice to the unknown one" in html(page, f"/mail/{campaign.pk}/")
    page.post(f"/mail/{campaign.pk}/again/", {"which": "left"})
    assert outcomes(campaign)[ONE] == outcome
    job_of(campaign, Status.SUCCEEDED)
    page.post(f"/mail/{campaign.pk}/again/", {"which": "unknown"})
    assert outcomes(campaign) == {ONE: "waiting", TWO: "sent"}
    assert Job.objects.latest("queued_at").name == "core.jobs.mail.send"


def test_a_campaign_that_is_being_sent_is_not_started_again(page: Client, ada: User) -> None:
    """Whatever is asked for."""
    campaign = campaign_of(ada, ONE)
    job = job_of(campaign, Status.RUNNING)
    campaign.recipients.update(outcome=Outcome.SENDING)
    assert "Go on" not in html(page, f"/mail/{campaign.pk}/")
    for which in ("left", "failed", "unknown"):
        page.post(f"/mail/{campaign.pk}/again/", {"which": which})
    assert (outcomes(campaign), Campaign.objects.get().job) == ({ONE: "sending"}, job)


def test_why_the_failed_cannot_be_run_again_is_told(page: Client, ada: User) -> None:
    """Here nobody has kept what the job was called with."""
    campaign = campaign_of(ada, ONE)
    job_of(campaign, Status.SUCCEEDED)
    answer = page.post(f"/mail/{campaign.pk}/again/", {"which": "failed"})
    assert 'class="message wrong"' in answer.content.decode()


def test_somebody_elses_campaign_is_not_there(page: Client, bob: User) -> None:
    """To look at, to change, to send, to send again."""
    campaign = campaign_of(bob, ONE)
    assert "Hello" not in html(page, "/mail/")
    for rest in ("", "edit/", "preview/0/"):
        assert page.get(f"/mail/{campaign.pk}/{rest}").status_code == 404
    for rest in ("send/", "test/", "again/", "edit/"):
        assert page.post(f"/mail/{campaign.pk}/{rest}", CHOICES).status_code == 404
    assert not Job.objects.exists()


def test_nothing_is_sent_by_a_get(page: Client, ada: User) -> None:
    """Nor without the form's token."""
    campaign = campaign_of(ada, ONE)
    for rest in ("send/", "test/", "again/"):
        assert page.get(f"/mail/{campaign.pk}/{rest}").status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ada)
    assert strict.post(f"/mail/{campaign.pk}/send/").status_code == 403
    assert strict.post("/mail/new/", CHOICES).status_code == 403
    assert not Job.objects.exists()


def test_pages_have_no_script_or_style_of_their_own(page: Client, ada: User) -> None:
    """A strict policy would not let them work."""
    draft = written(page)
    sent = campaign_of(ada, ONE)
    job_of(sent, Status.SUCCEEDED)
    for address in ("", "new/", "caught/", f"{draft.pk}/", f"{sent.pk}/"):
        shown = html(page, f"/mail/{address}")
        assert not re.search(r"<style|<script(?![^>]* src=)|<[^>]+\s(style|on\w+)=", shown)


def test_recipients_go_with_their_campaign(ada: User) -> None:
    """Who deletes it deletes them."""
    campaign_of(ada, ONE).delete()
    assert not Recipient.objects.exists()
