"""Where customers have parcels packed, and see how far it is."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from .tasks import pack  # noqa: TID252  It lies elsewhere when it runs.


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Show the button."""
    return render(request, "parcels/home.html")


@login_required
@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Queue a plain task, as before Headway was there."""
    return redirect("packing", job_id=pack.delay(200).id)


@login_required
def packing(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Show the bar."""
    return render(request, "parcels/packing.html", {"job_id": job_id})


@login_required
def steering(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Show the bar with its buttons."""
    return render(request, "parcels/steering.html", {"job_id": job_id})
