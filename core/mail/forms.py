"""What people fill in to write to many."""

import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.forms import ACCEPTED
from core.mail.lists import PEOPLE_NAMES, Listed, columns_of
from core.mail.placeholders import mistake_in
from core.models import Campaign
from core.people.errors import BadTable
from core.people.opening import open_table

PEOPLE, LIST = "people", "list"
FASTEST = 1_000
LONGEST_TEXT, LONGEST_HTML = 100_000, 500_000


class CampaignForm(forms.Form):
    """Who is written to, and what."""

    source = forms.ChoiceField(
        label=gettext_lazy("To"),
        choices=[
            (PEOPLE, gettext_lazy("Your people")),
            (LIST, gettext_lazy("An address list from a file")),
        ],
        initial=PEOPLE,
        widget=forms.RadioSelect,
    )
    sought = forms.CharField(
        label=gettext_lazy("Only those whose name or address contains"),
        required=False,
        max_length=100,
    )
    file = forms.FileField(
        label=gettext_lazy("Address list"),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ACCEPTED}),
    )
    subject = forms.CharField(label=gettext_lazy("Subject"), max_length=200)
    text = forms.CharField(
        label=gettext_lazy("Text"),
        max_length=LONGEST_TEXT,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 9}),
        help_text=gettext_lazy(
            "{{ name }}, {{ email }}, {{ city }} and each column of a list by its name say what is "
            "known of the recipient; {{ name|friend }} says “friend” where there is nothing."
        ),
    )
    html = forms.CharField(
        label=gettext_lazy("The same as HTML"),
        required=False,
        max_length=LONGEST_HTML,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "class": "code", "spellcheck": "false"}),
        help_text=gettext_lazy("May be left empty; what a placeholder says becomes no markup."),
    )
    rate = forms.FloatField(
        label=gettext_lazy("Messages a second"),
        min_value=0,
        max_value=FASTEST,
        help_text=gettext_lazy("0 is as many as the mail server takes."),
    )

    def __init__(self, *values: Any, campaign: Campaign | None = None, **named: Any) -> None:
        """Take the draft that is changed, if there is one."""
        super().__init__(*values, **named)
        self.campaign = campaign
        self.columns: dict[str, int] = campaign.columns if campaign and campaign.upload else {}
        self.fields["rate"].initial = settings.MAIL_RATE

    def clean_subject(self) -> str:
        """Refuse what would begin another header."""
        subject: str = self.cleaned_data["subject"]
        if any(unicodedata.category(sign) in {"Cc", "Zl", "Zp"} for sign in subject):
            raise forms.ValidationError(_("The subject must be one line of text."))
        return subject

    def clean_text(self) -> str:
        """Refuse a text of nothing but space."""
        text: str = self.cleaned_data["text"]
        if not text.strip():
            raise forms.ValidationError(_("Write a text: not everybody reads HTML."))
        return text

    def clean(self) -> dict[str, Any]:
        """Find out what the list holds, and whether the placeholders can be filled."""
        found = super().clean() or self.cleaned_data
        names = self._names(found)
        for field in ("subject", "text", "html"):
            if names and (mistake := mistake_in(found.get(field, ""), names)):
                self.add_error(field, mistake)
        return found

    def into(self, campaign: Campaign) -> Campaign:
        """Write what was chosen into a campaign, all but its file."""
        asked = self.cleaned_data
        for name in ("subject", "text", "html", "rate"):
            setattr(campaign, name, asked[name])
        campaign.sought = asked["sought"] if asked["source"] == PEOPLE else ""
        campaign.columns = self.columns if asked["source"] == LIST else {}
        return campaign

    def _names(self, found: Mapping[str, Any]) -> list[str]:
        """Return the placeholders that can be filled, none where the list is wrong."""
        if found.get("source") != LIST:
            return list(PEOPLE_NAMES)
        if found.get("file"):
            self.columns = self._columns_of(found["file"])
        elif not self.columns and "file" not in self.errors:
            self.add_error("file", _("Choose a file."))
        return list(Listed.names_of(self.columns)) if self.columns else []

    def _columns_of(self, file: TemporaryUploadedFile) -> dict[str, int]:
        try:
            columns = columns_of(open_table(Path(file.temporary_file_path())))
        except BadTable as fault:
            self.add_error("file", str(fault))
            return {}
        if "email" not in columns:
            self.add_error("file", _("The list has no column with e-mail addresses."))
            return {}
        return columns


class TestForm(forms.Form):
    """Where a test message goes."""

    __test__ = False  # pytest takes classes of this name for tests.

    email = forms.EmailField(label=gettext_lazy("Your address"), max_length=254)
