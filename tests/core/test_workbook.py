"""XLSX workbooks: read as people keep lists in them, refused where they are bombs."""

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS

from core.people import sheet, workbook
from core.people.errors import BadTable
from core.people.opening import open_table

HEADER = ["Name", "E-mail", "Birthday", "Number"]
SHEET = "xl/worksheets/sheet1.xml"


def saved(path: Path, *rows: list[Any], names: tuple[str, ...] = ("People",)) -> Path:
    """Write a workbook as openpyxl does, its texts shared as Excel's are."""
    book = Workbook()
    assert book.active is not None
    book.active.title = names[0]
    for row in rows:
        book.active.append(row)
    for name in names[1:]:
        book.create_sheet(name)
    book.save(path)
    return path


def changed(path: Path, part: str, change: Callable[[bytes], bytes]) -> Path:
    """Rewrite one part of a workbook."""
    parts = {}
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, change(data) if name == part else data)
    return path


def with_rows(path: Path, rows: bytes) -> Path:
    """Make a workbook whose sheet has these rows, as XML."""
    return changed(
        saved(path, HEADER),
        SHEET,
        lambda data: data.replace(b"</sheetData>", rows + b"</sheetData>"),
    )


def fault_of(path: Path) -> str:
    """Return why a workbook is refused, when it is opened or when it is read."""
    with pytest.raises(BadTable) as told:
        list(open_table(path).rows())
    return str(told.value)


def test_cells_are_read_as_people_see_them(tmp_path: Path) -> None:
    """Dates, numbers, truths and formulas' values; blank rows are left out."""
    rows: list[list[Any]] = [
        HEADER,
        ["Ana", "ana@example.org", date(1990, 5, 3), 42],
        [None, None, None, None],
        [" Bo ", "bo@example.org", datetime(1985, 1, 2, 3, 4), 4.5],  # noqa: DTZ001  As Excel.
        [True, "c@example.org", "12.12.1991", "0049"],
    ]
    table = open_table(saved(tmp_path / "a.xlsx", *rows))
    assert (table.kind, table.columns) == ("XLSX workbook", tuple(HEADER))
    assert [(row.line, row.cells) for row in table.rows()] == [
        (2, ("Ana", "ana@example.org", "1990-05-03", "42")),
        (4, ("Bo", "bo@example.org", "1985-01-02", "4.5")),
        (5, ("TRUE", "c@example.org", "12.12.1991", "0049")),
    ]


def test_a_formula_is_the_value_that_it_had(tmp_path: Path) -> None:
    """Nothing is calculated, and the formula itself is not read."""
    row = b'<row r="2"><c r="A2" t="str"><f>1+1</f><v>two</v></c><c r="B2"><f>1+1</f></c></row>'
    (found,) = open_table(with_rows(tmp_path / "a.xlsx", row)).rows()
    assert found.cells == ("two", "", "", "")


def test_texts_with_letters_of_several_kinds_are_whole(tmp_path: Path) -> None:
    """And without the hints how to pronounce them."""
    book = Workbook(write_only=True)
    page = book.create_sheet()
    page.append(HEADER)
    page.append([CellRichText("An", TextBlock(InlineFont(b=True), "na")), "a@b.org"])
    book.save(tmp_path / "a.xlsx")
    reading = (
        b'<row r="3"><c r="A3" t="inlineStr"><is><t>K</t><rPh sb="0"><t>x</t></rPh></is></c></row>'
    )
    path = changed(
        tmp_path / "a.xlsx",
        SHEET,
        lambda data: data.replace(b"</sheetData>", reading + b"</sheetData>"),
    )
    assert [row.cells[0] for row in open_table(path).rows()] == ["Anna", "K"]


TEXTS = "xl/sharedStrings.xml"
OVERRIDE = f'<Override PartName="/{TEXTS}" ContentType="{SHARED_STRINGS}"/></Types>'


def with_texts(path: Path, *texts: bytes) -> Path:
    """Give a workbook texts that its cells share, as Excel writes them."""
    made = b"".join(b"<si>%s</si>" % text for text in texts)
    changed(
        path,
        "[Content_Types].xml",
        lambda data: data.replace(b"</Types>", OVERRIDE.encode()),
    )
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(TEXTS, b'<sst xmlns="%s">%s</sst>' % (SHEET_MAIN_NS.encode(), made))
    return path


def test_texts_that_cells_share_are_found(tmp_path: Path) -> None:
    """By their number, put together where they are in pieces."""
    row = b'<row r="2"><c r="A2" t="s"><v>1</v></c><c r="C2" t="s"><v>0</v></c></row>'
    pieces = b"<r><t>An</t></r><r><t>na</t></r><rPh><t>x</t></rPh>"
    path = with_texts(with_rows(tmp_path / "a.xlsx", row), b"<t>Zo\xc3\xab</t>", pieces)
    (found,) = open_table(path).rows()
    assert found.cells == ("Anna", "", "Zoë", "")


