"""What people fill in to set up a report."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.mail.letter import address_of
from core.reports.choices import About, Form, Missed, Often
from core.reports.models import ReportPlan
from core.reports.times import Every, Recurrence
from core.reports.zones import zones

RECIPIENTS = 20
LONGEST, LONGEST_SHOWN = 254, 60
"""Characters of an address, and of what is none."""
FIELDS = ("about", "form", "every", "days", "day", "at", "zone", "recipients", "missed")


class PlanForm(forms.Form):
    """What, when, where the clock hangs, and to whom."""

    about = forms.ChoiceField(
        label=gettext_lazy("About"),
        choices=About.choices,
        initial=About.JOBS,
        widget=forms.RadioSelect,
    )
    every = forms.ChoiceField(
        label=gettext_lazy("It comes"),
        choices=Often.choices,
        initial=Often.WEEKDAY,
        widget=forms.RadioSelect,
    )
    days = forms.TypedMultipleChoiceField(
        label=gettext_lazy("On"),
        choices=list(WEEKDAYS.items()),
        coerce=int,
        initial=[0],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    day = forms.IntegerField(
        label=gettext_lazy("On day"),
        min_value=1,
        max_value=31,
        initial=1,
        required=False,
        help_text=gettext_lazy("From 1 to 31; a shorter month has its last day instead."),
    )
    at = forms.TimeField(
        label=gettext_lazy("At"),
        initial="08:00",
        input_formats=["%H:%M"],
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"invalid": gettext_lazy("Type a time such as 08:00.")},
    )
    zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        choices=zones,
        help_text=gettext_lazy("The time is that of the clocks there, in summer and winter."),
    )
    form = forms.ChoiceField(
        label=gettext_lazy("As"),
        choices=Form.choices,
        initial=Form.BOTH,
        widget=forms.RadioSelect,
    )
    recipients = forms.CharField(
        label=gettext_lazy("Mail it to"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "Up to 20 addresses, several with commas or on lines of their own. You find it among "
            "your jobs and notices in any case."
        ),
    )
    missed = forms.ChoiceField(
        label=gettext_lazy("If its time passes while nothing runs"),
        choices=Missed.choices,
        initial=Missed.CATCH_UP,
        widget=forms.RadioSelect,
    )

    def clean_recipients(self) -> list[str]:
        """Return the addresses, each once."""
        words = re.split(r"[\s,;]+", self.cleaned_data["recipients"].strip())
        found = list({word.lower(): word for word in words if word}.values())
        if len(found) > RECIPIENTS:
            said = ngettext(
                "A report goes to at most %(most)d addresses, and this is %(count)s.",
                "A report goes to at most %(most)d addresses, and these are %(count)s.",
                len(found),
            )
            raise ValidationError(said % {"most": RECIPIENTS, "count": f"{len(found):,}"})
        for word in found:
            _check(word)
        return found

    def clean(self) -> dict[str, Any]:
        """Refuse a week without days and a month without one."""
        found = super().clean() or self.cleaned_data
        if found.get("every") == Every.WEEK and not found.get("days"):
            self.add_error("days", _("Choose at least one day."))
        if found.get("every") == Every.MONTH and not found.get("day") and "day" not in self.errors:
            self.add_error("day", _("Type a day of the month."))
        return found

    def into(self, plan: ReportPlan) -> ReportPlan:
        """Write what was chosen into a plan."""
        for name in FIELDS:
            setattr(plan, name, self.cleaned_data[name])
        plan.day = plan.day or 1
        return plan

    @staticmethod
    def told_of(plan: ReportPlan) -> dict[str, Any]:
        """Return what a plan says, as the form shows it first."""
        known = {name: getattr(plan, name) for name in FIELDS}
        return {**known, "recipients": "\n".join(plan.recipients)}

    def recurrence(self) -> Recurrence:
        """Return when it would come."""
        return self.into(ReportPlan()).recurrence()


def _check(word: str) -> None:
    """Refuse what is no address to which a message can be written."""
    try:
        validate_email(word)
        is_one = len(word) <= LONGEST and address_of(word) is not None
    except ValidationError:
        is_one = False
    if not is_one:
        shown = word if len(word) <= LONGEST_SHOWN else f"{word[:LONGEST_SHOWN]}…"
        raise ValidationError(_("“%(word)s” is not an e-mail address.") % {"word": shown})
