"""The words of the browser's elements: the same in both languages, and brought by the page."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation

from realtime import words
from realtime.dashboard_alert_words import ALERTS
from realtime.dashboard_words import DASHBOARD
from realtime.plurals import Plural
from realtime.workshop_words import WORKSHOP
from tests.processes import ROOT

ELEMENTS = ROOT / "frontend" / "src" / "elements"
FILES = {
    "bar": "strings.ts",
    "steer": "steering-words.ts",
    "inbox": "inbox-words.ts",
    "tree": "tree-words.ts",
    "tray": "tray-words.ts",
    "log": "log-words.ts",
    "dashboard": "dashboard/words.ts",
    "workshop": "dashboard/workshop-words.ts",
    "alertsPage": "dashboard/alert-words.ts",
}
_ONE = re.compile(r'^  (\w+):\s+"((?:[^"\\]|\\.)*)",$', re.MULTILINE)
_MANY = re.compile(r'^  (\w+): \{ one: "([^"]*)".* other: "([^"]*)" \},$', re.MULTILINE)


def in_typescript(path: Path) -> dict[str, Any]:
    """Return the words of a file; of a plural its singular and its plural."""
    text = re.sub(r":\n\s+", ": ", path.read_text())
    text = re.sub(r"\{\n\s+(one: .*),\n\s+(other: .*),\n\s+\}", r"{ \1, \2 }", text)
    many = {key: (one, other) for key, one, other in _MANY.findall(text)}
    return {**dict(_ONE.findall(text)), **many}


def in_python(part: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same of `words`."""
    return {
        key: (word.one, word.other) if isinstance(word, Plural) else str(word)
        for key, word in part.items()
    }


def scripts() -> str:
    """Return what `{% headway_scripts %}` renders."""
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    return Template("{% load headway %}{% headway_scripts %}").render(Context({"request": request}))


def brought() -> dict[str, Any]:
    """Return the words in it."""
    found = re.search(
        r'<script id="headway-words" type="application/json">(.*?)</script>', scripts()
    )
    words: dict[str, Any] = json.loads(found[1]) if found else {}
    return words


@pytest.mark.parametrize("part", FILES)
def test_both_languages_have_the_same_words(part: str) -> None:
    """What one of them lacks would be shown in English, or not at all."""
    theirs, ours = in_typescript(ELEMENTS / FILES[part]), in_python(words.PARTS[part])
    if part == "bar":
        theirs["nth"] = theirs["nth"][1]
    assert theirs == ours


def test_a_page_in_english_brings_no_words() -> None:
    """The elements have them."""
    with translation.override("en"):
        assert "headway-words" not in scripts()


def test_a_page_in_chinese_brings_them_all() -> None:
    """As few bytes as can be: a plural has one form there."""
    with translation.override("zh-hans"):
        found = brought()
    assert found["bar"]["queued"] == "排队中"
    assert found["bar"]["manyEnded"] == "{n} 个任务已结束"
    assert found["bar"]["nth"] == "{n}"
    own = {*words.DASHBOARDS, *words.FETCHED}
    same: dict[str, set[str]] = {part: set() for part in FILES if part not in own}
    assert {part: words.PARTS[part].keys() - found[part].keys() for part in found} == same
    assert len(json.dumps(found, ensure_ascii=False).encode()) < 8_000


def test_only_the_dashboard_brings_its_own() -> None:
    """They are half of all; they are all translated but what is the same in both languages."""
    with translation.override("zh-hans"):
        own = words.brought_by_dashboard()
    assert {*DASHBOARD, *WORKSHOP} - own.keys() == set()
    assert DASHBOARD.keys() & WORKSHOP.keys() == set()
    assert ALERTS.keys() - own["alertsPage"].keys() == set()
    with translation.override("en"):
        assert words.brought_by_dashboard() == {}


@pytest.mark.parametrize(
    ("language", "told"),
    [("en", {"one": "{n} job finished", "other": "{n} jobs finished"}), ("zh-hans", "个任务")],
)
def test_a_plural_has_the_forms_of_its_language(language: str, told: Any) -> None:
    """By the categories that `Intl.PluralRules` knows."""
    plural = words.BAR["manyEnded"]
    assert isinstance(plural, Plural)
    with translation.override(language):
        found = plural.told()
    assert found == told if isinstance(told, dict) else told in found


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ({"status": "succeeded", "failed": 2}, "Succeeded with warnings"),
        ({"status": "running", "stalled": True}, "Stalled"),
        ({"status": "waiting"}, "Needs an answer"),
    ],
)
def test_the_first_bar_says_what_the_element_will(state: dict[str, Any], word: str) -> None:
    """So that no word changes when its script runs."""
    whole = {
        "id": "1",
        "seq": 1,
        "title": "Work",
        "name": "work",
        "fraction": None,
        "current": 0,
        "total": None,
        "failed": 0,
        "stalled": False,
        "message": "",
        "error": None,
        "stages": [],
        "files": [],
        **state,
    }
    bar = Template("{% load headway %}{% job_progress state %}").render(Context({"state": whole}))
    assert f"<span>{word}</span>" in bar
