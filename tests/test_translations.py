"""Every text that people read is marked, translated and compiled; nothing is left bare."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.template.base import Lexer, TokenType
from django.utils import translation
from django.utils.translation import gettext

from tests.catalogues import APPS, LANGUAGE, ROOT, faults, sources, written

TEMPLATES = [path for app in APPS for path in sources(app) if "templates" in path.parts]
# Of tables that the admin does not show, nobody reads the columns' names.
MODULES = [path for path in sources("core") if path.suffix == ".py" and path.stem != "models"]
READ = {"alt", "aria-label", "placeholder", "title", "label", "content", "value"}
"""Attributes that people read, beside `data-`, which scripts show."""
NOT_READ = {"script", "style", "svg", "code"}
NAMES = {"Headway", "width=device-width, initial-scale=1", "light dark"}
"""What is the same in every language."""
SAID = {
    *("JobError", "BadRow", "BadTable", "Unusable", "Unwritable"),
    *("Away", "ValidationError", "Cancelled"),
}
"""What is raised, or kept, with a text for people."""
SHOWN = {"label", "help_text", "title", "message", "unit", "note", "wrong", "reason"}
"""Arguments that people read."""
_WORD = re.compile(r"[A-Za-z]{2,}")
_GIVEN = re.compile(r"\w+=[\"']([^\"']*)[\"']")
HOLE = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Stands where a template puts something."""


class Texts(HTMLParser):
    """Collects what people read of markup."""

    def __init__(self) -> None:
        """Begin outside of all elements."""
        super().__init__()
        self.found: list[str] = []
        self.attributes: list[str] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take the attributes that are read."""
        if tag in NOT_READ:
            self._inside.append(tag)
        for name, value in attrs:
            is_hidden = ("type", "hidden") in attrs or name.startswith("data-headway")
            if (name in READ or name.startswith("data-")) and not is_hidden:
                self.attributes.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        """Leave what is not read."""
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        """Take a text."""
        if not self._inside:
            self.found.append(data)


def bare_in(template: str) -> list[str]:
    """Return the texts of a template that stand outside of its marks."""
    parser, given = Texts(), list[str]()
    parser.feed("".join(_unmarked(template, given)))
    # An attribute may be an id or an address: those have neither spaces nor capitals.
    found = [*_parts(parser.found), *(one for one in _parts(parser.attributes) if _is_said(one))]
    return [text for text in [*found, *given] if text not in NAMES]


def _parts(texts: list[str]) -> list[str]:
    parts = (part.strip(" \n·…:,.()") for text in texts for part in text.split(HOLE))
    return [part for part in parts if _WORD.search(part) and not part.startswith('class="')]


def _is_said(text: str) -> bool:
    return " " in text or text != text.lower()


def _unmarked(template: str, given: list[str]) -> Iterator[str]:
    """Yield the markup of a template without what is marked; adds to `given` what tags are told."""
    marked = False
    for token in Lexer(template).tokenize():
        said = token.contents
        if token.token_type == TokenType.BLOCK and said.startswith("blocktranslate"):
            marked = True
        elif token.token_type == TokenType.BLOCK and said == "endblocktranslate":
            marked = False
        elif token.token_type == TokenType.TEXT and not marked:
            yield said
        elif token.token_type in {TokenType.BLOCK, TokenType.VAR}:
            if said.startswith("include"):
                given += [text for text in _GIVEN.findall(said) if _is_said(text)]
            yield HOLE


@pytest.mark.parametrize("app", APPS)
def test_everything_is_translated(app: str) -> None:
    """What is marked is in the catalogue, with a translation that nobody has to look at again."""
    assert faults(app) == []


def test_one_text_has_one_translation() -> None:
    """Django puts the catalogues of all apps together, so only one of two would be shown."""
    core, realtime = (
        {(message.context, message.id): message.string for message in written(app) if message.id}
        for app in APPS
    )
    both = core.keys() & realtime.keys()
    assert {key: core[key] for key in both} == {key: realtime[key] for key in both}


@pytest.mark.parametrize("app", APPS)
def test_no_other_app_says_it_in_another_way(app: str) -> None:
    """Django shows the translation of whichever app comes first."""
    with translation.override(LANGUAGE.replace("_", "-").lower()):
        for message in written(app):
            if isinstance(message.id, str) and message.id:
                said, context = message.id, message.context
                shown = translation.pgettext(context, said) if context else gettext(said)
                assert shown == message.string


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_templates_have_no_bare_text(path: Path) -> None:
    """What people read stands in `translate`, `blocktranslate` or `_()`."""
    assert bare_in(path.read_text()) == []


@pytest.mark.parametrize(
    ("template", "bare"),
    [
        ("<h1>Your jobs</h1>", ["Your jobs"]),
        ('<p>{% translate "Fine" %} and more</p>', ["and more"]),
        ('<img alt="A picture of {{ name }}">', ["A picture of"]),
        ('{% include "core/field.html" with label="The file" %}', ["The file"]),
        ('<input type="search" aria-label="Name or e-mail">', ["Name or e-mail"]),
        ('{% include "core/field.html" with label=_("The file") %}', []),
        ("<a href={{ page }}>{% blocktranslate %}Go on{% endblocktranslate %}</a>", []),
        ("<strong>(unread)</strong>", ["unread"]),
    ],
)
def test_a_bare_text_is_found(template: str, bare: list[str]) -> None:
    """Wherever it stands."""
    assert bare_in(template) == bare


def spoken_in(code: str) -> list[str]:
    """Return the texts that code says to people without a mark."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            given = [one.value for one in node.keywords if one.arg in SHOWN]
            if name in SAID or (name == "log" and _is_progress(node.func)):
                given += node.args[:1]
            found += [text for one in given if (text := _literal(one))]
    return found


def _is_progress(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and getattr(function.value, "id", "") == "progress"


def _literal(node: ast.expr) -> str:
    """Return the words of a literal, a formatted one too."""
    if isinstance(node, ast.JoinedStr):
        words = "".join(str(one.value) for one in node.values if isinstance(one, ast.Constant))
    else:
        words = str(node.value) if isinstance(node, ast.Constant) else ""
    return words if _WORD.search(words) and words != "None" else ""


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_code_says_nothing_without_a_mark(path: Path) -> None:
    """Reasons, labels and messages of the service are for people."""
    assert spoken_in(path.read_text()) == []


@pytest.mark.parametrize(
    ("code", "spoken"),
    [
        ('raise JobError("It is gone.")', ["It is gone."]),
        ('raise forms.ValidationError(f"“{word}” is none")', ["“” is none"]),
        ('progress.log("Packing")', ["Packing"]),
        ('CharField(label="Name")', ["Name"]),
        ('raise JobError(_("It is gone."))', []),
        ('logger.info("Only for operators")', []),
    ],
)
def test_an_unmarked_sentence_is_found(code: str, spoken: list[str]) -> None:
    """Also where it is put together."""
    assert spoken_in(code) == spoken
