"""The jobs that bring people in and out.

The import: rows in, people written, bad rows handed back. The export: people in, one file out.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from celery import shared_task
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, pgettext

from core import uploads
from core.people.dates import DateOrder, order_of
from core.people.errors import BadRow, BadTable
from core.people.export import FORMS, Sought, lines
from core.people.opening import open_table
from core.people.rejected import RejectedFile
from core.people.rows import Facts, Reader
from core.people.staging import Counts, Part, Staging, staging
from core.people.table import Row, Table
from realtime import JobError, progress

BATCH = 1_000
REJECTED = "rejected.csv"


@dataclass(frozen=True)
class List:
    """An address list that is to be imported."""

    table: Table
    columns: Mapping[str, int]
    """Which column holds which field."""
    owner_id: int
    """Whose list the people are added to."""
    name: str
    """The file's name, kept with each person that it changes."""


@dataclass(frozen=True)
class Survey:
    """What reading the whole file once has shown."""

    rows: int
    order: DateOrder
    """How its birthdays are written."""


@shared_task(name="core.jobs.transfer.import_people", ignore_result=True)
def import_people(upload_id: str, columns: Mapping[str, int], way: str = "good") -> dict[str, int]:
    """Import an uploaded address list; rows that cannot be used are attached with the reason.

    `way`: the `good` rows, `all` rows or none, or `try`, which says what would happen.
    """
    progress.stages([(_("Check"), 2), (_("Read"), 5), (_(STAGES[way]), 4)])
    (upload,) = uploads.claim([upload_id])
    uploads.hold([upload_id])
    with _table_faults_told(), tempfile.TemporaryDirectory(prefix="import-") as folder:
        found = List(open_table(upload.path), columns, upload.owner_id, upload.name)
        survey = check(found)
        reader = Reader(columns, len(found.table.columns), survey.order, timezone.localdate())
        with (
            staging(found.owner_id, found.name, reader.fields()) as staged,
            RejectedFile(Path(folder) / REJECTED, found.table.columns) as rejected,
        ):
            counts = read(found, survey, reader, staged, rejected)
            hand_back(rejected)
            people = survey.rows - rejected.count - counts.repeated
            counts += bring_in(staged, rejected, people, way)
            sum_up(counts, rejected, way)
    return {**vars(counts), "rejected": rejected.count}


def check(found: List) -> Survey:
    """Read the file to its end before anything is written: is it whole, how long, which dates."""
    for note in found.table.notes:
        progress.log(note)
    count = 0

    def birthdays() -> Iterator[str]:
        nonlocal count
        at = found.columns.get("birthday")
        for row in progress.track(found.table.rows(), unit=pgettext("unit", "row")):
            count += 1
            yield row.cells[at] if at is not None and at < len(row.cells) else ""

    with progress.stage(_("Check")):
        order = order_of(birthdays())
    if order.note():
        progress.log(order.note())
    if not count:
        raise JobError(_("The file has column names but no rows: choose one with rows."))
    return Survey(count, order)


def read(
    found: List, survey: Survey, reader: Reader, staged: Staging, rejected: RejectedFile
) -> Counts:
    """Gather the good rows and set the bad ones aside; nothing is written yet."""
    with progress.stage(_("Read")):
        rows = progress.track(found.table.rows(), total=survey.rows, unit=pgettext("unit", "row"))
        facts = _usable(rows, reader, rejected)
        while batch := list(islice(facts, BATCH)):
            staged.add(batch)
        return staged.close()


def _usable(rows: Iterator[Row], reader: Reader, rejected: RejectedFile) -> Iterator[Facts]:
    for row in rows:
        try:
            yield reader.read(row)
        except BadRow as reason:
            rejected.add(row, reason)
            progress.failed(_("line %(line)s") % {"line": f"{row.line:,}"}, reason)


