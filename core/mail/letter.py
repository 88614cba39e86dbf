"""From a campaign and one of its recipients to the bytes of a message."""

from collections.abc import Mapping
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import localtime, parseaddr

from django.utils.translation import gettext as _

from core.mail.placeholders import fill, fill_html
from core.models import Campaign, Recipient
from realtime import JobError

CAMPAIGN = "X-Campaign"
"""The header that tells which campaign a message belongs to."""
# Every server takes seven bits; a header with a line end raises ValueError.
POLICY = SMTP.clone(cte_type="7bit")


class Unwritable(Exception):
    """Something of the recipient can stand in no header: a line end would begin another one."""


@dataclass(frozen=True)
class Letter:
    """A message and where it goes."""

    sender: str
    """The address to which bounces go."""
    to: str
    """The address that is written to."""
    content: bytes
    """What is sent."""


@dataclass(frozen=True)
class Filled:
    """The texts of a campaign as one recipient reads them."""

    subject: str
    text: str
    html: str
    """Empty where there is none."""


def filled(campaign: Campaign, values: Mapping[str, str]) -> Filled:
    """Return what a recipient with these values reads."""
    subject = " ".join(fill(campaign.subject, values).split())
    return Filled(subject, fill(campaign.text, values), fill_html(campaign.html, values))


def letter_for(campaign: Campaign, recipient: Recipient) -> Letter:
    """Return the message to a recipient: the same one, by its Message-ID, however often asked."""
    read = filled(campaign, recipient.values)
    return compose(campaign, recipient.email, recipient.values.get("name", ""), read, recipient.pk)


def compose(campaign: Campaign, email: str, name: str, read: Filled, number: int | str) -> Letter:
    """Return a message; `number` tells it from the others of its campaign.

    Raises `Unwritable`, and `JobError` where the sender has no address.
    """
    sender = sender_of(campaign.sender)
    try:
        to = Address(name, addr_spec=ascii_of(email))
        message = _addressed(campaign, sender, to)
        message["Subject"] = read.subject
    except (ValueError, MessageError, IndexError) as fault:
        raise Unwritable(
            _("No letter can be written to it: %(fault)s") % {"fault": fault}
        ) from fault
    message["Message-ID"] = f"<{campaign.pk.hex}.{number}@{sender.domain}>"
    message.set_content(read.text)
    if read.html:
        message.add_alternative(read.html, subtype="html")
    return Letter(sender.addr_spec, to.addr_spec, message.as_bytes())


def _addressed(campaign: Campaign, sender: Address, to: Address) -> EmailMessage:
    message = EmailMessage(POLICY)
    message["From"], message["To"] = sender, to
    if answers_to := address_of(campaign.owner.email):
        message["Reply-To"] = answers_to
    message["Date"] = localtime()
    message["Auto-Submitted"] = "auto-generated"
    message[CAMPAIGN] = str(campaign.pk)
    return message


def sender_of(said: str) -> Address:
    """Return the address from which mail comes; raises `JobError` where it is none."""
    name, email = parseaddr(said)
    if found := address_of(email, name):
        return found
    raise JobError(
        _(
            "expected MAIL_FROM to be an address such as Shop <shop@example.org>, got: "
            "%(sender)s. Correct it and write the campaign anew."
        )
        % {"sender": said}
    )


def address_of(email: str, name: str = "") -> Address | None:
    """Return an address, None where it is none."""
    try:
        return Address(name, addr_spec=ascii_of(email))
    except (ValueError, MessageError, IndexError):
        return None


def ascii_of(email: str) -> str:
    """Return an address as every mail server takes it."""
    local, __, domain = email.rpartition("@")
    return f"{local}@{domain.encode('idna').decode()}"
