"""The pages in the language of who reads them: the browser's, or one's own choice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import translation

from core import uploads
from core.jobs.images import resize
from core.models import Person
from core.reports.models import ReportPlan
from core.scenarios import SCENARIOS
from realtime import start
from realtime.models import Job, Notice
from tests.catalogues import APPS, forms, written
from tests.core.mailing import campaign_of
from tests.core.test_mail_pages import CHOICES, readers

CHINESE = {"accept-language": "zh-CN,zh;q=0.9,en;q=0.8"}
_LEFT_OUT = re.compile(r"<(script|style|svg|noscript)\b.*?</\1>", re.DOTALL)
_READ = re.compile(r'(?:alt|aria-label|placeholder|title|data-[\w-]+)="([^"]*)"|>([^<>]+)<')


@pytest.fixture(autouse=True)
def own_language() -> Iterator[None]:
    """Forget what the last request spoke: the test client answers it in this very thread."""
    yield
    translation.deactivate()


@pytest.fixture
def chinese(page: Client) -> Client:
    """Return Ada's browser, which asks for Chinese."""
    page.defaults["HTTP_ACCEPT_LANGUAGE"] = CHINESE["accept-language"]
    return page


def texts(html: str) -> Iterator[str]:
    """Yield what people read of a page."""
    for attribute, text in _READ.findall(_LEFT_OUT.sub("", html)):
        if said := " ".join(unescape(attribute or text).split()):
            yield said


def english() -> set[str]:
    """Return every source text that says something else in Chinese."""
    found: set[str] = set()
    for message in (message for app in APPS for message in written(app) if message.id):
        if re.search("[一-鿿]", str(message.string)):
            found |= {one for one in forms(message.id) if re.search("[A-Za-z]{2}", one)}
    return found


def left_in_english(html: str) -> list[str]:
    """Return the source texts that a page shows as they are."""
    sources = english()
    return [text for text in texts(html) if text.strip("‹ …:") in sources]  # noqa: RUF001


@pytest.fixture
def addresses(ada: User, page: Client, tmp_path: Path) -> dict[str, str]:
    """Return each page of the service, with something on it."""
    for number in range(60):
        Person.objects.create(owner=ada, email=f"p{number}@b.org", name=f"P{number}", city="Bonn")
    job = start(resize, [], [320], "keep", 80, title="一张图片", owner=ada)
    Notice.objects.create(
        job_id=job.pk, person=ada, kind="failed", about="end", title="一张图片", at=job.queued_at
    )
    table = tmp_path / "名单.csv"
    table.write_text("邮箱;姓名;城市\nanna@b.org;安娜;波恩\n")
    upload = uploads.keep_path(ada, table)
    draft, sent = campaign_of(ada, "one@b.org"), campaign_of(ada, "one@b.org", job=job.pk)
    with translation.override("zh-hans"):  # As from her own page.
        SCENARIOS["report"](ada)
    plan = ReportPlan.objects.get()
    names = ("home", "pictures", "import", "export", "people", "send", "notices", "mail", "reports")
    return {
        **{name: reverse(name) for name in (*names, "mail-new", "mail-caught", "report-new")},
        "found": "/people/?q=nobody",
        "job": reverse("job", args=[job.pk]),
        "columns": reverse("import-columns", args=[upload.pk]),
        "report": reverse("report", args=[plan.pk]),
        "draft": reverse("mail-campaign", args=[draft.pk]),
        "campaign": reverse("mail-campaign", args=[sent.pk]),
        "missing": "/nowhere/",
    }


def test_every_page_is_in_chinese(chinese: Client, addresses: dict[str, str]) -> None:
    """For whose browser asks for it: no text of ours is left as it is in the sources."""
    for name, address in addresses.items():
        html = chinese.get(address).content.decode()
        assert '<html lang="zh-hans">' in html, name
        assert (name, left_in_english(html)) == (name, [])


def test_english_would_be_seen(page: Client, addresses: dict[str, str]) -> None:
    """The same look at the pages in English finds texts on all of them."""
    for name, address in addresses.items():
        assert left_in_english(page.get(address).content.decode()), name


def test_signing_in_is_in_chinese(client: Client, ada: User) -> None:
    """The form and what is wrong with it."""
    wrong = client.post("/sign-in/", {"username": "ada", "password": "y"}, headers=CHINESE)
    html = wrong.content.decode()
    assert left_in_english(html) == []
    assert "用户名和密码" in html
    assert '<button class="button main">登录</button>' in html


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "500"])
def test_error_pages_are_in_chinese(name: str) -> None:
    """Whoever shows them."""
    with translation.override("zh-hans"):
        assert left_in_english(render_to_string(f"{name}.html")) == []


