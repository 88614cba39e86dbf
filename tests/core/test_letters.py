"""What a letter says to each, and how fast letters go."""

from __future__ import annotations

import pytest

from core.mail.pace import LOOK, Pace
from core.mail.placeholders import fill, fill_html, mistake_in, names_in

VALUES = {"name": "Ada <b>", "city": "", "留言": "好"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Dear {{ name }}", "Dear Ada <b>"),
        ("{{name}}{{ NAME }}", "Ada <b>Ada <b>"),
        ("in {{ city }}.", "in ."),
        ("in {{ city|your town }}.", "in your town."),
        ("{{ 留言 }}", "好"),
        ("{ name } {% name %} {{ name", "{ name } {% name %} {{ name"),
        ("{{ name|{{ city }} }}", "{{ name| }}"),
    ],
)
def test_a_placeholder_says_what_is_known(text: str, said: str) -> None:
    """Or what stands behind its bar; all else stays as it is, and is filled once."""
    assert fill(text, VALUES) == said


def test_no_value_becomes_markup_or_another_placeholder() -> None:
    """Whatever stands in a list."""
    assert fill_html("<p>{{ name }}</p>", VALUES) == "<p>Ada &lt;b&gt;</p>"
    assert fill("{{ name }}", {"name": "{{ city }}", "city": "Bern"}) == "{{ city }}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ name }} {{ City|x }}", ""),
        ("no placeholders", ""),
        ("{{ town }}", "Nothing is known for {{ town }}: choose one of {{ city }}, {{ name }}."),
        (
            "x {{ first name }} y",
            "“{{ first name }} y” is no placeholder: write it like {{ city }}",
        ),
        ("{{", "“{{” is no placeholder"),
    ],
)
def test_a_placeholder_that_cannot_be_filled_is_told(text: str, said: str) -> None:
    """Before anybody reads it."""
    mistake = mistake_in(text, ["name", "city"])
    assert mistake.startswith(said)
    assert bool(mistake) == bool(said)


def test_placeholders_are_found_in_a_long_text_at_once() -> None:
    """However many brackets are in it."""
    assert names_in("{{" * 100_000 + "{{ name" + " " * 100_000 + "| x") == set()


class Clock:
    """A clock that goes on only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.naps: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.naps.append(seconds)
        self.now += seconds


def test_so_many_a_second_and_no_more() -> None:
    """The first goes at once, and no turn is saved up for later."""
    clock = Clock()
    pace = Pace(2, lambda: clock.now, clock.sleep)
    went = []
    for pause in (0, 0, 0, 10, 0):
        clock.now += pause
        pace.wait()
        went.append(clock.now)
    assert went == [0, 0.5, 1, 11, 11.5]
    assert max(clock.naps) <= LOOK  # So that a cancel is obeyed soon.


def test_without_a_limit_nobody_waits() -> None:
    """Zero is none."""
    clock = Clock()
    pace = Pace(0, lambda: clock.now, clock.sleep)
    for _ in range(3):
        pace.wait()
    assert clock.naps == []
