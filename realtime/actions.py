"""Steering jobs over HTTP: cancel, pause, resume, answer, again, for one job or for many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from realtime import control, permissions, replies
from realtime.api import FILTERS, chosen, cursor_after, seen, visible
from realtime.bodies import body_of
from realtime.described import Shape, as_json
from realtime.errors import BadAnswer, Refused
from realtime.events import ENDS
from realtime.problems import Problem, answers, bad_request
from realtime.shapes import FLAG, NOTHING, choice, one, several, text
from realtime.states import State

MOST = 100
"""Jobs that one request steers: each end of one that waits is recorded before the answer."""
SIMPLE: dict[str, Callable[[str], State]] = {"pause": control.pause, "resume": control.resume}
ACTIONS = ("cancel", *SIMPLE)
"""What can be done to many jobs at once: each question has its own answer."""

CANCEL: Shape = one(tree=FLAG, terminate=FLAG)
AGAIN: Shape = one(only_failed=FLAG)
ANSWER: Shape = one(
    "answer", answer={"description": "one of the choices, or a text"}, question=text()
)
MANY: Shape = one(
    "action",
    action=choice(*ACTIONS),
    ids=several(text(), MOST, least=1),
    filter=one(**FILTERS),
    tree=FLAG,
) | {"oneOf": [{"required": ["ids"]}, {"required": ["filter"]}]}


TAKEN = {202: as_json(replies.NOTED)}


@answers("POST", body=CANCEL, says=TAKEN, refuses=(409,))
def cancel(request: HttpRequest, job: str) -> HttpResponse:
    """Ask a job to stop, with what it has started unless `tree` is false; `terminate` by force."""
    state = _steered(request, job)
    body = body_of(request)
    return _told(request, _cancel(request, state["id"], body))


@answers("POST", body=NOTHING, says=TAKEN, refuses=(409,))
def pause(request: HttpRequest, job: str) -> HttpResponse:
    """Ask a running job to wait."""
    return _simple(request, job, "pause")


@answers("POST", body=NOTHING, says=TAKEN, refuses=(409,))
def resume(request: HttpRequest, job: str) -> HttpResponse:
    """Let a paused job go on."""
    return _simple(request, job, "resume")


@answers("POST", body=ANSWER, says=TAKEN, refuses=(409,))
def answer(request: HttpRequest, job: str) -> HttpResponse:
    """Answer what a job asks."""
    state = _steered(request, job)
    body = body_of(request)
    by = request.user.get_username()
    try:
        told = control.answer(state["id"], body["answer"], question=body.get("question"), by=by)
    except BadAnswer as error:
        raise bad_request("answer", error.wanted, str(error.got)) from error
    return _told(request, told)


@answers("POST", body=AGAIN, says={202: as_json(replies.STATE)}, refuses=(409,))
def again(request: HttpRequest, job: str) -> HttpResponse:
    """Run a job again, or its failed items alone, and answer the new one."""
    state = _steered(request, job)
    body = body_of(request)
    fresh = control.again(state["id"], only_failed=body.get("only_failed", False))
    return JsonResponse(visible(request, str(fresh.pk)), status=202)


@answers("POST", body=MANY, says={202: as_json(replies.MANY)})
def many(request: HttpRequest) -> HttpResponse:
    """Do one thing to many jobs: the states of those that take it, the reasons of the others.

    They are named, or meant by a filter: then it is done to a page of those that have not ended,
    and `next` is the filter's `cursor` for those that follow.
    """
    body = body_of(request)
    done: list[State] = []
    refused: list[dict[str, Any]] = []
    ids, following = _meant(request, body)
    for job in ids:
        try:
            state = _steered(request, job)
            done.append(_done(request, body["action"], state["id"], body))
        except (Refused, Problem) as error:
            status = error.status if isinstance(error, Problem) else 409
            refused.append({"id": job, "status": status, "detail": str(error)})
    operator = permissions.is_operator(request.user)
    jobs = [seen(request, state, operator=operator) for state in done]
    return JsonResponse({"jobs": jobs, "refused": refused, "next": following}, status=202)


def _meant(request: HttpRequest, body: dict[str, Any]) -> tuple[list[str], str | None]:
    """Return the jobs that are named, or a page of those that are meant and what asks for more."""
    if ("ids" in body) == ("filter" in body):
        raise bad_request("the body", "one with either ids or a filter", ", ".join(body))
    if "ids" in body:
        return list(dict.fromkeys(body["ids"])), None
    found = chosen(request, body["filter"], operator=permissions.is_operator(request.user))
    page = list(found.exclude(status__in=ENDS)[: MOST + 1])
    following = cursor_after(page[MOST - 1]) if len(page) > MOST else None
    return [str(job.pk) for job in page[:MOST]], following


def _done(request: HttpRequest, action: str, job: str, body: dict[str, Any]) -> State:
    return _cancel(request, job, body) if action == "cancel" else SIMPLE[action](job)


def _simple(request: HttpRequest, job: str, action: str) -> HttpResponse:
    state = _steered(request, job)
    body_of(request)
    return _told(request, SIMPLE[action](state["id"]))


def _cancel(request: HttpRequest, job: str, body: dict[str, Any]) -> State:
    return control.cancel(
        job,
        tree=body.get("tree", True),
        terminate=body.get("terminate", False),
        may=lambda state: permissions.may_control(request.user, state),
    )


def _steered(request: HttpRequest, job: str) -> State:
    """Return the state of a job that the caller may steer."""
    state = visible(request, job)
    if not permissions.may_control(request.user, state):
        raise Problem(403, "Not allowed", "You may see this job, but not steer it.")
    return state


def _told(request: HttpRequest, state: State) -> HttpResponse:
    operator = permissions.is_operator(request.user)
    return JsonResponse(seen(request, state, operator=operator), status=202)
