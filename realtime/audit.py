"""Who did what when: each thing that somebody asks for is kept, also when it is refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from realtime import permissions, replies
from realtime.api import visible
from realtime.cleaning import text
from realtime.described import as_json
from realtime.errors import BadAnswer, Refused
from realtime.events import timestamp
from realtime.models import Act
from realtime.problems import Problem, answers, bad_request
from realtime.queries import query_of
from realtime.shapes import text as a_text

PAGE = 50
LENGTHS = {"name": 150, "token": 100, "address": 45, "target": 500}
"""Characters that are kept."""
REASON = 1_000
"""Characters kept of a refusal."""
QUERY = {"cursor": a_text()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who asks for something, and from where."""

    person: Any
    """The key of their account."""
    name: str
    """What they are called."""
    token: str
    """The name of the API token that asks, "" where they do."""
    address: str
    """From where, as far as the server knows."""

    def act(self, action: str, target: str, **more: Any) -> Act:
        """Return what they do."""
        said = {"name": self.name, "token": self.token, "address": self.address, "target": target}
        kept = {name: text(value, LENGTHS[name]) for name, value in said.items()}
        return Act(person_id=self.person, action=action, **kept, **more)


def author(request: HttpRequest) -> Author:
    """Return who makes a request."""
    return Author(
        person=request.user.pk,
        name=request.user.get_username(),
        token=getattr(request, "headway_token", ""),
        address=request.META.get("REMOTE_ADDR") or "",
    )


def note_all(
    who: Author, action: str, jobs: dict[str, str], refused: dict[str, str], *, within: str
) -> None:
    """Note what was done to many jobs, given by id with their titles, within the job `within`."""
    Act.objects.bulk_create(
        who.act(action, title, job=job, detail={"by": within}, refused=refused.get(job, ""))
        for job, title in jobs.items()
    )


@contextmanager
def noted(
    request: HttpRequest, action: str, *, job: str | None = None, target: str = "", **detail: Any
) -> Iterator[None]:
    """Note what a request asks for, before it is done; and why, where an error refuses it.

    `target` is what it is about, as people call it; `detail` is kept as JSON.
    """
    act = author(request).act(action, target, job=job, detail=detail)
    act.save(force_insert=True)
    try:
        yield
    except Exception as error:
        act.refused = _reason(error)
        act.save(update_fields=["refused"])
        raise


@answers("GET", query=QUERY, says={200: as_json(replies.ACTS)})
def of_job(request: HttpRequest, job: str) -> HttpResponse:
    """Answer a page of what was asked of a job, newest first, to those who may see it."""
    state = visible(request, job)
    return _page(request, job=state["id"])


@answers("GET", query=QUERY, says={200: as_json(replies.ACTS)})
def acts(request: HttpRequest) -> HttpResponse:
    """Answer a page of what people have asked for, newest first: one's own, operators all."""
    own = {} if permissions.is_operator(request.user) else {"person_id": request.user.pk}
    return _page(request, **own)


def _page(request: HttpRequest, **wanted: Any) -> HttpResponse:
    found = Act.objects.filter(**wanted)
    if cursor := query_of(request).get("cursor"):
        found = found.filter(pk__lt=_number(cursor))
    page = list(found[: PAGE + 1])
    following = str(page[PAGE - 1].pk) if len(page) > PAGE else None
    # Where those sit who may steer everybody's jobs is not for who sees a part of them.
    operator = permissions.is_operator(request.user)
    told = [_view(act, operator=operator) for act in page[:PAGE]]
    return JsonResponse({"acts": told, "next": following})


def _view(act: Act, *, operator: bool) -> dict[str, Any]:
    """Return an act as it is told; from where, and with which token, is for operators."""
    return {
        "id": str(act.pk),
        "at": timestamp(act.at),
        "by": act.name,
        "action": act.action,
        "job": str(act.job) if act.job else None,
        "target": act.target,
        "detail": act.detail,
        "refused": act.refused or None,
        "address": (act.address if operator else "") or None,
        "token": (act.token if operator else "") or None,
    }


def _number(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < len(str(2**63))):
        raise bad_request("cursor", "a page's `next`", cursor)
    return int(cursor)


def _reason(error: Exception) -> str:
    """Return why something was not done: in the words of the answer, else the error's kind."""
    told = isinstance(error, Problem | Refused | BadAnswer)
    return text(str(error) if told else type(error).__name__, REASON)
