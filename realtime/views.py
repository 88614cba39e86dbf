"""Pages and signs of life."""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect

from realtime.errors import StoreAway
from realtime.problems import answers
from realtime.store import get_store


@answers("GET", signed_in=False)
def index(request: HttpRequest) -> HttpResponse:
    """Lead to one's jobs; the address itself is what the elements are told."""
    del request
    return redirect("realtime:jobs")


@answers("GET", signed_in=False)
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer: the process is alive."""
    del request
    return JsonResponse({"status": "ok"})


@answers("GET", signed_in=False)
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer whether Redis and the database can be reached: 200, or 503 with what cannot."""
    del request
    parts = {"store": _store(), "database": _database()}
    ready = all(said == "ok" for said in parts.values())
    return JsonResponse(
        {"status": "ok" if ready else "away", **parts}, status=200 if ready else 503
    )


def _store() -> str:
    try:
        get_store().signs(["00000000-0000-0000-0000-000000000000"])
    except StoreAway:
        return "away"
    return "ok"


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "away"
    return "ok"
