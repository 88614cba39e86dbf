"""When a report comes, as people say it."""

from collections.abc import Sequence

from django.utils import formats
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from core.reports.models import ReportPlan
from core.reports.times import Every

TITLES = {
    "jobs": gettext_lazy("Jobs report"),
    "people": gettext_lazy("People report"),
}
LAST_DAYS = 28
"""The last day that every month has."""


def title_of(plan: ReportPlan) -> str:
    """Return what a plan's reports are called."""
    return str(TITLES[plan.about])


def when(plan: ReportPlan) -> str:
    """Return when a plan's reports come, as one sentence without its full stop."""
    told = {"time": formats.time_format(plan.at, "H:i"), "zone": plan.zone.replace("_", " ")}
    if plan.every == Every.DAY:
        return _("Every day at %(time)s, %(zone)s") % told
    if plan.every == Every.WEEKDAY:
        return _("Every weekday at %(time)s, %(zone)s") % told
    if plan.every == Every.WEEK:
        told["days"] = _listed([str(WEEKDAYS[day]) for day in sorted(plan.days)])
        return _("Every %(days)s at %(time)s, %(zone)s") % told
    told["day"] = str(plan.day)
    if plan.day > LAST_DAYS:
        return _("On day %(day)s of every month, or its last, at %(time)s, %(zone)s") % told
    return _("On day %(day)s of every month at %(time)s, %(zone)s") % told


def _listed(words: Sequence[str]) -> str:
    """Return words as people list them: one, two and three."""
    if len(words) == 1:
        return words[0]
    *first, last = words
    return pgettext("the last of several days", "%(first)s and %(last)s") % {
        "first": _(", ").join(first),
        "last": last,
    }
