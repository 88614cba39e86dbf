"""Starts the service's jobs, for the pages and for `manage.py demo`."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from kombu.exceptions import OperationalError

from core.jobs import note
from core.jobs.images import resize
from core.jobs.mail import send, send_test
from core.jobs.reports import make
from core.jobs.transfer import export_people, import_people
from core.models import Campaign, Upload
from core.people.export import Sought
from core.pictures.picture import Options
from core.reports import due
from core.reports.choices import Why
from core.reports.models import ReportPlan, ReportRun
from realtime import again, background, start
from realtime.errors import TooBusy
from realtime.models import Job

UPLOAD = "upload:"
"""Begins the tag that names a job's file."""
TRIED = "tried"
"""Tags an import that changes nothing."""


class Busy(Exception):
    """This server sends too much at the moment: try again shortly, or let a worker do it."""

    def __str__(self) -> str:
        """Return the sentence."""
        return _(
            "This server sends too much at the moment: try again shortly, or let a worker do it."
        )


class NotQueued(Exception):
    """The queue cannot be reached, so nothing was started: try again in a moment."""

    def __str__(self) -> str:
        """Return the sentence."""
        return _("The queue cannot be reached, so nothing was started: try again in a moment.")


def start_pictures(owner: User, kept: Sequence[Upload], options: Options) -> Job:
    """Queue the job that makes pictures smaller."""
    ids = [upload.pk.hex for upload in kept]  # Short, for arguments are kept up to a length.
    choices = (list(options.widths), options.format, options.quality)
    with _queue_faults_told():
        return start(resize, ids, *choices, title=_title(_("Resize %(name)s"), kept), owner=owner)


def start_import(owner: User, upload: Upload, columns: Mapping[str, int], way: str = "good") -> Job:
    """Queue the job that imports an address list."""
    title = _title(_("Try %(name)s") if way == "try" else _("Import %(name)s"), [upload])
    # The job's page leads back to the file for as long as it waits.
    tags = [f"{UPLOAD}{upload.pk}", *([TRIED] if way == "try" else [])]
    asked = (str(upload.pk), dict(columns), way)
    with _queue_faults_told():
        return start(import_people, *asked, title=title, owner=owner, tags=tags)


def start_export(owner: User, sought: Sought, form: str) -> Job:
    """Queue the job that exports people."""
    with _queue_faults_told():
        asked = (owner.pk, sought.text, sought.city, form)
        title = _("Export %(name)s") % {"name": f"people.{form}"}
        return start(export_people, *asked, title=title, owner=owner)


async def start_note(owner: User, words: Sequence[str], *, here: bool) -> str:
    """Let one message be sent by a worker, or `here`, and return the job's id at once."""
    title = _("Send “%(subject)s”") % {"subject": words[1]}
    if here:
        try:
            return (await background(note.send_here(*words), title=title, owner=owner)).id
        except TooBusy as fault:
            raise Busy from fault
    # What queues waits for the broker: in a thread, so that the others are answered meanwhile.
    job = await sync_to_async(_queued_note)(words, title=title, owner=owner)
    return str(job.pk)


def _queued_note(words: Sequence[str], **given: Any) -> Job:
    with _queue_faults_told():
        return start(note.send, *words, **given)


def start_campaign(campaign: Campaign, *, only_failed: bool = False) -> Job:
    """Queue the job that sends a campaign to those who are left of it, or to the failed ones.

    Where somebody was faster, theirs is returned. Raises `Refused` when none of them failed.
    """
    with _queue_faults_told(), transaction.atomic():
        last = Campaign.objects.select_for_update().get(pk=campaign.pk).job
        if last is not None and last != campaign.job:
            return Job.objects.get(pk=last)
        title = _("Send “%(subject)s”") % {"subject": campaign.subject}
        if only_failed:
            job = again(str(last), only_failed=True)
        else:
            job = start(send, str(campaign.pk), title=title, owner=campaign.owner)
        Campaign.objects.filter(pk=campaign.pk).update(job=job.pk)
    return job


def start_test(campaign: Campaign, email: str, values: Mapping[str, str]) -> Job:
    """Queue the job that sends a campaign to its owner."""
    title = _("Test of “%(subject)s”") % {"subject": campaign.subject}
    with _queue_faults_told():
        asked = (str(campaign.pk), email, dict(values))
        return start(send_test, *asked, title=title, owner=campaign.owner)


def start_report(plan: ReportPlan) -> Job:
    """Queue the job that makes a report now, beside those that come by themselves."""
    run = ReportRun.objects.create(plan=plan, why=Why.BY_HAND)
    due.forget_oldest(plan)
    try:
        with _queue_faults_told():
            queued = due.queue(run.pk, make)
    except NotQueued:
        run.delete()  # Or it would come later, when nobody asks for it any more.
        raise
    # A look at what is due may have been faster.
    return queued or Job.objects.get(pk__in=ReportRun.objects.filter(pk=run.pk).values("job"))


@contextmanager
def _queue_faults_told() -> Iterator[None]:
    try:
        yield
    except OperationalError as fault:
        raise NotQueued from fault


def _title(verb: str, kept: Sequence[Upload]) -> str:
    name, more = kept[0].name, len(kept) - 1
    if more:
        name = ngettext("%(name)s and %(more)d more", "%(name)s and %(more)d more", more) % {
            "name": name,
            "more": more,
        }
    return verb % {"name": name}