def hand_back(rejected: RejectedFile) -> None:
    """Attach the rows that could not be imported, if there are any."""
    if rejected.count:
        rejected.flush()
        progress.attach(REJECTED, rejected.path, content_type="text/csv")


def bring_in(staged: Staging, rejected: RejectedFile, people: int, way: str) -> Counts:
    """Write the people in parts; a file that is imported twice changes nothing."""
    facts = {"count": f"{rejected.count:,}", "first": rejected.first, "file": REJECTED}
    if not people:
        none = _(
            "None of the %(count)s rows could be imported. The first, %(first)s. "
            "%(file)s has the reason for each."
        )
        raise JobError(none % facts)
    if rejected.count and way == "all":
        nothing = _(
            "Nothing was imported, as you wanted all rows or none: %(count)s cannot be "
            "used. The first, %(first)s. %(file)s has the reason for each."
        )
        raise JobError(nothing % facts)
    with progress.stage(_(STAGES[way])):
        progress.update(0, total=people, unit=pgettext("unit", "row"))
        return WAYS[way](staged)


def write_good(staged: Staging) -> Counts:
    """Write the good rows; what is written stays, whatever comes."""
    return _through(staged, staged.write, progress.ok)


def write_all(staged: Staging) -> Counts:
    """Write all rows in one transaction; on SQLite whoever else writes waits meanwhile."""
    try:
        with transaction.atomic():
            counts = _through(staged, staged.write)
    except BaseException:
        progress.log(_("Nothing was changed: what had been written was taken back."), "warning")
        progress.update(message=_("Nothing was changed"))
        raise
    progress.ok(counts.rows)
    return counts


def try_out(staged: Staging) -> Counts:
    """Write nothing, and find out what writing would do."""
    return _through(staged, lambda _: None, progress.ok)


WAYS = {"good": write_good, "all": write_all, "try": try_out}
STAGES = {
    "good": gettext_noop("Write"),
    "all": gettext_noop("Write"),
    "try": gettext_noop("Compare"),
}


def _through(
    staged: Staging, write: Callable[[Part], None], written: Callable[[int], object] = int
) -> Counts:
    counts = Counts()
    for part in staged.parts():
        found = staged.compare(part)
        write(part)
        written(found.rows)
        progress.advance(found.rows)
        counts += found
    return counts


def sum_up(counts: Counts, rejected: RejectedFile, way: str) -> None:
    """Say what became of the rows."""
    facts = {"counts": counts, "rejected": f"{rejected.count:,}"}
    text = _("%(counts)s, %(rejected)s rejected") % facts
    if way == "try":
        text = _("Only tried: %(text)s. Nothing was changed") % {"text": text}
    progress.log(text)
    progress.update(message=text)


@shared_task(name="core.jobs.transfer.export_people", ignore_result=True)
def export_people(owner_id: int, text: str = "", city: str = "", form: str = "csv") -> int:
    """Write the people who are sought to one file, in one of `FORMS`."""
    people = Sought(text, city).people(owner_id)
    total = people.count()
    if not total:
        raise JobError(_("Nobody in your list matches: nothing was exported."))
    progress.stages([(_("Write"), 9), (_("Keep"), 1)])
    progress.log(
        _("%(count)s people, written as %(form)s")
        % {"count": f"{total:,}", "form": _(FORMS[form].label)}
    )
    with tempfile.TemporaryDirectory(prefix="export-") as folder:
        path = Path(folder) / f"people.{form}"
        with progress.stage(_("Write")), FORMS[form].open(path) as write:
            for line in progress.track(lines(people), total=total, unit=pgettext("unit", "row")):
                write(line)
        with progress.stage(_("Keep")):
            progress.attach(path.name, path, content_type=FORMS[form].content_type)
    progress.update(message=_("%(count)s exported") % {"count": f"{total:,}"})
    return total


@contextmanager
def _table_faults_told() -> Iterator[None]:
    try:
        yield
    except BadTable as fault:
        raise JobError(str(fault)) from fault
