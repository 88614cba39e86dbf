"""What a search for jobs says, such as `status:failed task:core.jobs.* owner:ana age:<1h text`.

Words are separated by spaces and must all hold; commas separate what may be one or the other;
quotes keep spaces together; a minus before a word takes out what it means.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from realtime.errors import BadSearch
from realtime.events import ENDS, Status

UNFINISHED = tuple(status for status in Status if status not in ENDS)
GROUPS = {"unfinished": UNFINISHED, "ended": tuple(ENDS)}
"""Words that stand for several statuses."""
UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
TERMS = 20
"""Words of a search."""
LONGEST = 10 * 365 * 86_400
"""Seconds of an age or a duration."""

_TERM = re.compile(r'\s*(-?)(?:([A-Za-z_]+):)?("(?:[^"\\]|\\.)*"?|\S+)')
_VALUE = re.compile(r'"((?:[^"\\]|\\.)*)"|([^,"]+)')
_TIME = re.compile(r"([<>])(\d{1,9}(?:\.\d{1,3})?)([smhdw])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a search."""

    key: str
    """What it is about; "text" where nothing else is said."""
    values: tuple[str, ...]
    """What may be, one or the other."""
    negative: bool = False
    """Whether it takes out what it means."""


@dataclass(frozen=True, slots=True)
class Span:
    """What an age or a duration is compared with."""

    longer: bool
    """Whether it must be longer, else shorter."""
    length: timedelta
    """Than this."""


def parsed(said: str) -> tuple[Term, ...]:
    """Return the words of a search; raises `BadSearch` with what was expected, and where."""
    terms, at = [], 0
    said = said.rstrip()
    while at < len(said):
        found = _TERM.match(said, at)
        if found is None:
            raise BadSearch("the search", "words", said[at:])
        terms.append(_term(found))
        at = found.end()
        if len(terms) > TERMS:
            raise BadSearch("the search", f"at most {TERMS} words", said[at:])
    return tuple(terms)


def span(value: str, key: str) -> Span:
    """Return what an age or a duration such as `>5m` means."""
    found = _TIME.fullmatch(value)
    seconds = float(found[2]) * UNITS[found[3]] if found else LONGEST + 1
    if found is None or seconds > LONGEST:
        raise BadSearch(key, "such as >5m or <1h, in s, m, h, d or w", value)
    return Span(longer=found[1] == ">", length=timedelta(seconds=seconds))


def _term(found: re.Match[str]) -> Term:
    minus, key, said = found.groups()
    if key is None:
        return Term("text", (_unquoted(said),), negative=bool(minus))
    key = key.lower()
    if key not in KEYS:
        wanted = f"one of {', '.join(KEYS)}, or with quotes around it"
        raise BadSearch("a word before a colon", wanted, key)
    values = _values(said, key)
    KEYS[key](values, key)
    return Term(key, values, negative=bool(minus))


def _values(said: str, key: str) -> tuple[str, ...]:
    """Return what a key may be; quotes keep a comma in one of them."""
    parts: list[str] = []
    at = 0
    while at < len(said):
        found = _VALUE.match(said, at)
        if found is None:
            raise BadSearch(key, "values with commas between them, each quote with its end", said)
        parts.append(_unescaped(found[1]) if found[1] is not None else found[2])
        at = found.end()
        if at < len(said):
            if said[at] != "," or at + 1 == len(said):
                raise BadSearch(key, "values with commas between them", said)
            at += 1
    if not all(parts):
        raise BadSearch(key, "not empty", said)
    return tuple(parts)


def _unquoted(said: str) -> str:
    if not said.startswith('"'):
        return said
    if len(said) == 1 or not said.endswith('"'):
        raise BadSearch("a text in quotes", "with a quote at its end", said)
    return _unescaped(said[1:-1])


def _unescaped(said: str) -> str:
    return re.sub(r"\\(.)", r"\1", said)


def _is_status(values: tuple[str, ...], key: str) -> None:
    for value in values:
        if value not in {*Status, *GROUPS}:
            raise BadSearch(key, f"one of {', '.join((*Status, *GROUPS))}", value)


def _is_span(values: tuple[str, ...], key: str) -> None:
    if len(values) > 1:
        raise BadSearch(key, "one value; write the word twice for both ends", ",".join(values))
    span(values[0], key)


def _is_text(values: tuple[str, ...], key: str) -> None:
    del values, key


KEYS = {
    "status": _is_status,
    "task": _is_text,
    "owner": _is_text,
    "tag": _is_text,
    "queue": _is_text,
    "id": _is_text,
    "root": _is_text,
    "age": _is_span,
    "duration": _is_span,
}
"""What a search may be about, each with what looks at its values."""
