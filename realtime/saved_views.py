"""The views of the list of jobs that somebody has saved, over HTTP: a name for a search."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext_noop

from realtime import meaning, permissions, replies
from realtime.bodies import body_of
from realtime.cleaning import text
from realtime.described import Shape, as_json
from realtime.errors import Refused
from realtime.marking import key_of
from realtime.models import SavedView
from realtime.problems import NotFound, answers, bad_request
from realtime.shapes import one
from realtime.shapes import text as any_text

MOST = 50
"""Views of one person."""
NAME = 60
"""Characters of a view's name."""
SEARCH = 500
"""Characters of its search."""
VIEW: Shape = one("name", "q", name=any_text(NAME, least=1), q=any_text(SEARCH, least=1))
VIEWS = {200: as_json(replies.VIEWS)}

NONE = gettext_noop("You have no such view: it may have been deleted in another tab.")
TOO_MANY = gettext_noop("You have 50 views, which is the most: delete one first.")


@answers("GET", says=VIEWS)
def views(request: HttpRequest) -> HttpResponse:
    """Answer the views of the list that one has saved, in the order in which that was done."""
    return _told(request)


@answers("POST", body=VIEW, says=VIEWS, refuses=(409,))
def save(request: HttpRequest) -> HttpResponse:
    """Save a search under a name; a view of this name has it from then on. Answers all views."""
    said = body_of(request)
    name = " ".join(text(said["name"], NAME).split())
    if not name:
        raise bad_request("name", "a name of 1 to 60 characters", said["name"])
    q = said["q"].strip()
    meaning.meant({"q": q}, request.user, permissions.reach_of(request.user))
    own = SavedView.objects.filter(person=request.user.pk)
    if not own.filter(name=name).update(q=q):
        if own.count() >= MOST:
            raise Refused(TOO_MANY)
        SavedView.objects.update_or_create(person_id=request.user.pk, name=name, defaults={"q": q})
    return _told(request)


@answers("DELETE", says=VIEWS)
def delete(request: HttpRequest, view: str) -> HttpResponse:
    """Delete one of one's own views. Answers those that are left."""
    gone, _ = SavedView.objects.filter(person=request.user.pk, pk=key_of(view) or 0).delete()
    if not gone:
        raise NotFound(NONE)
    return _told(request)


def _told(request: HttpRequest) -> HttpResponse:
    own = SavedView.objects.filter(person=request.user.pk)
    return JsonResponse({"views": [{"id": one.pk, "name": one.name, "q": one.q} for one in own]})
