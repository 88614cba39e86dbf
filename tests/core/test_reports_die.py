"""A report whose worker is killed while it is mailed, and that its broker delivers again."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User

from core.reports.models import ReportDelivery, ReportRun
from core.starting import start_report
from realtime.models import Job
from tests.core.reporting import plan_of
from tests.processes import worker
from tests.services import Mailboxes, RedisServer, smtp_server, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.jobs]

EVERYBODY = [f"r{number}@b.org" for number in range(20)]
PATIENCE = 60


@pytest.fixture
def boxes() -> Iterator[Mailboxes]:
    """Run a mail server that outlives the workers."""
    with smtp_server() as found:
        yield found


@pytest.fixture
def run(transactional_db: None, redis: RedisServer, boxes: Mailboxes) -> ReportRun:
    """Return one that waits for a worker."""
    start_report(plan_of(User.objects.create_user("ana"), recipients=EVERYBODY))
    return ReportRun.objects.get()


def test_everybody_has_the_same_report_once(run: ReportRun, boxes: Mailboxes) -> None:
    """Of a worker that was killed at most one message is unknown, and its files are used again."""
    with worker("prefork", concurrency=1, VISIBILITY="1", EMAIL_URL=boxes.url) as one:
        wait_until(lambda: boxes.got.total() >= 5, "some messages", PATIENCE)
        one.signal(signal.SIGKILL, group=True)
        one.process.wait()
    before = boxes.got.total()
    with worker("prefork", concurrency=1, VISIBILITY="1", EMAIL_URL=boxes.url):
        wait_until(lambda: Job.objects.get().status == "succeeded", "the report", PATIENCE)
    counts = Counter(ReportDelivery.objects.values_list("outcome", flat=True))
    assert counts["sent"] + counts["unknown"] == len(EVERYBODY)
    assert counts["unknown"] <= 1
    assert before < boxes.got.total()
    assert max(boxes.got.values()) == 1
    attached = {
        tuple(part.get_content() for part in message.iter_attachments())
        for __, message in boxes.messages
    }
    assert len(attached) == 1, "Everybody reads the same numbers."
    run.refresh_from_db()
    assert run.closed_at
