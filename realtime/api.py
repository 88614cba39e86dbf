"""State over HTTP. Errors are `application/problem+json`; unknown and forbidden look the same."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.dateparse import parse_datetime

from realtime import item_list, permissions, reading, replies
from realtime.confidential import confidential
from realtime.described import Shape, as_json
from realtime.downloads import download
from realtime.events import Status
from realtime.line import line
from realtime.models import File, Job
from realtime.permissions import Role
from realtime.problems import Gone, NotFound, answers, bad_request
from realtime.queries import query_of
from realtime.shapes import choice, text, whole
from realtime.states import State, read_one
from realtime.tagged import tagged

PAGE = 50
LINES = 1_000
CHARACTERS_OF_A_SEARCH = 200

FILTERS: Mapping[str, Shape] = {
    "status": choice(*Status),
    "name": text(),
    "owner": text(),
    "tag": text(),
    "q": text(),
    "since": {**text(), "format": "date-time"},
    "cursor": text(),
}
PART_OF_TREE: Mapping[str, Shape] = {word: FILTERS[word] for word in ("status", "cursor")}
PART: Mapping[str, Shape] = {"after": whole(0, 2**53 - 1), "limit": whole(1, LINES)}
ITEMS: Mapping[str, Shape] = {
    "outcome": choice(*item_list.OUTCOMES),
    "format": choice("json", "csv"),
    "after": whole(0, 2**31 - 1),
    "limit": whole(1, LINES),
}

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@answers("GET", query=FILTERS, says={200: as_json(replies.JOBS)})
def jobs(request: HttpRequest) -> HttpResponse:
    """Answer a page of states, newest first: one's own, or all for who may see all."""
    operator = permissions.is_operator(request.user)
    found = chosen(request, query_of(request), operator=operator)
    return _page(request, found, operator=operator)


@answers("GET", query=PART_OF_TREE, says={200: as_json(replies.JOBS)})
def tree(request: HttpRequest, job: str) -> HttpResponse:
    """Answer a page of the states of a job's whole tree, newest first."""
    state = visible(request, job)
    operator = permissions.is_operator(request.user)
    # Within a tree too, each is shown only what is theirs.
    found = chosen(request, query_of(request), operator=operator).filter(root=state["root"])
    return _page(request, found, operator=operator)


def _page(request: HttpRequest, found: QuerySet[Job], *, operator: bool) -> HttpResponse:
    page = list(found[: PAGE + 1])
    states = reading.states([str(job.pk) for job in page[:PAGE]])
    return JsonResponse(
        {
            "jobs": [seen(request, state, operator=operator) for state in states.values()],
            "next": cursor_after(page[PAGE - 1]) if len(page) > PAGE else None,
        }
    )


@answers("GET", says={200: as_json(replies.DETAILED)})
def job(request: HttpRequest, job: str) -> HttpResponse:
    """Answer one job's state; an operator is told its arguments and its traceback, too."""
    state = visible(request, job)
    if permissions.is_operator(request.user) and (known := read_one(job)):
        state |= confidential(known)
    return JsonResponse(state)


@answers("GET", query=PART, says={200: as_json(replies.LOG)})
def log(request: HttpRequest, job: str) -> HttpResponse:
    """Answer the lines that follow line `after`, at most `limit`."""
    state = visible(request, job)
    asked = query_of(request)
    after, limit = asked.get("after", 0), asked.get("limit", LINES)
    part = reading.log(state["id"], after, limit, state["log"])
    return JsonResponse(
        {"job": state["id"], "after": after, "lines": part.lines, "lost": part.lost}
    )


@answers("GET", query=ITEMS, says={200: {**as_json(replies.ITEMS), "text/csv": text()}})
def items(request: HttpRequest, job: str) -> HttpResponseBase:
    """Answer the failed and skipped items with their reasons: a page as JSON, all as CSV."""
    state = visible(request, job)
    asked = query_of(request)
    outcome = asked.get("outcome", "")
    if asked.get("format") == "csv":
        return item_list.table(request, state, outcome)
    after, limit = asked.get("after", 0), asked.get("limit", PAGE)
    return JsonResponse(item_list.page(state, outcome, after, limit))


