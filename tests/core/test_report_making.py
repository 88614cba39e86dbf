"""What a report says, what its files hold, and who gets them, without a worker."""

from __future__ import annotations

import io
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from openpyxl import load_workbook
from pypdf import PdfReader

from core import uploads
from core.jobs.reports import made, make
from core.mail.caught import WRITERS, may_read
from core.models import Person
from core.reports import fonts, of_jobs, of_people, pages, workbook
from core.reports.facts import Chart, Facts, Table
from core.reports.models import ReportDelivery, ReportRun
from core.reports.of_jobs import percentile
from realtime import JobError
from realtime.models import Job
from tests.core.conftest import Told
from tests.core.mailing import Mailboxes, boxes
from tests.core.reporting import plan_of

__all__ = ["boxes"]

AT = datetime(2026, 11, 27, 8, tzinfo=ZoneInfo("Europe/Berlin"))
HOSTILE = ["=cmd|' /C calc'!A1", "+1", "@SUM(1)", "<b>&amp;</para>", "a\x07b\x00c", "#N/A", ""]


def facts_of(*rows: list[Any], chart: Chart = Chart.LYING) -> Facts:
    """Return a report of one table."""
    return Facts("Title", "About", AT, (("All", 1),), (Table("T", ("A", "B"), rows, chart),))


