"""Who has got a report, in SQL: written before the next step is taken, as of a campaign.

Each step is one statement that says under which condition it holds:

    waiting ─claim─▶ sending ─note─▶ sent, failed, waiting (refused for now)
                        └─ its run has died ─give_up─▶ unknown
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import uuid4

from django.utils import timezone

from core.mail.ledger import DIED, REASON
from core.mail.outcome import Outcome
from core.mail.post import Verdict
from core.reports.models import ReportDelivery, ReportRun


@dataclass(frozen=True)
class Round:
    """The recipients of one report, as one run of its job sees and changes them."""

    run: ReportRun
    mark: str = field(default_factory=lambda: uuid4().hex)
    """Tells what this run has claimed from what others have."""

    def begin(self) -> None:
        """Write down who gets it; only the first time somebody is added."""
        if self.run.deliveries.exists():
            return
        ReportDelivery.objects.bulk_create(
            [ReportDelivery(run=self.run, email=email) for email in self.run.plan.recipients],
            ignore_conflicts=True,
        )

    def try_failed_again(self) -> None:
        """Let those who were refused for good be tried once more: a person says so."""
        self.run.deliveries.filter(outcome=Outcome.FAILED).update(outcome=Outcome.WAITING)

    def all(self) -> Iterator[ReportDelivery]:
        """Yield them; whom another run has claimed comes last, as it may have its reply by then."""
        found = list(self.run.deliveries.all())
        yield from sorted(found, key=lambda one: one.outcome == Outcome.SENDING)

    def claim(self, delivery: ReportDelivery) -> bool:
        """Make a recipient ours, for good; False when it is not to be sent any more."""
        free = ReportDelivery.objects.filter(pk=delivery.pk, outcome=Outcome.WAITING)
        given = {"outcome": Outcome.SENDING, "claim": self.mark}
        return free.update(**given, changed_at=timezone.now()) == 1

    def note(self, delivery: ReportDelivery, verdict: Verdict) -> Verdict:
        """Keep what became of a recipient, and return it; of one not claimed, if nobody has it."""
        ours = ReportDelivery.objects.filter(pk=delivery.pk)
        if verdict.claimed:
            ours = ours.filter(claim=self.mark)
        else:
            ours = ours.filter(outcome=Outcome.WAITING)
        kept = {"outcome": verdict.outcome, "reason": verdict.reason[:REASON]}
        ours.update(**kept, changed_at=timezone.now())
        return verdict

    def give_up(self, delivery: ReportDelivery) -> Verdict:
        """Say that nobody knows what became of a recipient whom a dead run had claimed.

        Should that run live all the same, it corrects this when it has the server's reply.
        """
        claimed = ReportDelivery.objects.filter(pk=delivery.pk, outcome=Outcome.SENDING)
        claimed.exclude(claim=self.mark).update(outcome=Outcome.UNKNOWN, reason=DIED)
        delivery.refresh_from_db()
        return Verdict(Outcome(delivery.outcome), delivery.reason)


def counts(run: ReportRun) -> Counter[str]:
    """Return how many recipients there are of each outcome."""
    return Counter(run.deliveries.values_list("outcome", flat=True))
