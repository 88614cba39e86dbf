"""The page on which somebody says by which ways they want to be told of their jobs."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods

from core.requests import SignedIn
from realtime import ways
from realtime.events import NoticeKind, Way

WAYS = (
    (Way.TOAST, pgettext_lazy("way of a notice", "On the page")),
    (Way.INBOX, pgettext_lazy("way of a notice", "In the inbox")),
    (Way.MAIL, pgettext_lazy("way of a notice", "By mail")),
    (Way.BROWSER, pgettext_lazy("way of a notice", "By the browser")),
)
KINDS = {
    NoticeKind.FINISHED: gettext_lazy("When a job has finished"),
    NoticeKind.FAILED: gettext_lazy("When a job has failed"),
    NoticeKind.ASKS: gettext_lazy("When a job needs an answer"),
}


class PreferencesForm(forms.Form):
    """Ticks for each way, for each kind of notice."""

    def __init__(self, *values: Any, **named: Any) -> None:
        """Make a field for each kind."""
        super().__init__(*values, **named)
        for kind, label in KINDS.items():
            self.fields[kind] = forms.MultipleChoiceField(
                label=label, choices=WAYS, required=False, widget=forms.CheckboxSelectMultiple
            )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def preferences(request: SignedIn) -> HttpResponse:
    """Show what somebody has chosen, or keep it."""
    person = str(request.user.pk)
    if request.method != "POST":
        return _page(request, PreferencesForm(initial=ways.of(person)))
    form = PreferencesForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    ways.choose(person, form.cleaned_data)
    messages.success(request, _("It is kept. It holds for what comes from now on."))
    return redirect("notice-preferences")


def _page(request: SignedIn, form: PreferencesForm) -> HttpResponse:
    return render(request, "core/preferences.html", {"form": form})
