"""Address lists: read in any dialect, columns matched, rows checked."""

import codecs
from datetime import date
from itertools import islice
from pathlib import Path

import pytest

from core.people.columns import fold, match_columns, mistake_in
from core.people.dates import DateOrder, order_of, read_date
from core.people.errors import BadRow, BadTable
from core.people.rejected import RejectedFile, harmless
from core.people.rows import Reader
from core.people.table import LONGEST_CELL, RECORD, Row, Table, open_table

TODAY = date(2026, 11, 23)
ROWS = ["Name,E-Mail,Ort", "Jürgen Groß,jg@example.org,Köln", "Ana,ana@example.org,Bogotá"]


def table_of(folder: Path, data: bytes | str) -> Table:
    """Write a file and open it as a table."""
    (folder / "list.csv").write_bytes(data.encode() if isinstance(data, str) else data)
    return open_table(folder / "list.csv")


def cells_of(table: Table) -> list[tuple[str, ...]]:
    """Return the cells of all rows."""
    return [row.cells for row in table.rows()]


def fault_of(folder: Path, data: bytes | str) -> str:
    """Return why a file is refused, when it is opened or when it is read."""
    with pytest.raises(BadTable) as told:
        cells_of(table_of(folder, data))
    return str(told.value)


@pytest.mark.parametrize(
    ("encoding", "mark", "noted"),
    [
        ("utf-8", b"", ""),
        ("utf-8", codecs.BOM_UTF8, ""),
        ("utf-16-le", codecs.BOM_UTF16_LE, ""),
        ("utf-16-be", codecs.BOM_UTF16_BE, ""),
        ("utf-16-le", b"", ""),
        ("utf-16-be", b"", ""),
        ("cp1252", b"", "Windows-1252"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_usual_encoding_is_read(
    encoding: str, mark: bytes, noted: str, end: str, tmp_path: Path
) -> None:
    """What had to be guessed is said."""
    table = table_of(tmp_path, mark + end.join(ROWS).encode(encoding))
    assert table.columns == ("Name", "E-Mail", "Ort")
    assert cells_of(table)[0] == ("Jürgen Groß", "jg@example.org", "Köln")
    assert noted in "".join(table.notes)
    assert bool(table.notes) is bool(noted)


def test_chinese_of_older_programs_is_read(tmp_path: Path) -> None:
    """Pairs of high bytes are characters, not accents."""
    table = table_of(tmp_path, "姓名,邮箱,城市\n王伟,wang@example.org,北京\n".encode("gb18030"))
    assert table.columns == ("姓名", "邮箱", "城市")
    assert "GB18030" in table.notes[0]


def test_bytes_that_windows_does_not_know_are_read_as_latin(tmp_path: Path) -> None:
    """Latin-1 has a character for each byte."""
    table = table_of(tmp_path, b"Name,Mail\n\x81t\xe9t,a@example.org\n")
    assert "Latin-1" in table.notes[0]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found(separator: str, tmp_path: Path) -> None:
    """Also when another one stands in a quoted cell."""
    lines = [
        ["Name", "Mail", "Note"],
        ['"a,b;c|d"', "a@example.org", '"1,5"'],
        ["e", "f@g.org", ""],
    ]
    table = table_of(tmp_path, "\n".join(separator.join(line) for line in lines))
    assert table.separator == separator
    assert cells_of(table)[0] == ("a,b;c|d", "a@example.org", "1,5")


def test_the_separator_that_excel_names_is_used(tmp_path: Path) -> None:
    """`sep=;` is no row."""
    table = table_of(tmp_path, "sep=;\nName;Mail\nA, B;a@example.org\n")
    assert (table.columns, cells_of(table)) == (("Name", "Mail"), [("A, B", "a@example.org")])


def test_one_column_is_a_table_too(tmp_path: Path) -> None:
    """A list of addresses needs no separator."""
    table = table_of(tmp_path, "email\na@example.org\nb@example.org\n")
    assert cells_of(table) == [("a@example.org",), ("b@example.org",)]


def test_rows_know_the_line_on_which_they_start(tmp_path: Path) -> None:
    """Quoted line ends and blank lines count."""
    table = table_of(tmp_path, 'Name,Mail\n\n"two\nlines",a@example.org\n,,\nB,b@example.org\n')
    assert [(row.line, row.cells[0]) for row in table.rows()] == [(3, "two\nlines"), (6, "B")]


def test_a_file_without_column_names_gets_some(tmp_path: Path) -> None:
    """A line with an address in it is a row."""
    table = table_of(tmp_path, "Ann,ann@example.org\nBob,bob@example.org\n")
    assert table.columns == ("Column 1", "Column 2")
    assert len(cells_of(table)) == 2
    assert "no names" in table.notes[0]


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "The file is empty"),
        (b" \n\n", "The file is empty"),
        (b",,\n,,\n", "The file has no rows"),
        (b"PK\x03\x04" + bytes(50), "Excel or OpenDocument workbook"),
        (b"\xd0\xcf\x11\xe0" + bytes(50), "old Excel workbook"),
        (b"%PDF-1.7", "PDF"),
        (b"a,b\n1,\x002\n" * 30, "NUL"),
        (codecs.BOM_UTF8 + b"a,b\n\xff\xff\n", "The file says that it is UTF-8"),
        (b"a," * 300 + b"\n", "columns: at most 200"),
        (b'a,b\n"' + b"x" * (LONGEST_CELL + 1), "Line 2 cannot be read"),
        (b"a,b\n1,2\n" + b"x," * RECORD, "Line 3 cannot be read"),
    ],
)
def test_what_is_no_table_is_refused_with_a_sentence(
    data: bytes, fault: str, tmp_path: Path
) -> None:
    """Each says what to do about it, none is a traceback."""
    assert fault in fault_of(tmp_path, data)