def test_rows_that_are_too_wide_stay_so(tmp_path: Path) -> None:
    """Short ones are filled up: Excel writes no empty cells."""
    table = open_table(saved(tmp_path / "a.xlsx", ["A", "B"], ["x"], [1, 2, 3, None]))
    assert [row.cells for row in table.rows()] == [("x", ""), ("1", "2", "3")]


def test_the_first_sheet_that_is_shown_is_read(tmp_path: Path) -> None:
    """And it is said that there are others."""
    path = saved(tmp_path / "a.xlsx", HEADER, ["A", "a@b.org"], names=("Members", "Old"))
    assert open_table(path).notes == ("The workbook has 2 sheets: the first, “Members”, is read.",)


def packed(**parts: bytes) -> bytes:
    """Return a ZIP of these parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [b"PK\x03\x04" + bytes(50), packed(a=b"1"), packed(**{"[Content_Types].xml": b"<Types/>"})],
)
def test_what_is_no_workbook_is_refused(data: bytes, tmp_path: Path) -> None:
    """A torn one, a plain ZIP, another kind of document."""
    (tmp_path / "a.xlsx").write_bytes(data)
    assert "no XLSX workbook" in fault_of(tmp_path / "a.xlsx")


def test_a_workbook_that_is_torn_in_the_middle_is_refused(tmp_path: Path) -> None:
    """Its rows may have been read already; the job writes nothing before it has read all."""
    path = changed(
        saved(tmp_path / "a.xlsx", HEADER, ["A", "a@b.org"]), SHEET, lambda data: data[:-40]
    )
    assert "damaged" in fault_of(path)


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its directory says how large it is, and no more than that is read."""
    monkeypatch.setattr(workbook, "LARGEST_SHEET", 1_000_000)
    path = with_rows(tmp_path / "a.xlsx", b"<row/>" * 1_000_000)
    assert path.stat().st_size < 50_000
    assert "unpacks to more than" in fault_of(path)


@pytest.mark.parametrize("part", ["xl/styles.xml", "xl/workbook.xml", "[Content_Types].xml"])
def test_no_part_that_is_read_whole_is_large(part: str, tmp_path: Path) -> None:
    """Among them are those that every program reads first."""
    path = changed(saved(tmp_path / "a.xlsx", HEADER), part, lambda data: data + b" " * 9_000_000)
    assert "a part that is too large" in fault_of(path)


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        (b'<row r="2"><c r="A2" x="' + b"y" * 5_000_000 + b'"/></row>', "never ends"),
        (b'<row r="9999999"/>', "more than 1,048,576 rows"),
        (b'<row r="2"><c r="ZZZZ2"><v>1</v></c></row>', "a column that Excel has not"),
        (b'<row r="2"><c r="A2" t="s"><v>99</v></c></row>', "damaged"),
    ],
)
def test_a_sheet_that_excel_cannot_have_is_refused(rows: bytes, fault: str, tmp_path: Path) -> None:
    """With a sentence, and before memory is full."""
    assert fault in fault_of(with_rows(tmp_path / "a.xlsx", rows))


def test_one_gigantic_cell_is_one_bad_row(tmp_path: Path) -> None:
    """It is not kept while it is read; the rows behind it are read."""
    cell = b'<c r="A%d" t="inlineStr"><is><t>%s</t></is></c>'
    rows = b"".join(
        b'<row r="%d">%s</row>' % (n, cell % (n, text))
        for n, text in ((2, b"x" * 20_000_000), (3, b"fine"))
    )
    huge, fine = open_table(with_rows(tmp_path / "a.xlsx", rows)).rows()
    assert (huge.cells, huge.wrong) == ((), "has a cell of more than 131,072 characters")
    assert fine.cells[0] == "fine"


def test_a_row_of_endless_cells_is_bounded(tmp_path: Path) -> None:
    """What is right of Excel's last column is not kept."""
    rows = b'<row r="2">' + b"<c><v>1</v></c>" * 200_000 + b"</row>"
    (found,) = open_table(with_rows(tmp_path / "a.xlsx", rows)).rows()
    assert len(found.cells) == sheet.MOST_COLUMNS


def test_entities_are_refused(tmp_path: Path) -> None:
    """They could grow a thousand times; no office program writes them."""
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    path = changed(saved(tmp_path / "a.xlsx", HEADER), SHEET, lambda data: bomb + data)
    assert "declares entities" in fault_of(path)


def test_too_many_texts_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are kept in memory while the sheet is read."""
    monkeypatch.setattr(sheet, "MOST_TEXT", 1_000)
    path = with_texts(saved(tmp_path / "a.xlsx", HEADER), *[b"<t>x</t>"] * 20)
    assert "too many texts" in fault_of(path)