@answers("GET", says={200: {"*/*": {}}, 206: {"*/*": {}}}, refuses=(410, 416))
def file(request: HttpRequest, job: str, name: str) -> HttpResponseBase:
    """Send a file that a job has left, as a download, to those who may see the job."""
    state = visible(request, job)
    name = _searched(name)
    kept = File.objects.filter(job_id=state["id"], name=name).first()
    if kept is None and not _was_kept(state["id"], name):
        raise NotFound("This job has no file of that name: see its `files`.")
    if kept is None or kept.expired:
        raise Gone
    try:
        return download(request, kept)
    except OSError as error:
        raise Gone from error


def _was_kept(job: str, name: str) -> bool:
    known = read_one(job)
    return known is not None and any(file["name"] == name for file in known["files"])


@answers("any")
def nothing(request: HttpRequest) -> HttpResponse:
    """Refuse an address that is none."""
    del request
    raise NotFound("There is nothing at this address: look at how it is written.")


def visible(request: HttpRequest, job: str) -> State:
    """Return a job's state; unknown and forbidden take the same steps, so the same time."""
    if not _UUID.fullmatch(job):
        raise NotFound
    operator = permissions.is_operator(request.user)
    state = read_one(job)
    role = permissions.role_of(str(request.user.pk), state, operator=operator) if state else None
    if state is None or role is None:
        if state and state["finished_at"]:
            Job.objects.filter(pk=job).first()  # As for one that the store does not know.
        raise NotFound
    return permissions.shown(state, role)


def seen(request: HttpRequest, state: State, *, operator: bool) -> State:
    """Return a state as the caller sees it."""
    role = permissions.role_of(str(request.user.pk), state, operator=operator)
    return permissions.view(line.placed(state), role or Role.OWNER)


def chosen(request: HttpRequest, asked: dict[str, str], *, operator: bool) -> QuerySet[Job]:
    """Return the jobs that a filter means, of those that the caller may see, newest first."""
    asked = {word: _searched(said) for word, said in asked.items()}
    found = Job.objects.all() if operator else Job.objects.filter(owner_id=request.user.pk)
    if status := asked.get("status"):
        found = found.filter(status=status)
    if name := asked.get("name"):
        found = found.filter(name=name)
    if owner := asked.get("owner"):
        found = _owned(found, owner)
    if tag := asked.get("tag"):
        found = tagged(found, tag)
    if words := asked.get("q", "")[:CHARACTERS_OF_A_SEARCH]:
        found = found.filter(Q(title__icontains=words) | Q(name__icontains=words))
    if since := asked.get("since"):
        found = found.filter(queued_at__gte=_moment(since))
    return _after(found, asked.get("cursor", ""))


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
        raise bad_request("cursor", "a page's `next`", cursor) from error
    return found.filter(Q(queued_at__lt=moment) | Q(queued_at=moment, pk__lt=last))


def cursor_after(last: Job) -> str:
    """Return what asks for the jobs that follow one."""
    return base64.urlsafe_b64encode(f"{last.queued_at.isoformat()} {last.pk}".encode()).decode()


def _moment(said: str) -> datetime:
    try:
        return _in_utc(parse_datetime(said))
    except (ValueError, OverflowError) as error:
        raise bad_request("since", "a time such as 2026-11-22T10:00:00Z", said) from error


def _in_utc(moment: datetime | None) -> datetime:
    """Return a moment as databases compare it; raises `OverflowError` at the ends of time."""
    if moment is None or moment.tzinfo is None:
        raise ValueError("expected a moment with its zone")
    return moment.astimezone(UTC)


def _searched(said: str) -> str:
    """Return a text as databases take it, and as names are cleaned."""
    return said.encode(errors="replace").decode().replace("\x00", "\N{REPLACEMENT CHARACTER}")
