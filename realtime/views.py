"""Pages and signs of life."""

from __future__ import annotations

from hmac import compare_digest

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from prometheus_client import CONTENT_TYPE_LATEST

from realtime import drain, replies, tokens
from realtime.conf import conf
from realtime.described import as_json
from realtime.errors import StoreAway
from realtime.exposition import as_text
from realtime.metrics import totals
from realtime.permissions import is_operator
from realtime.problems import NotFound, answers, check_sees_all
from realtime.shapes import text
from realtime.store import get_store


@answers("GET", signed_in=False)
def index(request: HttpRequest) -> HttpResponse:
    """Lead to one's jobs; the address itself is what the elements are told."""
    del request
    return redirect("realtime:jobs")


@answers("GET", signed_in=False, says={200: as_json(replies.ALIVE)})
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer: the process is alive."""
    del request
    return JsonResponse({"status": "ok"})


@answers(
    "GET",
    signed_in=False,
    says={200: as_json(replies.READY), 503: as_json(replies.READY)},
)
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer whether requests should come here: 200, or 503 with what is away or stopping."""
    del request
    process = "stopping" if drain.has_begun() else "ok"
    parts = {"process": process, "store": _store(), "database": _database()}
    ready = all(said == "ok" for said in parts.values())
    return JsonResponse(
        {"status": "ok" if ready else "away", **parts}, status=200 if ready else 503
    )


@answers("GET", signed_in=False, says={200: {"text/plain": text()}}, refuses=(403, 404, 503))
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer what all processes have counted, in Prometheus' text format.

    To operators, and to who brings HEADWAY["METRICS_TOKEN"]; to others there is nothing here.
    """
    if not (_has_token(request) or is_operator(request.user)):
        check_sees_all(request)
        raise NotFound("There is nothing at this address.")
    return HttpResponse(as_text(totals()), content_type=CONTENT_TYPE_LATEST)


def _has_token(request: HttpRequest) -> bool:
    sent = (tokens.brought(request) or "").encode("utf-8", "replace")
    return bool(conf.METRICS_TOKEN) and compare_digest(sent, conf.METRICS_TOKEN.encode())


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
