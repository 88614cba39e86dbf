"""Address lists: read in any dialect, their columns matched."""

import codecs
from datetime import date
from pathlib import Path

import pytest

from core.people.columns import fold, match_columns, mistake_in
from core.people.errors import BadTable
from core.people.opening import open_table
from core.people.table import LONGEST_CELL, RECORD, Row, Table

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
    assert table.separator == separator  # type: ignore[attr-defined]
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
        (b"PK\x03\x04" + bytes(50), "no XLSX workbook"),
        (b"\xd0\xcf\x11\xe0" + bytes(50), "old Excel workbook"),
        (b"%PDF-1.7", "PDF"),
        (b"a,b\n1,\x002\n" * 30, "NUL"),
        (codecs.BOM_UTF8 + b"a,b\n\xff\xff\n", "The file says that it is UTF-8"),
        (b"a," * 300 + b"\n", "columns: at most 200"),
        (b'a,b\n"' + b"x" * (LONGEST_CELL + 1), "Line 2 cannot be read"),
        (b'a,b\n1,2\n"' + b"x," * RECORD, "Line 3 cannot be read"),
    ],
)
def test_what_is_no_table_is_refused_with_a_sentence(
    data: bytes, fault: str, tmp_path: Path
) -> None:
    """Each says what to do about it, none is a traceback."""
    assert fault in fault_of(tmp_path, data)


def test_a_nul_late_in_a_large_file_is_found(tmp_path: Path) -> None:
    """Its row cannot be used, the others can."""
    table = table_of(tmp_path, b"a,b\n" + b"1,2\n" * 300_000 + b"\x00,3\n4,5\n")
    *_, torn, last = table.rows()
    assert "damaged" in torn.wrong
    assert last.cells == ("4", "5")


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
