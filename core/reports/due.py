"""Which reports are due, each claimed by one row, and queued until a job has begun with it.

A report is a plan and one of its times. Who writes their row first makes it; the row stays, so a
second scheduler, a second worker, or a clock that is put back finds it made. The row is committed
before anything is queued, and whatever has a row and no job is queued with the next look: so none
is lost with a process that dies in between.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max, Q, QuerySet

from core.reports.choices import Missed, Why
from core.reports.models import ReportPlan, ReportRun
from core.reports.words import title_of
from realtime import start
from realtime.events import ENDS, Status
from realtime.language import speaking
from realtime.models import Job

LATE = timedelta(minutes=15)
"""After its time a report is no more late but missed; so long may a busy worker take to look."""
TRIES = 3
"""How many jobs a report has whose workers die."""
KEPT = 500
"""How many times of one plan are kept; with one a day a year and more."""

logger = logging.getLogger(__name__)


def look(now: datetime, make: Any) -> None:
    """Claim what is due and queue what has no job that works on it; `make` is the task for it."""
    for plan in enabled_plans(now):
        try:
            consider(plan, now)
        except Exception:
            # Whatever is wrong with one report is no matter of the others.
            logger.exception("The report %s could not be looked at.", plan.pk)
    for run in left_alone(now):
        queue(run, make)


def enabled_plans(now: datetime) -> "QuerySet[ReportPlan]":
    """Return the plans with the newest of their times that has a row.

    What a clock that was ahead has made of later times says nothing of those before them.
    """
    newest = Max("runs__due", filter=Q(runs__due__lte=now))
    return ReportPlan.objects.filter(enabled=True).annotate(newest=newest)


def consider(plan: Any, now: datetime) -> None:
    """Claim a plan's latest time unless it is made, or was never meant."""
    if plan.since > now:  # Set up while a clock was ahead: it would be waited for until then.
        ReportPlan.objects.filter(pk=plan.pk, since=plan.since).update(since=now)
        return
    due = plan.recurrence().last(now)
    if due <= plan.since:
        return
    if now - due <= LATE:
        claim(plan, due, Why.DUE)
    elif plan.newest is None or plan.newest < due:
        # Of the times before it nothing is made: what was missed is caught up once.
        claim(plan, due, Why.CAUGHT_UP if plan.missed == Missed.CATCH_UP else Why.SKIPPED)


def claim(plan: ReportPlan, due: datetime, why: Why) -> None:
    """Make one of a plan's times ours, if it is nobody's."""
    closed = due if why == Why.SKIPPED else None
    try:
        given = {"why": why, "closed_at": closed}
        _, is_new = ReportRun.objects.get_or_create(plan=plan, due=due, defaults=given)
    except IntegrityError:
        return  # The plan was deleted just now.
    if is_new:
        forget_oldest(plan)
    if not is_new and why == Why.DUE:
        # Left out by a clock that was ahead: now its time has really come.
        left_out = ReportRun.objects.filter(plan=plan, due=due, why=Why.SKIPPED)
        left_out.update(why=why, closed_at=None)


def forget_oldest(plan: ReportPlan) -> None:
    """Delete what is older than the newest times that are kept of a plan, unless it is at work.

    A look never goes so far back, so none of them is made again.
    """
    runs = ReportRun.objects.filter(plan=plan).order_by("-pk")
    (oldest,) = runs.values_list("pk", flat=True)[KEPT : KEPT + 1] or [0]
    runs.filter(pk__lte=oldest).exclude(closed_at=None).delete()


def left_alone(now: datetime) -> list[int]:
    """Return the runs that no job works on; those whose last job has ended are closed."""
    open_runs = ReportRun.objects.filter(closed_at=None)
    ended = _ended([job for job in open_runs.values_list("job", flat=True) if job])
    lost = [job for job, status in ended.items() if status == Status.LOST]
    again = open_runs.filter(job__in=lost, tries__lt=TRIES)
    open_runs.filter(job__in=list(ended)).exclude(pk__in=list(_keys(again))).update(closed_at=now)
    return [*_keys(open_runs.filter(job=None)), *_keys(again)]


def queue(run: int, make: Any) -> Job | None:
    """Queue a run's job; nothing where somebody else was faster.

    Row and job are committed together. A message without them, of a process that died meanwhile,
    finds another job at work when it is delivered; see `taking.py`.
    """
    with transaction.atomic():
        locked = ReportRun.objects.select_for_update(of=("self",))
        found = locked.select_related("plan__owner").filter(pk=run, closed_at=None).first()
        if found is None or (found.job and found.job not in _ended([found.job])):
            return None
        with speaking(found.plan.language):
            job = start(make, run, title=title_of(found.plan), owner=found.plan.owner)
        ReportRun.objects.filter(pk=run).update(job=job.pk, tries=found.tries + 1)
    return job


def _keys(runs: "QuerySet[ReportRun]") -> "QuerySet[ReportRun, int]":
    return runs.order_by("pk").values_list("pk", flat=True)


def _ended(jobs: list[Any]) -> dict[Any, str]:
    """Return how those of the jobs ended that have."""
    found = Job.objects.filter(pk__in=jobs, status__in=ENDS)
    return dict(found.values_list("pk", "status"))