def read_pdf(path: Path) -> str:
    """Return the text of a PDF, with its lines joined."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(path).pages).split())


@pytest.mark.parametrize("chart", list(Chart))
def test_whatever_people_are_called_is_text(tmp_path: Path, chart: Chart) -> None:
    """No formula, no markup, no sign that breaks a file."""
    found = facts_of(*([name, 3] for name in HOSTILE), chart=chart)
    pages.write(found, tmp_path / "a.pdf")
    workbook.write(found, tmp_path / "a.xlsx")
    sheet = load_workbook(io.BytesIO((tmp_path / "a.xlsx").read_bytes())).worksheets[1]
    cells = [row[0] for row in sheet.iter_rows(min_row=2)]
    kept = [name.replace("\x07", "").replace("\x00", "") for name in HOSTILE]
    assert [cell.value or "" for cell in cells] == kept
    assert {cell.data_type for cell in cells if cell.value} == {"s"}
    said = read_pdf(tmp_path / "a.pdf")
    assert all(name in said for name in ["=cmd|' /C calc'!A1", "<b>&amp;</para>", "abc", "#N/A"])


@pytest.mark.parametrize("name", ["李小龙", "さくら", "김철수", "Ωμέγα", "Привет", "Žižka", "ẞ Ł"])
def test_names_of_all_countries_can_be_read(tmp_path: Path, name: str) -> None:
    """In the table and in the chart."""
    pages.write(facts_of([name, 3], ["x", 1]), tmp_path / "a.pdf")
    assert read_pdf(tmp_path / "a.pdf").count(name) == 2


def test_a_typeface_of_the_machine_is_embedded(settings: Any) -> None:
    """Where there is one; here another one stands for it."""
    settings.REPORT_FONT = str(fonts.FOLDER / "DejaVuSans.ttf")
    fonts.embedded_asian.cache_clear()
    try:
        assert ord("Ω") in fonts.embedded_asian()
        settings.REPORT_FONT = "/nowhere.ttf"
        fonts.embedded_asian.cache_clear()
        assert ord("Ω") not in fonts.embedded_asian()
    finally:
        fonts.embedded_asian.cache_clear()


def test_a_long_name_is_cut_in_the_chart_alone() -> None:
    """It ends with dots there, and has room."""
    fonts.ready()
    cut = fonts.cut("A very long name of a city that nobody has heard of", 100, 8)
    assert cut.endswith("…")
    assert fonts.width(cut, 8) <= 100


def test_workbooks_have_charts_of_their_own(tmp_path: Path) -> None:
    """One beside each table that has something to draw, over all of its rows."""
    workbook.write(facts_of(["x", 1], ["y", 2]), tmp_path / "a.xlsx")
    sheet: Any = load_workbook(io.BytesIO((tmp_path / "a.xlsx").read_bytes())).worksheets[1]
    (chart,) = sheet._charts
    assert [one.val.numRef.f for one in chart.series] == ["'T'!$B$2:$B$3"]
    assert [one.cat.numRef.f for one in chart.series] == ["'T'!$A$2:$A$3"]


def test_of_nobody_and_nothing_there_is_a_report(ada: User, tmp_path: Path) -> None:
    """Which says so."""
    for number, facts in enumerate([of_people.gather(ada, AT), of_jobs.gather(ada, AT)]):
        pages.write(facts, tmp_path / f"{number}.pdf")
        workbook.write(facts, tmp_path / f"{number}.xlsx")
        assert "Nothing." in read_pdf(tmp_path / f"{number}.pdf")


def test_percentiles_are_times_that_were_really_taken() -> None:
    """By the nearest rank."""
    assert [percentile(range(1, 21), percent) for percent in (50, 95, 100)] == [10, 19, 20]
    assert (percentile([7.5], 95), percentile([], 50)) == (7.5, 0)


def test_decades_without_anybody_are_shown(ada: User) -> None:
    """So that the years stand where they belong."""
    for number, year in enumerate((1949, 1950, 1971)):
        born = date(year, 1, 1)
        Person.objects.create(owner=ada, email=f"{number}@b.org", birthday=born, source="x")
    table = of_people.by_decade(Person.objects.all())
    assert table.rows == [["1940s", 1], ["1950s", 1], ["1960s", 0], ["1970s", 1]]


def test_who_may_see_all_jobs_gets_a_report_on_all(ada: User, bob: User) -> None:
    """Others on their own."""
    given = {"name": "x.y", "title": "x", "status": "running", "queued_at": AT}
    for number, owner in enumerate((ada, bob)):
        key = f"00000000-0000-0000-0000-{number:012}"
        Job.objects.create(id=key, root=key, owner=owner, **given)
    assert dict(of_jobs.gather(ada, AT).totals)["Jobs"] == 1
    ada.user_permissions.add(Permission.objects.get(codename="view_all_jobs"))
    assert dict(of_jobs.gather(User.objects.get(pk=ada.pk), AT).totals)["Jobs"] == 2


def test_an_attempt_finds_the_files_of_the_one_before(ada: User, tmp_path: Path) -> None:
    """So nobody gets other numbers than those who got them first; half a file counts for none."""
    plan = plan_of(ada)
    first = {file.name: file.read_bytes() for file in made(plan, tmp_path)}
    Person.objects.create(owner=ada, email="new@b.org", source="x")
    assert {file.name: file.read_bytes() for file in made(plan, tmp_path)} == first
    (pdf,) = tmp_path.glob("*.pdf")
    pdf.rename(pdf.with_name(f".{pdf.name}"))
    again = {file.name: file.read_bytes() for file in made(plan, tmp_path)}
    assert sorted(again) == sorted(first)


def test_whom_a_dead_run_was_sending_to_is_not_sent_to_again(
    ada: User, boxes: Mailboxes, told: Told
) -> None:
    """Nobody knows whether it arrived, and that is what is told."""
    plan = plan_of(ada, recipients=["one@b.org", "two@b.org"], form="xlsx")
    run = ReportRun.objects.create(plan=plan, why="due")
    ReportDelivery.objects.create(run=run, email="one@b.org", outcome="sending", claim="dead")
    ReportDelivery.objects.create(run=run, email="two@b.org")
    make(run.pk)
    assert boxes.got == {"two@b.org": 1}
    found = dict(run.deliveries.values_list("email", "outcome"))
    assert found == {"one@b.org": "unknown", "two@b.org": "sent"}
    assert told.message.endswith(".xlsx, 1 sent, 1 unknown")


def test_a_mail_server_that_is_away_is_waited_for(ada: User, settings: Any, told: Told) -> None:
    """The report is there meanwhile; after the last try the job says so."""
    settings.EMAIL_CONFIG = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": 1}
    run = ReportRun.objects.create(plan=plan_of(ada, recipients=["one@b.org"]), why="due")
    task: Any = make
    for retries, said in ((0, "The mail server is away"), (4, "That was try 5")):
        task.push_request(id=str(UUID(int=1)), retries=retries, called_directly=True)
        try:
            with pytest.raises(JobError, match=said):
                task.run(run.pk)
        finally:
            task.pop_request()
    assert sorted(name.rpartition(".")[2] for name in told.files) == ["pdf", "xlsx"]
    assert run.deliveries.get().outcome == "waiting"


def test_what_our_mail_server_keeps_is_read_by_whose_report_it_is(
    ada: User, bob: User, page: Client
) -> None:
    """And by nobody else."""
    plan = plan_of(ada)
    name = f"{0:020}-{plan.pk.hex}"
    assert (may_read(ada, name), may_read(bob, name)) == (True, False)
    assert len(WRITERS) == 2


def test_what_a_job_leaves_that_did_not_end_well_is_swept(ada: User) -> None:
    """With the folders of other jobs that are over."""
    folder = uploads.work_folder("00000000-0000-0000-0000-000000000001")
    made(plan_of(ada), _made(folder))
    uploads.sweep()
    assert not folder.exists()


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
