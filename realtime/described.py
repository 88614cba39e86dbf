"""What a view takes and answers: said once, obeyed when it is asked, shown in openapi.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest

Shape = dict[str, Any]
"""A JSON Schema."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What a view takes and answers."""

    method: str
    """The method that it answers, or "any"."""
    scope: str | None
    """What an API token must be for; None where everybody may ask."""
    query: Mapping[str, Shape] = field(default_factory=dict)
    """The words of its query: there are no others, and each may be left out, or empty."""
    body: Shape | None = None
    """What its body says; None where it has none."""
    says: Mapping[int, Mapping[str, Shape]] = field(default_factory=dict)
    """By status and type of content, what it answers."""
    refuses: tuple[int, ...] = ()
    """The statuses of refusals that are its own; others can come from each view."""
    shared: bool = False
    """Whether a share token in the query lets a guest ask."""
    view: Any = None
    """The function, whose docstring says what it does."""


def of(request: HttpRequest) -> Described:
    """Return the description of the view that answers this request."""
    found: Described = request.headway_view  # type: ignore[attr-defined]
    return found


def as_json(shape: Shape) -> Mapping[str, Shape]:
    """Return an answer in JSON of this shape."""
    return {"application/json": shape}
