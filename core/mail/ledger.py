"""What became of each recipient, in SQL: written before the next step is taken.

A recipient belongs to the job that took it last. Each change is one statement that says under which
condition it holds, so that two runs of a job, or two jobs, never both have a recipient:

    waiting ─claim─▶ sending ─note─▶ sent, failed, waiting (refused for now)
                        └─ its run has died ─give_up─▶ unknown
"""

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from core.mail.lists import Entry
from core.mail.outcome import Outcome
from core.mail.post import Verdict
from core.models import Campaign, Recipient

BATCH = 500
"""Recipients that are written together."""
ATTEMPTS = 5
"""How often a recipient is tried whom the server refuses for now."""
REASON = 500

_WHOLE = (Outcome.WAITING, Outcome.FAILED)


def last_through_a_power_cut() -> None:
    """Let each write of this connection be on the disk before the next step is taken.

    SQLite's usual setting here loses the last moments when the machine dies, and with them who has
    been written to. PostgreSQL does so by itself. The connection is closed after the task.
    """
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=FULL")


def add(campaign: Campaign, entries: Iterable[Entry]) -> None:
    """Add recipients; who is there already stays as it is."""
    Recipient.objects.bulk_create(
        [
            Recipient(
                campaign=campaign,
                email=entry.email[:254],
                values=entry.values,
                outcome=Outcome.LEFT_OUT if entry.fault else Outcome.WAITING,
                reason=entry.fault[:REASON],
            )
            for entry in entries
        ],
        batch_size=BATCH,
        ignore_conflicts=True,
    )


def close_list(campaign: Campaign) -> None:
    """Remember that all recipients are there."""
    campaign.read_at = timezone.now()
    campaign.save(update_fields=["read_at"])


def counts(campaign: Campaign) -> Counter[str]:
    """Return how many recipients there are of each outcome."""
    by_outcome = campaign.recipients.order_by().values_list("outcome").annotate(Count("pk"))
    return Counter(dict(by_outcome))


def risk_again(campaign: Campaign) -> None:
    """Let those of whom nobody knows be written to again, perhaps a second time: a person says so.

    Only while no job sends the campaign.
    """
    asked = campaign.recipients.filter(outcome__in=[Outcome.UNKNOWN, Outcome.SENDING])
    asked.update(outcome=Outcome.WAITING, run="", reason="")


@dataclass(frozen=True)
class Round:
    """The recipients of one job, as one run of it sees and changes them."""

    campaign: Campaign
    job: UUID
    run: str
    """Tells what this run has claimed from what others have."""

    @classmethod
    def take(cls, campaign: Campaign, job: str | None, *, only_failed: bool) -> "Round":
        """Return the job's recipients: those whom it took before, or else all who are left.

        What a job before has claimed and not ended is unknown now: that job has ended itself.
        """
        found = cls(campaign, UUID(job) if job else uuid.uuid4(), uuid.uuid4().hex)
        left = [Outcome.FAILED] if only_failed else _WHOLE
        others = campaign.recipients.exclude(job=found.job)
        with transaction.atomic():
            Campaign.objects.filter(pk=campaign.pk).update(job=found.job)
            fresh = {"job": found.job, "outcome": Outcome.WAITING, "reason": "", "attempts": 0}
            others.filter(outcome__in=left).update(**fresh)
            others.filter(outcome=Outcome.LEFT_OUT, job=None).update(job=found.job)
            others.filter(outcome=Outcome.SENDING).update(**_unknown(), job=found.job)
        return found

    def count(self) -> int:
        """Return how many there are."""
        return self._all().count()

    def recipients(self, most: int) -> Iterator[list[Recipient]]:
        """Yield them in batches, as they are when the batch begins."""
        after = 0
        while batch := list(self._all().filter(pk__gt=after).order_by("pk")[:most]):
            yield batch
            after = batch[-1].pk

    def claim(self, recipient: Recipient) -> bool:
        """Make a recipient ours, for good; False when it is not to be sent any more."""
        free = self._all().filter(pk=recipient.pk, outcome=Outcome.WAITING)
        changed = free.update(outcome=Outcome.SENDING, run=self.run, changed_at=timezone.now())
        return changed == 1

    def note(self, recipient: Recipient, verdict: Verdict) -> Verdict:
        """Keep what became of a recipient, and return it; of one not claimed, if nobody has it."""
        verdict = _last_try(recipient, verdict)
        ours = Recipient.objects.filter(pk=recipient.pk)
        if verdict.claimed:
            ours = ours.filter(run=self.run)
        else:
            ours = ours.filter(job=self.job, outcome=Outcome.WAITING)
        again = verdict.outcome == Outcome.WAITING
        ours.update(
            outcome=verdict.outcome,
            reason=verdict.reason[:REASON],
            attempts=recipient.attempts + again,
            changed_at=timezone.now(),
        )
        return verdict

    def give_up(self, recipient: Recipient) -> Verdict:
        """Say that nobody knows what became of a recipient whom a dead run had claimed.

        Should that run live all the same, it corrects this when it has the server's reply.
        """
        claimed = Recipient.objects.filter(pk=recipient.pk, outcome=Outcome.SENDING)
        claimed.exclude(run=self.run).update(**_unknown())
        recipient.refresh_from_db()
        return Verdict(Outcome(recipient.outcome), recipient.reason)

    def _all(self) -> "QuerySet[Recipient]":
        return Recipient.objects.filter(campaign=self.campaign, job=self.job)


DIED = gettext_noop("The worker died while it was being sent: it may or may not have arrived.")


def _unknown() -> dict[str, object]:
    return {"outcome": Outcome.UNKNOWN, "reason": _(DIED), "changed_at": timezone.now()}


def _last_try(recipient: Recipient, verdict: Verdict) -> Verdict:
    if verdict.outcome != Outcome.WAITING or recipient.attempts + 1 < ATTEMPTS:
        return verdict
    reason = _("Refused %(tries)d times, the last time: %(reason)s") % {
        "tries": ATTEMPTS,
        "reason": verdict.reason,
    }
    return Verdict(Outcome.FAILED, reason, verdict.claimed)
