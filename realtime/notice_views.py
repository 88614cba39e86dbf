"""A person's notices over HTTP: by pages, and what was read of them."""

from __future__ import annotations

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse

from realtime import marking, notice_list, replies, ways
from realtime.bodies import body_of
from realtime.described import Shape, as_json
from realtime.events import NoticeKind, Way
from realtime.problems import answers, bad_request
from realtime.queries import query_of
from realtime.shapes import FLAG, choice, one, several, text

PAGE = 50

QUERY = {"unread": choice("true", "false"), "cursor": text()}
READ: Shape = one(ids=several(text(), marking.MOST, least=1), all=FLAG, until=text(), read=FLAG) | {
    "oneOf": [{"required": ["ids"]}, {"required": ["all"]}]
}
WAYS: Shape = one(*NoticeKind, **{kind: several(choice(*Way), len(Way)) for kind in NoticeKind})


@answers("GET", query=QUERY, says={200: as_json(replies.NOTICES)})
def notices(request: HttpRequest) -> HttpResponse:
    """Answer a page of one's own notices, newest first, and how many are unread."""
    asked, person = query_of(request), str(request.user.pk)
    found = notice_list.page(person, PAGE + 1, _wanted(asked))
    following = found[PAGE - 1]["id"] if len(found) > PAGE else None
    unread = notice_list.unread(person)
    return JsonResponse({"notices": found[:PAGE], "unread": unread, "next": following})


@answers("POST", body=READ, says={200: as_json(replies.MARKED)})
def read(request: HttpRequest) -> HttpResponse:
    """Note that notices were read, by their ids or all up to `until`; not read: `read` is false.

    Answers which have changed, at most 500, so that it can be taken back; others' are left alone.
    """
    body, person = body_of(request), str(request.user.pk)
    if ("ids" in body) == body.get("all", False):
        raise bad_request("the body", "one with either ids or all", ", ".join(body))
    changed = marking.mark(
        person, read=body.get("read", True), ids=body.get("ids"), until=body.get("until")
    )
    return JsonResponse({"ids": changed, "unread": notice_list.unread(person)})


@answers("GET", says={200: as_json(replies.WAYS)})
def preferences(request: HttpRequest) -> HttpResponse:
    """Answer by which ways one is told of each kind of notice."""
    return JsonResponse(ways.of(str(request.user.pk)))


@answers("PUT", body=WAYS, says={200: as_json(replies.WAYS)})
def prefer(request: HttpRequest) -> HttpResponse:
    """Choose by which ways one is told of each kind of notice; an empty list is not at all."""
    person = str(request.user.pk)
    ways.choose(person, body_of(request))
    return JsonResponse(ways.of(person))


def _wanted(asked: dict[str, str]) -> Q:
    wanted = notice_list.IN_INBOX
    if "unread" in asked:
        wanted &= Q(read_at__isnull=asked["unread"] == "true")
    if cursor := asked.get("cursor"):
        before = marking.key_of(cursor)
        if before is None:
            raise bad_request("cursor", "a page's `next`", cursor)
        wanted &= Q(pk__lt=before)
    return wanted
