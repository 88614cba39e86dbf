"""The words in which a report is chosen, as they are kept and as they are shown."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class About(TextChoices):
    """What a report tells of."""

    JOBS = "jobs", _("Jobs")
    PEOPLE = "people", _("People")


class Form(TextChoices):
    """As which files it comes."""

    PDF = "pdf", _("PDF")
    XLSX = "xlsx", _("Excel workbook (XLSX)")
    BOTH = "both", _("Both")


class Often(TextChoices):
    """How often it comes; the values are those of `times.Every`."""

    DAY = "day", _("every day")
    WEEKDAY = "weekday", _("every weekday, Monday to Friday")
    WEEK = "week", _("every week, on the days below")
    MONTH = "month", _("every month, on the day below")


class Missed(TextChoices):
    """What becomes of a report whose time has passed while nothing ran."""

    CATCH_UP = "catch up", _("make it once, as soon as things run again")
    SKIP = "skip", _("leave it out, and wait for the next time")


class Why(TextChoices):
    """Why a report was made, or was not."""

    DUE = "due", _("on time")
    CAUGHT_UP = "caught up", _("caught up")
    BY_HAND = "by hand", _("by hand")
    SKIPPED = "skipped", _("missed, left out")
