"""Lists as they should not be: made safe or refused, the other rows unharmed."""

import json
from pathlib import Path

import pytest

from core.people.errors import BadTable
from core.people.json_lines import NAMED
from core.people.opening import open_table
from core.people.table import LONGEST_CELL, RECORD, Row, Table

HEAD = b"mail,name,city\na@b.org,A,Bern\n"
TAIL = b"z@b.org,Z,Graz\n"


def table_of(folder: Path, data: bytes) -> Table:
    """Write a file and open it."""
    (folder / "list").write_bytes(data)
    return open_table(folder / "list")


def rows_between(folder: Path, middle: bytes) -> list[Row]:
    """Return the rows between a good first and a good last one, which must both be there."""
    first, *found, last = table_of(folder, HEAD + middle + TAIL).rows()
    assert first.cells == ("a@b.org", "A", "Bern")
    assert last.cells == ("z@b.org", "Z", "Graz")
    return found


def test_a_field_of_100_mb_is_one_bad_row(tmp_path: Path) -> None:
    """It is passed over without being kept; the rows behind it are read."""
    (huge,) = rows_between(tmp_path, b"h@b.org," + b"x" * 100_000_000 + b",Kiel\n")
    assert huge == Row(3, (), "has a cell of more than 131,072 characters")


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_a_gigantic_cell_with_lines_in_it_is_one_bad_row(end: bytes, tmp_path: Path) -> None:
    """What looks like a row within it is none, and lines are still counted right."""
    lines = (b'x@b.org,""X"",Kiel' + end) * (RECORD // 10)
    data = b'h@b.org,"' + lines + b'",Kiel\n' + b"y@b.org,Y,Koln\n"
    huge, row = rows_between(tmp_path, data)
    assert huge.wrong
    assert (row.line, row.cells) == (4 + RECORD // 10, ("y@b.org", "Y", "Koln"))


def test_a_cell_a_little_too_long_is_one_bad_row(tmp_path: Path) -> None:
    """Python's own limit is met within a line."""
    (huge,) = rows_between(tmp_path, b'h@b.org,"' + b"x" * (LONGEST_CELL + 1) + b'",Kiel\n')
    assert huge.wrong


@pytest.mark.parametrize("damage", [b"\x00", b"\xff", b"\xc3"])
def test_a_damaged_character_is_one_bad_row(damage: bytes, tmp_path: Path) -> None:
    """A NUL, or bytes that are not UTF-8 in a file that is."""
    accents = "é@b.org,Ünal Æ Ø ßü éè äöü ñ ç å,Zürich\n".encode() * 3
    *whole, torn = rows_between(tmp_path, accents + b"t@b.org,T" + damage + b"x,Bonn\n")
    assert [row.wrong for row in whole] == ["", "", ""]
    assert "damaged" in torn.wrong


def test_ragged_rows_keep_what_they_have(tmp_path: Path) -> None:
    """The reader tells how many cells there should be."""
    assert [len(row.cells) for row in rows_between(tmp_path, b"x\ny,1\nz,1,2,3\n")] == [1, 2, 4]


def test_objects_on_lines_are_rows(tmp_path: Path) -> None:
    """Their names are the columns, in the order in which they come up."""
    people = [{"mail": "a@b.org", "name": "Zoë"}, {"mail": "c@d.org", "age": 42, "tags": ["x"]}]
    text = "\n\n".join(json.dumps(one, ensure_ascii=False) for one in people)
    table = table_of(tmp_path, text.encode("utf-16"))
    assert (table.kind, table.columns) == ("JSON Lines, UTF-16", ("mail", "name", "age", "tags"))
    assert [(row.line, row.cells) for row in table.rows()] == [
        (1, ("a@b.org", "Zoë", "", "")),
        (3, ("c@d.org", "", "42", '["x"]')),
    ]


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        (b'{"mail": ', "is not JSON"),
        (b"[1]", "is not a JSON object"),
        (b"[" * 100_000, "is not JSON"),
        (b'{"mail": ' + b"9" * 5_000 + b"}", "is not JSON"),
        (b'{"mail": "%s"}' % (b"x" * 3_000_000), "is longer than 2,097,152 characters"),
        (b'{"mail": "%s"}' % (b"x" * 200_000), "more than 131,072 characters"),
    ],
)
def test_a_line_that_is_no_object_is_one_bad_row(line: bytes, wrong: str, tmp_path: Path) -> None:
    """The others are read."""
    good = b'{"mail": "a@b.org"}\n'
    first, bad, last = table_of(tmp_path, good + line + b"\n" + good).rows()
    assert first.cells == last.cells == ("a@b.org",)
    assert (bad.line, bad.cells) == (2, ())
    assert wrong in bad.wrong


def test_half_characters_of_json_are_replaced(tmp_path: Path) -> None:
    """JSON can say what no text has, and no database takes."""
    (row,) = table_of(tmp_path, b'{"name": "a\\ud800b"}').rows()
    assert row.cells == ("a\ufffdb",)


def test_names_that_come_up_late_are_left_out(tmp_path: Path) -> None:
    """The columns are known before the file is read."""
    lines = b'{"a": 1}\n' * NAMED + b'{"b": 2}\n'
    assert table_of(tmp_path, lines).columns == ("a",)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b'[{"mail": "a@b.org"}]', "one JSON array"),
        (b"{}\n{}\n", "no JSON objects"),
        (json.dumps({f"n{n}": 1 for n in range(300)}).encode(), "at most 200"),
        (b"\x1f\x8b\x08\x00" + bytes(20), "a gzip archive"),
        (b'a,b,"' + b"x" * 200_000 + b'",d\n1,2,3,4\n', "The first line has a cell"),
    ],
)
def test_what_is_no_list_is_refused(data: bytes, fault: str, tmp_path: Path) -> None:
    """With a sentence that says what to do."""
    with pytest.raises(BadTable, match=fault):
        table_of(tmp_path, data)
