"""A mail server and campaigns, for the tests of mail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User

from core.mail.outcome import Outcome
from core.models import Campaign, Recipient
from tests.services import Mailboxes, smtp_server

TEXT = "Dear {{ name|friend }},\n\n.a line with a dot\nin {{ city }}\n"
HTML = "<p>Dear <b>{{ name|friend }}</b></p>"


@pytest.fixture
def boxes(settings: Any) -> Iterator[Mailboxes]:
    """Run a mail server, and let the service send over it."""
    with smtp_server() as found:
        settings.EMAIL_CONFIG = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": found.port}
        yield found


def campaign_of(owner: User, *addresses: str, **more: Any) -> Campaign:
    """Return a campaign whose recipients are known already."""
    given = {"subject": "Hello {{ name|you }}", "text": TEXT, "html": HTML, **more}
    found = Campaign.objects.create(owner=owner, sender="Shop <shop@example.org>", **given)
    Recipient.objects.bulk_create(
        Recipient(campaign=found, email=email, values={"name": email.partition("@")[0]})
        for email in addresses
    )
    Campaign.objects.filter(pk=found.pk).update(read_at=found.created_at)
    found.refresh_from_db()
    return found


def outcomes(campaign: Campaign) -> dict[str, str]:
    """Return what became of everybody."""
    return dict(campaign.recipients.values_list("email", "outcome"))


__all__ = ["Mailboxes", "Outcome", "boxes", "campaign_of", "outcomes"]
