"""The rows of an address list: dates, addresses, names, and what is handed back."""

from datetime import date
from itertools import islice
from pathlib import Path

import pytest

from core.people.dates import DateOrder, order_of, read_date
from core.people.errors import BadRow
from core.people.opening import open_table
from core.people.rejected import RejectedFile
from core.people.rows import Reader
from core.people.table import Row
from realtime.cells import harmless

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1990-05-03", date(1990, 5, 3)),
        ("1990/5/3", date(1990, 5, 3)),
        ("19900503", date(1990, 5, 3)),
        ("1990年5月3日", date(1990, 5, 3)),
        ("1990-05-03T00:00:00Z", date(1990, 5, 3)),
        ("1990-05-03 00:00:00", date(1990, 5, 3)),
        ("03.05.1990", date(1990, 5, 3)),
        ("3. 5. 1990", date(1990, 5, 3)),
        ("03/05/1990", date(1990, 5, 3)),
        ("3-5-1990", date(1990, 5, 3)),
        ("29.02.2000", date(2000, 2, 29)),
        ("", None),
    ],
)
def test_birthdays_are_read_as_people_write_them(text: str, found: date | None) -> None:
    """Without evidence the day comes first."""
    assert read_date(text, DateOrder(), TODAY) == found


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("30/02/1990", "not in the calendar"),
        ("29.02.1900", "not in the calendar"),
        ("1990-13-01", "not in the calendar"),
        ("2026-11-24", "in the future"),
        ("31.12.1899", "before 1900"),
        ("3.5.90", "two digits"),
        ("May 1990", "is not a date"),
    ],
)
def test_impossible_birthdays_are_rejected(text: str, reason: str) -> None:
    """With the reason."""
    with pytest.raises(BadRow, match=reason):
        read_date(text, DateOrder(), TODAY)


@pytest.mark.parametrize(
    ("cells", "third_of_april", "note"),
    [
        (["03/04/1990", "25/04/1990"], "03/04/1990", "are read as day/month/year"),
        (["03/04/1990", "04/25/1990"], "04/03/1990", "are read as month/day/year"),
        (["03/04/1990", "05/06/1990"], "03/04/1990", "none decides"),
        (["25/04/1990", "26/04/1990", "04/25/1990"], "03/04/1990", "mixes"),
        (["03.04.1990", "1990-04-03"], "03.04.1990", ""),
    ],
)
def test_the_whole_column_decides_the_order(
    cells: list[str], third_of_april: str, note: str
) -> None:
    """One cell that fits only one order decides for those that fit both."""
    order = order_of(cells)
    assert read_date(third_of_april, order, TODAY) == date(1990, 4, 3)
    assert note in order.note()
    assert bool(order.note()) is bool(note)


COLUMNS = {"email": 0, "name": 1, "birthday": 2, "city": 3}
READER = Reader(COLUMNS, 4, DateOrder(), TODAY)


def test_a_row_becomes_facts() -> None:
    """Invisible characters go, letters are composed, the address is in small letters."""
    row = Row(2, ("Ana@Example.ORG", "A\u0301na\u200b  Maria", "1990-05-03", "Bogotá"))
    facts = READER.read(row)
    assert facts == ("ana@example.org", "Ána Maria", date(1990, 5, 3), "Bogotá")


def test_first_and_last_names_are_joined() -> None:
    """Where there is no whole name."""
    reader = Reader({"email": 0, "first": 1, "last": 2}, 3, DateOrder(), TODAY)
    assert reader.read(Row(2, ("a@b.org", "Ana", "Gil"))).name == "Ana Gil"


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (("", "A", "", ""), "has no e-mail address"),
        (("a(at)b.org", "A", "", ""), "is not an e-mail address"),
        (("Ann <a@b.org>", "A", "", ""), "is not an e-mail address"),
        (("a@b.org\nBcc: c@d.org", "A", "", ""), "is not an e-mail address"),
        (("a" * 250 + "@b.org", "A", "", ""), "longer than 254"),
        (("a@b.org", "A" * 201, "", ""), "name is longer than 200"),
        (("a@b.org", "A", "", "C" * 101), "city is longer than 100"),
        (("a@b.org", "A"), "has 2 cells where 4 are expected"),
        (("a@b.org", "A", "", "", ""), "has 5 cells where 4 are expected"),
    ],
)
def test_bad_rows_are_rejected_with_a_reason(cells: tuple[str, ...], reason: str) -> None:
    """In words for the one who has to mend the file."""
    with pytest.raises(BadRow, match=reason):
        READER.read(Row(2, cells))


@pytest.mark.parametrize("cell", ["=1+1", "+49 30 1", "-1", "@sum", "\tx", "\rx"])
def test_no_cell_is_a_formula(cell: str) -> None:
    """A spreadsheet must not run what somebody wrote into a list."""
    assert harmless(cell) == f"'{cell}"
    assert harmless(f"a{cell}") == f"a{cell}"


def test_rejected_rows_can_be_mended_and_read_again(tmp_path: Path) -> None:
    """The file has the line, the reason and the row as it was."""
    with RejectedFile(tmp_path / "rejected.csv", ["Name", "=Mail"]) as rejected:
        rejected.add(Row(7, ("two\nlines", "=cmd")), "has no e-mail address")
    table = open_table(tmp_path / "rejected.csv")
    assert table.columns == ("line", "reason", "Name", "'=Mail")
    assert list(islice([row.cells for row in table.rows()], 2)) == [
        ("7", "has no e-mail address", "two\nlines", "'=cmd")
    ]
    assert rejected.first == "line 7: has no e-mail address"
