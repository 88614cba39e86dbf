"""The job that exports people: to every kind of file, harmless, and read back as they were."""

import csv
import gzip
import io
import json
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import translation
from openpyxl import load_workbook

from core import uploads
from core.jobs import transfer
from core.models import Person
from core.people import export
from core.people.columns import match_columns
from core.people.export import FORMS, Sought
from core.settings import LANGUAGES
from realtime import Cancelled, JobError, progress
from tests.core.conftest import Told

PEOPLE = [
    ("ana@example.org", "Ana Gil", date(1990, 5, 3), "Bogotá"),
    ("bo@example.org", '=HYPERLINK("http://x")', None, "-Köln"),
    ("cy@example.org", "", None, ""),
    ("+dee@example.org", "@SUM(A1)", None, 'Quote " and, comma'),
]


@pytest.fixture(autouse=True)
def people(ada: User, bob: User) -> None:
    """Fill a list, and somebody else's."""
    for email, name, birthday, city in PEOPLE:
        about: dict[str, Any] = {"name": name, "birthday": birthday, "city": city}
        Person.objects.create(owner=ada, email=email, source="x", **about)
    Person.objects.create(owner=bob, email="zed@example.org", source="x")


def read(form: str, data: bytes) -> list[list[Any]]:
    """Return the rows of an exported file, its header first."""
    plain = gzip.decompress(data) if form.endswith(".gz") else data
    if form == "xlsx":
        book = load_workbook(io.BytesIO(plain))
        return [[cell.value for cell in row] for page in book for row in page.iter_rows()]
    if form.startswith("csv"):
        return list(csv.reader(io.StringIO(plain.decode("utf-8-sig"), newline="")))
    rows = [json.loads(line) for line in plain.decode().splitlines()]
    return [list(rows[0]), *(list(row.values()) for row in rows)]


@pytest.mark.parametrize("form", FORMS)
def test_people_are_exported(form: str, ada: User, told: Told) -> None:
    """One's own, each once, by address."""
    assert transfer.export_people(ada.pk, form=form) == 4
    header, *rows = read(form, told.files[f"people.{form}"])
    assert [str(name).lower().replace("-", "") for name in header] == [*export.COLUMNS]
    emails = [str(row[0]).lstrip("'") for row in rows]
    assert emails == sorted(email for email, *_ in PEOPLE)
    assert str(rows[1][2])[:10] == "1990-05-03"
    assert told.message == "4 exported"


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("language", [code for code, __ in LANGUAGES])
def test_an_import_knows_the_columns_of_each_language(
    form: str, language: str, ada: User, told: Told
) -> None:
    """In which they are exported."""
    with translation.override(language):
        transfer.export_people(ada.pk, form=form)
    header = [str(name) for name in read(form, told.files[f"people.{form}"])[0]]
    assert (header == list(export.HEADER)) == (language == "en")
    assert match_columns(header, []) == {name: at for at, name in enumerate(export.COLUMNS)}


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_no_cell_is_a_formula(form: str, ada: User, told: Told) -> None:
    """A spreadsheet must not run what somebody is called."""
    transfer.export_people(ada.pk, form=form)
    cells = [cell for row in read(form, told.files[f"people.{form}"]) for cell in row]
    assert not [cell for cell in cells if isinstance(cell, str) and cell[:1] in {*"=+-@"}]
    assert """'=HYPERLINK("http://x")""" in cells
    if form == "xlsx":
        book = load_workbook(io.BytesIO(told.files["people.xlsx"]))
        assert "f" not in {cell.data_type for row in book["People"] for cell in row}


@pytest.mark.parametrize("form", ["csv", "xlsx", "jsonl"])
def test_what_was_exported_can_be_imported(
    form: str, ada: User, told: Told, tmp_path: Path
) -> None:
    """And changes nothing."""
    transfer.export_people(ada.pk, form=form)
    (tmp_path / "people").write_bytes(told.files[f"people.{form}"])
    pk = str(uploads.keep_path(ada, tmp_path / "people").pk)
    found = transfer.import_people(pk, {"email": 0, "name": 1, "birthday": 2, "city": 3})
    assert found == {"new": 0, "updated": 0, "unchanged": 4, "repeated": 0, "rejected": 0}


@pytest.mark.parametrize(
    ("sought", "emails"),
    [
        (("ana", ""), ["ana@example.org"]),
        (("EXAMPLE", "bog"), ["ana@example.org"]),
        (("", "comma"), ["'+dee@example.org"]),
        (("hyperlink", ""), ["bo@example.org"]),
    ],
)
def test_only_who_is_sought_is_exported(
    sought: tuple[str, str], emails: list[str], ada: User, told: Told
) -> None:
    """By a part of the name, of the address, of the city."""
    transfer.export_people(ada.pk, *sought)
    assert [row[0] for row in read("csv", told.files["people.csv"])[1:]] == emails


def test_nobody_is_no_file(ada: User, told: Told) -> None:
    """But a sentence."""
    with pytest.raises(JobError, match="Nobody in your list matches"):
        transfer.export_people(ada.pk, "nobody")
    assert not told.files


def test_people_are_read_page_by_page(
    ada: User, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    """No query holds more of them than a page."""
    monkeypatch.setattr(export, "PAGE", 3)
    with django_assert_num_queries(3):
        assert len(list(export.lines(Sought().people(ada.pk)))) == 4


def test_a_workbook_goes_on_with_another_sheet(
    ada: User, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Excel's sheets end at a million rows."""
    monkeypatch.setattr(export, "ROWS_OF_A_SHEET", 3)
    transfer.export_people(ada.pk, form="xlsx")
    book = load_workbook(io.BytesIO(told.files["people.xlsx"]))
    assert [(page.title, page.max_row) for page in book] == [("People", 4), ("People 2", 2)]


def test_the_bar_moves_while_a_workbook_is_packed(
    ada: User, told: Told, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It says how large the file has become; a cancel is heard and leaves nothing behind."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    said: list[object] = []

    def update(*_: Any, message: object = None, **__: Any) -> None:
        said.append(message)
        if len(said) == 2:
            raise Cancelled

    monkeypatch.setattr(progress, "update", update)
    with pytest.raises(Cancelled):
        transfer.export_people(ada.pk, form="xlsx")
    assert said[0] == "Packing, 0.0 MB"
    assert not told.files
    assert not list(tmp_path.glob("**/openpyxl*"))


def test_the_same_people_are_the_same_bytes(ada: User, told: Told) -> None:
    """A packed file has no time of day in it."""
    transfer.export_people(ada.pk, form="jsonl.gz")
    first = told.files.pop("people.jsonl.gz")
    transfer.export_people(ada.pk, form="jsonl.gz")
    assert told.files["people.jsonl.gz"] == first
