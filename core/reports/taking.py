"""Which job makes a report: one, whatever was delivered twice."""

from uuid import UUID, uuid4

from django.db import transaction
from django.utils.translation import gettext as _

from core.reports.models import ReportRun
from realtime import JobError
from realtime.events import ENDS
from realtime.models import Job


class Taken(Exception):
    """Another job makes this report."""

    def __str__(self) -> str:
        """Return the sentence."""
        return _("Another job makes this report.")


def take(run: int, job: str | None, *, is_again: bool) -> ReportRun:
    """Return a run that is this job's from now on.

    It may take a run over whose job has ended: when somebody has run that one again, or while the
    run is open. Raises `Taken` where another job has it, `JobError` where it is gone.
    """
    ours = UUID(job) if job else uuid4()
    with transaction.atomic():
        locked = ReportRun.objects.select_for_update(of=("self",))
        found = locked.select_related("plan__owner").filter(pk=run).first()
        if found is None:
            raise JobError(_("The report was deleted."))
        if found.job not in (None, ours):
            has_ended = Job.objects.filter(pk=found.job, status__in=ENDS).exists()
            if not (has_ended and (is_again or found.closed_at is None)):
                raise Taken
        found.job = ours
        found.save(update_fields=["job"])
    return found
