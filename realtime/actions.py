"""Steering jobs over HTTP: cancel, pause, resume, answer, again, for one job or for many."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from realtime import audit, bulk_job, control, finding, meaning, permissions, replies, starts
from realtime.api import FILTERS, chosen, seen, visible
from realtime.bodies import body_of
from realtime.bulk import MAY_NOT
from realtime.described import Shape, as_json
from realtime.errors import BadAnswer, Refused
from realtime.problems import Problem, answers, bad_request
from realtime.shapes import FLAG, choice, one, several, text
from realtime.states import State

MOST = 100
"""Jobs that one request steers: each end of one that waits is recorded before the answer."""
SIMPLE: dict[str, Callable[..., State]] = {"pause": control.pause, "resume": control.resume}
ACTIONS = ("cancel", *SIMPLE)
"""What can be done to many jobs at once: each question has its own answer."""

NOTED = ("tree", "terminate", "only_failed", "question", "filter")
"""What is kept of what a request says; an answer may be nobody else's business."""

CANCEL: Shape = one(tree=FLAG, terminate=FLAG)
PAUSE: Shape = one(tree=FLAG)
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
    as_job=FLAG,
) | {"oneOf": [{"required": ["ids"]}, {"required": ["filter"]}]}


TAKEN = {202: as_json(replies.NOTED)}


@answers("POST", body=CANCEL, says=TAKEN, refuses=(409,))
def cancel(request: HttpRequest, job: str) -> HttpResponse:
    """Ask a job to stop, with what it has started unless `tree` is false; `terminate` by force."""
    with _steered(request, job, "cancel") as (state, body):
        return _told(request, _cancel(request, state["id"], body))


@answers("POST", body=PAUSE, says=TAKEN, refuses=(409,))
def pause(request: HttpRequest, job: str) -> HttpResponse:
    """Ask a running job to wait, with what it has started unless `tree` is false."""
    return _simple(request, job, "pause")


@answers("POST", body=PAUSE, says=TAKEN, refuses=(409,))
def resume(request: HttpRequest, job: str) -> HttpResponse:
    """Let a paused job go on, with what it has started unless `tree` is false."""
    return _simple(request, job, "resume")


@answers("POST", body=ANSWER, says=TAKEN, refuses=(409,))
def answer(request: HttpRequest, job: str) -> HttpResponse:
    """Answer what a job asks."""
    by = request.user.get_username()
    with _steered(request, job, "answer") as (state, body):
        try:
            told = control.answer(state["id"], body["answer"], question=body.get("question"), by=by)
        except BadAnswer as error:
            raise bad_request("answer", error.wanted, str(error.got)) from error
    return _told(request, told)


@answers("POST", body=AGAIN, says={202: as_json(replies.STATE)}, refuses=(409,))
def again(request: HttpRequest, job: str) -> HttpResponse:
    """Run a job again, or its failed items alone, and answer the new one."""
    with _steered(request, job, "again") as (state, body):
        fresh = starts.again(state["id"], only_failed=body.get("only_failed", False))
    return JsonResponse(visible(request, str(fresh.pk)), status=202)


@answers("POST", body=MANY, says={202: as_json(replies.MANY)})
def many(request: HttpRequest) -> HttpResponse:
    """Do one thing to many jobs: the states of those that take it, the reasons of the others.

    They are named, or meant by a filter: then it is done to a page of those that have not ended,
    and `next` is the filter's `cursor` for those that follow. With `as_job` it is done to all of
    them, by a job of its own, which is answered.
    """
    body = body_of(request)
    if body.get("as_job"):
        return _as_job(request, body)
    done: list[State] = []
    refused: list[dict[str, Any]] = []
    ids, following = _meant(request, body)
    for job in ids:
        try:
            with _steered(request, job, body["action"], body) as (state, _body):
                done.append(_done(request, body["action"], state["id"], body))
        except (Refused, Problem) as error:
            status = error.status if isinstance(error, Problem) else 409
            refused.append({"id": job, "status": status, "detail": _(str(error))})
    reach = permissions.reach_of(request.user)
    jobs = [seen(request, state, reach) for state in done]
    said: dict[str, Any] = {"jobs": jobs, "refused": refused, "next": following, "job": None}
    return JsonResponse(said, status=202)


def _as_job(request: HttpRequest, body: dict[str, Any]) -> HttpResponse:
    if "filter" not in body or "ids" in body:
        raise bad_request("the body", "one with a filter, which a job can work through", "none")
    action, tree = body["action"], body.get("tree", True)
    with audit.noted(request, action, filter=body["filter"], tree=tree):
        job = bulk_job.begin(request, action, body["filter"], tree=tree)
    done = visible(request, job)
    return JsonResponse({"jobs": [], "refused": [], "next": None, "job": done}, status=202)


def _meant(request: HttpRequest, body: dict[str, Any]) -> tuple[list[str], str | None]:
    """Return the jobs that are named, or a page of those that are meant and what asks for more."""
    if ("ids" in body) == ("filter" in body):
        raise bad_request("the body", "one with either ids or a filter", ", ".join(body))
    if "ids" in body:
        return list(dict.fromkeys(body["ids"])), None
    asked, reach = body["filter"], permissions.reach_of(request.user)
    wanted = meaning.unfinished(chosen(request, asked, reach))
    page = finding.find(wanted, asked.get("cursor", ""), MOST)
    return [str(job.pk) for job in page.jobs], page.next


def _done(request: HttpRequest, action: str, job: str, body: dict[str, Any]) -> State:
    if action == "cancel":
        return _cancel(request, job, body)
    return SIMPLE[action](job, tree=body.get("tree", True), may=_may(request))


def _simple(request: HttpRequest, job: str, action: str) -> HttpResponse:
    with _steered(request, job, action) as (state, body):
        return _told(request, _done(request, action, state["id"], body))


def _cancel(request: HttpRequest, job: str, body: dict[str, Any]) -> State:
    return control.cancel(
        job,
        tree=body.get("tree", True),
        terminate=body.get("terminate", False),
        may=_may(request),
    )


def _may(request: HttpRequest) -> Callable[[State], bool]:
    return lambda state: permissions.may_control(request.user, state)


@contextmanager
def _steered(
    request: HttpRequest, job: str, action: str, body: dict[str, Any] | None = None
) -> Iterator[tuple[State, dict[str, Any]]]:
    """Give the state of a job that the caller may steer, and the body; note who does what to it."""
    state = visible(request, job)
    about: dict[str, Any] = {"job": state["id"], "target": state["title"]}
    if not permissions.may_control(request.user, state):
        with audit.noted(request, action, **about):
            raise Problem(
                403,
                gettext_noop("Not allowed"),
                MAY_NOT,
            )
    said = body_of(request) if body is None else body
    about |= {word: said[word] for word in NOTED if word in said}
    with audit.noted(request, action, **about):
        yield state, said


def _told(request: HttpRequest, state: State) -> HttpResponse:
    return JsonResponse(seen(request, state, permissions.reach_of(request.user)), status=202)
