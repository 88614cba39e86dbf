"""The pages on which a campaign is written, looked at, tested and sent."""

from http import HTTPStatus
from itertools import chain
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import uploads
from core.mail.forms import LIST, PEOPLE, CampaignForm, TestForm
from core.mail.letter import filled
from core.mail.lists import Entry, sample_of
from core.mail.strangers import framed
from core.models import Campaign
from core.people.errors import BadTable
from core.people.export import Sought
from core.receiving import LIMIT, TOO_LARGE, receives_files
from core.requests import SignedIn
from core.starting import NotQueued, start_campaign, start_test
from realtime import JobError
from realtime.models import Job

SAMPLE = 3
ON_A_PAGE = 50


@require_safe
@login_required
def campaigns(request: SignedIn) -> HttpResponse:
    """List one's campaigns, page by page."""
    found = Campaign.objects.filter(owner=request.user)
    page = Paginator(found, ON_A_PAGE).get_page(request.GET.get("page"))
    told = {"page": page, "is_caught": settings.MAIL_IS_CAUGHT}
    return render(request, "core/mail/campaigns.html", told)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@receives_files
def write(request: SignedIn, refused: str, pk: UUID | None = None) -> HttpResponse:
    """Write a campaign, or change one that was not sent yet."""
    draft = _draft(request, pk) if pk else None
    if request.method != "POST" or refused:
        initial = _initial(request, draft)
        return _form(request, CampaignForm(initial=initial, campaign=draft), refused)
    form = CampaignForm(request.POST, request.FILES, campaign=draft)
    if not form.is_valid():
        return _form(request, form)
    written = form.into(draft or Campaign(owner=request.user, sender=settings.DEFAULT_FROM_EMAIL))
    _take_list(request, written, form)
    address = reverse("mail-campaign", args=[written.pk])
    return JsonResponse({"next": address}) if _asks_for_json(request) else redirect(address)


@require_safe
@login_required
def preview_html(request: SignedIn, pk: UUID, number: int) -> HttpResponse:
    """Answer a draft's markup as one of its first recipients reads it."""
    found = _draft(request, pk)
    sample, __ = _sample(found)
    if number >= len(sample):
        raise Http404
    return framed(filled(found, sample[number].values).html)


@require_POST
@login_required
def test(request: SignedIn, pk: UUID) -> HttpResponse:
    """Send a draft to oneself."""
    draft = _draft(request, pk)
    form = TestForm(request.POST)
    if not form.is_valid():
        return draft_page(request, draft, form)
    sample, __ = _sample(draft)
    values = sample[0].values if sample else {}
    try:
        job = start_test(draft, form.cleaned_data["email"], values)
    except NotQueued as fault:
        return draft_page(request, draft, form, str(fault))
    return redirect(f"{reverse('mail-campaign', args=[pk])}?test={job.pk}#test")


@require_POST
@login_required
def send(request: SignedIn, pk: UUID) -> HttpResponse:
    """Send a draft to everybody; a second click finds it sent."""
    found = own(request, pk)
    if found.job is None:
        try:
            start_campaign(found)
        except NotQueued as fault:
            return draft_page(request, found, refused=str(fault))
    return redirect("mail-campaign", pk)


def draft_page(
    request: SignedIn, draft: Campaign, form: TestForm | None = None, refused: str = ""
) -> HttpResponse:
    """Show a draft as one of its first recipients will read it."""
    sample, fault = _sample(draft)
    chosen = request.GET.get("n", "")
    number = int(chosen) if chosen.isascii() and chosen.isdecimal() and len(chosen) == 1 else 0
    number = min(number, max(len(sample) - 1, 0))
    told = {
        "campaign": draft,
        "sample": list(enumerate(sample)),
        "number": number,
        "entry": sample[number] if sample else None,
        "read": filled(draft, sample[number].values if sample else {}),
        "form": form or TestForm(initial={"email": request.user.email}),
        "test": _test_job(request),
        "people": None if draft.columns else Sought(draft.sought).people(draft.owner_id).count(),
        "refused": refused or fault,
        "is_caught": settings.MAIL_IS_CAUGHT,
    }
    return render(request, "core/mail/draft.html", told)


def own(request: SignedIn, pk: UUID) -> Campaign:
    """Return one's own campaign; somebody else's looks as if there were none."""
    return get_object_or_404(
        Campaign.objects.select_related("owner", "upload"), pk=pk, owner=request.user
    )


def _draft(request: SignedIn, pk: UUID) -> Campaign:
    found = own(request, pk)
    if found.job is not None:
        raise Http404
    return found


def _sample(draft: Campaign) -> tuple[list[Entry], str]:
    """Return the first recipients, and why there are none as a sentence."""
    try:
        sample = sample_of(draft, SAMPLE)
    except (BadTable, JobError) as fault:
        return [], str(fault)
    return sample, "" if sample else _("There is nobody to write to.")


def _test_job(request: SignedIn) -> Job | None:
    """Return the job that sends the test message, if the page comes from starting it."""
    try:
        asked = UUID(request.GET.get("test", ""))
    except ValueError:
        return None
    return Job.objects.filter(pk=asked, owner=request.user).first()


def _initial(request: SignedIn, draft: Campaign | None) -> dict[str, Any]:
    """Return what the form shows first: the draft, or whom the page of people had found."""
    if draft is None:
        return {"sought": request.GET.get("q", "")[:100]}
    names = ("sought", "subject", "text", "html", "rate")
    known = {name: getattr(draft, name) for name in names}
    return {**known, "source": LIST if draft.columns else PEOPLE}


def _take_list(request: SignedIn, written: Campaign, form: CampaignForm) -> None:
    """Save a campaign with the list that was chosen; an older one goes."""
    old = written.upload_id
    file = form.cleaned_data["file"]
    if not written.columns:
        written.upload = None
    elif file:
        (written.upload,) = uploads.keep(request.user, [file])
    written.save()
    if old and old != written.upload_id:
        uploads.forget([old])


def _form(request: SignedIn, form: CampaignForm, refused: str = "") -> HttpResponse:
    """Show the form with what is wrong; a script is told as JSON."""
    if _asks_for_json(request) and (refused or form.errors):
        wrong = [refused] if refused else [str(text) for text in chain(*form.errors.values())]
        return JsonResponse({"errors": wrong}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    told = {"form": form, "refused": refused, "limit": LIMIT, "too_large": TOO_LARGE}
    return render(request, "core/mail/write.html", told)


def _asks_for_json(request: SignedIn) -> bool:
    return request.headers.get("Accept") == "application/json"
