"""The description of the HTTP API, made from the routes and what their views have described."""

from __future__ import annotations

import inspect
import re
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, reverse

from realtime import replies
from realtime.described import Described, Shape, as_json
from realtime.problems import answers

REFUSALS = {
    400: "The request cannot be understood; `detail` says what was expected.",
    401: "Nobody is signed in, and there is no API token that is good.",
    403: "No CSRF token, a token of another scope, or not yours to do.",
    404: "There is no such thing, or it is not yours to see.",
    409: "Its status does not allow it; `detail` says why.",
    410: "It is no longer kept.",
    416: "It does not reach that far.",
    413: "The body is too large.",
    429: "Too many; `Retry-After` says when to come back.",
    503: "Redis, the database or the queue is away: try again soon.",
}
PARTS: dict[str, Shape] = {
    "job": {"type": "string", "format": "uuid"},
    "name": {"type": "string"},
    "view": {"type": "string"},
    "rule": {"type": "integer"},
}
"""The parts of addresses."""


@answers("GET", signed_in=False, says={200: as_json({"type": "object"})})
def openapi(request: HttpRequest) -> HttpResponse:
    """Describe the HTTP API in OpenAPI 3.1."""
    del request
    return JsonResponse(description())


def description() -> dict[str, Any]:
    """Return the description."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Headway", "version": replies.version()},
        "servers": [{"url": reverse("realtime:index").rstrip("/")}],
        "paths": {address: _operations(address, found) for address, found in _routes()},
        "components": {
            "schemas": replies.schemas(),
            "securitySchemes": {
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": settings.SESSION_COOKIE_NAME,
                    "description": "With the CSRF token in the header X-CSRFToken, except to read.",
                },
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API token; its scopes are read, act and report.",
                },
                "share": {
                    "type": "apiKey",
                    "in": "query",
                    "name": "token",
                    "description": "A share token, with which a guest sees one job or tree.",
                },
            },
        },
    }


def _routes() -> list[tuple[str, list[Described]]]:
    """Return the addresses with what their views have described; what says nothing is no API."""
    from realtime.urls import urlpatterns  # This view is one of them.

    found = []
    for route in urlpatterns:
        if isinstance(route, URLPattern):
            address = "/" + re.sub(r"<\w+:(\w+)>", r"{\1}", str(route.pattern))
            about = [one for one in getattr(route.callback, "described", ()) if one.says]
            found += [(address, about)] if about else []
    return found


def _operations(address: str, found: list[Described]) -> dict[str, Any]:
    parts = [
        {"name": name, "in": "path", "required": True, "schema": PARTS[name]}
        for name in re.findall(r"{(\w+)}", address)
    ]
    operations = {one.method.lower(): _operation(one, named=bool(parts)) for one in found}
    return operations | ({"parameters": parts} if parts else {})


def _operation(about: Described, *, named: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": about.view.__name__,
        "summary": str(inspect.getdoc(about.view)).partition("\n")[0],
        "parameters": [_word(name, shape) for name, shape in about.query.items()],
        "responses": _answers(about, named=named),
        "security": _security(about),
    }
    if about.body:
        found["requestBody"] = {"content": {"application/json": {"schema": about.body}}}
    return found


def _security(about: Described) -> list[dict[str, list[str]]]:
    """Return by what a caller is let in, any one of these; nothing where everybody is."""
    if not about.scope:
        return []
    share: list[dict[str, list[str]]] = [{"share": []}] if about.shared else []
    return [{"session": []}, {"token": [about.scope]}, *share]


def _word(name: str, shape: Shape) -> dict[str, Any]:
    """Return a word of the query; one that is empty is one that is not there."""
    return {"name": name, "in": "query", "schema": {"anyOf": [shape, {"const": ""}]}}


def _answers(about: Described, *, named: bool) -> dict[str, Any]:
    said = {
        str(status): {
            "description": "Done.",
            "content": {kind: {"schema": shape} for kind, shape in content.items()},
        }
        for status, content in about.says.items()
    }
    problem = {"application/problem+json": {"schema": replies.PROBLEM}}
    refused = {
        str(status): {"description": REFUSALS[status], "content": problem}
        for status in sorted(_refusals(about, named=named))
    }
    return refused | said


def _refusals(about: Described, *, named: bool) -> set[int]:
    """Return the statuses of all refusals, those that are everybody's too."""
    found = {400, *about.refuses}
    found |= {401, 403, 503} if about.scope else set()
    found |= {404} if named else set()
    return found | ({413} if about.body else set())
