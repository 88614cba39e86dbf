"""The pages to look at: one's jobs, one job, one's people."""

import json
from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import F
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from core.models import Upload
from core.people.export import Sought
from core.requests import SignedIn
from core.sharing import link_to, may_share
from core.starting import TRIED, UPLOAD
from core.tiles import SHOWN, WORDS, tiles_of
from realtime.conf import conf
from realtime.models import Job, Notice
from realtime.notice_list import IN_INBOX
from realtime.permissions import reach_of
from realtime.reach import reaches

LATEST = 20
PEOPLE_ON_A_PAGE = 50
NOTICES_ON_A_PAGE = 50
DAY = 86_400


@require_safe
@login_required
def home(request: SignedIn) -> HttpResponse:
    """Show one's latest jobs, and where to start new ones."""
    return home_page(request)


def home_page(request: SignedIn, refused: str = "") -> HttpResponse:
    """Return the page; `refused` says why nothing was started."""
    # Whatever a job has started is seen on its own page.
    jobs = Job.objects.filter(owner=request.user, root=F("pk"))[: LATEST + 1]
    found = {"jobs": jobs[:LATEST], "more": len(jobs) > LATEST, "refused": refused}
    status = HTTPStatus.SERVICE_UNAVAILABLE if refused else HTTPStatus.OK
    return render(request, "core/home.html", found, status=status)


@require_safe
@login_required
def job_page(request: SignedIn, pk: UUID) -> HttpResponse:
    """Show one job; one that may not be seen looks as if there were none."""
    job = get_object_or_404(Job, pk=pk)
    if job.owner_id != request.user.pk and not reaches(reach_of(request.user), job.state()):
        raise Http404
    earlier = Job.objects.filter(pk=job.last.get("again_of"), owner=job.owner_id).first()
    tags: list[str] = job.last.get("tags", [])
    found = {
        "job": job,
        "earlier": earlier,
        "tree": _has_tree(job),
        "upload": _upload_of(request.user, tags),
        "tried": TRIED in tags,
    }
    link = {"link": link_to(request, job), "days": round(conf.SHARE_FOR / DAY)}
    sharing = {"sharing": link} if may_share(request, job) else {}
    pictures = {
        "tiles": tiles_of(job),
        "shown": SHOWN,
        "words": json.dumps(WORDS, cls=DjangoJSONEncoder),
    }
    return render(request, "core/job.html", {**found, **pictures, **sharing})


def _has_tree(job: Job) -> bool:
    """Tell whether a job has started others; a root that has not ended may yet do so."""
    may = not job.ended and job.root == job.pk
    return may or Job.objects.filter(root=job.root, parent=job.pk).exists()


@require_safe
@login_required
def notices(request: SignedIn) -> HttpResponse:
    """Show what one was told of one's jobs, to who has no script for the bell too."""
    found = Notice.objects.filter(IN_INBOX, person=request.user)
    page = Paginator(found, NOTICES_ON_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "core/notices.html", {"page": page})


def _upload_of(user: User, tags: Sequence[str]) -> Upload | None:
    """Return the file of the user's that a job was given, while it waits to be used again."""
    named = [tag.removeprefix(UPLOAD) for tag in tags if tag.startswith(UPLOAD)]
    with suppress(ValidationError):
        return Upload.objects.filter(pk__in=named[:1], owner=user).first()
    return None


@require_safe
@login_required
def people(request: SignedIn) -> HttpResponse:
    """Show one's people, page by page."""
    sought = request.GET.get("q", "").replace("\x00", "")[:100].strip()
    found = Sought(sought).people(request.user.pk)
    page = Paginator(found, PEOPLE_ON_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "core/people.html", {"page": page, "sought": sought})
