"""The page that shows what became of a campaign and of each of its recipients."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.mail import ledger
from core.mail.outcome import Outcome
from core.mail.views import draft_page, own
from core.models import Campaign
from core.requests import SignedIn
from core.starting import NotQueued, start_campaign
from realtime.errors import Refused
from realtime.events import ENDS
from realtime.models import Job
from realtime.permissions import visible_state

ON_A_PAGE = 50


@require_safe
@login_required
def campaign(request: SignedIn, pk: UUID) -> HttpResponse:
    """Show a draft as its recipients will read it, or what became of everybody."""
    found = own(request, pk)
    return draft_page(request, found) if found.job is None else _page(request, found)


@require_POST
@login_required
def again(request: SignedIn, pk: UUID) -> HttpResponse:
    """Send to the failed ones alone, to all who are left, or to those of whom nobody knows."""
    found, which = own(request, pk), request.POST.get("which")
    if found.job is None or not _is_over(_job(found)):
        return redirect("mail-campaign", pk)
    if which == "unknown":
        ledger.risk_again(found)
    try:
        start_campaign(found, only_failed=which == "failed")
    except (NotQueued, Refused) as fault:
        return _page(request, found, _(str(fault)))
    return redirect("mail-campaign", pk)


def _page(request: SignedIn, found: Campaign, refused: str = "") -> HttpResponse:
    # The bar is read before what stands below it: over, it tells of no change to come.
    job = _job(found)
    bar = visible_state(request.user, str(job.pk)) if job else None
    counts = ledger.counts(found)
    chosen = request.GET.get("outcome", "")
    chosen = chosen if chosen in Outcome.values else ""
    recipients = found.recipients.filter(**({"outcome": chosen} if chosen else {}))
    told: dict[str, Any] = {
        "campaign": found,
        "job": job,
        "bar": bar or job,
        "counts": [(outcome, counts[outcome]) for outcome in Outcome if counts[outcome]],
        "total": sum(counts.values()),
        "chosen": chosen,
        "page": Paginator(recipients, ON_A_PAGE).get_page(request.GET.get("page")),
        "is_caught": settings.MAIL_IS_CAUGHT,
        "refused": refused,
    }
    is_over = bar["status"] in ENDS if bar else _is_over(job)
    if is_over:
        # Whoever was being sent to when the last job ended has no other end any more.
        unknown = counts[Outcome.UNKNOWN] + counts[Outcome.SENDING]
        left = counts[Outcome.WAITING] or not found.read_at
        told |= {"unknown": unknown, "failed": counts[Outcome.FAILED], "left": left}
    return render(request, "core/mail/campaign.html", told)


def _job(found: Campaign) -> Job | None:
    return Job.objects.filter(pk=found.job).first() if found.job else None


def _is_over(job: Job | None) -> bool:
    return job is None or bool(job.ended)
