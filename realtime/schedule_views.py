"""What is started by itself, over HTTP: for operators to see."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext_noop

from realtime import permissions, replies, scheduled
from realtime.described import as_json
from realtime.events import timestamp
from realtime.problems import NOT_ALLOWED, Problem, answers, check_sees_all

NOT_SEEN = gettext_noop("The schedule is for operators: ask for the right to see all jobs.")


@answers("GET", says={200: as_json(replies.SCHEDULE)})
def schedule(request: HttpRequest) -> HttpResponse:
    """Answer what Celery's beat starts by itself, and when it is due next, to operators."""
    check_sees_all(request)
    if not permissions.is_operator(request.user):
        raise Problem(403, NOT_ALLOWED, NOT_SEEN)
    now = timezone.now()
    entries, more = scheduled.entries(now)
    return JsonResponse({"entries": entries, "more": more, "at": timestamp(now)})
