"""The page of the gallery."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core.gallery.feeds import feeds
from core.gallery.specimens import logs, specimens, trees
from core.requests import SignedIn

BELLS = {"live": "Some are unread", "crowd": "Too many for the badge", "empty": "None"}
"""The inboxes, by their connection."""
TOASTS = "A question, a failure, a success"


@require_safe
@login_required
def gallery(request: SignedIn) -> HttpResponse:
    """Show every element in every state, none of which belongs to anybody."""
    shown = specimens()
    answers = {one.job: one.answer for one in shown}
    states = {one.job: one.seen_state for one in shown if one.answer == "accepted"}
    replayed = {"feeds": feeds(), "answers": answers, "states": states}
    compact = [one for one in shown if one.compact]
    found = {
        "bars": shown,
        "compact": compact,
        "trees": trees(),
        "logs": logs(),
        "bells": BELLS,
        "toasts": TOASTS,
    }
    return render(request, "core/gallery.html", {**found, "replayed": replayed})
