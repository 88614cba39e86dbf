"""Workers and queues over HTTP: for operators to see, for those who may to steer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from realtime import audit, commands, permissions, replies
from realtime.bodies import body_of
from realtime.described import Shape, as_json
from realtime.errors import Refused, StoreAway
from realtime.models import PausedQueue
from realtime.problems import NOT_ALLOWED, NotFound, Problem, answers, check_sees_all
from realtime.shapes import one, whole
from realtime.workshop import Look, Row, workshop

MOST = 1_000
"""Tasks that a worker may be asked to run at once."""
RESIZE: Shape = one("processes", processes=whole(1, MOST))
WORKER = {202: as_json(replies.STEERED_WORKER)}
QUEUE = {202: as_json(replies.STEERED_QUEUE)}

NOT_SEEN = gettext_noop("Workers and queues are for operators: ask for the right to see all jobs.")
NOT_STEERED = gettext_noop("You may see workers and queues, but not steer them.")
NO_QUEUE = gettext_noop("There is no such queue: look at how its name is written.")
NO_WORKER = gettext_noop("There is no such worker: look at how its name is written.")
IS_GONE = gettext_noop("This worker runs no more, or has not been heard for a while.")
FIXED = gettext_noop("Its pool has the size with which it was started.")
SILENT = gettext_noop("The worker has not answered: it is busy, or gone. Try again.")

PAUSES = gettext_noop(
    "Workers take nothing from it any more until it is resumed; what they have taken is finished."
)
RESUMES = gettext_noop("The workers that are set up for it take from it again.")
STOPS = gettext_noop(
    "It takes nothing any more, finishes what runs, and ends. What supervises it may start it anew."
)
STOPS_LATE = gettext_noop("It has not answered yet: it stops when it hears of it.")
RESIZES = gettext_noop("It runs so many tasks at once.")
SHRINKS = gettext_noop("It becomes smaller as its processes are done with what they run.")


@answers("GET", says={200: as_json(replies.WORKSHOP)})
def workers(request: HttpRequest) -> HttpResponse:
    """Answer which workers there are and how long the queues are, to operators."""
    check_sees_all(request)
    if not permissions.is_operator(request.user):
        raise Problem(403, NOT_ALLOWED, NOT_SEEN)
    look = workshop.look()
    may = permissions.may_control_workers(request.user)
    shown = {
        "workers": [_worker(row, may=may) for row in look.workers],
        "queues": [_queue(row, may=may) for row in look.queues],
    }
    about = {"more": look.more, "broker": look.broker, "store": look.store, "at": look.at}
    return JsonResponse(shown | about)


@answers("POST", says=QUEUE)
def pause_queue(request: HttpRequest, name: str) -> HttpResponse:
    """Let no worker take from a queue, also none that starts later, until it is resumed."""
    with _steered_queue(request, name, "pause_queue"):
        by = request.user.get_username()
        PausedQueue.objects.get_or_create(name=name, defaults={"by": by})
        return _told_queue(name, PAUSES)


@answers("POST", says=QUEUE)
def resume_queue(request: HttpRequest, name: str) -> HttpResponse:
    """Let the workers that are set up for a queue take from it again."""
    with _steered_queue(request, name, "resume_queue"):
        PausedQueue.objects.filter(name=name).delete()
        return _told_queue(name, RESUMES)


@answers("POST", says=WORKER, refuses=(409,))
def stop_worker(request: HttpRequest, name: str) -> HttpResponse:
    """Let a worker finish what it runs, and end."""
    with _steered_worker(request, name, "stop_worker") as row:
        answer = commands.ask(name, commands.STOP)
        state = "stopping" if answer else row["state"]
        return _told_worker({**row, "state": state}, STOPS if answer else STOPS_LATE)


@answers("POST", body=RESIZE, says=WORKER, refuses=(409,))
def resize_worker(request: HttpRequest, name: str) -> HttpResponse:
    """Let a worker run so many tasks at once; 409 where its pool cannot."""
    _check_seen(request)
    processes = int(body_of(request)["processes"])
    with _steered_worker(request, name, "resize_worker", processes=processes) as row:
        if not row["resizes"]:
            raise Refused(FIXED)
        answer = commands.ask(name, commands.RESIZE, processes=processes)
        if not answer or "processes" not in answer:
            raise Refused((answer or {}).get("refused") or SILENT)
        now = answer["processes"]
        return _told_worker({**row, "concurrency": now}, SHRINKS if now > processes else RESIZES)


@contextmanager
def _steered_queue(request: HttpRequest, name: str, action: str) -> Iterator[None]:
    """Let who may steer a queue that is known; it is noted who does."""
    _check_seen(request)
    if name not in workshop.look().names:
        raise NotFound(NO_QUEUE)
    with audit.noted(request, action, target=name):
        _check_steered(request)
        yield


@contextmanager
def _steered_worker(request: HttpRequest, name: str, action: str, **detail: Any) -> Iterator[Row]:
    """Give a worker that is known and has not gone to who may steer it; it is noted who does."""
    _check_seen(request)
    row = _found(workshop.look(), name)
    with audit.noted(request, action, target=name, **detail):
        _check_steered(request)
        if row["state"] in {"gone", "stopped"}:
            raise Refused(IS_GONE)
        yield row


def _found(look: Look, name: str) -> Row:
    row = next((row for row in look.workers if row["name"] == name), None)
    if row is None and look.store == "away":
        raise StoreAway
    if row is None:
        raise NotFound(NO_WORKER)
    return row


def _check_seen(request: HttpRequest) -> None:
    """Refuse who may neither see nor steer: they are not told what there is."""
    check_sees_all(request)
    user = request.user
    if not (permissions.may_control_workers(user) or permissions.is_operator(user)):
        raise Problem(403, NOT_ALLOWED, NOT_SEEN)


def _check_steered(request: HttpRequest) -> None:
    if not permissions.may_control_workers(request.user):
        raise Problem(403, NOT_ALLOWED, NOT_STEERED)


def _told_queue(name: str, note: str) -> HttpResponse:
    commands.look()
    workshop.forget()
    row = workshop.look().queue(name)
    return JsonResponse({"queue": _queue(row, may=True), "note": _(note)}, status=202)


def _told_worker(row: Row, note: str) -> HttpResponse:
    workshop.forget()
    return JsonResponse({"worker": _worker(row, may=True), "note": _(note)}, status=202)


def _worker(row: Row, *, may: bool) -> Row:
    """Return a worker as it is shown, with what its viewer may do."""
    runs = may and row["state"] == "here"
    actions = ["stop", "concurrency"] if row["resizes"] else ["stop"]
    shown = {word: said for word, said in row.items() if word not in {"takes", "resizes"}}
    return {**shown, "actions": actions if runs else []}


def _queue(row: Row, *, may: bool) -> Row:
    action = "resume" if row["paused"] else "pause"
    return {**row, "actions": [action] if may else []}