def test_a_nul_late_in_a_large_file_is_found(tmp_path: Path) -> None:
    """The whole file is looked at, not only its start."""
    assert "NUL" in fault_of(tmp_path, b"a,b\n" + b"1,2\n" * 300_000 + b"\x00,3\n")


@pytest.mark.parametrize(
    ("columns", "matched"),
    [
        (["Name", "E-Mail"], {"name": 0, "email": 1}),
        (["EMAIL ADDRESS", "First  name", "Surname"], {"email": 0, "first": 1, "last": 2}),
        (["Vorname", "Name", "Mailadresse"], {"first": 0, "last": 1, "email": 2}),
        (["Correo electrónico", "Nombre", "Apellidos"], {"email": 0, "first": 1, "last": 2}),
        (["correo electronico", "población"], {"email": 0, "city": 1}),
        (
            ["姓名", "电子邮箱", "出生日期", "城市"],
            {"name": 0, "email": 1, "birthday": 2, "city": 3},
        ),
        (["date_of_birth", "e_mail", "Straße"], {"birthday": 0, "email": 1}),
        (["Mail", "E-mail"], {"email": 0}),
    ],
)
def test_columns_are_matched_by_name(columns: list[str], matched: dict[str, int]) -> None:
    """Whatever their case, accents and language."""
    assert match_columns(columns, []) == matched


def test_a_column_of_addresses_is_known_by_what_it_holds() -> None:
    """When its name says nothing."""
    sample = [Row(n, ("x", f"{n}@example.org")) for n in range(1, 5)]
    assert match_columns(["A", "B"], sample) == {"email": 1}
    assert match_columns(["A", "B"], [*sample, *[Row(9, ("x", "y"))] * 9]) == {}


def test_names_are_folded() -> None:
    """Case, accents, spaces and signs do not tell columns apart."""
    assert fold(" É-Mail_Adreße ") == "emailadresse"


def test_a_choice_of_columns_is_checked() -> None:
    """The sentence says what to choose."""
    assert "e-mail" in mistake_in({"name": 0})
    assert "E-mail and Name use the same column" in mistake_in({"email": 0, "name": 0})
    assert mistake_in({"email": 0, "name": 1}) == ""


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
    assert facts.email == "ana@example.org"
    assert facts.values == {"name": "Ána Maria", "birthday": date(1990, 5, 3), "city": "Bogotá"}


def test_first_and_last_names_are_joined() -> None:
    """Where there is no whole name."""
    reader = Reader({"email": 0, "first": 1, "last": 2}, 3, DateOrder(), TODAY)
    assert reader.read(Row(2, ("a@b.org", "Ana", "Gil"))).values == {"name": "Ana Gil"}


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
    assert list(islice(cells_of(table), 2)) == [
        ("7", "has no e-mail address", "two\nlines", "'=cmd")
    ]
    assert rejected.first == "line 7: has no e-mail address"
