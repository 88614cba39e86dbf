"""State over HTTP. Errors are `application/problem+json`; unknown and forbidden look the same."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_noop

from realtime import finding, item_list, meaning, permissions, reading, replies, suggestions
from realtime.confidential import confidential
from realtime.described import Shape, as_json
from realtime.downloads import download
from realtime.events import Status, timestamp
from realtime.finding import Wanted
from realtime.line import line
from realtime.models import File, Job
from realtime.permissions import Role
from realtime.problems import Gone, NotFound, answers, shared_with
from realtime.queries import query_of, searched
from realtime.reach import Reach
from realtime.shapes import MOMENT, choice, text, whole
from realtime.states import State, read_one
from realtime.transcript import transcript
from realtime.usual import compared

PAGE = 50
LINES = 1_000
SEARCH = 1_000
"""Characters of a search."""

FILTERS: Mapping[str, Shape] = {
    "status": choice(*Status),
    "name": text(),
    "owner": text(),
    "tag": text(),
    "q": text(SEARCH),
    "since": MOMENT,
    "cursor": text(),
}
COUNTED: Mapping[str, Shape] = {word: shape for word, shape in FILTERS.items() if word != "cursor"}
WORDS: Mapping[str, Shape] = {"key": choice(*suggestions.KEYS), "start": text(SEARCH)}
SHARED: Mapping[str, Shape] = {"token": text()}
PART_OF_TREE: Mapping[str, Shape] = {
    **{word: FILTERS[word] for word in ("status", "cursor")},
    **SHARED,
}
PART: Mapping[str, Shape] = {
    "format": choice("json", "text"),
    "after": whole(0, 2**53 - 1),
    "limit": whole(1, LINES),
}
ITEMS: Mapping[str, Shape] = {
    "outcome": choice(*item_list.OUTCOMES),
    "format": choice("json", "csv"),
    "after": whole(0, 2**31 - 1),
    "limit": whole(1, LINES),
}

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@answers("GET", query=FILTERS, says={200: as_json(replies.JOBS)})
def jobs(request: HttpRequest) -> HttpResponse:
    """Answer a page of states, newest first: one's own, with what else one may see."""
    asked, reach = query_of(request), permissions.reach_of(request.user)
    return _page(request, chosen(request, asked, reach), asked, reach)


@answers("GET", shared=True, query=PART_OF_TREE, says={200: as_json(replies.JOBS)})
def tree(request: HttpRequest, job: str) -> HttpResponse:
    """Answer a page of the states of a job's whole tree, newest first."""
    state = visible(request, job)
    reach = permissions.reach_of(request.user)
    # Within a tree too, each is shown only what is theirs; a guest, what is below the shared one.
    root = shared_with(request) or state["root"]
    asked = query_of(request)
    wanted = meaning.of_tree(chosen(request, asked, reach), root)
    return _page(request, wanted, asked, reach)


@answers("GET", query=COUNTED, says={200: as_json(replies.COUNT_OF_JOBS)})
def count(request: HttpRequest) -> HttpResponse:
    """Answer how many jobs a search means, as far as one look tells: `more` says that it ends."""
    reach = permissions.reach_of(request.user)
    found = finding.count(chosen(request, query_of(request), reach))
    return JsonResponse({"count": found.count, "more": found.more})


@answers("GET", query=WORDS, says={200: as_json(replies.WORDS)})
def words(request: HttpRequest) -> HttpResponse:
    """Answer how a word of a search may go on: values of `key` that begin with `start`."""
    asked = query_of(request)
    key, start = asked.get("key", "task"), asked.get("start", "")
    found = suggestions.of(key, start, request.user, permissions.reach_of(request.user))
    return JsonResponse({"words": found})


def _page(
    request: HttpRequest, wanted: Wanted, asked: dict[str, str], reach: Reach
) -> HttpResponse:
    page = finding.find(wanted, asked.get("cursor", ""), PAGE)
    states = reading.states([str(job.pk) for job in page.jobs]).values()
    # What SQL has found is looked at again: by the state itself it is decided who may see it.
    shown = [state for state in states if _role(request, state, reach)]
    return JsonResponse(
        {
            "jobs": [seen(request, state, reach) for state in shown],
            "next": page.next,
            "searched_to": timestamp(page.searched_to) if page.searched_to else None,
        }
    )


@answers("GET", shared=True, query=SHARED, says={200: as_json(replies.DETAILED)})
def job(request: HttpRequest, job: str) -> HttpResponse:
    """Answer one job's state, and what is usual for its task, to guests the state alone.

    An operator is told its arguments and its traceback, too.
    """
    state = visible(request, job)
    known = None if shared_with(request) else read_one(job)
    if known:
        state |= compared(known)
    if known and _role(request, known, permissions.reach_of(request.user)) is Role.OPERATOR:
        state |= confidential(known)
    return JsonResponse(state)


@answers("GET", query=PART, says={200: {**as_json(replies.LOG), "text/plain": text()}})
def log(request: HttpRequest, job: str) -> HttpResponseBase:
    """Answer the lines that follow line `after`, at most `limit`, as JSON; all as text."""
    state = visible(request, job)
    asked = query_of(request)
    if asked.get("format") == "text":
        return transcript(request, state)
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
    name = searched(name)
    kept = File.objects.filter(job_id=state["id"], name=name).first()
    if kept is None and not _was_kept(state["id"], name):
        raise NotFound(gettext_noop("This job has no file of that name: see its `files`."))
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
    raise NotFound(gettext_noop("There is nothing at this address: look at how it is written."))


def visible(request: HttpRequest, job: str) -> State:
    """Return a job's state; unknown and forbidden take the same steps, so the same time."""
    if not _UUID.fullmatch(job):
        raise NotFound
    reach = permissions.reach_of(request.user)
    state = read_one(job)
    role = _role(request, state, reach) if state else None
    if state is None or role is None:
        if state and state["finished_at"]:
            Job.objects.filter(pk=job).first()  # As for one that the store does not know.
        raise NotFound
    return permissions.shown(state, role)


def seen(request: HttpRequest, state: State, reach: Reach) -> State:
    """Return a state that the caller may see, as they see it."""
    role = _role(request, state, reach)
    return permissions.view(line.placed(state), role or Role.OWNER)


def _role(request: HttpRequest, state: State, reach: Reach) -> Role | None:
    """Return as what the caller sees a job, None when it is none of theirs."""
    if shared := shared_with(request):
        return Role.GUEST if permissions.is_shared(shared, state) else None
    return permissions.role_of(str(request.user.pk), state, reach)


def chosen(request: HttpRequest, asked: dict[str, str], reach: Reach) -> Wanted:
    """Return the jobs that a query means, of those that the caller may see."""
    return meaning.meant(asked, request.user, None if shared_with(request) else reach)
