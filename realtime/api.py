"""State over HTTP. Errors are `application/problem+json`; unknown and forbidden look the same."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.dateparse import parse_datetime
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from realtime import control, permissions, reading
from realtime.errors import Refused, StoreAway
from realtime.events import Status
from realtime.models import File, Job
from realtime.permissions import Role
from realtime.states import State, read_one

PAGE = 50
LINES = 1_000
CHARACTERS_OF_A_SEARCH = 200


class Problem(Exception):
    """An answer that is a refusal."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        """Take what the caller is told."""
        super().__init__(detail)
        self.status, self.title, self.detail = status, title, detail


NOT_SIGNED_IN = Problem(401, "Not signed in", "Sign in, then ask again.")
NOT_FOUND = Problem(404, "Not found", "There is no such job, or it is not yours to see.")


def _answers(call: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Turn refusals into problem documents, and let in only who is signed in."""

    @wraps(call)
    def answer(request: HttpRequest, *values: Any, **named: Any) -> HttpResponseBase:
        try:
            if not request.user.is_authenticated:
                return _problem(NOT_SIGNED_IN)
            return call(request, *values, **named)
        except Problem as problem:
            return _problem(problem)
        except Refused as refused:
            return _problem(Problem(409, "Not possible now", str(refused)))
        except StoreAway:
            return _problem(Problem(503, "Try again", "Redis does not answer; try again soon."))

    return never_cache(answer)


def _problem(problem: Problem) -> HttpResponse:
    said = {"title": problem.title, "status": problem.status, "detail": problem.detail}
    return JsonResponse(said, status=problem.status, content_type="application/problem+json")


@require_GET
@_answers
def jobs(request: HttpRequest) -> HttpResponse:
    """Answer a page of states, newest first: one's own, or all for who may see all."""
    operator = permissions.is_operator(request.user)
    found = _chosen(request, operator=operator)
    page = list(_after(found, request.GET.get("cursor", ""))[: PAGE + 1])
    states = reading.states([str(job.pk) for job in page[:PAGE]])
    return JsonResponse(
        {
            "jobs": [_view(request, state, operator=operator) for state in states.values()],
            "next": _cursor(page[PAGE - 1]) if len(page) > PAGE else None,
        }
    )


@require_GET
@_answers
def job(request: HttpRequest, job: UUID) -> HttpResponse:
    """Answer one job's state."""
    return JsonResponse(_visible(request, job))


@require_GET
@_answers
def log(request: HttpRequest, job: UUID) -> HttpResponse:
    """Answer the lines that follow line `after`, at most `limit`."""
    _visible(request, job)
    after = _number(request, "after", 0, 2**53)
    limit = max(_number(request, "limit", LINES, LINES), 1)
    part = reading.log(str(job), after, limit)
    return JsonResponse({"job": str(job), "after": after, "lines": part.lines, "lost": part.lost})


@require_POST
@_answers
def cancel(request: HttpRequest, job: UUID) -> HttpResponse:
    """Ask a job to stop."""
    _visible(request, job)
    if not permissions.may_control(request.user, read_one(str(job)) or {"owner": None}):
        raise Problem(403, "Not allowed", "You may see this job, but not steer it.")
    state = control.cancel(str(job))
    operator = permissions.is_operator(request.user)
    return JsonResponse(_view(request, state, operator=operator), status=202)


@require_GET
@_answers
def file(request: HttpRequest, job: UUID, name: str) -> HttpResponseBase:
    """Send a file that a job has left, as a download, to those who may see the job."""
    _visible(request, job)
    kept = File.objects.filter(job_id=job, name=_without_nul(name)).first()
    if kept is None:
        raise Problem(404, "Not found", "This job has no file of that name.")
    try:
        opened = kept.content.open("rb")
    except OSError as error:
        raise Problem(410, "Gone", "The file is no longer kept.") from error
    answer = FileResponse(
        opened, as_attachment=True, filename=kept.name, content_type=kept.content_type
    )
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "sandbox"
    return answer


def _visible(request: HttpRequest, job: UUID) -> State:
    state = permissions.visible_state(request.user, str(job))
    if state is None:
        raise NOT_FOUND
    return state


def _view(request: HttpRequest, state: State, *, operator: bool) -> State:
    role = permissions.role_of(str(request.user.pk), state, operator=operator)
    return permissions.view(state, role or Role.OWNER)


def _chosen(request: HttpRequest, *, operator: bool) -> QuerySet[Job]:
    found = Job.objects.all() if operator else Job.objects.filter(owner_id=request.user.pk)
    asked = {key: _without_nul(str(value)) for key, value in request.GET.items()}
    if status := asked.get("status"):
        if status not in set(Status):
            choices = ", ".join(Status)
            raise Problem(400, "Bad request", f"expected status to be one of {choices}")
        found = found.filter(status=status)
    if name := asked.get("name"):
        found = found.filter(name=name)
    if owner := asked.get("owner"):
        found = _owned(found, owner)
    if text := asked.get("q", "")[:CHARACTERS_OF_A_SEARCH]:
        found = found.filter(Q(title__icontains=text) | Q(name__icontains=text))
    if since := asked.get("since"):
        found = found.filter(queued_at__gte=_moment(since))
    return found


def _owned(found: QuerySet[Job], owner: str) -> QuerySet[Job]:
    try:
        # Cleaned first: a number that no column holds would fail only when rows are read.
        person = get_user_model()._meta.pk.clean(owner, None)  # noqa: SLF001  Django's own way
    except ValidationError:
        return found.none()
    return found.filter(Q(("owner_id", person)))


def _after(found: QuerySet[Job], cursor: str) -> QuerySet[Job]:
    if not cursor:
        return found
    try:
        at, _, pk = base64.urlsafe_b64decode(cursor.encode()).decode().partition(" ")
        moment, last = _in_utc(datetime.fromisoformat(at)), UUID(pk)
    except (ValueError, OverflowError, binascii.Error) as error:
        raise Problem(400, "Bad request", "expected cursor to be a page's `next`") from error
    return found.filter(Q(queued_at__lt=moment) | Q(queued_at=moment, pk__lt=last))


def _cursor(last: Job) -> str:
    return base64.urlsafe_b64encode(f"{last.queued_at.isoformat()} {last.pk}".encode()).decode()


def _moment(text: str) -> datetime:
    try:
        return _in_utc(parse_datetime(text))
    except (ValueError, OverflowError) as error:
        detail = "expected since to be a time such as 2026-11-22T10:00:00Z"
        raise Problem(400, "Bad request", detail) from error


def _in_utc(moment: datetime | None) -> datetime:
    """Return a moment as databases compare it; raises `OverflowError` at the ends of time."""
    if moment is None or moment.tzinfo is None:
        raise ValueError("expected a moment with its zone")
    return moment.astimezone(UTC)


def _without_nul(text: str) -> str:
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}")  # As names are cleaned, too.


def _number(request: HttpRequest, name: str, default: int, largest: int) -> int:
    text = request.GET.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdecimal() or len(text) > 16:  # noqa: PLR2004
        raise Problem(400, "Bad request", f"expected {name} to be a whole number from 0")
    return min(int(text), largest)
