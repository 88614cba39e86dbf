"""The message with which a report comes."""

from collections.abc import Mapping
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import localtime

from django.conf import settings
from django.utils.translation import gettext as _

from core.mail.letter import CAMPAIGN, POLICY, Letter, Unwritable, ascii_of, sender_of
from core.reports.models import ReportDelivery, ReportPlan
from core.reports.words import title_of, when


def letter_for(plan: ReportPlan, delivery: ReportDelivery, files: Mapping[str, bytes]) -> Letter:
    """Return the message to one of the recipients: the same one, by its Message-ID, each time.

    Raises `Unwritable`, and `JobError` where the sender has no address.
    """
    sender = sender_of(settings.DEFAULT_FROM_EMAIL)
    message = EmailMessage(POLICY)
    try:
        to = Address(addr_spec=ascii_of(delivery.email))
        message["From"], message["To"] = sender, to
    except (ValueError, MessageError, IndexError) as fault:
        raise Unwritable(
            _("No letter can be written to it: %(fault)s") % {"fault": fault}
        ) from fault
    message["Subject"] = title_of(plan)
    message["Date"] = localtime()
    message["Auto-Submitted"] = "auto-generated"
    message["Message-ID"] = f"<{plan.pk.hex}.{delivery.run_id}.{delivery.pk}@{sender.domain}>"
    message[CAMPAIGN] = str(plan.pk)  # By it the owner may read what our own mail server keeps.
    message.set_content(_text(plan, files))
    for name, content in files.items():
        kind = "pdf" if name.endswith(".pdf") else XLSX
        message.add_attachment(content, maintype="application", subtype=kind, filename=name)
    return Letter(sender.addr_spec, to.addr_spec, message.as_bytes())


XLSX = "vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _text(plan: ReportPlan, files: Mapping[str, bytes]) -> str:
    told = {
        "title": title_of(plan),
        "files": ", ".join(files),
        "when": when(plan),
        "name": plan.owner.get_full_name() or plan.owner.get_username(),
    }
    return (
        _(
            "%(title)s: see %(files)s.\n\n"
            "%(when)s. %(name)s has set it up, and can take you off its list.\n"
        )
        % told
    )
