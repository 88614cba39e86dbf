"""The pages on which the messages that were caught are read."""

from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_safe

from core.mail.caught import Caught, may_read, names_for, opened
from core.mail.strangers import framed
from core.requests import SignedIn

ON_A_PAGE = 50
HEADERS = {
    "From": gettext_noop("From"),
    "To": gettext_noop("To"),
    "Reply-To": gettext_noop("Reply-To"),
    "Date": gettext_noop("Date"),
    "Message-ID": "Message-ID",
}


@require_safe
@login_required
def caught(request: SignedIn) -> HttpResponse:
    """List the messages: those of one's own campaigns, all for the staff."""
    page = Paginator(names_for(request.user, _campaign(request)), ON_A_PAGE).get_page(
        request.GET.get("page")
    )
    found = {
        "page": page,
        "messages": [message for name in page if (message := opened(name))],
        "campaign": request.GET.get("campaign", "") if _campaign(request) else "",
        "is_caught": settings.MAIL_IS_CAUGHT,
    }
    return render(request, "core/mail/caught.html", found)


@require_safe
@login_required
def message(request: SignedIn, name: str) -> HttpResponse:
    """Show one message; one that may not be read looks as if there were none."""
    found = _message(request, name)
    headers = [
        (_(said), found.header(name)) for name, said in HEADERS.items() if found.header(name)
    ]
    told = {
        "message": found,
        "headers": headers,
        "text": found.body("plain"),
        "has_html": bool(found.body("html")),
    }
    return render(request, "core/mail/message.html", told)


@require_safe
@login_required
def message_html(request: SignedIn, name: str) -> HttpResponse:
    """Answer a message's markup, for a frame in which it can do nothing."""
    return framed(_message(request, name).body("html"))


def _message(request: SignedIn, name: str) -> Caught:
    found = opened(name, whole=True) if may_read(request.user, name) else None
    if found is None:
        raise Http404
    return found


def _campaign(request: SignedIn) -> UUID | None:
    try:
        return UUID(request.GET.get("campaign", ""))
    except ValueError:
        return None
