"""The pages on which reports are set up, looked at, and made at once."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from http import HTTPStatus
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import prefetch_related_objects
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.reports import words
from core.reports.forms import PlanForm
from core.reports.models import ReportPlan, ReportRun
from core.reports.times import Recurrence
from core.requests import SignedIn
from core.starting import NotQueued, start_report
from realtime.language import spoken
from realtime.models import Job
from realtime.permissions import visible_state
from realtime.states import State

PLANS = 50
"""How many somebody may have."""
COMING = 5
RUNS_ON_A_PAGE = 20


@dataclass(frozen=True)
class Shown:
    """A plan as a page shows it."""

    plan: ReportPlan
    title: str
    when: str
    """When it comes, as a sentence without its full stop."""
    coming: list[datetime]
    """The next times, on the clocks of its zone."""


@dataclass(frozen=True)
class ShownRun:
    """A report that was made, or missed, as a page shows it."""

    run: ReportRun
    due: datetime
    """When it was to be made, on the clocks of its plan's zone."""
    job: Job | None
    """What made it; None where nothing did, or where that is no longer kept."""
    bar: State | Job | None
    """Its state as it was before anything else of the run was read."""


@require_safe
@login_required
def plans(request: SignedIn) -> HttpResponse:
    """List one's reports, each with the next times."""
    found = ReportPlan.objects.filter(owner=request.user)[:PLANS]
    told = {"plans": [_shown(plan) for plan in found]}
    return render(request, "core/reports/plans.html", told)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def write(request: SignedIn, pk: UUID | None = None) -> HttpResponse:
    """Set a report up, or change one; `look` shows the next times before anything is kept."""
    plan = _own(request, pk) if pk else None
    if request.method != "POST":
        initial = PlanForm.told_of(plan) if plan else _initial(request)
        return _form(request, PlanForm(initial=initial), plan)
    form = PlanForm(request.POST)
    if not form.is_valid() or "look" in request.POST:
        return _form(request, form, plan)
    if plan is None and ReportPlan.objects.filter(owner=request.user).count() >= PLANS:
        form.add_error(None, _("You have %(most)d reports: delete one first.") % {"most": PLANS})
        return _form(request, form, plan)
    kept = form.into(plan or ReportPlan(owner=request.user))
    kept.language = spoken()
    kept.since = timezone.now()  # What was due by the old times is no more.
    kept.save()
    return redirect("report", kept.pk)


@require_safe
@login_required
def plan(request: SignedIn, pk: UUID) -> HttpResponse:
    """Show one report, and each time it was made."""
    return _page(request, _own(request, pk))


@require_POST
@login_required
def run(request: SignedIn, pk: UUID) -> HttpResponse:
    """Make a report now."""
    found = _own(request, pk)
    try:
        start_report(found)
    except NotQueued as fault:
        return _page(request, found, str(fault))
    return redirect("report", pk)


@require_POST
@login_required
def switch(request: SignedIn, pk: UUID) -> HttpResponse:
    """Let a report come by itself from now on, or no more."""
    found = _own(request, pk)
    enabled = request.POST.get("to") == "on"
    if enabled != found.enabled:
        changed = ReportPlan.objects.filter(pk=found.pk)
        changed.update(enabled=enabled, since=timezone.now())
    return redirect("report", pk)


@require_POST
@login_required
def delete(request: SignedIn, pk: UUID) -> HttpResponse:
    """Delete a report; the jobs that made it stay, with their files."""
    _own(request, pk).delete()
    return redirect("reports")


def _own(request: SignedIn, pk: UUID) -> ReportPlan:
    """Return one's own plan; somebody else's looks as if there were none."""
    return get_object_or_404(ReportPlan.objects.select_related("owner"), pk=pk, owner=request.user)


def _page(request: SignedIn, found: ReportPlan, refused: str = "") -> HttpResponse:
    page = Paginator(found.runs.all(), RUNS_ON_A_PAGE).get_page(request.GET.get("page"))
    told = {
        "shown": _shown(found),
        "page": page,
        "runs": _shown_runs(request, found, list(page)),
        "refused": refused,
        "is_caught": settings.MAIL_IS_CAUGHT and found.recipients,
    }
    status = HTTPStatus.SERVICE_UNAVAILABLE if refused else HTTPStatus.OK
    return render(request, "core/reports/plan.html", told, status=status)


def _shown(plan: ReportPlan) -> Shown:
    try:
        coming = _coming(plan.recurrence())
    except (ZoneInfoNotFoundError, ValueError):
        coming = []
    return Shown(plan, words.title_of(plan), words.when(plan), coming)


def _coming(recurrence: Recurrence) -> list[datetime]:
    moments = recurrence.after(timezone.now(), COMING)
    return [moment.astimezone(recurrence.zone) for moment in moments]


def _shown_runs(request: SignedIn, plan: ReportPlan, runs: list[ReportRun]) -> list[ShownRun]:
    keys = [run.job for run in runs if run.job]
    # The bars are read before what stands below them: over, they tell of no change to come.
    bars = {key: visible_state(request.user, str(key)) for key in keys}
    prefetch_related_objects(runs, "deliveries")
    jobs = {job.pk: job for job in Job.objects.filter(pk__in=keys).prefetch_related("files")}
    zone, shown = _zone(plan), []
    for run in runs:
        due = (run.due or run.claimed_at).astimezone(zone)
        job = jobs.get(run.job) if run.job else None
        shown.append(ShownRun(run, due, job, bars[job.pk] or job if job else None))
    return shown


def _zone(plan: ReportPlan) -> tzinfo:
    try:
        return ZoneInfo(plan.zone)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC  # The machine's tables have lost it.


def _initial(request: SignedIn) -> dict[str, Any]:
    """Return what the form shows first: the zone that one has chosen last, one's own address."""
    last = ReportPlan.objects.filter(owner=request.user).order_by("-created_at").first()
    zone = last.zone if last else settings.TIME_ZONE
    return {"zone": zone, "recipients": request.user.email}


def _form(request: SignedIn, form: PlanForm, plan: ReportPlan | None) -> HttpResponse:
    coming = _coming(form.recurrence()) if form.is_bound and form.is_valid() else []
    told = {"form": form, "plan": plan, "coming": coming}
    return render(request, "core/reports/write.html", told)
