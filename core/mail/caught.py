"""What the embedded mail server has kept, to be read by those whose campaigns it came from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from core.mail.sink import NAME, names_in
from core.models import Campaign, ReportPlan

WRITERS = (Campaign, ReportPlan)
"""What messages come from, and whose they are with it."""
_HEAD = 16 * 1024
LONGEST = 200_000
"""Characters of a text that are shown."""


@dataclass(frozen=True)
class Caught:
    """One message."""

    name: str
    """The name of its file."""
    message: EmailMessage

    @property
    def at(self) -> datetime:
        """When it was taken."""
        return datetime.fromtimestamp(int(self.name[:20]) / 1e9, UTC)

    @property
    def subject(self) -> str:
        """Return what it is about."""
        return self.header("Subject")

    @property
    def to(self) -> str:
        """Return whom it was delivered to."""
        return self.header("Delivered-To")

    def header(self, name: str) -> str:
        """Return a header as text, however broken it is."""
        try:
            return str(self.message.get(name, ""))
        except (ValueError, LookupError, AttributeError, IndexError):
            return _("(unreadable)")

    def body(self, kind: str) -> str:
        """Return the plain text, or the markup; nothing where there is none."""
        part = self.message.get_body(preferencelist=(kind,))
        if part is None:
            return ""
        try:
            return str(part.get_content())[:LONGEST]
        except (ValueError, LookupError):
            return ""


def names_for(reader: User, campaign: UUID | None = None) -> Sequence[str]:
    """Return the names of the messages that somebody may read, the newest first."""
    try:
        found = names_in(settings.MAIL_FOLDER)[::-1]
    except FileNotFoundError:
        return []
    if campaign is not None:
        found = [name for name in found if name.endswith(campaign.hex)]
    if reader.is_staff:
        return found
    own = {
        pk.hex
        for kind in WRITERS
        for pk in kind.objects.filter(owner=reader).values_list("pk", flat=True)
    }
    return [name for name in found if name[-32:] in own]


def may_read(reader: User, name: str) -> bool:
    """Tell whether somebody may read a message."""
    if not NAME.fullmatch(name):
        return False
    if reader.is_staff:
        return True
    asked = {"pk": UUID(name[-32:]), "owner": reader}
    return any(kind.objects.filter(**asked).exists() for kind in WRITERS)


def opened(name: str, *, whole: bool = False) -> Caught | None:
    """Return a message, or its head alone; None when it is gone, as the oldest ones go."""
    try:
        with (settings.MAIL_FOLDER / name).open("rb") as file:
            content = file.read(-1 if whole else _HEAD)
    except OSError:
        return None
    return Caught(name, message_from_bytes(content, policy=default))
