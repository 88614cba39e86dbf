"""The jobs of reports: a look at what is due, each minute, and the making of one report."""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from shutil import rmtree
from typing import Any
from zoneinfo import ZoneInfo

from celery import Task, shared_task
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core import uploads
from core.jobs.mail import away, refused_for_now, tell, try_later
from core.mail.ledger import last_through_a_power_cut
from core.mail.letter import Unwritable
from core.mail.outcome import Outcome
from core.mail.post import TAKEN, Post, Verdict
from core.mail.server import Away, Server
from core.reports import due, of_jobs, of_people, pages, workbook
from core.reports.choices import About, Form
from core.reports.deliveries import Round
from core.reports.facts import Facts
from core.reports.letter import XLSX, letter_for
from core.reports.models import ReportDelivery, ReportPlan, ReportRun
from core.reports.taking import Taken, take
from realtime import progress

ABOUT: Mapping[str, Callable[[Any, datetime], Facts]] = {
    About.JOBS: of_jobs.gather,
    About.PEOPLE: of_people.gather,
}
WRITERS: Mapping[str, Callable[[Facts, Path], None]] = {
    Form.PDF: pages.write,
    Form.XLSX: workbook.write,
}
CONTENT_TYPES = {".pdf": "application/pdf", ".xlsx": f"application/{XLSX}"}


@shared_task(name="core.jobs.reports.look", ignore_result=True)
def look() -> None:
    """Claim the reports that are due, and queue them; the scheduler asks for it each minute."""
    due.look(timezone.now(), make)


@shared_task(
    bind=True,
    name="core.jobs.reports.make",
    acks_late=True,
    reject_on_worker_lost=True,
    max_retries=None,
    ignore_result=True,
)
def make(self: "Task[Any, Any]", run_id: int) -> None:
    """Make one report, keep its files and mail them.

    It may be delivered again: its files are written once for each job, and who has got them is in
    SQL. Whom the server refuses for now, it tries again with the next attempt.
    """
    progress.stages([(_("Gather"), 3), (_("Draw"), 2), (_("Deliver"), 5)])
    last_through_a_power_cut()
    is_again = bool(getattr(progress.current(), "again_of", None))
    try:
        run = take(run_id, self.request.id, is_again=is_again)
    except Taken as reason:
        progress.update(message=str(reason))
        return
    with work_folder(self.request.id) as folder:
        files = made(run.plan, folder)
        for file in files:
            progress.attach(file.name, file, content_type=CONTENT_TYPES[file.suffix])
        recipients = Round(run)
        recipients.begin()
        if is_again and not self.request.retries:
            recipients.try_failed_again()
        told = deliver(self, recipients, files)
    ReportRun.objects.filter(pk=run.pk).update(closed_at=timezone.now())
    progress.update(message=summary(files, told))


@contextmanager
def work_folder(job: str | None) -> Iterator[Path]:
    """Give a folder that the job's next attempt finds again, and take it away at a good end.

    What a job leaves that does not end well is swept with other jobs' folders.
    """
    if job is None:
        with tempfile.TemporaryDirectory(prefix="report-") as name:
            yield Path(name)
        return
    folder = uploads.work_folder(job)
    folder.mkdir(parents=True, exist_ok=True)
    yield folder
    rmtree(folder, ignore_errors=True)


def made(plan: ReportPlan, folder: Path) -> list[Path]:
    """Return the files of a report: those of an attempt before, or they are made now.

    So everybody gets the same numbers, also who gets them an hour later.
    """
    wanted = [Form.PDF, Form.XLSX] if plan.form == Form.BOTH else [Form(plan.form)]
    found = [next(folder.glob(f"[!.]*.{form}"), None) for form in wanted]
    files = [file for file in found if file]
    if len(files) == len(wanted):
        return files
    at = timezone.now().astimezone(ZoneInfo(plan.zone))
    with progress.stage(_("Gather")):
        facts = ABOUT[plan.about](plan.owner, at)
    with progress.stage(_("Draw")):
        for form in progress.track(wanted, unit=pgettext("unit", "file")):
            name = f"{plan.about}-{at:%Y-%m-%d}.{form}"
            WRITERS[form](facts, folder / f".{name}")
            (folder / f".{name}").rename(folder / name)
    return [folder / f"{plan.about}-{at:%Y-%m-%d}.{form}" for form in wanted]


def deliver(task: "Task[Any, Any]", recipients: Round, files: Sequence[Path]) -> Counter[str]:
    """Mail a report to each recipient and tell what became of it."""
    told: Counter[str] = Counter()
    everybody = list(recipients.all())
    with progress.stage(_("Deliver")):
        if not everybody:
            return told
        contents = {file.name: file.read_bytes() for file in files}
        progress.update(0, total=len(everybody), unit=pgettext("unit", "message"))
        try:
            with Post(Server.from_settings()) as post:
                for one in everybody:
                    verdict = settle(one, recipients, post, contents)
                    tell(one, verdict)
                    told[verdict.outcome] += 1
        except Away as fault:
            raise try_later(task, away(fault)) from fault
    if told[Outcome.WAITING]:
        raise try_later(task, refused_for_now(told[Outcome.WAITING]))
    return told


def settle(
    one: ReportDelivery, recipients: Round, post: Post, contents: Mapping[str, bytes]
) -> Verdict:
    """Return what became of a recipient, now or in a run before; raises `Away`."""
    if one.outcome == Outcome.SENDING:
        return recipients.give_up(one)
    if one.outcome != Outcome.WAITING:
        return Verdict(Outcome(one.outcome), one.reason)
    try:
        letter = letter_for(recipients.run.plan, one, contents)
    except Unwritable as fault:
        return recipients.note(one, Verdict(Outcome.FAILED, str(fault)))
    verdict = post.deliver(letter, lambda: recipients.claim(one))
    return recipients.give_up(one) if verdict is TAKEN else recipients.note(one, verdict)


def summary(files: Sequence[Path], told: Counter[str]) -> str:
    """Say what was made, and to how many it went."""
    parts = [f"{told[outcome]:,} {outcome.label}" for outcome in Outcome if told[outcome]]
    return ", ".join([*(file.name for file in files), *parts])
