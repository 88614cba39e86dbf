"""The job that imports an address list, from the upload to the people."""

import csv
import io
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from openpyxl import Workbook

from core import uploads
from core.jobs import transfer
from core.models import Person, Upload
from core.people import staging as staged_people
from core.people.rows import Facts
from core.people.staging import Counts, staging
from core.samples import PEOPLE
from realtime import JobError
from tests.core.conftest import Told

SAMPLE_COLUMNS = {"first": 0, "last": 1, "email": 2, "birthday": 3, "city": 4}
COLUMNS = {"email": 0, "name": 1}
COUNTS = {"new": 0, "updated": 0, "unchanged": 0, "repeated": 0, "rejected": 0}


def upload(owner: User, folder: Path, text: str) -> str:
    """Upload a list and return its id."""
    (folder / "list.csv").write_text(text, encoding="utf-8")
    return str(uploads.keep_path(owner, folder / "list.csv").pk)


def rejected(told: Told) -> list[list[str]]:
    """Return the rows that were handed back."""
    return list(csv.reader(io.StringIO(told.files["rejected.csv"].decode("utf-8-sig"))))


def test_the_sample_is_imported(ada: User, told: Told) -> None:
    """Good rows become people, six bad ones are handed back."""
    counts = transfer.import_people(str(uploads.keep_path(ada, PEOPLE).pk), SAMPLE_COLUMNS)
    assert counts == {**COUNTS, "new": 196, "rejected": 6}
    person = Person.objects.get(email="ingrid.eriksen0@example.org")
    assert (person.name, person.city) == ("Ingrid Eriksen", "Bogotá")
    assert (person.birthday, person.source) == (date(1980, 6, 3), "people.csv")
    assert told.message == "196 new, 0 updated, 0 unchanged, 6 rejected"
    assert told.ok == 196
    assert "Birthdays are read as day/month/year." in told.lines
    # The file is there for whoever runs the job again, as long as what the job leaves.
    (kept,) = Upload.objects.all()
    assert kept.expires_at
    assert kept.expires_at > timezone.now() + timedelta(days=30)


def test_rejected_rows_come_back_as_they_were(ada: User, told: Told) -> None:
    """With line and reason, and without formulas."""
    transfer.import_people(str(uploads.keep_path(ada, PEOPLE).pk), SAMPLE_COLUMNS)
    header, *rows = rejected(told)
    assert header[:3] == ["line", "reason", "First name"]
    assert [row[0] for row in rows] == ["11", "44", "79", "112", "152", "190"]
    assert rows[0][1:5] == ["has no e-mail address", "Nils", "Ohnepost", ""]
    assert rows[4][2] == "'=1+1"
    assert told.failed["line 11"] == "has no e-mail address"


def test_the_same_file_twice_changes_nothing(ada: User, told: Told) -> None:
    """The second time everything is known."""
    for _ in range(2):
        counts = transfer.import_people(str(uploads.keep_path(ada, PEOPLE).pk), SAMPLE_COLUMNS)
    assert counts == {**COUNTS, "unchanged": 196, "rejected": 6}
    assert Person.objects.count() == 196


def test_what_has_changed_is_updated(ada: User, told: Told, tmp_path: Path) -> None:
    """And a field without a column stays as it is."""
    Person.objects.create(owner=ada, email="a@b.org", name="Old", city="Bern", source="x")
    pk = upload(ada, tmp_path, "mail,name\nA@B.org,New\n")
    assert transfer.import_people(pk, COLUMNS)["updated"] == 1
    person = Person.objects.get()
    assert (person.name, person.city, person.source) == ("New", "Bern", "list.csv")


def test_of_two_rows_on_one_person_the_later_wins(ada: User, told: Told, tmp_path: Path) -> None:
    """Within a batch as between batches."""
    pk = upload(ada, tmp_path, "mail,name\na@b.org,One\nA@b.org,Two\na@B.org,Two\n")
    counts = transfer.import_people(pk, COLUMNS)
    assert counts == {**COUNTS, "new": 1, "repeated": 2}
    assert Person.objects.get().name == "Two"


def test_everybody_has_a_list_of_their_own(ada: User, bob: User, told: Told) -> None:
    """The same address in two lists is two people."""
    for owner in (ada, bob):
        with staging(owner.pk, "x", ["name"]) as staged:
            staged.add([Facts("a@b.org", "A")])
            assert transfer.write_good(staged) == Counts(new=1)
    assert Person.objects.filter(owner=ada).count() == 1


