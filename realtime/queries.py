"""What the query of a request says: the words that its view has described, and no other."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest
from django.utils.dateparse import parse_datetime

from realtime import described
from realtime.described import Shape
from realtime.problems import bad_request
from realtime.shapes import check, wanted

DIGITS = 16
"""As 2**53 has."""


def query_of(request: HttpRequest) -> dict[str, Any]:
    """Return the words that are there and not empty, each as its shape wants it."""
    words = described.of(request).query
    for word in request.GET:
        if word not in words:
            # Ignored, a filter that is spelt wrong would show too much.
            raise bad_request("each word of the query", f"one of {', '.join(words)}", word)
    said = {word: str(text) for word, text in request.GET.items() if text}
    return {word: _read(text, words[word], word) for word, text in said.items()}


def moment_of(word: str, said: str) -> datetime:
    """Return the moment that a word of the query says."""
    try:
        return in_utc(parse_datetime(said))
    except (ValueError, OverflowError) as error:
        raise bad_request(word, "a time such as 2026-11-22T10:00:00Z", said) from error


def in_utc(moment: datetime | None) -> datetime:
    """Return a moment as databases compare it; raises `OverflowError` at the ends of time."""
    if moment is None or moment.tzinfo is None:
        raise ValueError("expected a moment with its zone")
    return moment.astimezone(UTC)


def searched(said: str) -> str:
    """Return a text as databases take it, and as names are cleaned."""
    return said.encode(errors="replace").decode().replace("\x00", "\N{REPLACEMENT CHARACTER}")


def _read(text: str, shape: Shape, word: str) -> Any:
    if shape["type"] != "integer":
        check(text, shape, word)
        return text
    if not (text.isascii() and text.isdecimal() and len(text) <= DIGITS):
        raise bad_request(word, wanted(shape), text)
    check(int(text), shape, word)
    return int(text)
