"""What there is to say about the service's jobs of the last thirty days."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from django.contrib.auth.models import User
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from core.reports.facts import Cell, Chart, Facts, Table
from realtime import progress
from realtime.events import ENDS, Status
from realtime.failure import safe_text
from realtime.models import Job
from realtime.permissions import is_operator

DAYS = 30
REASONS = 10
LONGEST_REASON = 160
KINDS = {
    "core.jobs.images.resize": gettext_lazy("Make pictures smaller"),
    "core.jobs.mail.send": gettext_lazy("Send a campaign"),
    "core.jobs.mail.send_test": gettext_lazy("Send a test message"),
    "core.jobs.note.send": gettext_lazy("Send a message"),
    "core.jobs.note.send_here": gettext_lazy("Send a message"),
    "core.jobs.reports.make": gettext_lazy("Make a report"),
    "core.jobs.transfer.export_people": gettext_lazy("Export people"),
    "core.jobs.transfer.import_people": gettext_lazy("Import people"),
}
COLUMNS = {
    Status.SUCCEEDED: gettext_lazy("Succeeded"),
    Status.FAILED: gettext_lazy("Failed"),
    Status.CANCELLED: gettext_lazy("Cancelled"),
    Status.LOST: gettext_lazy("Lost"),
}
"""The ends, in the order in which they are shown."""


@dataclass
class Count:
    """What was counted, job by job."""

    by_kind: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    by_day: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    seconds: dict[str, "array[float]"] = field(default_factory=lambda: defaultdict(_times))
    """How long each took that succeeded, by kind."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Why others failed."""

    def total(self, *statuses: str) -> int:
        """Return how many jobs have one of these statuses, of all kinds."""
        return sum(count[status] for count in self.by_kind.values() for status in statuses)


def gather(owner: User, at: datetime) -> Facts:
    """Count the owner's jobs, or everybody's where the owner may see all of them."""
    sees_all = is_operator(owner)
    since = first_day(at)
    jobs = Job.objects.filter(root=F("pk"), queued_at__gte=since, queued_at__lte=at)
    if this := progress.current():
        jobs = jobs.exclude(pk=this.id)
    count = counted(jobs if sees_all else jobs.filter(owner=owner), at)
    whose = _("Everybody's jobs") if sees_all else _("The jobs of %(name)s")
    about = _("%(whose)s that were started in the last %(days)d days") % {
        "whose": whose % {"name": owner.get_full_name() or owner.get_username()},
        "days": DAYS,
    }
    tables = (by_kind(count), by_day(count, at), times(count), failures(count))
    return Facts(_("Jobs report"), about, at, totals(count), tables)


def first_day(at: datetime) -> datetime:
    """Return where the first of the days begins."""
    day = at - timedelta(days=DAYS - 1)
    return day.replace(hour=0, minute=0, second=0, microsecond=0)


def counted(jobs: "QuerySet[Job]", at: datetime) -> Count:
    """Look at each job once."""
    count = Count()
    names = ("name", "status", "started_at", "finished_at", "last__error")
    rows = jobs.order_by().values_list(*names)
    for name, status, started, finished, error in progress.track(
        rows.iterator(2_000), total=rows.count(), unit=pgettext("unit", "job")
    ):
        kind = str(KINDS.get(name, name))
        count.by_kind[kind][status if status in ENDS else ""] += 1
        if status in ENDS and finished:
            count.by_day[finished.astimezone(at.tzinfo).date().isoformat()][status] += 1
        if status == Status.SUCCEEDED and started and finished:
            count.seconds[kind].append((finished - started).total_seconds())
        if status == Status.FAILED:
            count.reasons[_reason(error)] += 1
    return count


def totals(count: Count) -> Sequence[tuple[str, Cell]]:
    """Return the numbers that matter most."""
    everything = [second for kind in count.seconds.values() for second in kind]
    return (
        (_("Jobs"), sum(sum(kind.values()) for kind in count.by_kind.values())),
        (_("Succeeded"), count.total(Status.SUCCEEDED)),
        (_("Failed or lost"), count.total(Status.FAILED, Status.LOST)),
        (_("Not ended yet"), count.total("")),
        (_("Median time in seconds"), percentile(everything, 50)),
    )


def by_kind(count: Count) -> Table:
    """Return how many jobs of each kind have each status."""
    rows: list[list[Cell]] = [
        [kind, *(found[status] for status in COLUMNS), found[""], sum(found.values())]
        for kind, found in sorted(count.by_kind.items(), key=_most_first)
    ]
    columns = (_("Kind"), *map(str, COLUMNS.values()), _("Not ended yet"), _("All"))
    title = _("Jobs by kind and status")
    return Table(title, columns, rows, Chart.LYING, 5, is_stacked=True, unit=_("jobs"))


def by_day(count: Count, at: datetime) -> Table:
    """Return how many jobs have ended on each day, also on those without any."""
    days = [(first_day(at) + timedelta(days=n)).date().isoformat() for n in range(DAYS)]
    rows: list[list[Cell]] = [
        [day, *(count.by_day[day][status] for status in COLUMNS)] for day in days
    ]
    columns = (_("Day"), *map(str, COLUMNS.values()))
    return Table(_("Ends a day"), columns, rows, Chart.STANDING, 4, is_stacked=True, unit=_("jobs"))


def times(count: Count) -> Table:
    """Return how long the jobs of each kind took that succeeded."""
    rows: list[list[Cell]] = [
        [kind, percentile(found, 50), percentile(found, 95), len(found)]
        for kind, found in sorted(count.seconds.items())
    ]
    columns = (_("Kind"), _("Median, s"), _("95 of 100 within, s"), _("Jobs"))
    return Table(_("How long they took"), columns, rows, Chart.LYING, 2, unit=_("seconds"))


def failures(count: Count) -> Table:
    """Return the commonest reasons of failures."""
    rows: list[list[Cell]] = [
        [reason, number] for reason, number in count.reasons.most_common(REASONS)
    ]
    return Table(_("Why they failed"), (_("Reason"), _("Jobs")), rows, Chart.LYING, unit=_("jobs"))


def percentile(values: Iterable[float], percent: int) -> float:
    """Return the smallest value that so many of a hundred do not exceed; 0 of none.

    The nearest rank: it is always a time that a job really took.
    """
    ordered = sorted(values)
    place = ceil(len(ordered) * percent / 100) - 1
    return round(ordered[max(place, 0)], 2) if ordered else 0


def _most_first(found: tuple[str, Counter[str]]) -> tuple[int, str]:
    return -sum(found[1].values()), found[0]


def _reason(error: dict[str, Any] | None) -> str:
    """Return why a job failed, as its owner may read it, or the kind of the error."""
    if not error:
        return _("unknown")
    text = " ".join((safe_text(error) if error.get("public") else error["kind"]).split())
    return text if len(text) <= LONGEST_REASON else f"{text[: LONGEST_REASON - 1]}…"


def _times() -> "array[float]":
    return array("d")
