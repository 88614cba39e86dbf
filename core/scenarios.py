"""Each kind of work on shipped sample data, for who wants to see it first."""

from collections.abc import Callable
from datetime import time
from itertools import islice

from django.conf import settings
from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from core import samples, uploads
from core.jobs import transfer
from core.mail.lists import columns_of
from core.models import Campaign, Person, Upload
from core.people.columns import match_columns
from core.people.export import Sought
from core.people.opening import open_table
from core.pictures.picture import Options
from core.reports.choices import About, Often
from core.reports.models import ReportPlan
from core.starting import (
    start_campaign,
    start_export,
    start_import,
    start_pictures,
    start_report,
)
from realtime.language import spoken
from realtime.models import Job

WIDTHS = (320, 640, 960, 1280, 1600)
SAMPLE_ROWS = 50


def pictures(owner: User) -> Job:
    """Make the sample pictures smaller; one is damaged."""
    paths = sorted(samples.PICTURES.iterdir())
    return start_pictures(
        owner, [uploads.keep_path(owner, path) for path in paths], Options(WIDTHS)
    )


def import_people(owner: User) -> Job:
    """Import the sample address list; six rows are bad."""
    return start_import(owner, *_sample_list(owner))


def export_people(owner: User) -> Job:
    """Export the owner's people to a workbook; of nobody the sample list is made first."""
    if not Person.objects.filter(owner=owner).exists():
        _import_sample_list(owner)
    return start_export(owner, Sought(), "xlsx")


def _import_sample_list(owner: User) -> None:
    upload, columns = _sample_list(owner)
    transfer.import_people(str(upload.pk), columns)
    uploads.forget([upload.pk])


def _sample_list(owner: User) -> tuple[Upload, dict[str, int]]:
    upload = uploads.keep_path(owner, samples.PEOPLE)
    table = open_table(upload.path)
    return upload, match_columns(table.columns, list(islice(table.rows(), SAMPLE_ROWS)))


def mail(owner: User) -> Job:
    """Write to the sample address list; some addresses are refused, for now or for good."""
    upload = uploads.keep_path(owner, samples.READERS)
    campaign = Campaign.objects.create(
        owner=owner,
        sender=settings.DEFAULT_FROM_EMAIL,
        subject=_("News for {{ name|you }}"),
        text=samples.in_language(samples.LETTER, spoken()).read_text("utf-8"),
        html=samples.in_language(samples.LETTER_HTML, spoken()).read_text("utf-8"),
        rate=settings.MAIL_RATE,
        upload=upload,
        columns=columns_of(open_table(upload.path)),
    )
    return start_campaign(campaign)


def report(owner: User) -> Job:
    """Make a report of the owner's people; of nobody the sample list is imported first."""
    if not Person.objects.filter(owner=owner).exists():
        _import_sample_list(owner)
    return start_report(_sample_plan(owner))


def _sample_plan(owner: User) -> ReportPlan:
    """Return the owner's sample report, set up but switched off: nobody has asked for more."""
    rule = {"about": About.PEOPLE, "every": Often.WEEKDAY, "at": time(8), "zone": "UTC"}
    known = ReportPlan.objects.filter(owner=owner, enabled=False, **rule).first()
    if known is not None:
        return known
    # To an address that is nobody's, and only where no message leaves the machine.
    to = ["readers@example.org"] if settings.MAIL_IS_CAUGHT else []
    return ReportPlan.objects.create(
        owner=owner, recipients=to, enabled=False, language=spoken(), **rule
    )


SCENARIOS: dict[str, Callable[[User], Job]] = {
    "pictures": pictures,
    "import": import_people,
    "export": export_people,
    "mail": mail,
    "report": report,
}
