"""The pages to look at: one's jobs, one job, one's people."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from core.models import Person
from core.requests import SignedIn
from realtime.models import Job

LATEST = 20
PEOPLE_ON_A_PAGE = 50


@require_safe
@login_required
def home(request: SignedIn) -> HttpResponse:
    """Show one's latest jobs, and where to start new ones."""
    jobs = Job.objects.filter(owner=request.user)[: LATEST + 1]
    found = {"jobs": jobs[:LATEST], "more": len(jobs) > LATEST}
    return render(request, "core/home.html", found)


@require_safe
@login_required
def job_page(request: SignedIn, pk: UUID) -> HttpResponse:
    """Show one job; one that may not be seen looks as if there were none."""
    job = get_object_or_404(Job, pk=pk)
    if job.owner_id != request.user.pk and not request.user.has_perm("realtime.view_all_jobs"):
        raise Http404
    return render(request, "core/job.html", {"job": job})


@require_safe
@login_required
def people(request: SignedIn) -> HttpResponse:
    """Show one's people, page by page."""
    sought = request.GET.get("q", "").replace("\x00", "")[:100].strip()
    found = Person.objects.filter(owner=request.user)
    if sought:
        found = found.filter(Q(name__icontains=sought) | Q(email__icontains=sought))
    page = Paginator(found, PEOPLE_ON_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "core/people.html", {"page": page, "sought": sought})
