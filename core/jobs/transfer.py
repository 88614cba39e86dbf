"""The job that imports an address list: rows in, people written, bad rows handed back."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from celery import shared_task
from django.utils import timezone

from core import uploads
from core.people.dates import DateOrder, order_of
from core.people.errors import BadRow, BadTable
from core.people.ledger import Counts, save
from core.people.rejected import RejectedFile
from core.people.rows import Facts, Reader
from core.people.table import Row, Table, open_table
from realtime import JobError, progress

BATCH = 500
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
def import_people(upload_id: str, columns: Mapping[str, int]) -> dict[str, int]:
    """Import an uploaded address list; rows that cannot be used are attached with the reason."""
    progress.stages([("Check", 1), ("Import", 8)])
    (upload,) = uploads.claim([upload_id])
    with _table_faults_told(), tempfile.TemporaryDirectory(prefix="import-") as folder:
        found = List(open_table(upload.path), columns, upload.owner_id, upload.name)
        survey = check(found)
        with RejectedFile(Path(folder) / REJECTED, found.table.columns) as rejected:
            counts = bring_in(found, survey, rejected)
        hand_back(rejected)
    _sum_up(counts, rejected)
    uploads.forget([upload_id])
    return {**vars(counts), "rejected": rejected.count}


def check(found: List) -> Survey:
    """Read the file to its end before anything is written: is it whole, how long, which dates."""
    for note in found.table.notes:
        progress.log(note)
    count = 0

    def birthdays() -> Iterator[str]:
        nonlocal count
        at = found.columns.get("birthday")
        for row in progress.track(found.table.rows(), unit="row"):
            count += 1
            yield row.cells[at] if at is not None and at < len(row.cells) else ""

    with progress.stage("Check", 1):
        order = order_of(birthdays())
    if order.note():
        progress.log(order.note())
    if not count:
        raise JobError("The file has column names but no rows: choose one with rows.")
    return Survey(count, order)


def bring_in(found: List, survey: Survey, rejected: RejectedFile) -> Counts:
    """Write the people in batches; a file that is imported twice changes nothing."""
    today = timezone.localdate()
    reader = Reader(found.columns, len(found.table.columns), survey.order, today)
    counts = Counts()
    with progress.stage("Import", 8):
        rows = progress.track(found.table.rows(), total=survey.rows, unit="row")
        facts = _usable(rows, reader, rejected)
        while batch := list(islice(facts, BATCH)):
            counts += save(found.owner_id, found.name, batch)
            progress.ok(len(batch))
    return counts


def hand_back(rejected: RejectedFile) -> None:
    """Attach the rows that could not be imported, if there are any."""
    if rejected.count:
        progress.attach(REJECTED, rejected.path, content_type="text/csv")


def _usable(rows: Iterator[Row], reader: Reader, rejected: RejectedFile) -> Iterator[Facts]:
    for row in rows:
        try:
            yield reader.read(row)
        except BadRow as reason:
            rejected.add(row, reason)
            progress.failed(f"line {row.line:,}", reason)


def _sum_up(counts: Counts, rejected: RejectedFile) -> None:
    if counts == Counts():
        raise JobError(
            f"None of the {rejected.count:,} rows could be imported. The first, {rejected.first}. "
            f"{REJECTED} has the reason for each."
        )
    text = f"{counts}, {rejected.count:,} rejected"
    progress.log(text)
    progress.update(message=text)


@contextmanager
def _table_faults_told() -> Iterator[None]:
    try:
        yield
    except BadTable as fault:
        raise JobError(str(fault)) from fault
