"""The samples are small, and each is what its name promises or famously not."""

from contextlib import ExitStack
from itertools import islice

import pytest

from core.mail.lists import Listed, columns_of
from core.mail.placeholders import mistake_in
from core.people.columns import match_columns
from core.people.opening import open_table
from core.pictures.errors import Unusable
from core.pictures.picture import read_picture
from core.samples import FOLDER, LETTER, LETTER_HTML, PEOPLE, PICTURES, READERS, in_language
from core.samples.make import BAD_ROWS
from core.settings import LANGUAGES


def test_the_samples_are_small() -> None:
    """Everybody who clones the repository carries them."""
    assert sum(path.stat().st_size for path in FOLDER.rglob("*.*")) < 600_000


@pytest.mark.parametrize(
    ("name", "kind", "size"),
    [
        ("badge.png", "PNG", (1000, 1000)),
        ("dawn.jpg", "JPEG", (1800, 1200)),
        ("lake.jpg", "JPEG", (1800, 1200)),
        ("meadow.webp", "WEBP", (1800, 1200)),
        ("on-its-side.jpg", "JPEG", (1800, 1200)),
        ("print-shop.jpg", "JPEG", (900, 600)),
        ("really-a-png.jpg", "PNG", (900, 600)),
        ("torn.jpg", "", (0, 0)),
    ],
)
def test_there_is_one_picture_of_each_kind(name: str, kind: str, size: tuple[int, int]) -> None:
    """One stands on its side, one lies about its kind, one is torn."""
    with (PICTURES / name).open("rb") as file, ExitStack() as faults:
        if not kind:
            faults.enter_context(pytest.raises(Unusable, match="its end is missing"))
        picture = read_picture(file, 320)
        assert (picture.kind, picture.size) == (kind, size)


def test_the_people_are_a_usual_list() -> None:
    """Every column is understood."""
    table = open_table(PEOPLE)
    sample = list(islice(table.rows(), 50))
    assert len(match_columns(table.columns, sample)) == len(table.columns) == 5
    assert sum(1 for _ in table.rows()) == 196 + len(BAD_ROWS)


@pytest.mark.parametrize("language", [code for code, __ in LANGUAGES])
def test_the_letter_can_be_filled_for_every_reader(language: str) -> None:
    """Both forms of it, in each language of the pages."""
    names = Listed.names_of(columns_of(open_table(READERS)))
    found = [in_language(path, language) for path in (LETTER, LETTER_HTML)]
    assert all(path.suffixes[0] == f".{language}" for path in found if language != "en")
    for path in found:
        assert mistake_in(path.read_text("utf-8"), names) == ""
    assert sum(1 for _ in open_table(READERS).rows()) == 241