@pytest.mark.parametrize(
    ("address", "sent", "said"),
    [
        ("/pictures/", {"own_widths": "wide"}, "“wide”不是有效宽度"),
        ("/pictures/", {}, "请至少选择一张图片或一个 ZIP。"),
        ("/people/import/", {}, "请选择 CSV、XLSX 或 JSON Lines 文件。"),
        ("/people/import/", {"file": SimpleUploadedFile("a.csv", b"%PDF-1.4")}, "不是名单文件"),
        ("/send", {"to": "nobody"}, "有效的"),
        ("/mail/new/", {**CHOICES, "text": " "}, "请填写纯文本正文"),
        ("/mail/new/", {**CHOICES, "subject": "{{ age }}"}, "{{ age }} 没有对应的内容"),
        ("/mail/new/", {**CHOICES, "source": "list", "file": readers(b"a,b\n1,2\n")}, "没有邮箱列"),
    ],
)
def test_refusals_are_in_chinese(
    address: str, sent: dict[str, object], said: str, chinese: Client
) -> None:
    """Of a form and of an upload, to a script too."""
    html = unescape(chinese.post(address, sent).content.decode())
    assert said in html
    assert left_in_english(html) == []


def test_the_interface_for_programs_speaks_english_unless_it_is_asked(
    page: Client, chinese: Client
) -> None:
    """The reasons that the browser's elements show are in the page's language."""
    job = "/headway/api/jobs/00000000-0000-0000-0000-000000000000/cancel"
    del page.defaults["HTTP_ACCEPT_LANGUAGE"]
    assert page.post(job).json()["detail"].startswith("There is no such job")
    assert page.post(job, headers=CHINESE).json()["detail"] == "任务不存在，或您无权查看。"  # noqa: RUF001


def test_a_choice_holds_against_the_browsers_language(chinese: Client) -> None:
    """It is made by a form, without a script, and kept in a cookie for a year."""
    html = chinese.get("/people/?q=x").content.decode()
    assert 'name="next" value="/people/?q=x"' in html
    assert '<button name="language" value="en" lang="en">English</button>' in html
    answer = chinese.post("/language/", {"language": "en", "next": "/people/?q=x"})
    assert answer["Location"] == "/people/?q=x"
    assert answer.cookies["django_language"]["max-age"] == 365 * 86400
    for address in ("/", "/people/"):
        assert '<html lang="en">' in chinese.get(address).content.decode()


def test_an_unknown_language_is_english(page: Client) -> None:
    """What nobody has translated is in the language that it was written in."""
    assert '<html lang="en">' in page.get("/", headers={"accept-language": "tlh"}).content.decode()


def test_numbers_and_days_are_written_as_in_the_language(
    chinese: Client, ada: User, addresses: dict[str, str]
) -> None:
    """Thousands apart, the year first."""
    Person.objects.bulk_create(Person(owner=ada, email=f"q{n}@b.org") for n in range(1_000))
    Person.objects.filter(email="p1@b.org").update(birthday="1990-12-31")
    html = chinese.get("/people/?q=").content.decode()
    assert "共 1,060 位联系人" in html
    assert "1990年12月31日" in chinese.get("/people/?q=p1@b").content.decode()


@pytest.mark.parametrize(("count", "said"), [(1, "1 message that"), (2, "2 messages that")])
def test_english_has_its_plurals(count: int, said: str, page: Client) -> None:
    """One message, two messages."""

    class Page:
        """So many messages."""

        class paginator:  # noqa: N801  As Django calls it.
            """Of them all."""

        has_other_pages = False

    Page.paginator.count = count  # type: ignore[attr-defined]
    html = render_to_string("core/mail/caught.html", {"page": Page, "is_caught": True})
    assert said in html


def test_a_job_remembers_in_which_language_it_was_started(
    chinese: Client, addresses: dict[str, str], ada: User
) -> None:
    """Its title is in it; viewers are not told, as that is the service's affair."""
    job = Job.objects.get(pk=chinese.post(reverse("try", args=["export"]))["Location"][6:-1])
    assert job.title == "导出 people.xlsx"
    assert job.last["language"] == "zh-hans"
    assert "language" not in chinese.get(f"/headway/api/jobs/{job.pk}").json()


@pytest.mark.parametrize("name", ["person", "upload", "campaign"])
def test_the_admin_names_the_service_s_tables(chinese: Client, ada: User, name: str) -> None:
    """And their columns."""
    User.objects.filter(pk=ada.pk).update(is_staff=True, is_superuser=True)
    campaign_of(ada, "one@b.org")
    Person.objects.create(owner=ada, email="one@b.org", source="x")
    uploads.keep(ada, [SimpleUploadedFile("x.csv", b"x")])
    shown = chinese.get(reverse(f"admin:core_{name}_changelist")).content.decode()
    headings = re.findall(r'scope="col" class="[^"]*column-(\w+)', shown)
    assert len(headings) >= 3
    said = [*texts(shown)]
    assert "所有者" in said
    assert not english() & {text for text in said if text.islower()}
