"""The jobs from a page through a real worker to what comes out: a file, people, messages."""

import gzip
import io
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image, ImageChops

from core import uploads
from core.mail.outcome import Outcome
from core.models import Campaign, Person
from core.samples import PEOPLE, PICTURES
from realtime.models import Job, Notice
from tests.processes import Child, worker
from tests.services import Mailboxes, RedisServer, smtp_server, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.jobs]


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
    """Run a worker."""
    with worker("threads", EMAIL_URL=mail_server.url, MAIL_BACKOFF="0.1") as one:
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


def test_a_job_speaks_the_language_in_which_it_was_started(browser: Client) -> None:
    """In all that it says, and in what its owner is told of it; the next one speaks its own."""
    bad = "email;name\nnobody;安娜\n".encode()

    def imported(language: str) -> dict[str, Any]:
        browser.defaults["HTTP_ACCEPT_LANGUAGE"] = language
        file = SimpleUploadedFile("a.csv", bad)
        columns = browser.post("/people/import/", {"file": file})["Location"]
        return ended(browser, browser.post(columns, {"email": "0", "name": "1"})["Location"])

    chinese, english = imported("zh-CN"), imported("en")
    assert (chinese["title"], english["title"]) == ("导入 a.csv", "Import a.csv")
    assert [stage["name"] for stage in chinese["stages"]] == ["检查", "读取", "写入"]
    assert chinese["error"]["text"].startswith("1 行全部无法导入。首个问题：第 2 行：")  # noqa: RUF001
    assert english["error"]["text"].startswith("None of the 1 rows could be imported.")
    for state in (chinese, english):
        told = Notice.objects.filter(job_id=state["id"])
        wait_until(told.exists, "its notice, which comes with its end in SQL")
        assert told.get().text == state["error"]["text"]


def test_pictures_are_uploaded_made_smaller_and_downloaded(browser: Client) -> None:
    """Each in a job of its own; the damaged one is a warning, the others are in the ZIP."""
    files = [SimpleUploadedFile(path.name, path.read_bytes()) for path in PICTURES.iterdir()]
    choices = {"widths": ["320", "800"], "own_widths": "", "format": "WEBP", "quality": "80"}
    state = ended(browser, browser.post("/pictures/", {**choices, "pictures": files})["Location"])
    assert (state["status"], state["ok"], state["failed"]) == ("succeeded", 7, 1)
    assert (state["current"], state["total"], state["unit"]) == (8, 8, "picture")
    assert (state["children"]["total"], state["children"]["succeeded"]) == (8, 8)
    with zipfile.ZipFile(io.BytesIO(downloaded(browser, state))) as archive:
        assert len(archive.namelist()) == 14
        lake = Image.open(io.BytesIO(archive.read("lake-320.webp"))).convert("RGB")
    assert near_sample(lake, "lake.jpg")
    assert not any(uploads.work_folder(state["id"]).parent.iterdir())


def near_sample(image: Image.Image, name: str) -> bool:
    """Compare a picture with what Pillow makes of a sample, pixel by pixel of a small copy."""
    with Image.open(PICTURES / name) as sample:
        wanted = sample.convert("RGB").resize((24, 16))
    apart = ImageChops.difference(image.resize((24, 16)), wanted)
    return max(apart.tobytes()) < 40


def test_pictures_are_made_smaller_again_and_then_the_failed_ones(browser: Client) -> None:
    """Their uploads are kept; of all pictures only those that failed are tried once more."""
    names = ("dawn.jpg", "torn.jpg")
    files = [SimpleUploadedFile(name, (PICTURES / name).read_bytes()) for name in names]
    choices = {"widths": ["320"], "own_widths": "", "format": "keep", "quality": "80"}
    first = ended(browser, browser.post("/pictures/", {**choices, "pictures": files})["Location"])
    assert first["actions"] == ["again", "again_failed"]
    whole = browser.post(f"/headway/api/jobs/{first['id']}/again", {}, "application/json").json()
    again = ended(browser, whole["id"])
    assert (again["status"], again["ok"], again["failed"]) == ("succeeded", 1, 1)
    asked = {"only_failed": True}
    rest = browser.post(f"/headway/api/jobs/{first['id']}/again", asked, "application/json").json()
    failed = ended(browser, rest["id"])
    assert (failed["status"], failed["children"]["total"]) == ("failed", 1)
    assert "torn.jpg is damaged" in failed["error"]["text"]
    child = Job.objects.get(root=first["id"], title="dawn.jpg")
    assert browser.get(f"/headway/api/jobs/{child.pk}").json()["actions"] == []


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
    again = browser.post(f"/headway/api/jobs/{state['id']}/again", {}, "application/json").json()
    assert ended(browser, again["id"])["message"] == "0 new, 0 updated, 196 unchanged, 6 rejected"


