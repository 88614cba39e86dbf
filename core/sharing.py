"""Showing one's job to people without an account, by a link that can be taken back."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

import realtime
from core.requests import SignedIn
from realtime.models import Job
from realtime.permissions import may_control
from realtime.shares import shared, token_with


@require_POST
@login_required
def share(request: SignedIn, pk: UUID) -> HttpResponse:
    """Share a job, or take its links back, and return to its page."""
    job = get_object_or_404(Job, pk=pk)
    if not may_share(request, job):
        raise Http404
    if request.POST.get("back"):
        realtime.unshare(job)
    else:
        realtime.share(job)
    return redirect(reverse("job", args=[pk]) + "#share")


def may_share(request: SignedIn, job: Job) -> bool:
    """Tell whether somebody may show a job to others."""
    told = {"owner": str(job.owner_id), "tags": job.last.get("tags", [])}
    return may_control(request.user, told)


def link_to(request: HttpRequest, job: Job) -> str:
    """Return a link that shows a shared job, "" while it is not shared."""
    if not job.share_key:
        return ""
    query = urlencode({"token": token_with(job.pk, job.share_key)})
    return request.build_absolute_uri(f"{reverse('shared')}?{query}")


@require_safe
@never_cache
def shared_page(request: HttpRequest) -> HttpResponse:
    """Show the job of a link to whoever has it."""
    token = request.GET.get("token", "")
    pk = shared([token]).get(token)
    job = Job.objects.filter(pk=pk).first() if pk else None
    if job is None:
        return render(request, "core/not_shared.html", status=404)
    tree = job.root == job.pk and Job.objects.filter(root=job.pk).exclude(pk=job.pk).exists()
    return render(request, "core/shared.html", {"job": job, "token": token, "tree": tree})
