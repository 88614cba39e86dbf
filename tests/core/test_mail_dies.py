"""A campaign whose worker is killed in the middle, and that its broker delivers again.

`CAMPAIGN=5000` in the environment makes it as long as that.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User

from core.mail import ledger
from core.models import Campaign
from core.starting import start_campaign
from realtime.models import Job
from tests.core.mailing import campaign_of
from tests.processes import worker
from tests.services import Mailboxes, RedisServer, smtp_server, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.jobs]

COUNT = int(os.environ.get("CAMPAIGN", "240"))
KILLS = 3
PATIENCE = 60 + COUNT / 10


@pytest.fixture
def boxes() -> Iterator[Mailboxes]:
    """Run a mail server that outlives the workers."""
    with smtp_server() as found:
        yield found


@pytest.fixture
def campaign(transactional_db: None, redis: RedisServer, boxes: Mailboxes) -> Campaign:
    """Return one that was begun, without a worker so far."""
    ana = User.objects.create_user("ana")
    found = campaign_of(ana, *(f"r{n}@b.org" for n in range(COUNT)))
    start_campaign(found)
    return found


def kill_after(boxes: Mailboxes, count: int) -> None:
    """Run a worker until so many messages have come, then kill it."""
    with worker("prefork", concurrency=1, VISIBILITY="1", EMAIL_URL=boxes.url) as one:
        wait_until(lambda: boxes.got.total() >= count, f"{count} messages", PATIENCE)
        one.signal(signal.SIGKILL, group=True)
        one.process.wait()


def status() -> str:
    """Return where the campaign's job stands."""
    return Job.objects.get().status


def test_nobody_twice_and_nobody_forgotten(campaign: Campaign, boxes: Mailboxes) -> None:
    """With its worker killed three times at most one recipient a kill is unknown."""
    for kill in range(1, KILLS + 1):
        kill_after(boxes, kill * COUNT // (KILLS + 1))
    with worker("prefork", concurrency=1, VISIBILITY="1", EMAIL_URL=boxes.url):
        wait_until(lambda: status() == "succeeded", "the campaign to end", PATIENCE)
    counts = ledger.counts(campaign)
    assert counts["sent"] + counts["unknown"] == COUNT
    assert counts["unknown"] <= KILLS
    assert max(boxes.got.values()) == 1
    sent = campaign.recipients.filter(outcome="sent").values_list("email", flat=True)
    assert set(sent) <= set(boxes.got)
    state = Job.objects.get().state()
    assert (state["ok"], state["skipped"]) == (counts["sent"], counts["unknown"])
    print(f"{COUNT} recipients, {KILLS} kills: {dict(counts)}, {boxes.got.total()} messages")  # noqa: T201
