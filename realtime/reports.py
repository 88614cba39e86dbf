"""Jobs that run outside Celery, over HTTP: begun, told of, ended."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext_noop

from realtime import limits, outside, replies
from realtime.api import seen, visible
from realtime.bodies import body_of
from realtime.conf import conf
from realtime.described import Shape, as_json
from realtime.events import ENDS, Status, Wish
from realtime.models import Job
from realtime.permissions import reach_of
from realtime.problems import NOT_ALLOWED, Problem, answers
from realtime.shapes import choice, number, one, several, text, whole

MOST = 2**53 - 1
LINES, ITEMS = 1_000, 500
TAGS, STAGES = 20, 100
NOT_YOUR_TAG = gettext_noop(
    "Tags say here who sees a job: give only those whose jobs you see, or none."
)
TTL = 60
"""Seconds that a job may be silent unless it was made with others."""
STATUSES = (Status.RUNNING, Status.PAUSED, Status.SUCCEEDED, Status.FAILED, Status.CANCELLED)
LEVELS = ("debug", "info", "warning", "error", "critical")

_ITEM: Shape = one("item", "reason", item={"description": "anything"}, reason=text())

CREATION: Shape = one(
    "name",
    name=text(255, least=1),
    title=text(),
    total=number(0, MOST),
    unit=text(),
    message=text(),
    tags=several(text(), TAGS),
    stages=several(one("name", name=text(), weight=number(0, MOST)), STAGES),
    ttl=whole(5, 86_400),
)
REPORT: Shape = one(
    current=number(0, MOST),
    advance=number(0, MOST),
    total=number(0, MOST),
    unit=text(),
    message=text(),
    stage=text(least=1),
    log=several(one("text", text=text(), level=choice(*LEVELS)), LINES),
    ok=whole(0, MOST),
    failed=several(_ITEM, ITEMS),
    skipped=several(_ITEM, ITEMS),
    status=choice(*STATUSES),
    error=one(kind=text(), text=text()),
)


@answers(
    "POST",
    scope="report",
    body=CREATION,
    says={201: as_json(replies.STATE)},
    refuses=(429,),
)
def create(request: HttpRequest) -> HttpResponse:
    """Begin a job that runs outside Celery, and answer its state."""
    _slow_down(request)
    body = body_of(request)
    _check_tags(request, body.get("tags", ()))
    open_jobs = Job.objects.filter(owner_id=request.user.pk, ttl__gt=0).exclude(status__in=ENDS)
    if open_jobs.count() >= conf.OUTSIDE_JOBS:
        wanted = f"expected at most {conf.OUTSIDE_JOBS} jobs outside Celery that have not ended"
        raise Problem(429, "Too many", f"{wanted}: end some.", Retry_After=str(TTL))
    state = outside.create(str(request.user.pk), {"ttl": TTL, **body})
    answer = JsonResponse(seen(request, state, reach_of(request.user)), status=201)
    answer["Location"] = reverse("realtime:job", args=[state["id"]])
    return answer


@answers(
    "POST",
    scope="report",
    body=REPORT,
    says={200: as_json(replies.REPORTED)},
    refuses=(409, 429),
)
def report(request: HttpRequest, job: str) -> HttpResponse:
    """Take in what its owner tells of a job outside Celery; answer it, and what people want."""
    _slow_down(request)
    state = visible(request, job)
    if state["owner"] != str(request.user.pk):
        raise Problem(403, "Not allowed", "You may see this job, but only its owner tells of it.")
    told, wants = outside.report(state["id"], body_of(request))
    answer = seen(request, told, reach_of(request.user))
    wanted = wants if wants in {Wish.CANCEL, Wish.PAUSE} else None
    return JsonResponse({**answer, "wants": wanted})


def _check_tags(request: HttpRequest, tags: Iterable[str]) -> None:
    """Let nobody put a job before others' eyes, where tags say who sees it."""
    reach = reach_of(request.user)
    if conf.REACH and reach is not None and not reach.issuperset(tags):
        raise Problem(403, NOT_ALLOWED, NOT_YOUR_TAG)


def _slow_down(request: HttpRequest) -> None:
    if wait := limits.report(str(request.user.pk)):
        wanted = f"expected at most {conf.REPORT_RATE} reports a second, over {limits.WINDOW} s"
        detail = f"{wanted}: send fewer, each with more."
        raise Problem(429, "Too many", detail, Retry_After=str(wait))