def test_people_are_exported_and_the_download_goes_on(browser: Client) -> None:
    """From where it broke off."""
    owner = User.objects.get()
    Person.objects.bulk_create(
        Person(owner=owner, email=f"p{n:03}@b.org", name="=1+1", source="x") for n in range(200)
    )
    state = ended(browser, browser.post("/people/export/", {"form": "csv.gz"})["Location"])
    assert (state["status"], state["message"]) == ("succeeded", "200 exported")
    whole, (file,) = downloaded(browser, state), state["files"]
    half = browser.get(file["url"], headers={"Range": f"bytes={len(whole) // 2}-"})
    rest = b"".join(half.streaming_content)  # type: ignore[attr-defined]
    assert (half.status_code, whole[: len(whole) // 2] + rest) == (206, whole)
    lines = gzip.decompress(whole).decode("utf-8-sig").splitlines()
    assert len(lines) == 201
    assert lines[1] == "p000@b.org,'=1+1,,"


def test_a_job_that_cannot_do_anything_says_why(browser: Client) -> None:
    """In words that its owner may read."""
    choices = {"widths": ["320"], "own_widths": "", "format": "keep", "quality": "80"}
    file = SimpleUploadedFile("words.jpg", b"words")
    state = ended(browser, browser.post("/pictures/", {**choices, "pictures": file})["Location"])
    assert state["status"] == "failed"
    assert state["error"]["text"].startswith("The picture could not be used: words.jpg is not a")


LETTER = {"source": "list", "subject": "Hi {{ name }}", "text": "Dear {{ name }}", "rate": "0"}


def sent(browser: Client, *addresses: str) -> str:
    """Write a campaign to these addresses, send it, and return its page."""
    lines = "".join(f"{email},{email[:3]}\n" for email in addresses)
    file = SimpleUploadedFile("list.csv", f"mail,name\n{lines}".encode())
    page: str = browser.post("/mail/new/", {**LETTER, "file": file})["Location"]
    browser.post(f"{page}send/")
    return page


def job_of(page: str) -> str:
    """Return the address of the last job of a campaign."""
    return str(Campaign.objects.get(pk=page.split("/")[2]).job)


def test_a_campaign_is_written_sent_and_its_failed_ones_again(
    browser: Client, boxes: Mailboxes
) -> None:
    """Refused for now is tried again by itself, refused for good when somebody says so."""
    boxes.refusals = {"two@b.org": ["451 busy"], "odd@b.org": ["550 nobody here"]}
    page = sent(browser, "one@b.org", "two@b.org", "odd@b.org", "bad.b.org")
    state = ended(browser, job_of(page))
    assert (state["status"], state["attempt"]) == ("succeeded", 2)
    assert (state["ok"], state["failed"], state["skipped"]) == (2, 1, 1)
    assert boxes.got == {"one@b.org": 1, "two@b.org": 1}
    items = browser.get(f"/headway/api/jobs/{state['id']}/items?outcome=failed").json()["items"]
    assert [(one["item"], one["reason"]) for one in items] == [("odd@b.org", "550 nobody here")]
    browser.post(f"{page}again/", {"which": "failed"})
    again = ended(browser, job_of(page))
    assert (again["status"], again["ok"], again["again_of"]) == ("succeeded", 1, state["id"])
    assert boxes.got == {"one@b.org": 1, "two@b.org": 1, "odd@b.org": 1}
    assert boxes.messages[-1][1]["Subject"] == "Hi odd"


def test_a_cancel_stops_a_campaign_before_the_next_recipient(
    browser: Client, boxes: Mailboxes
) -> None:
    """The letter that is on its way arrives, and is known to have; the rest can be sent later."""
    boxes.gate.clear()
    page = sent(browser, "one@b.org", "two@b.org")
    campaign = Campaign.objects.get(pk=page.split("/")[2])
    sending = campaign.recipients.filter(outcome=Outcome.SENDING)
    wait_until(sending.exists, "the first letter to be on its way", seconds=30)
    job = job_of(page)
    assert browser.post(f"/headway/api/jobs/{job}/cancel").status_code == 202
    cancelling = f"/headway/api/jobs/{job}"
    wait_until(lambda: browser.get(cancelling).json()["status"] == "cancelling", "the cancel")
    boxes.gate.set()
    assert ended(browser, job)["status"] == "cancelled"
    assert boxes.got == {"one@b.org": 1}
    assert list(campaign.recipients.values_list("outcome", flat=True)) == ["sent", "waiting"]
    browser.post(f"{page}again/", {"which": "left"})
    assert ended(browser, job_of(page))["status"] == "succeeded"
    assert boxes.got == {"one@b.org": 1, "two@b.org": 1}