def test_more_than_one_batch(
    ada: User, told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last one may be smaller."""
    monkeypatch.setattr(transfer, "BATCH", 10)
    monkeypatch.setattr(staged_people, "PART", 7)
    rows = "".join(f"p{n}@b.org,P{n}\n" for n in range(25))
    assert transfer.import_people(upload(ada, tmp_path, "mail,name\n" + rows), COLUMNS)["new"] == 25


def test_when_no_row_can_be_used_the_job_fails(ada: User, told: Told, tmp_path: Path) -> None:
    """With the first reason in the sentence and all in the file."""
    pk = upload(ada, tmp_path, "mail,name\nnobody,A\n,B\n")
    with pytest.raises(JobError, match="None of the 2 rows could be imported"):
        transfer.import_people(pk, COLUMNS)
    assert len(rejected(told)) == 3


def test_a_file_that_breaks_off_writes_nothing(ada: User, told: Told, tmp_path: Path) -> None:
    """The whole file is read once before the first person is written."""
    pk = upload(ada, tmp_path, 'mail,name\na@b.org,A\n"' + "x" * 200_000)
    with pytest.raises(JobError, match="Line 3 cannot be read"):
        transfer.import_people(pk, COLUMNS)
    assert not Person.objects.exists()


def test_a_file_with_nothing_but_names_is_told(ada: User, told: Told, tmp_path: Path) -> None:
    """It has no rows."""
    with pytest.raises(JobError, match="no rows"):
        transfer.import_people(upload(ada, tmp_path, "mail,name\n"), COLUMNS)


def test_the_note_on_the_encoding_is_in_the_log(ada: User, told: Told, tmp_path: Path) -> None:
    """Its owner may find accents wrong later."""
    (tmp_path / "old.csv").write_bytes("mail,name\na@b.org,Jürgen\n".encode("cp1252"))
    pk = str(uploads.keep_path(ada, tmp_path / "old.csv").pk)
    transfer.import_people(pk, COLUMNS)
    assert "Windows-1252" in told.lines[0]
    assert Person.objects.get().name == "Jürgen"


def test_what_is_hostile_harms_no_other_row(ada: User, told: Told, tmp_path: Path) -> None:
    """Each is handed back with its sentence, and as a cell that no spreadsheet runs."""
    rows = [
        "mail,name\na@b.org,A",
        "h@b.org," + "x" * 3_000_000,
        "n@b.org,N\x00",
        "r@b.org",
        "=cmd|' /C calc'!A0,=1+1",
        "z@b.org,=1+1\n",
    ]
    counts = transfer.import_people(upload(ada, tmp_path, "\n".join(rows)), COLUMNS)
    assert counts == {**COUNTS, "new": 2, "rejected": 4}
    assert [row[:2] for row in rejected(told)[1:]] == [
        ["3", "has a cell of more than 131,072 characters"],
        ["4", "has characters that are damaged: no text has them"],
        ["5", "has 1 cells where 2 are expected"],
        ["6", "“=cmd|' /c calc'!a0” is not an e-mail address"],
    ]
    assert rejected(told)[4][2:] == ["'=cmd|' /C calc'!A0", "'=1+1"]
    assert Person.objects.get(email="z@b.org").name == "=1+1"


def test_a_workbook_is_imported_like_any_list(ada: User, told: Told, tmp_path: Path) -> None:
    """Its dates are dates, whatever they look like."""
    book = Workbook(write_only=True)
    page = book.create_sheet("Members")
    for row in (["Mail", "Born"], ["a@b.org", date(1990, 4, 3)], ["b@b.org", "soon"]):
        page.append(row)
    book.save(tmp_path / "list.xlsx")
    pk = str(uploads.keep_path(ada, tmp_path / "list.xlsx").pk)
    counts = transfer.import_people(pk, {"email": 0, "birthday": 1})
    assert counts == {**COUNTS, "new": 1, "rejected": 1}
    assert Person.objects.get().birthday == date(1990, 4, 3)
    assert told.failed == {"line 3": "birthday “soon” is not a date: write it like 1990-12-31"}


def test_what_has_no_column_stays(ada: User, told: Told, tmp_path: Path) -> None:
    """A list of mere addresses changes nobody, and an empty birthday is one."""
    Person.objects.create(owner=ada, email="a@b.org", birthday=date(1990, 5, 3), source="x")
    bare = upload(ada, tmp_path, "mail\na@b.org\n")
    assert transfer.import_people(bare, {"email": 0})["unchanged"] == 1
    emptied = upload(ada, tmp_path, "mail,born\na@b.org,\n")
    assert transfer.import_people(emptied, {"email": 0, "birthday": 1})["updated"] == 1
    assert Person.objects.get().birthday is None
